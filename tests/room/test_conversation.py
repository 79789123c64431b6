"""A call with stand-in engines: every word heard, every request, every caption is known."""

import asyncio
import time
from math import inf

import numpy as np
import pytest

from agent.llm.alternation import OPENING
from agent.wording.lexicon import ENGLISH
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request
from tests.room.conftest import GREETING, Worker

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

LONG = "One two three four five six seven eight nine ten. Alpha beta gamma delta epsilon. "


def words(text: str) -> list[str]:
    return "".join(
        c if c.isalnum() or c.isspace() or c == "'" else " " for c in text.lower()
    ).split()


def heard(engines: OpenAIStandIn, pcm: Pcm) -> list[str]:
    """The words in a recording. No reply here says a word twice in a row: two of the same
    are one with a hole in it, from packets that a busy machine delivered late."""
    found = [word for word, _, _ in engines.heard_words(pcm, rate_hz=RATE_HZ)]
    return [word for n, word in enumerate(found) if n == 0 or word != found[n - 1]]


def user_messages(request: Request) -> list[str]:
    return [_text(m) for m in user_messages_of(request.body["messages"])]


def assistant_messages(request: Request) -> list[str]:
    return [_text(m) for m in request.body["messages"] if m["role"] == "assistant"]


def _text(message: dict) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(p["text"] for p in content)


async def test_the_greeting_is_heard_captioned_and_the_engines_are_named(call, engines) -> None:
    async with call() as caller:
        assert heard(engines, caller.hearing.pcm()) == words(GREETING)
        await caller.wait_until(lambda: any(c.final for c in caller.log.captions))
        assert caller.log.captions[0].text.strip() == GREETING
        assert caller.log.captions[0].by_agent
        attributes = caller.agent.attributes
        assert attributes["rejoinder.stt"].startswith("openai")
        assert attributes["rejoinder.llm"].startswith("openai")
        assert attributes["rejoinder.tts"].startswith("openai")


async def test_a_question_is_recognised_answered_and_heard_to_its_last_word(
    call, engines, question
) -> None:
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = lambda messages: "You can speak over me. I stop at once, and listen."
    async with call() as caller:
        exchange = await caller.wait_for_reply(await caller.say(question))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        await caller.wait_until(lambda: len(caller.log.costs) == 2)
        said = heard(engines, caller.hearing.pcm())
        captions = [(c.by_agent, c.text.strip()) for c in caller.log.captions]

    recording = engines.of("stt")[0]
    assert abs(len(recording.audio) / recording.audio_rate_hz - len(question) / RATE_HZ) < 1.0
    assert float(np.sqrt(np.mean(recording.audio**2))) > 0.01
    assert user_messages(engines.of("llm")[0]) == ["What is barge in?"]
    assert said == words(GREETING) + words("You can speak over me. I stop at once, and listen.")
    assert captions[1:] == [
        (False, "What is barge in?"),
        (True, "You can speak over me. I stop at once, and listen."),
    ]
    assert [r.body["input"] for r in engines.of("tts")][1:] == [
        "You can speak",
        "over me.",
        "I stop at once, and listen.",
    ]
    used = {e["stage"]: e["used"] for e in caller.log.costs[-1]["engines"]}
    assert used["stt"]["requests"] == len(engines.of("stt"))
    assert used["llm"]["completion_tokens"] > 0
    assert used["tts"]["characters"] == sum(len(r.body["input"]) for r in engines.of("tts"))
    assert caller.log.costs[-1]["sums"] == [], "the servers are one's own"
    report = caller.log.turns[0]
    assert [s["stage"] for s in report["stages"]] == ["end_of_turn", "stt", "llm", "tts"]
    assert report["interrupted"] is False
    assert all(s["from_ms"] <= s["to_ms"] <= report["total_ms"] + 1 for s in report["stages"])
    assert exchange.voice_to_voice_ms is not None
    assert exchange.voice_to_voice_ms > report["total_ms"] * 0.9


async def test_speaking_over_the_agent_stops_it_cancels_the_engines_and_keeps_what_was_heard(
    call, engines, question
) -> None:
    engines.transcribe = lambda request: ["Tell me everything.", "Stop that."][
        len(engines.of("stt")) - 1
    ]
    engines.reply = lambda messages: "Fine." if len(user_messages_of(messages)) > 1 else LONG * 8
    engines.llm.between_s = 0.12
    engines.tts.between_s = 0.048  # nearly as long as it is heard: a request is always open
    async with call() as caller:
        first = await caller.say(question)
        began = await caller.wait_for_answer(first)
        await asyncio.sleep(max(0.0, began + 1.6 - time.perf_counter()))
        second = await caller.say(question)
        exchange = await caller.wait_for_reply(second)
        await caller.wait_until(lambda: len(caller.log.turns) == 2)
        said = heard(engines, caller.hearing.pcm())
        reports = caller.log.turns

    assert exchange.barge_in_ms is not None
    interrupted = said[len(words(GREETING)) : -1]
    assert said[-1] == "fine"
    assert 3 <= len(interrupted) <= 10
    assert interrupted == words(LONG * 8)[: len(interrupted)]

    llm = engines.of("llm")
    assert llm[0].outcome == "cancelled"
    assert llm[0].chunks < len(words(LONG * 8))
    stopped = llm[0].ended
    assert stopped is not None
    spoken = engines.of("tts")
    assert {r.outcome for r in spoken if r.began < stopped < (r.ended or inf)} <= {"cancelled"}
    assert [r.body["input"] for r in spoken if r.began > stopped] == ["Fine."]
    assert len(spoken) < 8

    history = words(assistant_messages(llm[-1])[-1])
    assert history == interrupted[: len(history)]
    assert len(interrupted) - len(history) <= 1
    assert user_messages(llm[-1]) == ["Tell me everything.", "Stop that."]
    assert [r["interrupted"] for r in reports] == [True, False]


