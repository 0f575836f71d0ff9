"""The gallery in a real browser, as a person uses it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from playwright.async_api import Page, Route, expect

from consumer.storage.tables.duplicates.relations import Told, keep_relations
from consumer.storage.tables.reads import TagReader
from schemas.objects import sha256_hex
from testkit.kafka_tools import eventually
from testkit.running import new_asset_id, texture
from tests.integration.page.conftest import Library, Visit

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value })
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""


async def names(page: Page) -> list[str]:
    return [name.strip() for name in await page.locator("#grid .name").all_inner_texts()]


async def assets(page: Page) -> list[str]:
    return [str(await tile.get_attribute("data-asset")) for tile in await page.locator("#grid .tile").all()]


@asynccontextmanager
async def stored_for_now(library: Library, textures: dict[str, bytes]) -> AsyncIterator[None]:
    """Store textures by asset while the block runs, so that a second try finds the library as the first one did."""
    try:
        for asset_id, data in textures.items():
            await library.corner.publish(library.corner.event(asset_id, library.corner.upload(data)))
            await library.corner.stored(asset_id)
        yield
    finally:
        for asset_id in textures:
            await library.corner.remove(asset_id)
        await eventually(partial(_are_gone, library, list(textures)), "textures that were removed are gone")


async def _are_gone(library: Library, asset_ids: list[str]) -> bool:
    return not await library.corner.rows("SELECT asset_id FROM assets WHERE asset_id = ANY($1)", asset_ids)


async def test_every_texture_is_shown_and_nothing_moves_while_pictures_come(visit: Visit, library: Library) -> None:
    async with visit() as page:
        await expect(page.locator("#total")).to_have_text(f"{await library.textures()} textures")
        assert len(await names(page)) == await library.textures()
        for image in await page.locator("#grid img").all():
            await image.scroll_into_view_if_needed()
            await expect(image).to_have_js_property("complete", value=True)
            assert await image.evaluate("(image) => image.naturalWidth") > 0
        assert await page.evaluate(SHIFT) == 0


async def test_a_misspelt_word_is_told_and_one_click_away(visit: Visit) -> None:
    async with visit("/?q=flwoer") as page:
        advice = page.locator(".advice")
        await expect(advice).to_contain_text("Nothing is called flwoer; did you mean flower?")
        await advice.locator("a").click()
        await page.wait_for_url("**/?q=flower")
        await expect(advice).to_have_count(0)


async def test_a_facet_narrows_as_far_as_it_says_and_the_address_says_which(visit: Visit, library: Library) -> None:
    async with visit() as page:
        facet = page.locator("#facets li a").first
        tag, count = await facet.locator("span").all_inner_texts()
        await facet.click()
        await expect(page.locator("#total")).to_have_text(re.compile(rf"^\s*{count} textures?\s*$"))
        assert len(await names(page)) == int(count)
        assert f"tag={tag.replace(' ', '_')}" in page.url
        shown = await names(page)

        await page.reload()
        assert await names(page) == shown

        second = page.locator("#facets li a:not([aria-current])").first
        _, count = await second.locator("span").all_inner_texts()
        await second.click()
        await expect(page.locator(".chosen a")).to_have_count(2)
        await expect(page.locator("#total")).to_have_text(re.compile(rf"^\s*{count} textures?\s*$"))
        await page.go_back()
        await expect(page.locator(".chosen a")).to_have_count(1)
        await expect(page.locator("#grid .tile")).to_have_count(len(shown))
        await page.locator(".chosen a").first.click()
        await expect(page.locator("#total")).to_have_text(f"{await library.textures()} textures")
        assert page.url.endswith("/")


async def test_a_finding_narrows_as_far_as_it_says_and_explains_itself(visit: Visit, library: Library) -> None:
    async with visit() as page:
        facets = page.locator("#facets section", has=page.get_by_role("heading", name="findings", exact=True))
        facet = facets.locator("li a").first
        name, count = await facet.locator("span").all_inner_texts()
        await facet.click()
        await page.wait_for_url(f"**finding={name}*")
        await expect(page.locator("#total")).to_have_text(re.compile(rf"^\s*{count} textures?\s*$"))
        shown = await page.locator("#grid .tile").evaluate_all("(tiles) => tiles.map((tile) => tile.dataset.asset)")
        rows = await library.corner.rows("SELECT asset_id FROM assets WHERE finding_names @> ARRAY[$1]", name)
        assert sorted(shown) == sorted(row["asset_id"] for row in rows)
        await expect(facets.locator("li a[aria-current]")).to_have_count(1)
        for tile in await page.locator("#grid .tile").all():
            await expect(tile.locator(".chips")).to_contain_text(name)

        await page.locator("#grid .tile .picture").first.click()
        await expect(page.locator(".findings dt a", has_text=name)).to_be_visible()
        await page.go_back()
        await page.locator(".chosen a", has_text=name).click()
        await expect(page.locator("#total")).to_have_text(f"{await library.textures()} textures")
        assert "finding=" not in page.url


async def test_a_relation_narrows_as_far_as_it_says_and_another_takes_its_place(visit: Visit, library: Library) -> None:
    """Two copies of one texture, and their mirror image as the comparer would tell it."""
    picture, mirrored = texture(91), texture(92)
    copies, mirror = [new_asset_id(name) for name in ("one.png", "two.png")], new_asset_id("mirror.png")
    async with stored_for_now(library, {copies[0]: picture, copies[1]: picture, mirror: mirrored}):
        async with await TagReader.open(library.database, writes=True) as reader:
            await keep_relations(reader, sha256_hex(mirrored), [Told(sha256_hex(picture), "flipped", of_this=True)])
        await _relations_are_shown(visit, copies, mirror)


async def _relations_are_shown(visit: Visit, copies: list[str], mirror: str) -> None:
    async with visit("/?relation=flipped") as page:
        facets = page.locator("#facets section", has=page.get_by_role("heading", name="the same again"))
        await expect(page.locator("#total")).to_have_text("3 textures")
        assert sorted(await assets(page)) == sorted([*copies, mirror])
        await expect(facets.locator("li a[aria-current]")).to_have_text(re.compile(r"^\s*flipped\s*3\s*$"))

        other = facets.locator("li a", has_text="identical")
        count = await other.locator(".count").inner_text()
        await other.click()
        await page.wait_for_url("**/?relation=identical")
        await expect(page.locator("#total")).to_have_text(f"{count} textures")
        shown = await assets(page)
        assert len(shown) == int(count)
        assert set(copies) <= set(shown)
        assert mirror not in shown
        await expect(facets.locator("li a[aria-current]")).to_have_count(1)

        await page.reload()
        assert await assets(page) == shown
        await page.locator("#min").fill("0.5")
        await page.wait_for_url("**/?relation=identical&min=0.5")
        await page.locator(".chosen a", has_text="identical").click()
        await page.wait_for_url("**/?min=0.5")

    async with visit("/?q=one&relation=flipped") as page:
        assert set(await assets(page)) <= {*copies, mirror}
        assert copies[0] in await assets(page)


async def test_the_order_of_findings_says_that_it_leaves_out_what_has_none(visit: Visit, library: Library) -> None:
    async with visit("/?sort=most-findings") as page:
        await expect(page.locator("#total")).to_have_text("Textures with findings, those with most first")
        tile = page.locator("#grid .tile").first
        rows = await library.corner.rows(
            "SELECT finding_names FROM assets WHERE asset_id = $1", await tile.get_attribute("data-asset")
        )
        assert (await tile.locator(".chips li").all_inner_texts())[0].strip() in rows[0]["finding_names"]


async def test_the_slider_hides_tags_that_are_less_sure(visit: Visit) -> None:
    async with visit() as page:
        before = await page.locator("#facets li a").count()
        await page.locator("#min").fill("0.9")
        await page.wait_for_url("**/?min=0.9")
        await expect(page.locator("#facets output")).to_have_text("90 %")
        assert await page.locator("#facets li a").count() < before
        for percent in await page.locator(".chips .percent").all_inner_texts():
            assert percent == "✓" or int(percent) >= 90


async def test_the_orders_are_by_confidence(visit: Visit) -> None:
    async with visit("/?sort=surest&tag=sprite") as page:
        surest = [int(text) for text in await page.locator(".chips li:first-child .percent").all_inner_texts()]
        assert surest == sorted(surest, reverse=True)
        await page.get_by_role("link", name="Least sure").click()
        await page.wait_for_url("**sort=least-sure")
        least = [int(text) for text in await page.locator(".chips li:first-child .percent").all_inner_texts()]
        assert least == sorted(surest)


async def test_a_search_finds_by_name_first(visit: Visit) -> None:
    async with visit() as page:
        await page.keyboard.press("/")
        await page.keyboard.type("banana")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/?q=banana")
        await expect(page.locator("#grid .name").first).to_have_text("banana.png")
        assert "banana" in await page.title()


async def test_more_like_this_begins_with_itself(visit: Visit) -> None:
    async with visit() as page:
        await page.locator('[data-asset$="as_maple3.png"] .picture').focus()
        await page.keyboard.press("m")
        await page.wait_for_url("**/?like=**")
        found = await names(page)
        assert found[0] == "as_maple3.png"
        assert "as_spruce1.png" in found[:10]
        await page.keyboard.press("Escape")
        await page.wait_for_url("**/")


async def test_the_keyboard_goes_from_texture_to_texture_and_opens_one(visit: Visit) -> None:
    async with visit() as page:
        focused = "() => document.activeElement.closest('[data-asset]')?.dataset.asset ?? ''"
        assets = await page.evaluate("() => [...document.querySelectorAll('[data-asset]')].map((t) => t.dataset.asset)")
        columns = await page.evaluate(
            "() => getComputedStyle(document.getElementById('grid')).gridTemplateColumns.split(' ').length"
        )
        for key, at in (("ArrowRight", 0), ("ArrowRight", 1), ("ArrowDown", 1 + columns), ("ArrowLeft", columns)):
            await page.keyboard.press(key)
            assert await page.evaluate(focused) == assets[at]
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/textures/**")
        await expect(page.locator("h1")).to_have_text(assets[columns].rpartition("/")[2])
        await page.keyboard.press("Escape")
        await expect(page.locator("#grid .tile").first).to_be_visible()


async def test_new_textures_appear_while_they_are_tagged(visit: Visit, library: Library) -> None:
    asset_id = new_asset_id("live")
    corner = library.corner
    async with visit() as page, visit("/?sort=surest") as elsewhere:
        await page.wait_for_timeout(1500)
        await corner.publish(corner.event(asset_id, corner.upload(texture(77))))
        await expect(page.locator(f'[data-asset="{asset_id}"]')).to_be_visible(timeout=20_000)
        await expect(elsewhere.locator("#news")).to_be_visible(timeout=20_000)
        await corner.remove(asset_id)


async def test_news_does_not_take_the_place_of_what_was_clicked(visit: Visit, library: Library) -> None:
    asset_id, told = new_asset_id("news"), asyncio.Event()

    async def answered_late(route: Route) -> None:
        await told.wait()
        await route.continue_()

    async with visit() as page, visit() as elsewhere:
        await page.route("**/?tag=*", answered_late)
        await page.locator("#facets li a").first.click()
        await library.corner.publish(library.corner.event(asset_id, library.corner.upload(texture(78))))
        await expect(elsewhere.locator(f'[data-asset="{asset_id}"]')).to_be_visible(timeout=20_000)
        # As long as the news took to be shown there, and more.
        await page.wait_for_timeout(1500)
        told.set()
        await page.wait_for_url("**/?tag=*")
        await expect(page.locator(".chosen a")).to_have_count(1)
        await library.corner.remove(asset_id)


@pytest.mark.parametrize("path", ["/", "/?tag=sprite", "/?like=" + "x" * 20, "/?after=nonsense"])
async def test_without_scripts_one_can_look_and_search(visit: Visit, path: str) -> None:
    """Where the address is at fault, the page says so instead."""
    fault = "like" in path or "after" in path
    if fault:
        async with visit("/", java_script_enabled=False) as page:
            answer = await page.request.get(path, headers={"accept": "text/html"})
            assert answer.status in {404, 422}
            assert "All textures" in await answer.text()
        return
    async with visit(path, java_script_enabled=False) as page:
        assert await page.locator("#grid .tile").count() > 3
        await page.locator("#facets li a:not([aria-current])").first.click()
        assert "tag=" in page.url
        await page.locator("#q").fill("door")
        await page.get_by_role("button", name="Search").click()
        assert (await names(page))[:2] == ["DOOR9_2.png", "door.png"]
        await page.locator("#grid .picture").first.click()
        assert await page.locator("meter").count() > 0


async def test_on_a_phone_nothing_sticks_out_and_filters_fold(visit: Visit) -> None:
    async with visit("/", **PHONE) as page:
        for path in ("/", "/?tag=sprite&min=0.5", "/?q=a+rather+long+question+of+many+words"):
            await page.goto(path)
            assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        await page.goto("/")
        # Nothing hovers there, so what a pointer would bring up is always up; and there are no keys to tell of.
        await expect(page.locator(".pick").first).to_have_css("opacity", "1")
        await expect(page.locator(".keys")).to_be_hidden()
        facet = page.locator("#facets li a").first
        await expect(facet).to_be_hidden()
        await page.locator("#tags summary").click()
        await facet.click()
        await page.wait_for_url("**tag=**")
        await page.locator("#grid .picture").first.click()
        await page.wait_for_url("**/textures/**")
        assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_as_light_or_dark_as_its_reader_wants(visit: Visit, scheme: str) -> None:
    async with visit("/", color_scheme=scheme) as page:
        ground = await page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
        assert (brightness > 128) is (scheme == "light")
