"""Headless Chromium on the talk page, as a person uses it: by what is seen and read out."""

import asyncio
import shutil
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright

from rejoinder.stand_ins import tones
from tests.conftest import require

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
MIC_RATE_HZ = 48000
PHONE = (360, 740)
DESKTOP = (1280, 800)
WAIT_MS = 8000

_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    # Nothing but this machine has a name; talk.test is this machine by a name that is not local.
    "--host-resolver-rules=MAP talk.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

Microphone = Literal["there", "denied", "missing"]


def chromium() -> str:
    """Path of the browser; skips the test without one, and fails it under CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return str(shutil.which(name))
    return require("chromium", "apt-get install chromium")


def write_microphone(path: Path, *, silence_s: float = 1.0, words: int = 3) -> Path:
    """A WAV for the fake microphone: silence, then tones, 48 kHz mono 16 bit."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(MIC_RATE_HZ)
        wav.writeframes(b"\0\0" * int(silence_s * MIC_RATE_HZ))
        wav.writeframes(tones.speak(range(words), rate_hz=MIC_RATE_HZ))
        wav.writeframes(b"\0\0" * int(0.2 * MIC_RATE_HZ))
    return path


class Browsers:
    """Chromium in each way in which tests want it, started once.

    A test sees nothing of the one before: `open_page` opens a fresh profile.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._running: dict[tuple[str, ...], Browser] = {}

    async def started(self, flags: tuple[str, ...]) -> Browser:
        """A running one with these flags."""
        found = self._running.get(flags)
        if found is None or not found.is_connected():
            found = await self._stack.enter_async_context(_launched(flags))
            self._running[flags] = found
        return found

    async def aclose(self) -> None:
        """End them all."""
        await self._stack.aclose()
        self._running.clear()


BROWSERS = Browsers()
"""Of the session, as its one event loop is."""


@asynccontextmanager
async def browser(
    *, microphone: Microphone = "there", speech: Path | None = None, args: Sequence[str] = ()
) -> AsyncIterator[Browser]:
    """Chromium.

    Args:
        microphone: whether there is one, and whether the person allows it.
        speech: WAV that the microphone plays once when it is opened; None: a beep each second.
        args: further command line arguments.
    """
    flags = [*_ARGS, *args]
    if microphone != "missing":
        flags.append("--use-fake-device-for-media-stream")
    if microphone == "there":
        flags.append("--use-fake-ui-for-media-stream")
    if speech is None:
        yield await BROWSERS.started(tuple(flags))
        return
    async with _launched((*flags, f"--use-file-for-fake-audio-capture={speech}%noloop")) as running:
        yield running


@asynccontextmanager
async def _launched(flags: tuple[str, ...]) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            yield running
        finally:
            await running.close()


@dataclass(frozen=True)
class Message:
    """One line of the conversation as it is shown."""

    who: Literal["you", "agent", "notice"]
    text: str
    interim: bool = False
    interrupted: bool = False
    source: str = ""
    """Titles and places of all its sources."""
    waterfall: str = ""
    """What the bar says to a screen reader; empty without a bar."""


@dataclass
class TalkPage:
    """One open page. `errors` are console errors, page errors and warnings so far."""

    page: Page
    errors: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Press the talk button of an idle page."""
        await self.page.get_by_role("button", name="Start").click()

    async def end(self) -> None:
        """Hang up."""
        await self.page.get_by_role("button", name="End the call").click()

    async def wait_for_state(self, words: str, *, timeout_ms: float = WAIT_MS) -> None:
        """Wait until the words under the button begin with these."""
        await self.page.locator("#state", has_text=words).wait_for(timeout=timeout_ms)

    async def state(self) -> str:
        """The words under the button."""
        return await self.page.locator("#state").inner_text()

    async def hint(self) -> str:
        """The smaller words under them."""
        return await self.page.locator("#hint").inner_text()

    async def wait_for_message(
        self, text: str, *, final: bool = True, timeout_ms: float = WAIT_MS
    ) -> Message:
        """Wait until a line holds this text, and is final if so asked; gives that line."""
        kind = "li:not(.interim)" if final else "li"
        await self.page.locator(f"#messages {kind}", has_text=text).first.wait_for(
            timeout=timeout_ms
        )
        return next(m for m in await self.conversation() if text in m.text)

    async def conversation(self) -> list[Message]:
        """All lines, oldest first."""
        found: list[dict[str, Any]] = await self.page.evaluate(
            """() => [...document.querySelectorAll("#messages > li")].map((li) => ({
                who: ["you", "agent"].find((w) => li.classList.contains(w)) ?? "notice",
                text: (li.querySelector(".words") ?? li).textContent,
                interim: li.classList.contains("interim"),
                interrupted: li.querySelector(".mark") !== null,
                source: [...li.querySelectorAll(".source :is(cite, .place)")]
                    .map((part) => part.textContent).join(" · "),
                waterfall: li.querySelector(".waterfall")?.getAttribute("aria-label") ?? "",
            }))"""
        )
        return [Message(**line) for line in found]

    async def send(self, text: str) -> None:
        """Type a message and press Enter."""
        await self.page.get_by_role("textbox", name="Type a message").fill(text)
        await self.page.keyboard.press("Enter")

    async def mute(self) -> None:
        """Switch the microphone off, or on again."""
        await self.page.get_by_role("button", name="Mute").click()

    async def level(self, side: Literal["you", "agent"]) -> float:
        """Loudness that the page's analyser measures, 0 to 1."""
        shown = await self.page.locator(f"#level-{side}").get_attribute("data-level")
        return float(shown or 0)

    async def wait_for_sound(self, side: Literal["you", "agent"], *, above: float = 0.3) -> None:
        """Wait until one side is heard."""
        async with asyncio.timeout(WAIT_MS / 1000):
            while await self.level(side) < above:
                await asyncio.sleep(0.02)

    async def wait_for_silence(self, side: Literal["you", "agent"], *, below: float = 0.03) -> None:
        """Wait until one side is not heard."""
        async with asyncio.timeout(WAIT_MS / 1000):
            while await self.level(side) > below:
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
        await self.page.screenshot(path=ARTIFACTS / f"talk-page-{name}.png")


@asynccontextmanager
async def open_page(
    running: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    script: str = "",
) -> AsyncIterator[TalkPage]:
    """Open the talk page in a fresh profile; `script` runs before the page's own."""
    context = await running.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        # What moves is drawn by the processor here.
        reduced_motion="reduce",
    )
    try:
        page = await context.new_page()
        talk = TalkPage(page)
        page.on("pageerror", lambda error: talk.errors.append(str(error)))
        page.on(
            "console",
            lambda line: (
                talk.errors.append(line.text) if line.type in {"error", "warning"} else None
            ),
        )
        if script:
            await page.add_init_script(script)
        await page.goto(url)
        yield talk
    finally:
        await context.close()