def user_messages_of(messages: list[dict]) -> list[dict]:
    """What the caller said; before the greeting stands a line that makes the sides alternate."""
    return [m for m in messages if m["role"] == "user" and _text(m) != OPENING]


async def test_a_typed_message_is_answered_by_voice_and_text(call, engines) -> None:
    engines.reply = lambda messages: "Typed and answered."
    async with call() as caller:
        await caller.type("How are you?")
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        said = heard(engines, caller.hearing.pcm())
        answer = caller.log.captions[-1].text.strip()

    assert said[-3:] == ["typed", "and", "answered"]
    assert answer == "Typed and answered."
    assert user_messages(engines.of("llm")[0]) == ["How are you?"]
    assert [s["stage"] for s in caller.log.turns[0]["stages"]] == ["llm", "tts"]
    assert engines.of("stt") == []


async def test_an_utterance_that_fails_is_said_and_shown_and_the_next_is_answered(
    call, engines, question
) -> None:
    engines.stt.status, engines.stt.failures = 500, 2
    engines.reply = lambda messages: "Now it works."
    async with call() as caller:
        await caller.say(question)
        await caller.wait_until(lambda: len(caller.log.notices) == 1)
        await caller.hearing.wait_for_sound(after=time.perf_counter())
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        await caller.wait_for_reply(await caller.say(question))
        said = heard(engines, caller.hearing.pcm())

    assert caller.log.notices[0]["stage"] == "stt"
    apology = words(ENGLISH.apologies["stt"])
    assert said == words(GREETING) + apology + words("Now it works.")
    assert assistant_messages(engines.of("llm")[0]) == [GREETING]


async def test_a_model_that_fails_in_any_way_is_said_and_shown_and_the_call_goes_on(
    call, engines, question
) -> None:
    faults = (Behaviour(status=500), Behaviour(first_byte_s=30), Behaviour(malformed=True))
    engines.reply = lambda messages: "Back again."
    async with call() as caller:
        for number, fault in enumerate(faults, start=1):
            engines.llm = fault
            await caller.say(question)
            await caller.wait_until(lambda n=number: len(caller.log.notices) == n)
            await caller.hearing.wait_for_sound(after=time.perf_counter())
            await caller.hearing.wait_for_silence(lasting_s=0.8)
        engines.llm = Behaviour()
        await caller.wait_for_reply(await caller.say(question))
        said = heard(engines, caller.hearing.pcm())

    assert [notice["stage"] for notice in caller.log.notices] == ["llm"] * len(faults)
    apology = words(ENGLISH.apologies["llm"])
    slow = words("One moment.") + apology
    assert said == words(GREETING) + apology + slow + apology + words("Back again.")


async def test_a_voice_that_fails_is_replaced_and_the_answer_is_heard_and_kept(
    call, engines, question
) -> None:
    engines.reply = lambda messages: "This is said all the same."
    async with call() as caller:
        engines.tts.status = 500
        await caller.say(question)
        await caller.wait_until(lambda: len(caller.log.notices) == 1)
        sound = await caller.hearing.wait_for_sound(after=time.perf_counter())
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        engines.tts.status = 200
        engines.reply = lambda messages: "Voice again."
        await caller.wait_for_reply(await caller.say(question))
        said = heard(engines, caller.hearing.pcm())

    assert sound > 0
    assert [notice["text"] for notice in caller.log.notices] == [ENGLISH.spare_voice]
    assert "This is said all the same." in [c.text.strip() for c in caller.log.captions]
    assert "This is said all the same." in str(engines.of("llm")[-1].body["messages"])
    assert said[-2:] == ["voice", "again"]


async def test_what_was_said_is_not_in_the_log(call, engines, question, worker: Worker) -> None:
    engines.transcribe = lambda request: "Xylophone is my secret word."
    engines.reply = lambda messages: "Zeppelin is mine."
    async with call(room="phone-15550199") as caller:
        await caller.wait_for_reply(await caller.say(question))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
    log = worker.program.log.read_text().lower()
    for secret in ("xylophone", "zeppelin", "15550199", "'caller'"):
        assert secret not in log
    assert "turn answered" in log
