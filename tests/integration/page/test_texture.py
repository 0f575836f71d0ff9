"""A texture's page, and the pictures that it and the gallery show."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import expect

from consumer.gateway.page.thumbnails import thumbnail_key
from consumer.storage.postgres.database import connect
from consumer.storage.tables.duplicates.relations import Told, keep_relations
from consumer.storage.tables.reads import TagReader
from schemas import Word
from schemas.objects import sha256_hex
from testkit.running import new_asset_id
from testkit.saying import say
from tests.integration.gateway.conftest import gateway_process
from tests.integration.page.conftest import Library, Visit
from tests.unit.imaging.making import psd

HTML = {"accept": "text/html"}


async def stored(library: Library, data: bytes, extension: str) -> str:
    """Return the SHA-256 of an image after it was tagged and stored."""
    corner, asset_id = library.corner, new_asset_id(f"texture.{extension}")
    await corner.publish(corner.event(asset_id, corner.upload(data, extension)))
    await corner.stored(asset_id)
    return sha256_hex(data)


async def test_all_that_is_known_stands_there(visit: Visit, library: Library) -> None:
    (row,) = await library.corner.rows("SELECT asset_id FROM assets WHERE asset_id LIKE '%banana%'")
    asset_id = row["asset_id"]
    session = await connect(library.database)
    await say(session, asset_id, "object_types", "fruit", Word.ADDED, decided_by="anna")
    await session.close()
    async with visit(f"/textures/{quote(asset_id)}") as page:
        await expect(page.locator("h1")).to_have_text("banana.png")
        assert await page.locator(".large img").evaluate("(image) => image.complete && image.naturalWidth > 0")
        added = page.locator(".bars li", has_text="fruit")
        await expect(added).to_contain_text("added by anna")
        assert await page.locator(".bars meter").count() > 3
        said_by = await page.locator(".bars .by").all_inner_texts()
        assert [words for words in said_by if "+" in words] == []
        assert [words for words in said_by if re.search("guessed by aegis-mini and (its name|the pixels)", words)]
        assert await page.locator(".swatches rect").count() > 1
        facts = await page.locator(".facts").inner_text()
        assert "aegis-mini" in facts
        assert "s3://" in facts
        assert "calibrated" in facts
        assert asset_id in (await page.locator("details pre").text_content() or "")
        neighbours = await page.locator("#grid .tile").count()
        assert neighbours == 12
        await page.get_by_role("link", name="More like this", exact=True).click()
        await page.wait_for_url("**/?like=**")


async def test_the_same_again_is_linked_with_what_it_is(visit: Visit, library: Library) -> None:
    """Equal contents as they are, others as the comparer stored them, until a person says that they are none."""
    corner, picture = library.corner, Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 90)
    whole, half = encoded(picture, "PNG"), encoded(picture.resize((48, 32)), "PNG")
    one, same, small = (new_asset_id(name) for name in ("whole.png", "same.png", "half.png"))
    for asset_id, data in ((one, whole), (same, whole), (small, half)):
        await corner.publish(corner.event(asset_id, corner.upload(data, "png")))
    for asset_id in (one, same, small):
        await corner.stored(asset_id)
    async with await TagReader.open(library.database, writes=True) as reader:
        await keep_relations(reader, sha256_hex(half), [Told(sha256_hex(whole), "mip-of", of_this=True)])

    async with visit(f"/textures/{quote(one)}") as page:
        listed = page.locator(".again li")
        await expect(listed).to_have_count(2)
        await expect(listed.nth(0)).to_contain_text(f"{same} the same pixels")
        await expect(listed.nth(1)).to_contain_text(f"{small} it is this as a level of its mip chain")
        await listed.nth(1).get_by_role("link").click()
        await expect(page.locator(".again li").first).to_contain_text("this is it as a level of its mip chain")

    answer = await library.client.call("GET", f"/api/v1/assets/{quote(small)}/tags")
    assert sorted(answer.json["related"], key=lambda item: item["asset_id"] == same) == [
        {"asset_id": one, "relation": "mip-of", "said_of": "this"},
        {"asset_id": same, "relation": "mip-of", "said_of": "this"},
    ]
    found = await library.client.call("GET", "/api/v1/search?relation=mip-of")
    assert {asset["asset_id"] for asset in found.json["assets"]} == {one, same, small}
    refused = await library.client.call("GET", "/api/v1/search?relation=upside-down")
    assert (refused.status, "identical" in refused.text) == (422, True)

    session = await connect(library.database)
    await say(session, small, "duplicate_of", sha256_hex(whole), Word.REJECTED, decided_by="anna")
    await session.close()
    page_text = (await library.client.call("GET", f"/textures/{quote(small)}", headers=HTML)).text
    assert "The same again" not in page_text


async def test_a_texture_that_is_not_there_is_a_page_too(library: Library) -> None:
    answer = await library.client.call("GET", "/textures/never/seen", headers=HTML)
    assert answer.status == 404
    assert "no such texture" in answer.text.lower()
    assert answer.headers["content-type"].startswith("text/html")


def encoded(picture: Image.Image, fmt: str) -> bytes:
    """Return a picture as a file; Photoshop's, which Pillow does not write, by our own hand."""
    if fmt == "PSD":
        return psd(3, 8, list(np.moveaxis(np.asarray(picture), 2, 0)))
    buffer = io.BytesIO()
    picture.save(buffer, fmt)
    return buffer.getvalue()


