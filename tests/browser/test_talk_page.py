"""The talk page in a real browser, in a real room, with an agent that the test directs."""

import asyncio
import itertools
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from livekit import api

from agent.web.client_library import PAGE
from agent.web.server import running
from tests.browser.conftest import Stage
from tests.browser.page_driver import (
    PHONE,
    Message,
    Microphone,
    TalkPage,
    browser,
    library,
    open_page,
    write_microphone,
)
from tests.fakes.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from tests.fakes.room_agent import ENGINES, RoomAgent
from tests.fakes.talk_settings import talk_settings

pytestmark = pytest.mark.timeout(40)

SetUp = Callable[..., AbstractAsyncContextManager[Stage]]


@asynccontextmanager
async def in_call(stage: Stage, talk: TalkPage, **script: object) -> AsyncIterator[RoomAgent]:
    """Press the button and wait until the agent listens."""
    async with stage.worker(**script).run():
        await talk.start()
        async with asyncio.timeout(10):
            agent = await stage.desk.here.get()
        await talk.wait_for_state("Listening")
        yield agent


async def test_the_caller_hears_the_agent_and_reads_both_sides_as_they_form(
    stage: SetUp,
) -> None:
    async with stage() as s, browser() as chromium, open_page(chromium, s.url) as talk:
        assert await talk.state() == "Ready when you are"
        await talk.screenshot("idle")
        async with in_call(s, talk) as agent:
            assert (await talk.page.locator("#engines dd").all_inner_texts()) == list(
                ENGINES.values()
            )
            segment = await agent.hear("where does it", final=False)
            forming = await talk.wait_for_message("where does it", final=False)
            assert forming == Message("you", "where does it", interim=True)
            await agent.hear("Where does it look?", segment=segment)
            await talk.wait_for_message("Where does it look?")
            assert await talk.conversation() == [Message("you", "Where does it look?")]

            await agent.state("thinking")
            await talk.wait_for_state("Thinking")
            await agent.tell("source", {"title": "Engines", "path": "engines.md", "reply": "i1"})
            speaking = asyncio.create_task(agent.say("It looks into the handbook of this project."))
            await talk.wait_for_sound("agent")
            await talk.wait_for_state("Speaking")
            partial = await talk.wait_for_message("It looks", final=False)
            assert partial.interim
            assert partial.text != "It looks into the handbook of this project."
            await talk.screenshot("speaking")
            await speaking
            answer = await talk.wait_for_message("It looks into the handbook of this project.")
            assert answer == Message("agent", answer.text, source="from Engines · engines.md")
            playing = "() => { const a = document.querySelector('#sounds audio');"
            playing += " return !a.paused && a.currentTime > 0 && !a.muted; }"
            assert await talk.page.evaluate(playing)
            await talk.wait_for_silence("agent")
            heard = await talk.announced()
            assert "Agent: It looks into the handbook of this project." in heard
            assert "You: Where does it look?" in heard
            assert "You: where does it" not in heard, "interim text is not read out"
            await talk.end()
            await talk.wait_for_state("Call ended")
            assert "It lasted 0:" in await talk.hint()
        assert talk.errors == []


