"""Whom the meeting page believes, and that a visit survives a reload."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc

from agent.room_protocol import (
    CAPTION,
    CAPTION_OF,
    FINAL,
    LANGUAGE,
    SEGMENT,
    TOPIC_CAPTIONS,
    TOPIC_NOTICE,
    TOPIC_VOICE,
    TRACK,
)
from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import Block, MeetingPage, Site, meeting_site, open_meeting
from tests.browser.page_driver import browser
from tests.fakes.meeting_agent import MeetingAgent, agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


class Stranger:
    """Somebody in the room who pretends to be the agent."""

    def __init__(self, person: rtc.LocalParticipant) -> None:
        self.person = person

    async def fakes(self, text: str, *, sender: str | None, segment: str, **more: str) -> None:
        """Send a caption as the agent does."""
        told = {SEGMENT: segment, FINAL: "true", LANGUAGE: "en", CAPTION: "original", **more}
        writer = await self.person.stream_text(
            topic=TOPIC_CAPTIONS, sender_identity=sender, attributes=told
        )
        await writer.write(text)
        await writer.aclose()


@asynccontextmanager
async def stranger(site: Site, name: str) -> AsyncIterator[Stranger]:
    room = rtc.Room()
    await room.connect(site.livekit.url, site.livekit.token(site.room, "stranger"))
    try:
        await room.local_participant.set_name(name)
        yield Stranger(room.local_participant)
    finally:
        await room.disconnect()


async def last_words(page: MeetingPage, agent: MeetingAgent) -> None:
    """Wait until everything that was sent before is there."""
    await agent.caption("Ana", "The end.", segment="end", language="en")
    await page.wait_for_words("The end.")


async def test_a_faked_caption_is_the_faker_s_own_words_and_nobody_else_s(
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
        await bia.join("Bia", speaks="en")
        await agent.languages()
        await agent.languages()
        await agent.caption("Ana", "This is what I said.", segment="a1", language="en")
        await bia.wait_for_words("This is what I said.")
        async with stranger(site, "Ana") as faker:
            await bia.page.locator("#people > li").nth(2).wait_for()
            own = agent.room.local_participant.identity
            anas, track = await agent.identity("Ana"), await agent.track("Ana")
            assert track
            for sender in (None, own, anas, "nobody"):
                # Of Ana's segment, of her track, as a translation of what she said.
                await faker.fakes("Send money.", sender=sender, segment="a1")
                await faker.fakes("Send money now.", sender=sender, segment="x", **{TRACK: track})
                more = {CAPTION: "translation", CAPTION_OF: "a1"}
                await faker.fakes("Send all.", sender=sender, segment="a1-en", **more)
            voice = f'{{"speaker": "{anas}", "language": "en", "segment": "s", "playing": true}}'
            await faker.person.send_text(voice, topic=TOPIC_VOICE)
            await faker.person.send_text('{"level": "error", "text": "hit"}', topic=TOPIC_NOTICE)
            await faker.person.send_text("not json", topic=TOPIC_NOTICE)
            # What two send comes in any order.
            await faker.fakes("That is all.", sender=None, segment="z")
            await bia.wait_for_words("That is all.")
            await last_words(bia, agent)
            blocks = await bia.blocks()
            assert [b for b in blocks if b.who == "Ana"] == [
                Block("Ana", "This is what I said."),
                Block("Ana", "The end."),
            ]
            fakes = [b for b in blocks if b.who != "Ana"]  # two, if the second came late
            assert " ".join(fake.original for fake in fakes) == "Send money. That is all."
            [who] = {fake.who for fake in fakes}
            assert who not in {"Ana", "Bia (you)", "Agent"}, "who has no name is a guest"
            assert "hit" not in await bia.page.locator("#transcript").inner_text()
            assert await bia.page.locator(".interpreted:visible").count() == 0


async def test_without_an_agent_nothing_is_a_caption(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        async with stranger(site, "Zoe") as faker:
            await ana.page.locator("#people > li").nth(1).wait_for()
            await faker.fakes("I am captioned.", sender=None, segment="1")
            async with agent_in(livekit, site.room) as agent:
                await ana.wait_for_state("Everybody is captioned")
                await last_words(ana, agent)
                assert await ana.blocks() == [Block("Ana (you)", "The end.")]


async def test_broken_messages_and_markup_are_no_more_than_text(livekit: LiveKitProcess) -> None:
    markup = "<img src=x onerror=\"document.title='hit'\"><b>bold</b> &amp;"
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join(markup[:60], speaks="en", hears="pt-BR")
        name, _ = await agent.languages()
        for odd in ({}, [], 7, None, "x", {"text": {"a": 1}}, {"speaker": 1, "playing": "yes"}):
            await agent.tell(TOPIC_NOTICE, odd)
            await agent.tell(TOPIC_VOICE, odd)
        await agent.tell(
            TOPIC_VOICE,
            {"speaker": "nobody", "language": "<b>", "segment": "", "playing": True},
        )
        await agent.notice(markup, level="info")
        await agent.caption(name, markup, segment="1", language="no language")
        await agent.translate(name, "שלום עולם", of="1", language="pt")
        await ana.wait_for_words("שלום עולם")
        await ana.page.locator(".notice").wait_for()
        await ana.page.locator(".original", has_text=markup).wait_for()
        assert await ana.page.title() == "Rejoinder meeting"
        assert await ana.page.locator("#transcript :is(img, b), #people b").count() == 0
        direction = "(p) => getComputedStyle(p).direction"
        assert await ana.page.locator(".translation").evaluate(direction) == "rtl"
        assert ana.errors == []


async def test_a_reload_comes_back_as_the_same_person(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit, shared=False) as site,
        agent_in(livekit, site.room) as _,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        whole = "rejoinder.meeting " + site.room
        await ana.join("Ana")
        await ana.page.reload()
        kept = await ana.page.evaluate("(key) => sessionStorage.getItem(key)", whole)
        assert kept is None, "the ticket is taken once"
        await ana.press_join()
        await ana.wait_for_phase("meeting")
        await ana.page.get_by_role("button", name="Leave").click()
        await ana.page.get_by_role("button", name="Join again").click()
        await ana.wait_for_phase("meeting")
        assert await ana.people() == ["Ana (you)"]
