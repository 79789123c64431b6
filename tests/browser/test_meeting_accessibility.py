"""The meeting page on a phone, by keyboard, read out; its colours."""

import itertools
import re

import pytest

from rejoinder.web.client_library import PAGE
from testbed.livekit_process import LiveKitProcess
from tests.browser.meeting_driver import meeting_site, open_meeting
from tests.browser.page_driver import PHONE, browser
from tests.browser.test_talk_accessibility import colours, ratio
from tests.fakes.meeting_agent import agent_in

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => `${e.tagName} ${e.id} ${e.className}`)"""


async def test_on_a_phone_nothing_is_wider_than_the_screen(livekit: LiveKitProcess) -> None:
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as agent,
        browser() as chromium,
        open_meeting(chromium, site.link, size=PHONE, dark=True) as ana,
        open_meeting(chromium, site.link) as bia,
    ):
        assert await ana.overflow_px() == 0
        await ana.screenshot("phone-lobby")
        await ana.join("Ana", speaks="en", hears="pt-BR")
        await bia.join(LONG[:60], speaks="de")
        await ana.wait_for_person(LONG[:60])
        name = LONG[:60]
        await agent.caption(name, LONG, segment="1", language="de")
        await agent.translate(name, LONG, of="1", language="pt")
        await agent.caption("Ana", "It fits all the same.", segment="2", language="en")
        await agent.translate("Ana", "Mesmo assim cabe.", of="2", language="pt")
        await agent.notice(LONG)
        await agent.records("audio")
        await ana.page.locator("#recorded").wait_for()
        await ana.wait_for_words("Mesmo assim cabe.")
        await ana.page.locator(".notice").wait_for()
        assert await ana.page.evaluate(TOO_WIDE) == []
        original = await ana.page.locator(".original").last.bounding_box()
        translation = await ana.page.locator(".translation").last.bounding_box()
        assert original
        assert translation
        assert translation["y"] >= original["y"] + original["height"], "below, not beside"
        await ana.screenshot("phone")
        for control in ("Mute", "Leave", "Invite"):
            box = await ana.page.get_by_role("button", name=control).bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 40, f"{control} is large enough to hit"
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]
            assert box["y"] + box["height"] <= PHONE[1]
        scroller = await ana.page.locator("#scroller").bounding_box()
        assert scroller
        assert scroller["height"] > PHONE[1] * 0.4, "most of the screen is for reading"
        await ana.page.get_by_text("Languages and sound").click()
        await ana.page.locator("#saving summary").click()
        assert await ana.page.evaluate(TOO_WIDE) == []
        await ana.page.get_by_role("button", name="Invite").click()
        assert await ana.page.evaluate(TOO_WIDE) == []
        assert await ana.overflow_px() == 0
        await bia.page.locator("#meeting").wait_for()


async def test_the_keyboard_alone_joins_and_leaves(livekit: LiveKitProcess) -> None:
    focused = "() => document.activeElement.id || document.activeElement.tagName"
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as _,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        keyboard = ana.page.keyboard
        order = []
        for _step in range(4):
            await keyboard.press("Tab")
            order.append(await ana.page.evaluate(focused))
        assert order == ["name", "speaks", "hears", "join"]
        ring = "() => getComputedStyle(document.activeElement).outlineStyle"
        assert await ana.page.evaluate(ring) == "solid"
        await ana.page.get_by_label("Your name").focus()
        await keyboard.type("Ana")
        await keyboard.press("Enter")
        await ana.wait_for_phase("meeting")
        await ana.wait_for_state("Everybody is captioned and interpreted")
        assert await ana.page.evaluate(focused) == "scroller"
        await ana.page.locator("#mute").focus()
        order = []
        for _step in range(8):
            order.append(await ana.page.evaluate(focused))
            await keyboard.press("Tab")
        assert order == [
            "mute", "microphones", "SUMMARY", "speaks", "hears", "originals", "shown", "SUMMARY",
        ]  # fmt: skip
        await ana.page.locator("#leave").focus()
        await keyboard.press("Enter")
        await ana.wait_for_phase("left")
        assert await ana.page.evaluate(focused) == "rejoin"


async def test_every_control_has_a_name_and_every_region_a_role(livekit: LiveKitProcess) -> None:
    unnamed = "() => [...document.querySelectorAll('button, input, select, summary')]"
    unnamed += ".filter((e) => e.checkVisibility() && !e.ariaLabel && !e.innerText"
    unnamed += " && !e.labels?.length).map((e) => e.outerHTML)"
    repeated = "() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);"
    repeated += " return ids.filter((id, n) => ids.indexOf(id) !== n); }"
    async with (
        meeting_site(livekit) as site,
        agent_in(livekit, site.room) as _,
        browser() as chromium,
        open_meeting(chromium, site.link) as ana,
    ):
        tree = await ana.page.locator("body").aria_snapshot()
        for line in (
            'heading "Rejoinder" [level=1]',
            'heading "Join the meeting" [level=2]',
            'textbox "Your name"',
            'combobox "I speak"',
            'combobox "I want to hear and read"',
            'button "Join"',
        ):
            assert line in tree, tree
        assert await ana.page.evaluate(unnamed) == []
        await ana.join("Ana")
        await ana.wait_for_state("Everybody")
        await ana.page.locator("#saving summary").click()
        tree = await ana.page.locator("body").aria_snapshot()
        for line in (
            'region "People and settings"',
            'list "Who is here"',
            'button "Mute"',
            'combobox "Microphone"',
            'combobox "Volume of the originals"',
            'region "Transcript"',
            'combobox "Translations shown"',
            'group "Save the transcript"',
            'button "Save as SRT"',
            'region "What is said"',
            'log "What is said, read out"',
            'button "Invite"',
            'button "Leave"',
        ):
            assert line in tree, tree
        assert await ana.page.evaluate(unnamed) == []
        assert await ana.page.evaluate(repeated) == []
        assert await ana.page.evaluate("document.documentElement.lang") == "en"


async def test_final_captions_are_read_out_in_the_language_that_is_chosen(
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
        await agent.caption("Bia", "Bom", segment="1", language="pt", final=False)
        await agent.caption("Bia", "Bom dia.", segment="1", language="pt")
        await agent.translate("Bia", "Good morning.", of="1", language="en")
        await agent.translate("Bia", "Good morning!", of="1", language="en")
        await agent.translate("Bia", "Guten Morgen.", of="1", language="de")
        await agent.caption("Ana", "Hello.", segment="2", language="en")
        await agent.translate("Ana", "Olá.", of="2", language="pt")
        await agent.notice("Something has failed.")
        await ana.wait_for_words("Good morning!")
        await bia.wait_for_words("Olá.")
        for page in (ana, bia):
            await page.page.locator(".notice").wait_for()
        assert set(await ana.announced()) == {"Bia: Good morning.", "Something has failed."}
        assert set(await bia.announced()) == {"Ana: Olá.", "Something has failed."}
        spoken = bia.page.get_by_role("log").get_by_text("Ana: Olá.")
        assert await spoken.get_attribute("lang") == "pt"


def test_speakers_colours_have_the_contrast_that_wcag_aa_asks_for() -> None:
    themes = zip(
        *(
            itertools.islice(
                re.findall(r":root \{(.*?)\}", (PAGE / name).read_text(), re.DOTALL), 2
            )
            for name in ("static/page.css", "meeting/people.css")
        ),
        strict=True,
    )
    for theme in themes:
        colour = colours("".join(theme))
        for speaker in [name for name in colour if name.startswith("speaker-")]:
            for front, back in (
                (speaker, "surface"), (speaker, "paper"), ("on-strong", speaker),
            ):  # fmt: skip
                contrast = ratio(colour[front], colour[back])
                assert contrast >= 4.5, f"{front} on {back} is {contrast:.2f}"
