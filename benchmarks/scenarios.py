"""What is tried in each call, and what the caller measures. Milliseconds, at the client."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import jiwer

from agent.room_protocol import SET_PERSONA
from benchmarks.rig import Rig
from benchmarks.standin import words_of
from benchmarks.texts import Texts, texts_of
from benchmarks.voices import RATE_HZ, Spoken, noise, pause, speak
from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.hearing import Sound
from rejoinder.scripted_caller.microphone import Utterance
from rejoinder.stand_ins import tones

Trial = dict[str, Any]

_WRONG = 0.3
"""Share of wrong words from which on the record keeps both texts."""


async def _ask(rig: Rig, caller: Caller, spoken: Spoken, *, short: bool = False) -> Utterance:
    await rig.script(spoken, short=short)
    return await caller.say(spoken.pcm)


async def _silence_agent(rig: Rig, caller: Caller) -> None:
    """Wait until the agent has said all, for a clean next turn."""
    async with asyncio.timeout(60):
        await caller.hearing.wait_for_silence(lasting_s=1.5)


def _counts(requests: list[dict[str, Any]]) -> dict[str, int]:
    """Requests beyond those that an answer needs; nothing where nobody counts them."""
    if not requests:
        return {}
    begun = {route: sum(r["route"] == route for r in requests) for route in ("stt", "llm", "tts")}
    heads: dict[str, int] = {}
    for request in requests:
        if request["route"] == "tts":
            text = str(request["body"].get("input", ""))
            heads[text] = heads.get(text, 0) + 1
    return {
        "stt_extra": max(0, begun["stt"] - 1),
        "llm_extra": max(0, begun["llm"] - 1),
        "tts_extra": sum(count - 1 for count in heads.values()),
    }


def _stages(asked: list[dict[str, Any]], last_voiced: float, v2v_ms: float | None) -> Trial:
    """What the answer that was heard waited for: (from, to) in ms after the last voiced sample.

    Of several requests to an engine it is the one that the next stage was begun on.
    """
    spoken = [r for r in asked if r["route"] == "tts" and r["first_byte"]]
    chats = [r for r in asked if r["route"] == "llm" and r["outcome"] == "completed"]
    if not spoken or not chats or v2v_ms is None:
        return {}
    chat = chats[-1]
    voice = min((r for r in spoken if r["began"] > chat["began"]), key=lambda r: r["began"])
    heard = [r for r in asked if r["route"] == "stt" and r["ended"] and r["ended"] <= chat["began"]]
    if not heard:
        return {}
    transcript = max(heard, key=lambda r: r["ended"])
    marks = {
        "stt": (transcript["began"], transcript["ended"]),
        "llm": (chat["began"], chat["first_byte"]),
        "clause": (chat["first_byte"], voice["began"]),
        "tts": (voice["began"], voice["first_byte"]),
        "path": (voice["first_byte"], last_voiced + v2v_ms / 1e3),
    }
    return {name: [(at - last_voiced) * 1e3 for at in pair] for name, pair in marks.items()}


async def _word_errors(rig: Rig, caller: Caller, asked: str, written: int, began: float) -> Trial:
    """Word error rates: the caller's captions against what was said, and the recorded answer, as
    our Whisper hears it, against the agent's captions."""
    fresh = caller.log.captions[written:]
    caption = " ".join(c.text for c in fresh if not c.by_agent)
    answer = " ".join(c.text for c in fresh if c.by_agent)
    recording = await asyncio.to_thread(caller.hearing.pcm)
    first = max(0, round((began - 0.2 - caller.hearing.began) * RATE_HZ))
    heard = await rig.recognised(recording[first:])
    pairs = {"caption_wer": (asked, caption), "answer_wer": (answer, heard)}
    rates: dict[str, Any] = {
        name: float(jiwer.wer(" ".join(words_of(said)) or "-", " ".join(words_of(found))))
        for name, (said, found) in pairs.items()
    }
    if rates["answer_wer"] > _WRONG:
        rates["answer_texts"] = [answer, heard]
    return rates


