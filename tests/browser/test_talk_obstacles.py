"""What the talk page says and offers when something stands in a call's way."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from rejoinder.web.server import running
from testbed.livekit_process import livekit_binary, run_livekit
from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import Microphone, browser, open_page
from tests.fakes.node_program import client_library
from tests.fakes.talk_settings import talk_settings

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


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
    monkeypatch.setattr("rejoinder.web.dispatch.LISTED_S", 0.0)
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
            # The client library complains of a track whose owner has left before it came. So
            # quickly judged, an agent and the one called in its place may both be there at first.
            await talk.page.locator("#sounds > *").first.wait_for(state="attached")
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
        running(talk_settings(livekit), library=client_library()) as url,
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
