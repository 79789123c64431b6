"""The talk page on a phone, by keyboard, read out, with reduced motion; its colours."""

import asyncio
import itertools
import re

import pytest

from rejoinder.web.client_library import PAGE
from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import PHONE, browser, open_page
from tests.fakes.room_agent import RoomAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


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


async def test_on_the_smallest_phone_everything_fits_and_can_be_hit(stage: SetUp) -> None:
    too_small = """() => [...document.querySelectorAll("button, select, label:has(input)")]
        .filter((e) => e.checkVisibility() && !e.closest("summary"))
        .map((e) => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 40 || box.width < 40 || box.right > innerWidth)
        .map(([html]) => html)"""
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url, size=(320, 568)) as talk,
        in_call(s, talk) as agent,
    ):
        await show_all(agent)
        await talk.page.get_by_role("list", name="Sources").wait_for()
        assert await talk.overflow_px() == 0
        assert await talk.page.evaluate(too_small) == []
        box = await talk.page.locator("#scroller").bounding_box()
        assert box
        assert box["height"] >= 150, "there is room for what is said"
        await talk.screenshot("smallest")


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
            for _ in range(6):
                order.append(await talk.page.evaluate(focused))
                await keyboard.press("Tab")
            assert order == [
                "End the call", "speaker", "mute", "microphones", "Captions", "chat-text",
            ]  # fmt: skip
            for _ in range(6):
                await keyboard.press("Shift+Tab")
            await keyboard.press("Space")
            await talk.wait_for_state("Call ended")


async def show_all(agent: RoomAgent) -> None:
    """Everything that an agent may show and offer."""
    await agent.attributes(
        {
            "rejoinder.persona": "guide",
            "rejoinder.persona_title": "A guide with a title that is long",
            "rejoinder.sees": "true",
            "rejoinder.memory": "ask",
        }
    )
    await agent.tell("tool", {"name": "search_web", "state": "asks", "arguments": {"a": "b" * 90}})
    await agent.tell("source", {"sources": [{"title": "One", "path": "x" * 90}, {"title": "Two"}]})
    await agent.say("This is all.", word_s=0.01, aloud=False)


async def test_every_control_has_a_name_and_every_region_a_role(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await show_all(agent)
        await talk.page.get_by_role("list", name="Sources").wait_for()
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
            'combobox "Who speaks"',
            'switch "Remember me"',
            'button "What is stored"',
            'button "Add a picture"',
            'list "Sources"',
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
    ("ink", "agent-soft"),
    ("muted", "agent-soft"),
    ("agent", "paper"),
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
