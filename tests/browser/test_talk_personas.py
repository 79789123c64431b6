"""Who answers: chosen before the call by mouse and keyboard, shown and changed in it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import expect

from agent.options.personas import PersonaOptions
from tests.browser.conftest import SetUp, Stage, in_call
from tests.browser.page_driver import PHONE, WAIT_MS, TalkPage, browser, open_page

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

PERSONA, TITLE = "rejoinder.persona", "rejoinder.persona_title"
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b"
)
"""A GIF."""
MARKUP = "<img src=x onerror=\"document.title='hit'\">"


def folder(place: Path, titles: Mapping[str, str], *, default: str = "") -> PersonaOptions:
    """Personas with these names and titles."""
    (place / "face.gif").write_bytes(PIXEL)
    for name, title in titles.items():
        lines = {"title": title, "about": f"About {name}.", "instructions": "Be kind."}
        picture = "face.gif" if name == "pictured" else "🏛️"
        # A JSON text is a YAML text.
        (place / f"{name}.yaml").write_text(json.dumps(lines | {"picture": picture}))
    return PersonaOptions(personas=place, default=default)


async def asked_for(stage: Stage, talk: TalkPage) -> Any:
    """What the job of the next call is told."""
    async with stage.worker().run() as worker:
        await talk.start()
        async with asyncio.timeout(30):
            await stage.desk.here.get()
        await talk.end()
        await talk.wait_for_state("Call ended")
        metadata = worker.offered[-1].metadata
    return json.loads(metadata) if metadata else None


async def shown(talk: TalkPage) -> str:
    """Who speaks, by the page."""
    return str(await talk.page.locator("#speaker option:checked").inner_text())


async def test_a_persona_is_chosen_by_click_or_arrow_kept_and_asked_for(
    stage: SetUp, tmp_path: Path
) -> None:
    titles = {"guide": "Guide", "mentor": MARKUP, "pictured": "With a picture"}
    options = folder(tmp_path, titles, default="guide")
    async with (
        stage(personas=options) as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
    ):
        page = talk.page
        group = page.get_by_role("radiogroup", name="Who answers")
        mentor = group.get_by_role("radio", name=MARKUP)
        assert await group.get_by_role("radio", name="Guide").is_checked()
        assert await group.locator("img").count() == 1
        loaded = "(image) => image.decode().then(() => image.naturalWidth)"
        assert await group.locator("img").evaluate(loaded) == 1
        assert await asked_for(s, talk) is None, "it is the default"

        await page.reload()
        await group.wait_for()
        await page.keyboard.press("Tab")  # the button
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        assert await mentor.is_checked()
        ring = "(radio) => getComputedStyle(radio.closest('label')).outlineStyle"
        assert await mentor.evaluate(ring) == "solid"
        await page.reload()
        await group.wait_for()
        assert await mentor.is_checked(), "the choice is kept"
        assert await asked_for(s, talk) == {"rejoinder": {"persona": "mentor"}}

        await page.get_by_label("Who speaks").select_option("pictured")  # for the next call
        await page.reload()
        await group.wait_for()
        assert await group.get_by_role("radio", name="With a picture").is_checked()
        await mentor.click()
        assert await asked_for(s, talk) == {"rejoinder": {"persona": "mentor"}}
        assert await page.title() == "Rejoinder"
        assert talk.errors == []


async def test_nothing_is_asked_where_there_is_one_persona_or_none(
    stage: SetUp, tmp_path: Path
) -> None:
    async with browser() as chromium:
        for titles, default in (({"guide": "Guide"}, "guide"), ({}, "")):
            place = tmp_path / str(len(titles))
            place.mkdir()
            options = folder(place, titles, default=default)
            async with stage(personas=options) as s, open_page(chromium, s.url) as talk:
                async with in_call(s, talk):
                    assert not await talk.page.locator("#speaker").is_visible()
                    await talk.end()
                await talk.page.reload()
                await talk.page.wait_for_load_state("networkidle")
                assert not await talk.page.get_by_role("radio").first.is_visible()


async def test_without_a_default_the_agent_as_it_is_set_up_is_one_of_the_choices(
    stage: SetUp, tmp_path: Path
) -> None:
    async with (
        stage(personas=folder(tmp_path, {"guide": "Guide"})) as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
    ):
        await (
            talk.page.get_by_role("radio", name="Agent")
            .and_(talk.page.get_by_role("radio", checked=True))
            .wait_for()
        )
        async with in_call(s, talk) as agent:
            agent.answer("set_persona", lambda wish: wish)
            assert await shown(talk) == "Agent"
            # A switch that was asked for is told, though nobody was known before.
            await talk.page.get_by_label("Who speaks").select_option("guide")
            await talk.wait_for_message("Guide has taken over.")
            await agent.attributes({PERSONA: "guide", TITLE: "Guide"})
            assert await shown(talk) == "🏛️ Guide"
            options = talk.page.locator("#speaker option")
            assert await options.count() == 1, "there is no way back to none"
            await talk.end()
            assert await options.count() == 2
        assert talk.errors == []


async def test_another_persona_takes_over_by_voice_or_by_the_page(
    stage: SetUp, tmp_path: Path
) -> None:
    titles = {"guide": "Guide", "mentor": "Mentor", "clerk": "Clerk"}
    async with (
        stage(personas=folder(tmp_path, titles, default="guide")) as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        # Its first words may come before its name.
        await agent.say("I am the guide.", word_s=0.01, aloud=False)
        await talk.wait_for_message("I am the guide.")
        await agent.attributes({PERSONA: "guide", TITLE: "Guide"})
        await talk.page.locator(".who", has_text="Guide").wait_for(timeout=WAIT_MS)
        assert await shown(talk) == "🏛️ Guide"
        assert [m.who for m in await talk.conversation()] == ["agent"], "no take-over is told"

        await agent.attributes({PERSONA: "mentor", TITLE: "Mentor & friend"})
        await talk.wait_for_message("Mentor & friend has taken over.")
        assert await shown(talk) == "🏛️ Mentor & friend"
        await agent.say("I am the mentor.", word_s=0.01, aloud=False)
        await talk.wait_for_message("I am the mentor.")
        assert await talk.page.locator(".who").all_inner_texts() == ["Guide", "Mentor & friend"]
        assert "Mentor & friend: I am the mentor." in await talk.announced()

        def take_over(wish: dict[str, Any]) -> Any:
            if wish["name"] == "clerk":
                raise rtc.RpcError(404, f"The clerk is asleep {MARKUP}.")
            return {"name": wish["name"], "title": "Guide", "about": ""}

        speaker = talk.page.get_by_label("Who speaks")
        await speaker.select_option("guide")  # the agent does not know how yet
        assert await talk.wait_for_card("Guide has not taken over") == "This agent cannot do that."
        agent.answer("set_persona", take_over)
        await speaker.select_option("clerk")
        remedy = await talk.wait_for_card("Clerk has not taken over")
        assert remedy == f"The clerk is asleep {MARKUP}."
        assert await shown(talk) == "🏛️ Mentor & friend"
        await speaker.select_option("guide")
        await talk.wait_for_message("Guide has taken over.")
        await agent.state("thinking")  # who spoke before is told again before the change is
        await talk.wait_for_state("Thinking")
        assert await shown(talk) == "🏛️ Guide"
        await agent.attributes({PERSONA: "guide", TITLE: "Guide", "lk.agent.state": "listening"})
        await talk.wait_for_state("Listening")
        await agent.state("thinking")  # tells again who speaks
        await talk.wait_for_state("Thinking")
        await agent.attributes({PERSONA: "secret", TITLE: MARKUP})
        await talk.wait_for_message(f"{MARKUP} has taken over.")
        assert await shown(talk) == MARKUP
        assert agent.asked == [
            ("set_persona", {"name": "clerk"}),
            ("set_persona", {"name": "guide"}),
        ]
        notices = [m.text for m in await talk.conversation() if m.who == "notice"]
        assert len(notices) == 3, "each is told once"
        assert await talk.page.title() == "Rejoinder"
        assert talk.errors == []


async def test_many_personas_fit_a_phone(stage: SetUp, tmp_path: Path) -> None:
    titles = {f"p{n}": f"Persona with the number {n} " + "and a long title " * n for n in range(12)}
    async with (
        stage(personas=folder(tmp_path, titles)) as s,
        browser() as chromium,
        open_page(chromium, s.url, size=PHONE) as talk,
    ):
        radios = talk.page.get_by_role("radio")
        await expect(radios).to_have_count(len(titles) + 1, timeout=WAIT_MS)
        button = await talk.page.get_by_role("button", name="Start the call").bounding_box()
        assert button
        assert 0 < button["y"] < button["y"] + button["height"] < PHONE[1]
        await radios.last.focus()
        await talk.page.keyboard.press("Space")
        await expect(radios.last).to_be_checked()
        await expect(radios.last.locator("..")).to_be_in_viewport(ratio=0.99)
        assert await talk.overflow_px() == 0
        async with in_call(s, talk) as agent:
            await agent.attributes({PERSONA: "p11", TITLE: titles["p11"]})
            await talk.page.locator("#speaker option:checked", has_text="11").wait_for(
                state="attached"
            )
            assert await talk.overflow_px() == 0
        assert talk.errors == []
