"""Being interpreted in one's own voice on the meeting page: asked for, agreed to, deleted."""

import pytest
from livekit import rtc

from agent.interpreting.cloning import NO_MICROPHONE, TOLD
from agent.room_protocol import TOPIC_CLONE
from agent.wording.lexicon import LEXICONS
from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import MeetingPage, meeting_site, open_meeting
from tests.browser.page_driver import PHONE, browser
from tests.fakes.meeting_agent import MeetingAgent, agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

SENTENCE = LEXICONS["pt"].consent.sentence
ASKED = {"state": "asked", "say": SENTENCE, "language": "pt", "within_s": 30.0}


async def stands(page: MeetingPage, words: str) -> None:
    """Wait until it is shown that it stands so."""
    await page.page.locator("#own-voice-state", has_text=words).wait_for(state="attached")


async def press(page: MeetingPage, name: str) -> None:
    await page.page.locator("#own-voice").get_by_role("button", name=name).click()


async def offered(agent: MeetingAgent, page: MeetingPage) -> None:
    await agent.offers_own_voices()
    await page.page.locator("#own-voice").wait_for()
    assert (await agent.asks())[1] == {}, "how it stands"


async def test_somebody_asks_says_yes_and_deletes_it_and_nobody_else_is_told(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        await ana.join("Ana", speaks="pt-BR")
        await ana.wait_for_state("Everybody is captioned and interpreted")
        assert await ana.page.locator("#own-voice").is_hidden(), "nothing is offered"
        await offered(agent, ana)
        await bia.join("Bia", speaks="en")
        await agent.asks()
        await stands(ana, "another voice")

        agent.stands[True] = ASKED
        await press(ana, "Speak with my voice")
        assert await agent.asks() == ("Ana", {"ask": True})
        assert await ana.wait_for_card("Say this aloud") == SENTENCE
        card = ana.page.get_by_role("alert").filter(has_text="Say this aloud")
        assert await card.locator("p").get_attribute("lang") == "pt"
        await ana.screenshot("own-voice")

        await agent.tell_of_voice("Ana", "recording", TOLD["agreed"])
        await ana.wait_for_card("Go on talking")
        assert await ana.page.get_by_role("alert").count() == 1
        await agent.tell_of_voice("Ana", "own", TOLD["recorded"])
        await stands(ana, "with your voice")
        assert await ana.page.get_by_role("alert").count() == 0
        await ana.page.locator(".notice", has_text=TOLD["recorded"]).wait_for()

        agent.stands[False] = {"state": "none"}
        await press(ana, "Delete my voice")
        assert await agent.asks() == ("Ana", {"ask": False})
        await stands(ana, "another voice")
        await stands(bia, "another voice")
        assert await bia.page.locator(".notice").count() == 0
        assert await bia.page.get_by_role("alert").count() == 0
        assert agent.asked.empty()
        assert ana.errors == bia.errors == []


async def test_a_no_and_a_change_of_mind_are_shown(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link, size=PHONE) as ana,
    ):
        await ana.join("Ana", speaks="pt-BR")
        await ana.page.get_by_text("Languages and sound").click()
        await offered(agent, ana)
        agent.stands[True] = ASKED
        agent.stands[False] = {"state": "none"}
        await press(ana, "Speak with my voice")
        await agent.asks()
        await ana.wait_for_card("Say this aloud")
        assert await ana.overflow_px() == 0
        card = ana.page.get_by_role("alert").filter(has_text="Say this aloud")
        await card.get_by_role("button", name="Cancel").click()
        assert await agent.asks() == ("Ana", {"ask": False})
        await stands(ana, "another voice")

        await press(ana, "Speak with my voice")
        await agent.asks()
        await ana.wait_for_card("Say this aloud")
        await agent.tell_of_voice("Ana", "none", TOLD["unsaid"])
        await ana.page.locator(".notice", has_text=TOLD["unsaid"]).wait_for()
        await stands(ana, "another voice")
        assert await ana.page.get_by_role("alert").count() == 0

        agent.stands[True] = rtc.RpcError(409, NO_MICROPHONE)
        await press(ana, "Speak with my voice")
        await agent.asks()
        assert NO_MICROPHONE in await ana.wait_for_card("could not be asked for")
        assert ana.errors == []


async def test_how_it_stands_is_known_after_a_reload_and_another_agent_knows_nothing(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        async with agent_in(livekit, site.room) as agent:
            await ana.join("Ana", speaks="en")
            await offered(agent, ana)
            agent.stands[None] = {"state": "own"}
            await ana.page.reload()
            await ana.press_join()
            await ana.wait_for_phase("meeting")
            await stands(ana, "with your voice")
        await ana.wait_for_card("The agent has left")
        assert await ana.page.locator("#own-voice").is_hidden()
        async with agent_in(livekit, site.room, identity="agent-2") as other:
            await other.offers_own_voices()
            await ana.page.locator("#own-voice").wait_for()
            await stands(ana, "another voice")


async def test_only_an_agent_tells_how_it_stands(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        await offered(agent, ana)
        stranger = rtc.Room()
        await stranger.connect(livekit.url, livekit.token(site.room, "stranger"))
        try:
            faked = '{"state": "own", "why": "recorded", "text": "hit"}'
            await stranger.local_participant.send_text(faked, topic=TOPIC_CLONE)
            await stranger.local_participant.set_attributes({"rejoinder.cloning": "ask"})
            for odd in ({}, [], 7, None, {"state": 1, "text": "x"}):
                await agent.tell(TOPIC_CLONE, odd)
            await agent.tell_of_voice("Ana", "<b>none</b>", "<b>odd</b>")
            await ana.page.locator(".notice", has_text="<b>odd</b>").wait_for()
            await stands(ana, "another voice")
            assert "hit" not in await ana.page.locator("#transcript").inner_text()
        finally:
            await stranger.disconnect()