async def test_a_turn_shows_where_its_time_went_and_what_the_transport_added(
    stage: SetUp, tmp_path: Path
) -> None:
    speech = write_microphone(tmp_path / "mic.wav", silence_s=2.0)
    async with (
        stage() as s,
        browser(speech=speech) as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await talk.wait_for_sound("you")
        await talk.wait_for_silence("you")
        await agent.state("thinking")
        await talk.wait_for_state("Thinking")
        speaking = asyncio.create_task(agent.say("Yes, it does."))
        await talk.wait_for_sound("agent")
        await speaking
        stages = [("end_of_turn", 0, 60), ("stt", 60, 90), ("llm", 80, 120), ("tts", 120, 150)]
        await agent.turn(1, stages)
        await talk.page.locator(".waterfall").wait_for()
        (bar,) = [m.waterfall for m in await talk.conversation() if m.waterfall]
        assert re.fullmatch(
            r"Answered after \d\.\d\d s: end of turn 60 ms, recognition 30 ms, answer 40 ms, "
            r"voice 30 ms, transport \d+ ms\.",
            bar,
        )
        total_ms = float(bar.split()[2]) * 1000
        transport_ms = int(bar.split()[-2])
        assert total_ms == pytest.approx(150 + transport_ms, abs=6)
        assert 0 < transport_ms < 4000
        boxes = {
            name: await talk.page.locator(f".bars [data-stage={name}]").bounding_box()
            for name in ("end_of_turn", "stt", "llm", "tts", "transport")
        }
        assert boxes["end_of_turn"]
        assert boxes["transport"]
        assert boxes["stt"]
        assert boxes["llm"]
        assert boxes["end_of_turn"]["x"] < boxes["stt"]["x"] < boxes["transport"]["x"]
        assert boxes["llm"]["y"] > boxes["stt"]["y"], "stages that overlap lie in two lanes"

        await agent.say("And then I was about to", stop_after=4)
        await agent.turn(2, [("llm", 0, 5), ("tts", 5, 80)], interrupted=True)
        await talk.page.locator(".mark").wait_for()
        last = (await talk.conversation())[-1]
        assert (last.text, last.interrupted) == ("And then I was", True)
        assert "transport" not in last.waterfall, "nobody spoke before it"
        assert talk.errors == []


async def test_typed_messages_arrive_and_mute_silences_the_microphone(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await talk.send("  what is\ta room? ")
        async with asyncio.timeout(5):
            assert await agent.chat.get() == "what is\ta room?"
        assert (await talk.conversation())[-1] == Message("you", "what is\ta room?")
        await agent.tell("notice", {"level": "error", "stage": "stt", "text": "Say it again."})
        assert (await talk.wait_for_message("Say it again.")).who == "notice"
        assert "Say it again." in await talk.announced()

        await talk.wait_for_sound("you", above=0.1)
        await talk.mute()
        assert await talk.page.get_by_role("button", name="Mute", pressed=True).is_visible()
        assert await talk.hint() == "Your microphone is off."
        (track,) = next(iter(agent.room.remote_participants.values())).track_publications.values()
        async with asyncio.timeout(5):
            while not track.muted:
                await asyncio.sleep(0.02)
        await talk.wait_for_silence("you")
        await talk.mute()
        async with asyncio.timeout(5):
            while track.muted:
                await asyncio.sleep(0.02)
        await talk.wait_for_sound("you", above=0.1)
        assert talk.errors == []


@pytest.mark.parametrize(
    ("microphone", "title"),
    [("denied", "The microphone is blocked"), ("missing", "No microphone found")],
)
async def test_without_a_microphone_it_says_why_and_the_caller_can_type(
    stage: SetUp, microphone: Microphone, title: str
) -> None:
    async with (
        stage() as s,
        browser(microphone=microphone) as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        assert "You can type meanwhile." in await talk.wait_for_card(title)
        assert await talk.page.get_by_role("button", name="Try the microphone again").is_visible()
        assert await talk.page.get_by_role("button", name="Mute").is_hidden()
        assert await talk.hint() == "Without a microphone: type below."
        await talk.screenshot(f"microphone-{microphone}")
        await talk.send("hello")
        async with asyncio.timeout(5):
            assert await agent.chat.get() == "hello"
        await agent.say("Hello to you.")
        await talk.wait_for_message("Hello to you.")
        assert talk.errors == []


async def test_a_microphone_that_is_allowed_later_is_used(stage: SetUp) -> None:
    refuse_once = """
        const devices = navigator.mediaDevices;
        const real = devices.getUserMedia.bind(devices);
        let refused = false;
        devices.getUserMedia = (wanted) => {
            if (refused) return real(wanted);
            refused = true;
            return Promise.reject(new DOMException("no", "NotAllowedError"));
        };
    """
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, script=refuse_once) as talk,
        in_call(s, talk),
    ):
        await talk.wait_for_card("The microphone is blocked")
        await talk.page.get_by_role("button", name="Try the microphone again").click()
        await talk.wait_for_sound("you", above=0.1)
        assert await talk.hint() == "Go ahead."
        assert await talk.page.get_by_role("alert").count() == 0


async def test_when_no_agent_comes_it_says_what_it_waits_for_and_calls_again(
    stage: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.web.dispatch.LISTED_S", 0.0)
    async with (
        stage(agent_wait_s=0.15) as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
    ):
        await talk.start()
        await talk.wait_for_state("Waiting for the agent")
        await talk.page.locator("#hint", has_text=re.compile(r"Asked \d times")).wait_for()
        remedy = await talk.wait_for_card("No agent came", timeout_ms=12000)
        assert "called 4 times" in remedy
        await talk.screenshot("no-agent")
        async with s.worker().run():
            await talk.page.get_by_role("button", name="Try again").click()
            await talk.wait_for_state("Listening")
        await talk.wait_for_card("The agent has left")
        assert talk.errors == []


async def test_a_livekit_server_that_cannot_be_reached_is_named(
    stage: SetUp, unused_port: int
) -> None:
    async with (
        stage(public_url=f"ws://127.0.0.1:{unused_port}") as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
    ):
        await talk.start()
        assert f"127.0.0.1:{unused_port}" in await talk.wait_for_card("LiveKit cannot be reached")
        assert await talk.state() == "Not connected"
        assert await talk.page.get_by_role("button", name="Start the call").is_visible()


async def test_a_lost_connection_is_shown_while_it_is_restored(tmp_path: Path) -> None:
    async with (
        browser() as chromium,
        run_livekit(livekit_binary(), tmp_path) as livekit,
        running(talk_settings(livekit), library=library()) as url,
        open_page(chromium, url) as talk,
    ):
        await talk.start()
        await talk.wait_for_state("Waiting for the agent")
        os.kill(livekit.pid, signal.SIGKILL)
        await talk.wait_for_state("Reconnecting")
        assert "trying to get it back" in await talk.hint()
        await talk.end()
        await talk.wait_for_state("Call ended")


async def test_the_shared_secret_is_asked_for_once_and_kept_in_the_tab(stage: SetUp) -> None:
    async with (
        stage(secret="open sesame") as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        s.worker().run(),
    ):
        field = talk.page.get_by_label("Shared secret")
        await talk.start()
        await talk.wait_for_card("This agent asks for a secret")
        await field.fill("open barley")
        await talk.page.keyboard.press("Enter")
        await talk.wait_for_card("That secret is not right")
        await field.fill("open sesame")
        await talk.page.keyboard.press("Enter")
        await talk.wait_for_state("Listening")
        await talk.end()
        await talk.page.reload()
        await talk.start()
        await talk.wait_for_state("Listening")
        assert await talk.page.get_by_role("alert").count() == 0


async def test_refusals_of_the_page_s_server_are_shown_with_their_reason(stage: SetUp) -> None:
    async with (
        browser() as chromium,
        stage(tokens_per_minute=1) as s,
        open_page(chromium, s.url) as talk,
    ):
        await talk.start()
        await talk.wait_for_state("Waiting")
        await talk.end()
        await talk.start()
        assert re.search(r"Wait \d+ s", await talk.wait_for_card("Too many calls"))
        async with stage() as other:
            await talk.page.goto(other.url)
        await talk.start()
        await talk.wait_for_card("The page's server does not answer")


async def test_an_insecure_origin_is_said_before_the_call(stage: SetUp) -> None:
    async with (
        stage(secret="s") as s,
        browser() as chromium,
        open_page(chromium, s.url.replace("127.0.0.1", "talk.test")) as talk,
    ):
        remedy = await talk.wait_for_card("No microphone on an insecure page")
        assert "https://" in remedy
        assert "localhost" in remedy
        assert talk.errors == []


async def test_a_browser_that_holds_sound_back_gets_a_button_for_it(stage: SetUp) -> None:
    hold = """
        const real = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
            return window.allowed ? real.call(this)
                : Promise.reject(new DOMException("click first", "NotAllowedError"));
        };
    """
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, script=hold) as talk,
        in_call(s, talk),
    ):
        await talk.wait_for_card("The browser holds the sound back")
        await talk.page.evaluate("window.allowed = true")
        await talk.page.get_by_role("button", name="Turn sound on").click()
        await talk.page.locator("[data-card=sound]").wait_for(state="detached")


