"""Voices on the meeting page: translations are heard, and originals are low meanwhile."""

import asyncio

import pytest

from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import meeting_site, open_meeting
from tests.browser.page_driver import browser
from tests.fakes.meeting_agent import agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

LOW, FULL = 0.15, 1.0
BACK_S = 0.8
BACK_LEAST_S = 0.7
"""Less than BACK_S by what a message takes from the agent to the page."""


async def test_an_original_is_low_while_its_translation_is_heard(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        await ana.join("Ana", speaks="en")
        await bia.join("Bia", speaks="pt-BR")
        heard = await agent.identity("Ana")
        await bia.wait_for_volume(heard, FULL)
        async with agent.speaking("pt-BR"):
            playing = "() => { const a = document.querySelector('audio[data-of=agent-1]');"
            playing += " return a && !a.paused && a.currentTime > 0 && !a.muted; }"
            await bia.page.wait_for_function(playing)
            await agent.voice("Ana", language="pt-BR", segment="a1", playing=True)
            await bia.wait_for_volume(heard, LOW)
            mark = bia.person("Ana").locator(".interpreted")
            assert await mark.inner_text() == "in Portuguese (Brazil)"
            await bia.screenshot("voice")

            # The next clause follows at once: the original does not come back in between.
            await agent.voice("Ana", language="pt-BR", segment="a1", playing=False)
            await mark.wait_for(state="hidden")
            await agent.voice("Ana", language="pt-BR", segment="a2", playing=True)
            await mark.wait_for()
            await asyncio.sleep(BACK_S * 1.5)
            assert await bia.volume(heard) == pytest.approx(LOW)

            await agent.voice("Ana", language="pt-BR", segment="a2", playing=False)
            over = asyncio.get_running_loop().time()
            await mark.wait_for(state="hidden")
            assert await bia.volume(heard) == pytest.approx(LOW)
            await bia.wait_for_volume(heard, FULL)
            assert asyncio.get_running_loop().time() - over > BACK_LEAST_S
        assert ana.errors == bia.errors == []


async def test_how_loud_originals_are_is_a_choice(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        await ana.join("Ana", speaks="en")
        await bia.join("Bia", speaks="pt-BR")
        heard = await agent.identity("Ana")
        async with agent.speaking("pt"):
            await bia.page.locator("audio[data-of=agent-1]").wait_for(state="attached")
            volume = bia.page.get_by_label("Volume of the originals")
            assert await volume.input_value() == "low"
            await agent.voice("Ana", language="pt-BR", segment="a1", playing=True)
            await bia.wait_for_volume(heard, LOW)
            for level, expected in (("Full", FULL), ("Off", 0.0), ("Low", LOW)):
                await volume.select_option(label=level)
                await bia.wait_for_volume(heard, expected)
        # The track is gone, and with it whoever could say that its words are over.
        await bia.wait_for_volume(heard, FULL)
        await bia.person("Ana").locator(".interpreted").wait_for(state="hidden")


async def test_a_translation_that_is_not_heard_here_lowers_nothing(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        await ana.join("Ana", speaks="en")
        await bia.join("Bia", speaks="pt-BR")
        heard = await agent.identity("Ana")
        async with agent.speaking("pt-BR"):
            await bia.page.locator("audio[data-of=agent-1]").wait_for(state="attached")
            await agent.voice("Ana", language="de", segment="d1", playing=True)
            mark = bia.person("Ana").locator(".interpreted", has_text="German")
            await mark.wait_for()
            await agent.voice("Ana", language="de", segment="d1", playing=False)
            await mark.wait_for(state="hidden")
            assert await bia.volume(heard) == FULL


async def test_where_a_browser_keeps_its_volume_a_low_original_is_silent(
    livekit: LiveKitProcess,
) -> None:
    as_on_ios = """
        Object.defineProperty(HTMLMediaElement.prototype, "volume", { get: () => 1, set() {} });
    """
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link, script=as_on_ios) as bia,
    ):
        await ana.join("Ana", speaks="en")
        await bia.join("Bia", speaks="pt-BR")
        sound = f"document.querySelector('audio[data-of={await agent.identity('Ana')}]')"
        await bia.page.wait_for_function(f"() => {sound} && !{sound}.muted")
        async with agent.speaking("pt-BR"):
            await agent.voice("Ana", language="pt-BR", segment="a1", playing=True)
            await bia.page.wait_for_function(f"() => {sound}.muted")
            await agent.voice("Ana", language="pt-BR", segment="a1", playing=False)
            await bia.page.wait_for_function(f"() => !{sound}.muted")
