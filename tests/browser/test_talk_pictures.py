"""Pictures that are shown to the agent: chosen, pasted, dropped; made small; sent whole."""

import asyncio
import base64
import struct
from typing import Any

import pytest

from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import PHONE, TalkPage, browser, open_page
from tests.fakes.room_agent import Picture, RoomAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

MARKUP = "<img src=x onerror=\"document.title='hit'\">.png"
PLACE = b"GPS 38.7 N 9.1 W"
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0" + PLACE
"""Exif that says: turn this by a quarter to look at it. Source: Exif 2.3, 4.6.4, tag 274."""

DRAWN = """([width, height, type]) => {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const paper = canvas.getContext("2d");
    for (let n = 0; n < 400; n++) {
        paper.fillStyle = `hsl(${n * 37} 80% 50%)`;
        paper.fillRect((n * 97) % width, (n * 61) % height, 80, 80);
    }
    return canvas.toDataURL(type).split(",")[1];
}"""
HANDED = """([event, name, type, base64, field]) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const target = field ? document.getElementById("chat-text") : document.body;
    const options = { bubbles: true, cancelable: true };
    target.dispatchEvent(event === "paste"
        ? new ClipboardEvent(event, { ...options, clipboardData: data })
        : new DragEvent(event, { ...options, dataTransfer: data }));
}"""
"""Stands in for the clipboard and for a file manager."""


async def drawn(talk: TalkPage, width: int, height: int, kind: str = "image/png") -> bytes:
    """A picture of this size."""
    return base64.b64decode(await talk.page.evaluate(DRAWN, [width, height, kind]))


async def hand(talk: TalkPage, event: str, name: str, body: bytes) -> None:
    """Paste a picture into the text box, or drop it on the page."""
    encoded = base64.b64encode(body).decode()
    await talk.page.evaluate(HANDED, [event, name, "image/png", encoded, event == "paste"])


async def choose(talk: TalkPage, name: str, body: bytes, kind: str = "image/png") -> None:
    """Choose a file with the button."""
    chosen: Any = {"name": name, "mimeType": kind, "buffer": body}
    await talk.page.get_by_label("Add a picture").set_input_files(chosen)


async def waiting(talk: TalkPage, count: int) -> None:
    """Wait until so many pictures wait to be sent."""
    async with asyncio.timeout(8):
        while await talk.page.locator("#waiting img").count() != count:
            await asyncio.sleep(0.02)


async def arrived(agent: RoomAgent) -> tuple[Picture, tuple[int, int]]:
    """The next picture, and its width and height, px."""
    async with asyncio.timeout(8):
        picture = await agent.pictures.get()
    assert picture.mime_type == "image/jpeg"
    assert (picture.body[:2], picture.body[-2:]) == (b"\xff\xd8", b"\xff\xd9"), "all of a JPEG"
    at = 2
    while picture.body[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", picture.body[at + 2 : at + 4])[0]
    height, width = struct.unpack(">HH", picture.body[at + 5 : at + 9])
    return picture, (width, height)


async def test_a_picture_is_chosen_made_small_and_arrives_whole_before_its_words(
    stage: SetUp,
) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
        in_call(s, talk) as agent,
    ):
        button = talk.page.get_by_label("Add a picture")
        assert not await button.is_visible(), "this agent does not see"
        await agent.attributes({"rejoinder.sees": "true"})
        await button.wait_for()
        box = await talk.page.locator("#attach").bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 40

        await choose(talk, MARKUP, await drawn(talk, 3200, 1000))
        await waiting(talk, 1)
        await choose(talk, "small.png", await drawn(talk, 300, 200))
        await waiting(talk, 2)
        await talk.page.get_by_role("button", name=f"Remove {MARKUP}").click()
        await waiting(talk, 1)
        await choose(talk, MARKUP, await drawn(talk, 3200, 1000))
        await waiting(talk, 2)
        assert await talk.overflow_px() == 0
        assert agent.pictures.empty(), "nothing is sent before it is said"
        await talk.screenshot("pictures")
        await talk.send("What is this?")
        (_, small), (picture, large) = await arrived(agent), await arrived(agent)
        assert (small, large) == ((300, 200), (1600, 500))
        assert MARKUP not in picture.name
        async with asyncio.timeout(5):
            assert await agent.chat.get() == "What is this?"
        await waiting(talk, 0)
        shown = talk.page.locator("#messages .you").last
        assert await shown.locator(".words").inner_text() == "What is this?"
        assert await shown.get_by_role("img", name=f"Picture {MARKUP}").count() == 1
        assert await shown.get_by_role("img").count() == 2
        assert await talk.page.title() == "Rejoinder"
        assert talk.errors == []


async def test_a_photograph_is_sent_upright_and_without_the_place_where_it_was_taken(
    stage: SetUp,
) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await agent.attributes({"rejoinder.sees": "true"})
        await talk.page.get_by_label("Add a picture").wait_for()
        photograph = await drawn(talk, 2000, 1000, "image/jpeg")
        exif = b"\xff\xe1" + struct.pack(">H", len(TURNED) + 2) + TURNED
        await choose(talk, "p.jpg", photograph[:2] + exif + photograph[2:], "image/jpeg")
        await waiting(talk, 1)
        await talk.page.get_by_role("button", name="Send").click()  # without words
        picture, size = await arrived(agent)
        assert size == (800, 1600)
        assert PLACE not in picture.body
        assert agent.chat.empty()
        assert talk.errors == []


async def test_pictures_are_pasted_and_dropped_and_what_is_none_is_refused(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        body = await drawn(talk, 40, 30)
        await hand(talk, "paste", "early.png", body)
        await hand(talk, "drop", "early.png", body)
        await agent.attributes({"rejoinder.sees": "true"})
        await talk.page.get_by_label("Add a picture").wait_for()
        await waiting(talk, 0)
        await hand(talk, "paste", "a.png", body)
        await waiting(talk, 1)
        await hand(talk, "drop", "b.png", body)
        await waiting(talk, 2)
        await choose(talk, MARKUP, b"no picture")
        assert MARKUP in await talk.wait_for_card("That picture cannot be read")
        for name in ("c.png", "d.png"):
            await hand(talk, "paste", name, body)
        await waiting(talk, 4)
        await hand(talk, "paste", "e.png", body)
        await talk.wait_for_card("Too many pictures")
        await waiting(talk, 4)
        await agent.attributes({"rejoinder.sees": "false"})
        await waiting(talk, 0)
        assert not await talk.page.get_by_label("Add a picture").is_visible()
        assert await talk.page.title() == "Rejoinder"
        assert talk.errors == []