async def test_leaving_the_page_leaves_the_room_and_a_closed_room_ends_the_call(
    stage: SetUp, livekit: LiveKitProcess
) -> None:
    async with (
        api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lkapi,
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
    ):
        async with in_call(s, talk) as agent:
            await talk.page.goto("about:blank")
            async with asyncio.timeout(5):
                while agent.room.remote_participants:
                    await asyncio.sleep(0.02)
        await talk.page.goto(s.url)
        async with in_call(s, talk) as agent:
            await lkapi.room.delete_room(api.DeleteRoomRequest(room=agent.room.name))
            await talk.wait_for_card("The call was closed")
            await talk.wait_for_state("Call ended")


async def test_on_a_phone_nothing_is_wider_than_the_screen(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE, dark=True) as talk,
    ):
        assert await talk.overflow_px() == 0
        async with in_call(s, talk) as agent:
            await agent.hear("Averyveryverylongwordthatnobodywouldsayaloud" * 3)
            await agent.tell("source", {"title": "A/long/path" * 9, "path": "x" * 90, "reply": "r"})
            await agent.say("It fits, all the same.")
            stages = [("end_of_turn", 0, 550), ("stt", 550, 980), ("llm", 985, 990)]
            await agent.turn(1, [*stages, ("tts", 990, 1090)])
            await talk.page.locator(".waterfall").wait_for()
            assert await talk.overflow_px() == 0
            await talk.screenshot("phone")
            for control in ("End the call", "Mute", "Send"):
                box = await talk.page.get_by_role("button", name=control).bounding_box()
                assert box
                assert min(box["width"], box["height"]) >= 40, f"{control} is large enough to hit"
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= PHONE[0]
                assert box["y"] + box["height"] <= PHONE[1]
        await talk.wait_for_card("The agent has left")
        assert await talk.overflow_px() == 0


