"""The page of a recorded call, opened from the disk in a real browser."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page

from agent.hearing.ear import HOP, Hop, level_of
from agent.recorder.folder import make_folder
from agent.recorder.recording import load
from rejoinder.replay.page import page as page_of
from rejoinder.replay.story import tell
from tests.browser.page_driver import browser
from tests.fakes.recorded_talk import newest, recorder

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

HOSTILE = (
    "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
)
LENGTH_S = 6.0


def write(folder: Path) -> Path:
    """A page of six seconds: a turn of the caller's, its answer, and sound of both sides."""
    now = [0.0]
    kept = recorder(make_folder(folder), clock=lambda: now[0], sound=True)
    kept.tell("joined", back=False)
    kept.announced()
    for n in range(round(LENGTH_S * 100)):
        now[0] += 0.01
        loud = 100 < n < 250
        wave = np.sin(np.arange(HOP) * 2 * np.pi * 200 / 16000) * (6000 if loud else 3)
        pcm = wave.astype(np.int16)
        kept.hop(
            Hop(pcm, level_of(pcm), loud, -60.0, 0.9 * loud, fresh=True),
            playing=n > 300,
            busy=False,
        )
        if n == 100:
            kept.tell("attend", over_agent=False)
        if n == 290:
            why = {"wait_s": 0.4, "wording": "plain", "usual_pause_s": 0.0, "end_probability": None}
            kept.tell("ended", text=HOSTILE, silence_s=0.4, why=why)
        if n == 300:
            kept.tell("speaking")
            kept.tell("caption", text="Here it is.")
        if 300 < n < 400:
            kept.frame(np.full(240, 4000 * (-1) ** n, np.int16))
        if n == 420:
            stages = [{"stage": "end_of_turn", "from_ms": 0.0, "to_ms": 400.0}]
            kept.tell("said", role="assistant", text="Here it is.", interrupted=False)
            kept.tell("turn", turn=1, interrupted=False, stages=stages, total_ms=500.0)
    kept.end()
    kept.join()
    out = folder / "page.html"
    out.write_text(page_of({**tell(load(newest(folder)), []), "limits": []}), encoding="utf-8")
    return out


async def clock(page: Page) -> float:
    minutes, _, seconds = (await page.locator("#clock").inner_text()).partition(":")
    return int(minutes) * 60 + float(seconds)


async def test_the_page_shows_a_call_and_plays_it_and_no_word_of_it_is_obeyed(
    tmp_path: Path,
) -> None:
    out = await asyncio.to_thread(write, tmp_path / "recordings")
    errors: list[str] = []
    asked: list[str] = []
    async with browser(args=["--autoplay-policy=no-user-gesture-required"]) as running:
        page = await running.new_page()
        page.on("console", lambda line: errors.append(line.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        await page.goto(out.as_uri())
        await page.locator("#play").wait_for()
        turn = page.locator(".turn")
        assert await turn.locator(".you").inner_text() == HOSTILE
        assert "500 ms" in await turn.inner_text()
        assert "Over after 0.40 s of silence" in await turn.inner_text()
        assert await page.title() == "A recorded call"
        assert await page.locator("img").count() == 0

        await page.keyboard.press("n")
        assert await clock(page) == pytest.approx(2.0, abs=0.3)
        await page.keyboard.press("ArrowRight")
        later = await clock(page)
        assert later > 2.0
        await page.keyboard.press(" ")
        async with asyncio.timeout(10):
            while await clock(page) < later + 0.2:
                await asyncio.sleep(0.05)
        await page.keyboard.press(" ")
        await page.keyboard.press("Home")
        assert await clock(page) == 0.0
        # Somewhere over the caller's words.
        edge = await page.locator("#lanes").bounding_box()
        assert edge is not None
        await page.keyboard.press("0")
        across = edge["x"] + 104 + (edge["width"] - 104) * 1.5 / LENGTH_S
        await page.mouse.move(across, edge["y"] + 135)
        await page.locator("#tip", has_text="The caller said").wait_for()
        assert HOSTILE in await page.locator("#tip").inner_text()
    assert errors == []
    assert set(asked) <= {"file", "blob"}
