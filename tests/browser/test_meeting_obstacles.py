"""What the meeting page says and offers when something stands in the way."""

import os
import re
import signal
from pathlib import Path

import pytest
from livekit import api

from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from tests.browser.meeting_driver import meeting_site, open_meeting
from tests.browser.page_driver import Microphone, browser
from tests.fakes.meeting_agent import agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


@pytest.mark.parametrize(
    ("microphone", "title"),
    [("denied", "The microphone is blocked"), ("missing", "No microphone found")],
)
async def test_without_a_microphone_one_can_read_and_listen(
    livekit: LiveKitProcess, microphone: Microphone, title: str
) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as talking,
        open_meeting(talking, site.link) as bia,
        browser(microphone=microphone) as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await bia.join("Bia", speaks="pt-BR")
        await ana.join("Ana", speaks="en")
        assert "You can read and listen meanwhile." in await ana.wait_for_card(title)
        assert await ana.page.get_by_role("button", name="Try the microphone again").is_visible()
        assert await ana.page.get_by_role("button", name="Mute").is_hidden()
        await ana.screenshot(f"microphone-{microphone}")
        await ana.person("Ana (you)").get_by_text("microphone off").wait_for(state="attached")
        await agent.caption("Bia", "Bom dia.", segment="1", language="pt")
        await agent.translate("Bia", "Good morning.", of="1", language="en")
        await ana.wait_for_words("Good morning.")
        await ana.wait_for_volume(await agent.identity("Bia"), 1.0)
        assert ana.errors == []


async def test_a_microphone_that_is_allowed_later_is_used(livekit: LiveKitProcess) -> None:
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
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link, script=refuse_once) as ana,
    ):
        await ana.join("Ana")
        await ana.wait_for_card("The microphone is blocked")
        await ana.page.get_by_role("button", name="Try the microphone again").click()
        await ana.page.get_by_role("button", name="Mute").wait_for()
        await ana.page.wait_for_function(
            "() => document.querySelector('#people .muted').hidden"
            " && document.querySelector('#people li').dataset.level > 0.1"
        )
        assert await ana.page.get_by_role("alert").count() == 0


async def test_when_no_agent_comes_it_says_so_and_people_still_meet(
    livekit: LiveKitProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rejoinder.web.dispatch.LISTED_S", 0.0)
    async with (
        meeting_site(livekit, agent_wait_s=0.15) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        await ana.page.locator("#state", has_text=re.compile(r"Asked \d times")).wait_for()
        remedy = await ana.wait_for_card("No agent came", timeout_ms=12000)
        assert "called 4 times" in remedy
        await ana.screenshot("no-agent")
        async with agent_in(livekit, site.room) as agent:
            await ana.page.locator("[data-card=agent]").wait_for(state="detached")
            assert await agent.languages() == ("Ana", {"speaks": "en", "hears": "en"})
        await ana.wait_for_card("The agent has left")
        await ana.page.get_by_role("button", name="Try again").click()
        await ana.wait_for_phase("meeting")
        asking = re.compile(r"Waiting for the agent|Asked \d times")
        await ana.page.locator("#state", has_text=asking).wait_for()


async def test_an_agent_that_does_not_take_the_languages_is_told_of(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room, answers=False) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        await ana.wait_for_card("The agent was not told your languages")
        agent.answer()
        await ana.page.get_by_role("button", name="Try again").click()
        assert await agent.languages() == ("Ana", {"speaks": "en", "hears": "en"})


async def test_a_livekit_server_that_cannot_be_reached_is_named(
    livekit: LiveKitProcess, unused_port: int
) -> None:
    async with (
        meeting_site(livekit, public_url=f"ws://127.0.0.1:{unused_port}") as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.choose(name="Ana")
        await ana.press_join()
        assert f"127.0.0.1:{unused_port}" in await ana.wait_for_card("LiveKit cannot be reached")
        await ana.wait_for_phase("lobby")
        assert await ana.page.get_by_role("button", name="Join", exact=True).is_enabled()


async def test_without_the_client_library_it_says_what_to_do(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, "about:blank") as ana,
    ):
        await ana.page.route("**/vendor/*", lambda route: route.abort())
        await ana.page.goto(site.link)
        await ana.choose(name="Ana")
        await ana.press_join()
        assert "Start the web server again" in await ana.wait_for_card("A part of this page")
        await ana.wait_for_phase("lobby")


async def test_a_lost_connection_is_shown_and_joined_again_as_the_same_person(
    tmp_path: Path,
) -> None:
    async with (
        browser() as chromium,
        run_livekit(livekit_binary(), tmp_path) as livekit,
        meeting_site(livekit) as site,
        open_meeting(chromium, site.link) as ana,
    ):
        async with (
            api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lkapi,
            agent_in(livekit, site.room) as agent,
        ):
            await ana.join("Ana", speaks="en")
            await agent.languages()
            await agent.caption("Ana", "Before.", segment="1", language="en")
            await ana.wait_for_words("Before.")
            was = await agent.identity("Ana")
            await lkapi.room.delete_room(api.DeleteRoomRequest(room=site.room))
            await ana.wait_for_card("The meeting was closed")
            await ana.wait_for_phase("left")
        await ana.page.get_by_role("alert").get_by_role("button", name="Join again").click()
        await ana.wait_for_phase("meeting")
        async with agent_in(livekit, site.room) as agent:
            assert (await agent.languages())[0] == "Ana"
            assert await agent.identity("Ana") == was
            await agent.caption("Ana", "After.", segment="2", language="en")
            await ana.wait_for_words("After.")
            assert "Before." in (await ana.blocks())[0].original, "what was said stays"
        os.kill(livekit.pid, signal.SIGKILL)
        await ana.wait_for_state("The connection was lost")
        await ana.page.get_by_role("button", name="Leave").click()
        await ana.wait_for_phase("left")


async def test_the_shared_secret_is_asked_for_and_joining_can_be_cancelled(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit, secret="open sesame") as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.choose(name="Ana")
        await ana.press_join()
        await ana.wait_for_card("This meeting asks for a secret")
        await ana.page.get_by_role("button", name="Cancel").click()
        await ana.wait_for_phase("lobby")
        await ana.press_join()
        await ana.page.get_by_label("Shared secret").fill("open sesame")
        await ana.page.keyboard.press("Enter")
        await ana.wait_for_phase("meeting")
        assert await ana.page.get_by_role("alert").count() == 0


async def test_an_insecure_origin_is_said_before_joining(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit, secret="s") as site,
        browser() as chromium,
        open_meeting(chromium, site.link.replace("127.0.0.1", "talk.test")) as ana,
    ):
        remedy = await ana.wait_for_card("No microphone on an insecure page")
        assert "https://" in remedy


async def test_a_browser_that_holds_sound_back_gets_a_button_for_it(
    livekit: LiveKitProcess,
) -> None:
    hold = """
        const real = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
            return window.allowed ? real.call(this)
                : Promise.reject(new DOMException("click first", "NotAllowedError"));
        };
    """
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as bia,
        open_meeting(chromium, site.link, script=hold) as ana,
    ):
        await bia.join("Bia")
        await ana.join("Ana")
        await ana.wait_for_card("The browser holds the sound back")
        await ana.page.evaluate("window.allowed = true")
        await ana.page.get_by_role("button", name="Turn sound on").click()
        await ana.page.locator("[data-card=sound]").wait_for(state="detached")
