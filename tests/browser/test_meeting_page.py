"""A meeting of two: real browsers in one real room, with an agent that the test directs."""

import asyncio
import re

import pytest

from agent.room_protocol import TOPIC_COST
from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import Block, Site, meeting_site, open_meeting
from tests.browser.page_driver import browser
from tests.fakes.meeting_agent import agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

CLAUSE = "I went to the station this morning,"
INTO_PT = "Fui à estação esta manhã,"
ANSWER = "E o trem já tinha partido."
INTO_EN = "And the train had already left."


async def test_both_read_what_is_said_beside_its_translation_with_names(
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
        await ana.wait_for_person("Bia")
        await bia.wait_for_person("Ana")
        assert await ana.people() == ["Ana (you)", "Bia"]
        assert await bia.people() == ["Bia (you)", "Ana"]
        await ana.wait_for_state("Everybody is captioned and interpreted")

        await agent.caption("Ana", "I went to", segment="a1", language="en", final=False)
        await bia.wait_for_words("I went to", final=False)
        assert await bia.blocks() == [Block("Ana", "I went to", interim="I went to")]
        await agent.caption("Ana", CLAUSE, segment="a1", language="en")
        await bia.wait_for_words(CLAUSE)
        await agent.translate("Ana", "Fui à estação", of="a1", language="pt-BR")
        await bia.wait_for_words("Fui à estação")
        await agent.caption("Ana", "I went to the stadium,", segment="a1", language="en")
        await bia.wait_for_words("I went to the stadium,")
        await agent.caption("Ana", CLAUSE, segment="a1", language="en")
        await agent.translate("Ana", INTO_PT, of="a1", language="pt-BR")
        await agent.caption("Bia", ANSWER, segment="b1", language="pt")
        await agent.translate("Bia", INTO_EN, of="b1", language="en")
        await agent.caption("Ana", "Yes.", segment="a2", language="en")
        for page, last in ((ana, INTO_EN), (bia, INTO_PT)):
            await page.wait_for_words(last)
            await page.wait_for_words("Yes.")
        assert await bia.blocks() == [
            Block("Ana", CLAUSE, (INTO_PT,)),
            Block("Bia (you)", ANSWER),
            Block("Ana", "Yes."),
        ]
        assert await ana.blocks() == [
            Block("Ana (you)", CLAUSE),
            Block("Bia", ANSWER, (INTO_EN,)),
            Block("Ana (you)", "Yes."),
        ]
        original = await bia.page.locator(".block .original").first.bounding_box()
        translation = await bia.page.locator(".block .translation").first.bounding_box()
        assert original
        assert translation
        assert translation["x"] > original["x"] + original["width"]
        assert abs(translation["y"] - original["y"]) < 2
        colours = "() => [...document.querySelectorAll('#transcript .name')]"
        colours += ".map((name) => getComputedStyle(name).color)"
        anas, bias, anas_again = await bia.page.evaluate(colours)
        assert anas == anas_again != bias
        await bia.screenshot("two")
        assert ana.errors == bia.errors == []


async def test_words_that_were_taken_back_go_and_clauses_of_one_sentence_stay_together(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit, mode="captions") as site,
        agent_in(livekit, site.room, mode="captions") as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="zh", hears="en")
        await agent.caption("Ana", "我今天早上去了车站，", segment="1", language="zh")
        await agent.caption("Ana", "但是火车已经开了。", segment="2", language="zh")
        await agent.translate(
            "Ana", "I went to the station, but the train had left.", of="1", language="en"
        )
        await agent.caption("Ana", "嗯", segment="3", language="zh", final=False)
        await ana.wait_for_words("嗯", final=False)
        await agent.caption("Ana", "", segment="3", language="zh")
        await agent.caption("Ana", "Sim.", segment="4", language="pt")
        await agent.translate("Ana", "Sim.", of="4", language="en", works=False)
        await agent.notice("The translation has failed.")
        await ana.page.locator(".notice", has_text="The translation has failed.").wait_for()
        assert await ana.blocks() == [
            Block(
                "Ana (you)",
                "我今天早上去了车站，但是火车已经开了。Sim.",
                ("I went to the station, but the train had left. Sim. not translated",),
            )
        ]
        await agent.caption("Ana", "Then more.", segment="5", language="en")
        await ana.wait_for_words("Then more.")
        assert len(await ana.blocks()) == 2, "a notice is between them"
        assert await ana.page.get_by_label("Volume of the originals").is_hidden()
        assert ana.errors == []


