"""Verdicts given on the page: by keys, by buttons, on many textures, and taken back."""

from __future__ import annotations

from playwright.async_api import Page, expect

from consumer.gateway.page.state import texture_url
from testkit.kafka_tools import eventually, read_all
from tests.integration.page.conftest import Library, Visit

WORDS = "SELECT asset_id, category, tag, verdict, decided_by FROM asset_tags WHERE source = 'human'"


async def named(page: Page, name: str = "berta") -> None:
    await page.locator("#by").fill(name)
    await page.locator("#by").blur()


async def words(library: Library, asset_id: str) -> dict[str, str]:
    """Return what people say of a texture's tags now."""
    rows = await library.corner.rows(f"{WORDS} AND asset_id = $1", asset_id)
    return {row["tag"]: row["verdict"] for row in rows}


async def asset(library: Library, name: str) -> str:
    (row,) = await library.corner.rows("SELECT asset_id FROM assets WHERE asset_id LIKE $1", f"%/{name}")
    return str(row["asset_id"])


async def test_keys_confirm_reject_and_take_back(visit: Visit, library: Library) -> None:
    asset_id = await asset(library, "chest.png")
    async with visit(texture_url(asset_id)) as page:
        await named(page)
        bars = page.locator(".bars [data-tag]")
        first, second = [await bars.nth(number).get_attribute("data-tag") or "" for number in (0, 1)]
        await page.keyboard.press("1")
        await expect(bars.nth(0)).to_contain_text("confirmed by berta")
        await page.keyboard.press("x")
        await page.keyboard.press("2")
        await expect(bars.nth(1)).to_contain_text("rejected by berta")
        assert await words(library, asset_id) == {first: "confirmed", second: "rejected"}
        await expect(page.locator(".history li")).to_have_count(2)

        await page.keyboard.press("u")
        await expect(bars.nth(1)).not_to_contain_text("rejected by berta")
        await page.keyboard.press("u")
        await expect(bars.nth(0)).not_to_contain_text("confirmed by berta")
        assert await words(library, asset_id) == {}
        await expect(page.locator(".history li")).to_have_count(4)
        records = await read_all(library.corner.bootstrap, library.corner.topics.reviewed)
        assert sum(record.key == asset_id.encode() for record in records) == 4


async def test_a_tag_is_added_and_a_new_one_needs_a_click(visit: Visit, library: Library) -> None:
    asset_id = await asset(library, "door.png")
    async with visit(texture_url(asset_id)) as page:
        await named(page)
        await page.keyboard.press("+")
        await page.keyboard.type("materials: obsidian")
        await page.keyboard.press("Enter")
        await expect(page.locator("#toast")).to_contain_text("has no tag 'obsidian'")
        assert await words(library, asset_id) == {}
        await page.get_by_role("button", name="Add as a new tag").click()
        await expect(page.locator(".bars [data-tag=obsidian]")).to_contain_text("added by berta")
        assert await words(library, asset_id) == {"obsidian": "added"}


async def test_without_a_name_nothing_is_said(visit: Visit, library: Library) -> None:
    asset_id = await asset(library, "roof_3.png")
    async with visit(texture_url(asset_id)) as page:
        await page.keyboard.press("1")
        await expect(page.locator("#toast")).to_contain_text("your name")
        await expect(page.locator("#by")).to_be_focused()
        assert await words(library, asset_id) == {}


async def test_many_are_judged_at_once(visit: Visit, library: Library) -> None:
    async with visit("/?tag=sprite&sort=surest") as page:
        boxes = page.locator(".pick")
        chosen = [await page.locator(".tile").nth(number).get_attribute("data-asset") or "" for number in range(3)]
        await boxes.nth(0).click()
        await boxes.nth(2).click(modifiers=["Shift"])
        await expect(page.locator("#selected")).to_have_text("3 selected")
        await named(page)
        await page.locator("#selection").get_by_role("button", name="Reject").click()
        await expect(page.locator("#toast")).to_contain_text("Rejected sprite on 3 textures")
        assert [await words(library, asset_id) for asset_id in chosen] == [{"sprite": "rejected"}] * 3
        await eventually(library.is_counted, "the counts are those of now")
        await page.locator("#toast button").click()
        await expect(page.locator("#toast")).to_contain_text("Withdrawn sprite on 3 textures")
        assert [await words(library, asset_id) for asset_id in chosen] == [{}] * 3
        await page.locator(".pick").first.check()
        await page.locator("#all").click()
        tiles = await page.locator(".tile").count()
        await expect(page.locator("#selected")).to_have_text(f"{tiles} selected")


async def test_the_queue_leads_from_texture_to_texture(visit: Visit) -> None:
    async with visit("/?sort=review") as page:
        await expect(page.locator("#total")).to_contain_text("What a verdict teaches most")
        way = [await tile.get_attribute("href") for tile in await page.locator("#grid .picture").all()]
        await page.locator("#grid .picture").first.click()
        await page.wait_for_url(f"**{way[0]}")
        await expect(page.locator(".bars kbd").first).to_have_text("1")
        await page.keyboard.press("ArrowRight")
        await page.wait_for_url(f"**{way[1]}")
        await expect(page.locator(".bars kbd").first).to_have_text("1")
        await page.keyboard.press("ArrowLeft")
        await page.wait_for_url(f"**{way[0]}")
