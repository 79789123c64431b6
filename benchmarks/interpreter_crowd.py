"""Three speakers, two of them at once, and two languages: what is lost, doubled or confused.

    python -m benchmarks.interpreter_crowd

The engines of `benchmarks.interpreter`. Two people say three sentences each at the same time, then
a third two more. Writes benchmarks/results/interpreter-crowd-1.json.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import numpy as np

from agent.turns.words import tokens
from benchmarks.interpreter import RESULTS, SENTENCES, marks, script, worker
from benchmarks.rig import FRAME_S, OURS
from benchmarks.voices import RATE_HZ, Spoken, speak
from rejoinder.scripted_caller.caller import Caller, join
from testbed.caption_reader import CaptionReader, reading
from testbed.livekit_process import livekit_binary, run_livekit
from testbed.programs import running
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import VoiceListener, listening

LANGUAGES = ("pt", "es")
TOGETHER = {"ann": (4, 5, 7), "amy": (3, 6, 2)}
"""Who says which of the sentences at the same time."""
AFTERWARDS = {"abe": (0, 8)}
VOICES = {"ann": "piper", "amy": "flite:slt", "abe": "flite:rms"}
_GAP_S = 0.7
_QUIET_S = 3.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of it, by speaker and language."""

    words: dict[str, int]
    lost: dict[str, int]
    """Words of a speaker that are in no translation of theirs, of both languages together."""
    unrecognised: dict[str, int]
    """Words of a speaker that are in no caption of what they said in their own language."""
    doubled: dict[str, int]
    """Words in them more often than they were said."""
    strange: dict[str, int]
    """Words in them that somebody else said, and they did not."""
    texts: dict[str, int]
    """Translations shown, by language."""
    heard: dict[str, int]
    """Of these said by the voice."""
    latest_s: dict[str, float]
    """Longest time from a translation's caption to its first sample."""


def speech(who: str, numbers: tuple[int, ...]) -> Spoken:
    """Several sentences as one utterance, with a breath between them."""
    parts = [speak(SENTENCES[number], voice=VOICES[who]) for number in numbers]
    pieces, words, at = [], [], 0.0
    for part in parts:
        pieces += [part.pcm, np.zeros(int(_GAP_S * RATE_HZ), np.float32)]
        words += [("", at + part.first), *((word, at + end) for word, end in part.words)]
        at += len(part.pcm) / RATE_HZ + _GAP_S
    text = " ".join(part.text for part in parts)
    last = at - _GAP_S
    return Spoken(text, "several", np.concatenate(pieces), tuple(words), parts[0].first, last)


def judged(
    said: dict[str, Spoken], reader: CaptionReader, listeners: dict[str, VoiceListener]
) -> Crowd:
    """Compare what was said with what was shown and heard."""
    lost, doubled, strange = Counter[str](), Counter[str](), Counter[str]()
    unrecognised: dict[str, int] = {}
    truth = {who: Counter(tokens(spoken.text)) for who, spoken in said.items()}
    for who, own in truth.items():
        missing = own - Counter(tokens(reader.text(kind="original", language="en", speaker=who)))
        unrecognised[who] = missing.total()
        print(who, "not recognised:", *missing.elements(), flush=True)
    for language in LANGUAGES:
        for who, own in truth.items():
            text = reader.text(kind="translation", language=language, speaker=who)
            got = Counter(tokens(text.replace(f"[{language}]", "")))
            lost[who] += (own - got).total()
            doubled[who] += sum(n - own[word] for word, n in got.items() if 0 < own[word] < n)
            strange[who] += sum(n for word, n in got.items() if not own[word])
    texts, heard, latest = {}, {}, {}
    for language, listener in listeners.items():
        shown = sorted(
            (s for s in reader.final(kind="translation", language=language)), key=lambda s: s.shown
        )
        began = marks(listener.voice(language))
        texts[language], heard[language] = len(shown), len(began)
        waits = [at - one.shown for at, one in zip(began, shown, strict=False)]
        latest[language] = max(waits, default=0.0)
    words = {who: own.total() for who, own in truth.items()}
    return Crowd(
        words, dict(lost), unrecognised, dict(doubled), dict(strange), texts, heard, latest
    )


async def silent(listener: VoiceListener, language: str) -> None:
    """Wait until a voice has said all that it has to say."""
    while True:
        newest = listener.voice(language).pcm()[-int(_QUIET_S * HEARD_HZ) :]
        if len(newest) and np.abs(newest).max() < 0.01:
            return
        await asyncio.sleep(0.5)


async def run(folder: Path) -> Crowd:
    """All of it once."""
    said = {who: speech(who, numbers) for who, numbers in (TOGETHER | AFTERWARDS).items()}
    with ExitStack() as programs:
        async with AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(run_livekit(livekit_binary(), folder))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            argv = [sys.executable, "-m", "benchmarks.interpreter_engines"]
            env = {"PYTHONUNBUFFERED": "1"}
            program = programs.enter_context(running("engines", argv, folder=folder, env=env))
            engines = json.loads(await asyncio.to_thread(program.wait_line, '{"url"'))
            command, env = worker(OURS, livekit, engines)
            env["INTERPRET_TO"] = ",".join(LANGUAGES)
            program = programs.enter_context(running(OURS, command, folder=folder, env=env))
            await asyncio.to_thread(program.wait_line, "registered worker")
            token = livekit.token("crowd", "reader", dispatch=OURS)
            reader = await stack.enter_async_context(reading(livekit.url, token))
            listeners = {}
            for language in LANGUAGES:
                token = livekit.token("crowd", f"listener-{language}")
                listener = await stack.enter_async_context(listening(livekit.url, token))
                await listener.speaks(language, hears=language)
                await listener.until(lambda who=listener, of=language: who.voices == [of])  # type: ignore[misc]
                listeners[language] = listener
            callers: dict[str, Caller] = {}
            for who in said:
                token = livekit.token("crowd", who)
                callers[who] = await stack.enter_async_context(
                    join(livekit.url, token, frame_s=FRAME_S)
                )
                [microphone] = callers[who].room.local_participant.track_publications.values()
                await microphone.wait_for_subscription()
            for group in (TOGETHER, AFTERWARDS):
                await script(http, engines["url"], *(said[who] for who in group))
                saying = [callers[who].microphone.say(said[who].pcm) for who in group]
                for one in saying:
                    await one.done.wait()
                await asyncio.sleep(4.0)
            for language, listener in listeners.items():
                await silent(listener, language)
            return judged(said, reader, listeners)


def main() -> None:
    """Command line."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(Path(folder)))
    result = {"began": time.strftime("%Y-%m-%d"), **asdict(found)}
    (RESULTS / "interpreter-crowd-1.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
