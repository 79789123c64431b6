"""Headless Chromium on the meeting page, as people use it: by what is seen, heard and saved."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from rejoinder.web.server import running
from testbed.livekit_process import LiveKitProcess
from tests.browser.page_driver import ARTIFACTS, DESKTOP, WAIT_MS, open_page
from tests.fakes.node_program import client_library
from tests.fakes.talk_settings import talk_settings


@dataclass(frozen=True)
class Block:
    """What one person said at a stretch, as it is shown."""

    who: str
    original: str
    translations: tuple[str, ...] = ()
    interim: str = ""
    """Words that are marked as not final."""


@dataclass
class MeetingPage:
    """One open page. `errors` are console errors, page errors and warnings so far."""

    page: Page
    errors: list[str] = field(default_factory=list)

    async def choose(self, *, name: str = "", speaks: str = "", hears: str = "") -> None:
        """Fill in the form; what is empty stays as it is."""
        if name:
            await self.page.get_by_label("Your name").fill(name)
        if speaks:
            await self.page.get_by_label("I speak").select_option(speaks)
        if hears:
            await self.page.get_by_label("I want to hear and read").select_option(hears)

    async def press_join(self) -> None:
        """Press the button of the form."""
        await self.page.get_by_role("button", name="Join", exact=True).click()

    async def join(self, name: str, *, speaks: str = "", hears: str = "") -> None:
        """Fill in the form, join, and wait until that is done."""
        await self.choose(name=name, speaks=speaks, hears=hears)
        await self.press_join()
        await self.wait_for_phase("meeting")

    async def wait_for_phase(self, phase: str, *, timeout_ms: float = WAIT_MS) -> None:
        """Wait for lobby, joining, meeting or left."""
        await self.page.locator(f"body[data-phase={phase}]").wait_for(timeout=timeout_ms)

    async def wait_for_state(self, words: str, *, timeout_ms: float = WAIT_MS) -> None:
        """Wait until what is said of the meeting begins so."""
        await self.page.locator("#state", has_text=words).wait_for(timeout=timeout_ms)

    async def wait_for_words(self, text: str, *, final: bool = True) -> None:
        """Wait until a text is shown, as final if so asked."""
        kind = ".words:not(.interim)" if final else ".words"
        await self.page.locator(f"#transcript {kind}", has_text=text).first.wait_for(
            timeout=WAIT_MS
        )

    async def wait_for_person(self, name: str) -> None:
        """Wait until somebody is in the list of who is here."""
        await self.person(name).wait_for(timeout=WAIT_MS)

    def person(self, name: str) -> Any:
        """Somebody's entry in the list."""
        named = self.page.locator(".name").get_by_text(name, exact=True)
        return self.page.locator("#people > li").filter(has=named)

    async def people(self) -> list[str]:
        """Who is here."""
        return await self.page.locator("#people .name").all_inner_texts()

    async def blocks(self) -> list[Block]:
        """The whole transcript."""
        found: list[dict[str, Any]] = await self.page.evaluate(
            """() => [...document.querySelectorAll("#transcript > .block")].map((block) => ({
                who: block.querySelector(".name").textContent,
                original: block.querySelector(".original").textContent.trim(),
                translations: [...block.querySelectorAll(".translation")]
                    .map((p) => p.textContent.trim()),
                interim: [...block.querySelectorAll(".interim")]
                    .map((words) => words.textContent).join(" "),
            }))"""
        )
        return [
            Block(**(block | {"translations": tuple(block["translations"])})) for block in found
        ]

    async def show(self, language: str) -> None:
        """Choose which translations are shown, by the name of the language."""
        await self.page.get_by_label("Translations shown").select_option(label=language)

    async def save(self, kind: str, *, what: str, to: Path) -> str:
        """Save the transcript as Text, SRT or VTT; gives what is in the file."""
        await self.page.locator("#saving summary").click()
        await self.page.get_by_label("What is saved").select_option(label=what)
        async with self.page.expect_download() as started:
            await self.page.get_by_role("button", name=f"Save as {kind}").click()
        download = await started.value
        path = to / download.suggested_filename
        await download.save_as(path)
        await self.page.keyboard.press("Escape")
        return path.read_text("utf-8")

    async def volume(self, name: str) -> float:
        """How loud somebody is played here, 0 to 1; None of their sound is -1."""
        return float(
            await self.page.evaluate(
                """(name) => {
                    const sounds = [...document.querySelectorAll("#sounds audio")];
                    const found = sounds.find((sound) => sound.dataset.of.startsWith(name));
                    return found ? found.volume : -1;
                }""",
                name,
            )
        )

    async def wait_for_volume(self, name: str, volume: float) -> None:
        """Wait until somebody is played so loud."""
        async with asyncio.timeout(WAIT_MS / 1000):
            while abs(await self.volume(name) - volume) > 0.001:
                await asyncio.sleep(0.02)

    async def wait_for_card(self, title: str, *, timeout_ms: float = WAIT_MS) -> str:
        """Wait for a card that says what is wrong; gives its remedy."""
        card = self.page.get_by_role("alert").filter(has_text=title)
        await card.wait_for(timeout=timeout_ms)
        return await card.locator("p").inner_text()

    async def announced(self) -> list[str]:
        """What a screen reader was told lately."""
        return await self.page.get_by_role("log").locator("p").all_inner_texts()

    async def overflow_px(self) -> int:
        """How much wider the page is than its window."""
        return int(
            await self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    async def screenshot(self, name: str) -> None:
        """Keep a picture under artifacts/."""
        ARTIFACTS.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test may wait for it
        await self.page.screenshot(path=ARTIFACTS / f"meeting-page-{name}.png")


@dataclass
class Site:
    """The page's server, and a room of its own to meet in."""

    url: str
    livekit: LiveKitProcess
    room: str = field(default_factory=lambda: f"room-{secrets.token_hex(4)}")

    @property
    def link(self) -> str:
        """The address of the meeting."""
        return f"{self.url}meeting?room={self.room}"


@asynccontextmanager
async def meeting_site(
    livekit: LiveKitProcess, *, mode: str = "interpret", shared: bool = True, **talk: Any
) -> AsyncIterator[Site]:
    """Serve the page of a worker in this mode; `talk` are fields of `TalkOptions`."""
    settings = talk_settings(livekit, shared_rooms=shared, **talk)
    settings = replace(settings, agent=settings.agent.model_copy(update={"mode": mode}))
    async with running(settings, library=client_library()) as url:
        yield Site(url, livekit)


@asynccontextmanager
async def open_meeting(
    running: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    script: str = "",
) -> AsyncIterator[MeetingPage]:
    """Open the meeting page in a fresh profile; `script` runs before the page's own."""
    async with open_page(running, url, size=size, dark=dark, script=script) as opened:
        yield MeetingPage(opened.page, opened.errors)