async def turns(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """Question and answer: voice-to-voice."""
    out = []
    texts = texts_of(voice).questions
    for step in range(3):
        spoken = speak(texts[(number * 3 + step) % len(texts)], voice=voice)
        await rig.requests()
        written, reported = len(caller.log.captions), len(caller.log.turns)
        utterance = await _ask(rig, caller, spoken, short=True)
        began = await caller.wait_for_answer(utterance, timeout_s=12)
        measured = caller.measure(utterance)
        asked, _ = await rig.requests()
        v2v_ms = measured.voice_to_voice_ms
        over = utterance.left(spoken.last)
        captions = [c for c in caller.log.captions[written:] if not c.by_agent]
        caption_ms = (captions[-1].updated - over) * 1e3 if captions else None
        out.append(
            {"scenario": "turn", "voice": voice, "text": spoken.text, "v2v_ms": v2v_ms,
             "caption_ms": caption_ms, "stages": _stages(asked, over, v2v_ms), **_counts(asked)}
        )  # fmt: skip
        await _silence_agent(rig, caller)
        if rig.whisper_url:
            out[-1] |= await _word_errors(rig, caller, spoken.text, written, began)
            # What the worker says of it; stand-ins are asked themselves.
            for report in caller.log.turns[reported:]:
                out[-1]["report"] = report["stages"]
    return out


async def barge_in(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """Speaking over an answer, again and again: stop, the next answer, the history."""
    out: list[Trial] = []
    question = speak(texts_of(voice).questions[number % 4], voice=voice)
    utterance = await _ask(rig, caller, question)
    began = await caller.wait_for_answer(utterance, timeout_s=12)
    texts = texts_of(voice).interruptions
    for step in range(3):
        await asyncio.sleep(1.0 + 0.37 * ((number + step) % 4))
        await rig.requests()
        spoken = speak(texts[(number + step) % len(texts)], voice=voice)
        interruption = await _ask(rig, caller, spoken)
        answered = await caller.wait_for_answer(interruption, timeout_s=15)
        measured = caller.measure(interruption)
        asked, vocabulary = await rig.requests()
        stop = interruption.left(spoken.first) + (measured.barge_in_ms or 0) / 1e3
        out.append(
            {"scenario": "barge_in", "voice": voice, "text": spoken.text,
             "stop_ms": measured.barge_in_ms, "answer_ms": measured.voice_to_voice_ms,
             **_counts(asked), **_history(caller, asked, vocabulary, began, stop)}
        )  # fmt: skip
        began = answered
    return out


def _history(
    caller: Caller, asked: list[dict[str, Any]], vocabulary: list[str], began: float, stop: float
) -> Trial:
    """Words of the interrupted reply in the history minus those heard."""
    chats = [r for r in asked if r["route"] == "llm"]
    if not chats or not vocabulary:
        return {}
    said = [m for m in chats[-1]["body"]["messages"] if m["role"] == "assistant"]
    kept = words_of(str(said[-1]["content"])) if said else []
    pcm = caller.hearing.pcm()
    rate = 48000
    first = max(0, round((began - 0.05 - caller.hearing.began) * rate))
    last = round((stop + 0.05 - caller.hearing.began) * rate)
    heard = [vocabulary[i] for i, _, _ in tones.heard(pcm[first:last], rate_hz=rate)
             if i < len(vocabulary)]  # fmt: skip
    return {"kept_words": len(kept), "heard_words": len(heard),
            "surplus_words": len(kept) - len(heard)}  # fmt: skip


async def _over_answer(rig: Rig, caller: Caller, voice: str, sound: Spoken, number: int) -> Trial:
    """Make a sound over an answer; see whether and how the answer goes on."""
    heard = caller.hearing.sounds(join_s=0.8)
    if not heard or time.perf_counter() - heard[-1].ended > 0.8 or number % 3 == 0:
        question = speak(texts_of(voice).questions[number % 4], voice=voice)
        utterance = await _ask(rig, caller, question)
        await caller.wait_for_answer(utterance, timeout_s=12)
    await asyncio.sleep(1.4 + 0.21 * (number % 4))
    await rig.requests()
    made = await _ask(rig, caller, sound)
    first, last = made.left(sound.first), made.left(sound.last)
    await asyncio.sleep(3.2)
    asked, _ = await rig.requests()
    sounds = caller.hearing.sounds(join_s=0.12)
    gaps = _gaps(sounds, first - 0.1, last + 3.0)
    longest = max(gaps, default=(0.0, 0.0), key=lambda gap: gap[1])
    return {
        "voice": voice, "text": sound.text or sound.voice,
        "gap_ms": longest[1] * 1e3,
        "stopped_after_ms": (longest[0] - first) * 1e3 if longest[1] else None,
        "new_answer": any(r["route"] == "llm" for r in asked),
        "stt": sum(r["route"] == "stt" for r in asked),
    }  # fmt: skip


def _gaps(sounds: list[Sound], begin: float, end: float) -> list[tuple[float, float]]:
    """Silences of the agent between `begin` and `end`: when and how long."""
    found = []
    for one, other in zip(sounds, sounds[1:], strict=False):
        if one.ended >= begin and one.ended <= end:
            found.append((one.ended, other.began - one.ended))
    if sounds and begin <= sounds[-1].ended <= end:
        found.append((sounds[-1].ended, end - sounds[-1].ended))
    return found


async def noises(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """A cough, a click, a burst of noise over an answer."""
    return [
        {"scenario": "noise", **await _over_answer(rig, caller, voice, noise(kind), step)}
        for step, kind in enumerate(("cough", "click", "burst"))
    ]


async def backchannels(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """A sign of listening over an answer."""
    texts = texts_of(voice).backchannels
    out = []
    for step in range(3):
        sound = speak(texts[(number + step) % len(texts)], voice=voice)
        out.append(
            {"scenario": "backchannel", **await _over_answer(rig, caller, voice, sound, step)}
        )
    return out


async def stops(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """A word that takes the floor."""
    texts = texts_of(voice).stops
    out = []
    for step in range(3):
        sound = speak(texts[(number + step) % len(texts)], voice=voice)
        out.append({"scenario": "stop", **await _over_answer(rig, caller, voice, sound, 0)})
    return out


async def pauses(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """A pause inside a sentence that cannot end there."""
    out = []
    for pause_s in (0.4, 0.7, 1.0):
        sentences = texts_of(voice).unfinished
        head, tail = sentences[number % len(sentences)]
        spoken = pause([speak(head, voice=voice), speak(tail, voice=voice)], pause_s=pause_s)
        await rig.requests()
        utterance = await _ask(rig, caller, spoken, short=True)
        await caller.wait_for_answer(utterance, timeout_s=12)
        first, last = utterance.left(spoken.first), utterance.left(spoken.last)
        false_start = any(first < s.began < last for s in caller.hearing.sounds(join_s=0.1))
        measured = caller.measure(utterance)
        await _silence_agent(rig, caller)
        asked, _ = await rig.requests()
        chats = [r for r in asked if r["route"] == "llm"]
        users = [m for m in chats[-1]["body"]["messages"] if m["role"] == "user"] if chats else []
        whole = bool(users) and words_of(str(users[-1]["content"])) == words_of(spoken.text)
        out.append(
            {"scenario": "pause", "voice": voice, "text": head, "pause_ms": pause_s * 1e3,
             "false_start": false_start, "one_message": whole,
             "v2v_ms": measured.voice_to_voice_ms, **_counts(asked)}
        )  # fmt: skip
    return out


async def path(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """Short sounds that come back: the delay of the path itself, both ways."""
    out = []
    for _ in range(10):
        sound = noise("burst")
        made = await caller.say(sound.pcm)
        began = made.left(sound.first)
        heard = await caller.hearing.wait_for_sound(after=began)
        out.append({"scenario": "path", "voice": voice, "path_ms": (heard - began) * 1e3})
        await caller.hearing.wait_for_silence(lasting_s=0.7)
    return out


async def switches(rig: Rig, caller: Caller, voice: str, number: int) -> list[Trial]:
    """Question and answer, every other one right after another persona has taken over.

    `switch_ms`: from the request to the first sound of whom it was for.
    """
    assert caller.agent is not None
    out = []
    texts = texts_of(voice).questions
    for step in range(4):
        switched, took_ms = bool(step % 2), None
        if switched:
            name = ("one", "other")[step // 2]
            asked_at = time.perf_counter()
            await caller.room.local_participant.perform_rpc(
                destination_identity=caller.agent.identity,
                method=SET_PERSONA,
                payload=json.dumps({"name": name}),
            )
            heard = await caller.hearing.wait_for_sound(after=asked_at)
            took_ms = (heard - asked_at) * 1e3
            await _silence_agent(rig, caller)
        spoken = speak(texts[(number * 4 + step) % len(texts)], voice=voice)
        utterance = await _ask(rig, caller, spoken, short=True)
        await caller.wait_for_answer(utterance, timeout_s=12)
        v2v_ms = caller.measure(utterance).voice_to_voice_ms
        row = {"switched": switched, "v2v_ms": v2v_ms, "switch_ms": took_ms}
        out.append({"scenario": "switch", "voice": voice, "text": spoken.text, **row})
        await _silence_agent(rig, caller)
    return out


def prepare(voices: list[str]) -> None:
    """Speak everything once, so that nothing is synthesised while it is measured. Blocks."""
    for voice in voices:
        texts = texts_of(voice)
        short = (*texts.backchannels, *texts.stops, *(p for pair in texts.unfinished for p in pair))
        for text in (*texts.questions, *texts.interruptions, *short):
            speak(text, voice=voice)


Scenario = Callable[[Rig, Caller, str, int], Any]

SCENARIOS: dict[str, tuple[Scenario, int]] = {
    "path": (path, 2),
    "turn": (turns, 7),
    "barge_in": (barge_in, 7),
    "pause": (pauses, 7),
    "backchannel": (backchannels, 7),
    "noise": (noises, 7),
    "stop": (stops, 7),
    "switch": (switches, 6),
}
"""Each scenario with the calls that give at least twenty trials."""
BY_NAME = ("switch",)
"""Run only if it is asked for: it needs the worker `ours-personas`."""
_SAYS: dict[str, Callable[[Texts], tuple[object, ...]]] = {
    "pause": lambda texts: texts.unfinished,
    "backchannel": lambda texts: texts.backchannels,
    "stop": lambda texts: texts.stops,
}


def takes_part(voice: str, scenario: str) -> bool:
    """Whether a voice has texts for a scenario."""
    says = _SAYS.get(scenario)
    return says is None or bool(says(texts_of(voice)))
