"""A call on the talk page: a real browser in a real room, with an agent that the test directs."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from livekit import api

from testbed.livekit_process import LiveKitProcess
from tests.browser.conftest import SetUp, in_call
from tests.browser.page_driver import Message, browser, open_page, write_microphone
from tests.fakes.room_agent import ENGINES

pytestmark = pytest.mark.timeout(120)


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
            assert answer == Message("agent", answer.text, source="Engines · engines.md")
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
        assert 0 < transport_ms < 10000
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


COSTS: dict[str, Any] = {
    "final": False,
    "sums": [{"currency": "USD", "amount": 0.0123, "thrown_away": 0.0021}],
    "complete": True,
    "estimated": True,
    "prices_of": "2026-11-26",
    "engines": [
        {
            "stage": "stt", "position": 1, "engine": "openai", "model": "whisper-1",
            "used": {"requests": 4, "seconds": 12.5},
            "thrown_away": {"requests": 3, "seconds": 8.1},
            "failed": 0, "estimated": 0, "price": "listed", "unpriced": 0,
            "cost": {"currency": "USD", "amount": 0.0123, "thrown_away": 0.0021},
        },
    ],
}  # fmt: skip


async def test_what_the_call_has_cost_stands_below_the_engines(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        cost = talk.page.locator("#cost")
        assert not await cost.is_visible()
        await agent.tell("cost", COSTS)
        line = "This call: about USD 0.0123; USD 0.0021 of it for guesses thrown away."
        await cost.get_by_text(line).wait_for()
        await cost.locator("summary").click()
        assert await cost.locator("li").all_inner_texts() == [
            "Hearing with openai · whisper-1: 4 requests, 12.5 s of sound "
            "(thrown away: 3 requests, 8.1 s of sound)",
            "List prices of 2026-11-26 or later.",
        ]
        await talk.screenshot("cost")
        unknown = {"stage": "tts", "engine": "plugin", "model": "sonic-2", "unpriced": 2}
        engines = [*COSTS["engines"], unknown]
        await agent.tell("cost", COSTS | {"complete": False, "engines": engines})
        await cost.get_by_text("at least USD 0.0123").wait_for()
        assert "no price is known for plugin · sonic-2" in await cost.inner_text()
        own = COSTS["engines"][0] | {"price": "own", "engine": "whisper"}
        await agent.tell("cost", COSTS | {"sums": [], "engines": [own]})
        await cost.get_by_text("This call: costs nothing, its engines are your own.").wait_for()
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


async def test_a_text_that_the_agent_sends_is_shown(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        await agent.room.local_participant.send_text("Main Street 5", topic="lk.chat")
        await talk.wait_for_message("Main Street 5")
        assert await talk.conversation() == [Message("agent", "Main Street 5")]
        assert talk.errors == []


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