async def test_the_agent_is_told_the_languages_when_it_comes_and_when_they_change(
    livekit: LiveKitProcess,
) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        async with agent_in(livekit, site.room, answers=False) as agent:
            await ana.join("Ana", speaks="en", hears="de")
            await bia.join("Bia", speaks="pt-BR")
            agent.answer()  # later than it was asked
            told = dict([await agent.languages(), await agent.languages()])
            assert told == {
                "Ana": {"speaks": "en", "hears": "de"},
                "Bia": {"speaks": "pt-BR", "hears": "pt-BR"},
            }
            await bia.choose(speaks="ko")
            assert await agent.languages() == ("Bia", {"speaks": "ko", "hears": "ko"})
            await ana.choose(hears="zh")
            assert await agent.languages() == ("Ana", {"speaks": "en", "hears": "zh"})
            assert "English → Mandarin Chinese" in await ana.person("Ana (you)").inner_text()
            assert await ana.page.get_by_label("Translations shown").input_value() == "zh"
        await ana.wait_for_card("The agent has left")
        await ana.wait_for_state("No agent here")
        async with agent_in(livekit, site.room, identity="agent-2") as replacement:
            told = dict([await replacement.languages(), await replacement.languages()])
            assert told["Ana"] == {"speaks": "en", "hears": "zh"}
            await ana.wait_for_state("Everybody is captioned")
            assert await ana.page.get_by_role("alert").count() == 0
        assert ana.errors == bia.errors == []


async def test_which_translations_are_shown_is_a_choice_of_its_own(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en", hears="pt-BR")
        assert await agent.languages() == ("Ana", {"speaks": "en", "hears": "pt-BR"})
        await agent.caption("Ana", "Good morning.", segment="1", language="en")
        for language, text in (("pt", "Bom dia."), ("de", "Guten Morgen."), ("sv", "God morgon.")):
            await agent.translate("Ana", text, of="1", language=language)
        await agent.caption("Ana", "The end.", segment="2", language="en")
        await ana.wait_for_words("The end.")
        await ana.wait_for_words("Bom dia.")
        heading = ana.page.locator("#translations-heading")
        assert await heading.inner_text() == "In Portuguese (Brazil)"
        original = "Good morning. The end."
        assert await ana.blocks() == [Block("Ana (you)", original, ("Bom dia.",))]
        await ana.show("Swedish")
        assert await ana.blocks() == [Block("Ana (you)", original, ("God morgon.",))]
        await ana.show("The original only")
        assert await ana.blocks() == [Block("Ana (you)", original)]
        await ana.show("All languages")
        everything = ("Portuguese Bom dia.", "German Guten Morgen.", "Swedish God morgon.")
        assert await ana.blocks() == [Block("Ana (you)", original, everything)]
        assert agent.told.empty(), "what is shown is nothing to the agent"


async def test_what_a_person_chooses_is_kept_and_begins_with_the_browser_s_language(
    livekit: LiveKitProcess,
) -> None:
    portuguese = "Object.defineProperty(navigator, 'language', { get: () => 'pt-PT' });"
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.url, script=portuguese) as ana,
    ):
        speaks = ana.page.get_by_label("I speak")
        hears = ana.page.get_by_label("I want to hear and read")
        assert (await speaks.input_value(), await hears.input_value()) == ("pt-BR", "pt-BR")
        names = await speaks.locator("option").all_inner_texts()
        assert {"English", "Portuguese (Brazil)", "Mandarin Chinese", "Find out"} <= set(names)
        await speaks.select_option("fr")
        assert await hears.input_value() == "fr"
        await hears.select_option("it")
        await speaks.select_option("es")
        assert await hears.input_value() == "it"
        await ana.choose(name="Ana")
        await speaks.focus()  # the name is done with
        room = ana.page.url
        assert re.search(r"\?room=meet-[a-z2-9]{5}-[a-z2-9]{5}-[a-z2-9]{3}$", room)
        await ana.page.reload()
        assert ana.page.url == room
        assert (await speaks.input_value(), await hears.input_value()) == ("es", "it")
        assert await ana.page.get_by_label("Your name").input_value() == "Ana"
        await ana.page.get_by_label("Your name").fill("")
        await ana.press_join()
        await ana.wait_for_phase("lobby")
        assert ana.errors == []