@pytest.mark.parametrize("fmt", ["TGA", "DDS", "BMP", "PSD"])
async def test_what_no_browser_shows_is_a_webp(library: Library, fmt: str) -> None:
    original = Image.linear_gradient("L").convert("RGB").resize((500, 250))
    digest = await stored(library, encoded(original, fmt), fmt.lower())
    url = f"{library.client.url}/thumbs/320/{digest}.webp"

    answer = library.client.http.request("GET", url)

    picture = Image.open(io.BytesIO(answer.data), formats=["WEBP"])
    assert picture.size == (320, 160)
    difference = ImageChops.difference(picture.convert("RGB"), original.resize((320, 160)))
    assert max(ImageStat.Stat(difference).mean) < 3
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert library.corner.stored_object(thumbnail_key(digest, 320)) == answer.data
    again = library.client.http.request("GET", url, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.data) == (304, b"")


async def test_a_thumbnail_of_nothing_is_not_found(library: Library) -> None:
    for path in (f"/thumbs/320/{'0' * 64}.webp", f"/thumbs/999/{'0' * 64}.webp", "/thumbs/320/..%2Fx.webp"):
        assert (await library.client.call("GET", path)).status == 404


async def test_the_key_is_asked_for_as_a_password(library: Library) -> None:
    """Of everything that shows what is stored; a browser sends it along from then on."""
    basic = {"authorization": "Basic " + b64encode(b"anna:secret").decode()}
    with gateway_process(library.corner, AEGIS_GATEWAY_API_KEY="secret") as (_, client):
        for path in ("/", "/textures/x", f"/thumbs/320/{'0' * 64}.webp", "/live"):
            refused = await client.call("GET", path, headers=HTML)
            assert refused.status == 401
            assert refused.headers["www-authenticate"].startswith("Basic ")
        page = await client.call("GET", "/", headers={**HTML, **basic})
        assert page.status == 200
        for path in re.findall(r'src="(/thumbs/[^"]+)"', page.text)[:2]:
            answer = client.http.request("GET", client.url + path, headers=basic)
            assert answer.status == 200
        foreign = {**HTML, **basic, "sec-fetch-site": "cross-site"}
        assert (await client.call("GET", "/", headers=foreign)).status == 403
        link = {**foreign, "sec-fetch-mode": "navigate"}
        assert (await client.call("GET", "/", headers=link)).status == 200