async def test_the_keyboard_alone_places_and_ends_a_call(stage: SetUp) -> None:
    async with stage() as s, browser() as chromium, open_page(chromium, s.url) as talk:
        keyboard = talk.page.keyboard
        focused = "() => document.activeElement.getAttribute('aria-label')"
        focused += " ?? document.activeElement.id"
        await keyboard.press("Tab")
        assert await talk.page.evaluate(focused) == "Start the call"
        ring = "() => getComputedStyle(document.activeElement).outlineStyle"
        assert await talk.page.evaluate(ring) == "solid"
        async with s.worker().run():
            await keyboard.press("Enter")
            await talk.wait_for_state("Listening")
            order = []
            for _ in range(5):
                order.append(await talk.page.evaluate(focused))
                await keyboard.press("Tab")
            assert order == ["End the call", "mute", "microphones", "Captions", "chat-text"]
            for _ in range(5):
                await keyboard.press("Shift+Tab")
            await keyboard.press("Space")
            await talk.wait_for_state("Call ended")


async def test_every_control_has_a_name_and_every_region_a_role(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk),
    ):
        tree = await talk.page.locator("body").aria_snapshot()
        for line in (
            'heading "Rejoinder" [level=1]',
            'region "Call"',
            'button "End the call"',
            'button "Mute"',
            'combobox "Microphone"',
            'region "Conversation"',
            'textbox "Type a message"',
            'button "Send"',
            'log "What is said"',
        ):
            assert line in tree, tree
        unnamed = "() => [...document.querySelectorAll('button, input, select')]"
        unnamed += ".filter((e) => e.checkVisibility() && !e.ariaLabel && !e.innerText"
        unnamed += " && !e.labels?.length).map((e) => e.outerHTML)"
        assert await talk.page.evaluate(unnamed) == []
        assert await talk.page.evaluate("document.documentElement.lang") == "en"


async def test_reduced_motion_stands_still_while_the_agent_thinks(stage: SetUp) -> None:
    picture = "() => document.getElementById('ring').toDataURL()"
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await agent.state("thinking")
        await talk.wait_for_state("Thinking")
        moving = {}
        for motion in ("no-preference", "reduce"):
            await talk.page.emulate_media(reduced_motion=motion)
            await asyncio.sleep(0.1)
            first = await talk.page.evaluate(picture)
            await asyncio.sleep(0.2)
            moving[motion] = await talk.page.evaluate(picture) != first
        assert moving == {"no-preference": True, "reduce": False}


TEXT_ON = [
    ("ink", "paper"),
    ("ink", "surface"),
    ("ink", "you-soft"),
    ("muted", "paper"),
    ("muted", "surface"),
    ("agent", "surface"),
    ("you", "surface"),
    ("you", "you-soft"),
    ("danger", "surface"),
    ("on-strong", "agent"),
    ("on-strong", "you"),
]
SHAPES_ON = [
    (f"stage-{name}", "surface") for name in ("end_of_turn", "stt", "llm", "tts", "transport")
] + [("control", "paper"), ("control", "surface"), ("agent", "paper"), ("you", "paper")]


def test_colours_have_the_contrast_that_wcag_aa_asks_for() -> None:
    css = (PAGE / "static/page.css").read_text()
    light, dark = itertools.islice(re.findall(r":root \{(.*?)\}", css, re.DOTALL), 2)
    themes = {"light": colours(light), "dark": colours(light) | colours(dark)}
    for theme, colour in themes.items():
        for least, pairs in ((4.5, TEXT_ON), (3.0, SHAPES_ON)):
            for front, back in pairs:
                contrast = ratio(colour[front], colour[back])
                assert contrast >= least, f"{theme}: {front} on {back} is {contrast:.2f}"


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def ratio(one: str, other: str) -> float:
    """Contrast of two colours. Source: WCAG 2.2, "contrast ratio" and "relative luminance"."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