async def test_an_invitation_leads_into_the_same_room(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, f"{site.url}meeting") as ana,
    ):
        await ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await ana.join("Ana")
        await ana.page.get_by_role("button", name="Invite").click()
        link = await ana.page.get_by_label("Link to this meeting").input_value()
        assert link == ana.page.url
        assert await ana.page.locator("#invite-note").is_hidden()
        await ana.page.get_by_role("button", name="Copy").click()
        await ana.page.get_by_text("Copied").wait_for()
        assert await ana.page.evaluate("navigator.clipboard.readText()") == link
        await ana.screenshot("invite")
        await ana.page.get_by_role("button", name="Close").click()
        async with open_meeting(chromium, link) as bia:
            await bia.join("Ana")
            await ana.wait_for_person("Ana (2)")
            await bia.page.get_by_role("button", name="Mute").click()
            await ana.person("Ana (2)").get_by_text("microphone off").wait_for(state="attached")
            await ana.page.wait_for_function(
                "() => !document.querySelector('#people li:last-child .muted').hidden"
            )
            await bia.page.get_by_role("button", name="Leave").click()
            await bia.wait_for_phase("left")
            await ana.person("Ana (2)").wait_for(state="detached")
            assert await bia.people() == []
            await bia.page.get_by_role("button", name="Join again").click()
            await ana.wait_for_person("Ana (2)")


async def test_where_rooms_are_not_shared_the_page_says_so(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit, shared=False) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana")
        assert "TALK_SHARED_ROOMS=true" in await ana.wait_for_card("Others cannot join this room")
        await ana.page.get_by_role("button", name="Invite").click()
        await ana.page.locator("#invite-note", has_text="TALK_SHARED_ROOMS=true").wait_for()


async def test_the_first_page_is_the_one_of_the_worker_s_mode(livekit: LiveKitProcess) -> None:
    async def title(site: Site, path: str) -> str:
        await ana.page.goto(site.url + path)
        return await ana.page.title()

    async with (
        browser() as chromium,
        meeting_site(livekit, mode="captions") as meeting,
        meeting_site(livekit, mode="call") as call,
        open_meeting(chromium, meeting.url) as ana,
    ):
        assert [await title(meeting, path) for path in ("", "talk", "meeting")] == [
            "Rejoinder meeting", "Rejoinder", "Rejoinder meeting",
        ]  # fmt: skip
        assert [await title(call, path) for path in ("", "talk", "meeting")] == [
            "Rejoinder", "Rejoinder", "Rejoinder meeting",
        ]  # fmt: skip
        remedy = await ana.wait_for_card("The worker here takes calls")
        assert "AGENT_MODE=captions" in remedy
        assert await ana.page.get_by_role("button", name="Join", exact=True).is_disabled()


async def test_who_speaks_is_seen_in_the_list(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        await ana.join("Ana")
        await bia.join("Bia")  # the fake microphone beeps once a second
        for name in ("Ana (you)", "Bia"):
            await ana.wait_for_person(name)
            async with asyncio.timeout(8):
                while "speaks" not in (await ana.person(name).get_attribute("class") or ""):
                    await asyncio.sleep(0.02)


async def test_what_the_meeting_has_cost_is_told_to_all(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        cost = ana.page.locator("#cost")
        assert not await cost.is_visible()
        own = {
            "stage": "translate", "engine": "libretranslate", "model": "embedded",
            "used": {"requests": 3, "characters": 90}, "thrown_away": {}, "unpriced": 0,
        }  # fmt: skip
        await agent.tell(TOPIC_COST, {"sums": [], "complete": True, "engines": [own]})
        await cost.get_by_text("This meeting: costs nothing, its engines are your own.").wait_for()
        await cost.locator("summary").click()
        assert await cost.locator("li").all_inner_texts() == [
            "Translating with libretranslate · embedded: 3 requests, 90 characters"
        ]
        await ana.screenshot("cost")
        assert ana.errors == []


async def test_whether_it_is_recorded_is_seen_as_long_as_it_is(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        await ana.join("Ana", speaks="en")
        await ana.wait_for_state("Everybody is captioned and interpreted")
        mark = ana.page.locator("#recorded")
        for kept, words in (("events", "Recorded in writing"), ("audio", "Recorded, with sound")):
            await agent.records(kept)
            await mark.get_by_text(words, exact=True).wait_for()
        await ana.screenshot("recorded")
        await agent.records("")
        await mark.wait_for(state="hidden")
        await agent.records("audio")
        await mark.wait_for()
        await ana.page.get_by_role("button", name="Leave").click()
        await mark.wait_for(state="hidden")
