"""How far captions and voice are behind who speaks, beside the framework's usual way.

    python -m benchmarks.interpreter [--sentences N]

The lag of a clause: from the end of its last word to its translation at the reader, and to the
first sample of it at the listener. Sentences of 3 to 15 s, one speaker, engines of set delays
(`benchmarks.interpreter_engines`); both systems hear the same sentences in turn. Writes
benchmarks/results/interpreter-1.json.
"""

import argparse
import asyncio
import json
import platform
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import aiohttp
import numpy as np

from agent.turns.words import tokens
from benchmarks.interpreter_engines import MARK_HZ
from benchmarks.rig import FRAME_S, OURS, VANILLA
from benchmarks.voices import RATE_HZ, Spoken, speak
from benchmarks.whose_sound import bands
from rejoinder.scripted_caller.caller import Caller, join
from testbed.caption_reader import CaptionReader, Segment, reading
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import running
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import HeardVoice, VoiceListener, listening

RESULTS = Path(__file__).parent / "results"
LONG_S = 6.0
TARGET = "pt"
_LOUD = 0.02
"""RMS above which 10 ms hold sound; full scale is 1."""
_PURE = 0.7
"""Share of a tone in them from which on they are that tone."""
_APART = 15
"""Hops of 10 ms between the end of one mark and the beginning of the next, at least."""
SENTENCES = (
    "The museum opens at nine in the morning.",
    "Please leave your coats at the entrance.",
    "We will meet in front of the old town hall, and then we walk to the river together.",
    "If it rains tomorrow, the concert will be moved into the large hall of the school.",
    "The train to the north leaves from platform four, but today it will be ten minutes late.",
    "My grandmother used to say that a house without books is like a garden in which nothing "
    "grows, and I think that she was right about it.",
    "The engineers have measured the bridge three times this year, and each time they have found "
    "that the middle part moves more than it should, so it will be closed until the end of May.",
    "When I was a student, I worked in a small bakery behind the station, where we began at four "
    "in the morning, and by the time the first passengers came, the bread was still warm and the "
    "whole street smelled of it, which I have never forgotten.",
    "There are many reasons why people learn a new language, because some want to work in another "
    "country, others have fallen in love, and a few simply like the sound of words that they do "
    "not understand yet, but all of them begin with the same simple sentences.",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One sentence as one system showed it. Seconds."""

    system: str
    length_s: float
    lags_s: list[float]
    """Of each translated clause, from the end of its last word."""
    voice_lags_s: list[float]
    """The same, to the first sample of it that is heard."""
    average_lagging_s: float
    """Mean over the words of when their translation was there, less when they were said."""
    before_end: bool
    """Whether the first translation was there before the sentence was over."""
    heard_before_end: bool
    """Whether it was heard before the sentence was over."""
    clauses: int
    words: int
    lost: int
    """Words of the sentence in no translation."""
    said: list[float]
    """When each word had been said, from the first sample of the sentence."""
    shown: list[tuple[float, int]]
    """When a translation was shown, and of how many words it was one by then."""
    heard: list[tuple[float, int]]
    """When a translation began to be heard, and of how many words it was one by then."""


def measured(
    system: str, spoken: Spoken, began: float, shown: list[Segment], heard: list[float]
) -> Measured:
    """Match what was shown with what was said: the clauses' words follow each other.

    `heard`: when each translated text began to be heard.
    """
    ends = [(token, end) for word, end in spoken.words for token in tokens(word)]
    at, lags, behind, got = 0, [], [], 0
    said_at: list[float] = []
    shown_words: list[tuple[float, int]] = []
    for segment in shown:
        said = tokens(segment.text.replace(f"[{TARGET}]", ""))
        here = [n for n in range(at, len(ends)) if ends[n][0] in said][: len(said)]
        if not here:
            continue
        got += len(here)
        at = here[-1] + 1
        said_at.append(began + ends[here[-1]][1])
        lags.append(segment.shown - said_at[-1])
        shown_words.append((segment.shown - began, at))
        behind += [segment.shown - began - ends[n][1] for n in here]
    return Measured(
        system,
        spoken.last - spoken.first,
        lags,
        [first - end for first, end in zip(heard, said_at, strict=False)],
        statistics.fmean(behind) if behind else float("nan"),
        bool(shown) and shown[0].shown - began < spoken.last,
        bool(heard) and heard[0] - began < spoken.last,
        len(shown),
        len(ends),
        len(ends) - got,
        [end for _, end in ends],
        shown_words,
        [(first - began, n) for first, (_, n) in zip(heard, shown_words, strict=False)],
    )


async def script(http: aiohttp.ClientSession, url: str, *said: Spoken) -> None:
    """Tell the recogniser what is about to be said, by several people at once if need be."""
    async with http.post(
        url.removesuffix("/v1") + "/bench/script", json=[_script(spoken) for spoken in said]
    ) as answer:
        answer.raise_for_status()


def _script(spoken: Spoken) -> dict[str, object]:
    hop = RATE_HZ // 100
    count = len(spoken.pcm) // hop
    frames = spoken.pcm[: count * hop].reshape(count, hop).astype(np.float64)
    curve = np.maximum(10 * np.log10(np.mean(frames**2, axis=1) + 1e-9), -55.0) + 55.0
    sound = np.round(bands(spoken.pcm, RATE_HZ)).astype(int).tolist()
    return {
        "curve": [round(float(v), 2) for v in curve], "words": spoken.words, "bands": sound
    }  # fmt: skip


def marks(voice: HeardVoice) -> list[float]:
    """When each text began that was heard, `time.perf_counter()` seconds.

    With the tone of the language's name, which is a part of no other word.
    """
    window = HEARD_HZ // 100
    pcm = voice.pcm()
    frames = pcm[: len(pcm) // window * window].reshape(-1, window)
    t = np.arange(window) / HEARD_HZ
    turn = np.exp(-2j * np.pi * MARK_HZ * t)
    loud = np.sqrt(np.mean(frames**2, axis=1))
    share = np.abs(frames @ turn) * 2 / window / np.maximum(loud * np.sqrt(2), 1e-6)
    here = (loud > _LOUD) & (share > _PURE)
    begins = [n for n in np.flatnonzero(here) if not here[max(0, n - _APART) : n].any()]
    return [voice.began + float(n) * 0.01 for n in begins]


async def hear(
    system: str, ann: Caller, reader: CaptionReader, listener: VoiceListener, spoken: Spoken
) -> Measured:
    """Say one sentence and wait for all that is shown and heard of it."""
    before = set(reader.segments)
    said = ann.microphone.say(spoken.pcm)
    await said.done.wait()
    await asyncio.sleep(3.5)
    voice = listener.voice(TARGET)
    while np.abs(voice.pcm()[-2 * HEARD_HZ :]).max() > _LOUD:  # noqa: ASYNC110 - sound, no event
        await asyncio.sleep(0.2)
    shown = [s for s in reader.final(kind="translation") if s.number not in before]
    assert said.began is not None
    heard = [at for at in marks(voice) if at > said.began]
    return measured(system, spoken, said.began, sorted(shown, key=lambda s: s.shown), heard)


def worker(
    system: str, livekit: LiveKitProcess, engines: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """How a system is started: its command and settings."""
    env = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "AGENT_NAME": system,
        "AGENT_MODE": "interpret",
        "AGENT_HEALTH_PORT": "0",
        "STT_ENGINE": "openai",
        "STT_URL": engines["url"],
        "STT_LANGUAGE": "en",
        "TRANSLATE_URL": engines["translate"],
        "TTS_ENGINE": "openai",
        "TTS_URL": engines["url"],
        "INTERPRET_TO": TARGET,
        "INTERPRET_VOICES": "*=alloy",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(Path(__file__).parent.parent),
    }
    if system == OURS:
        return [sys.executable, "-m", "rejoinder", "start"], env
    plain = Path(__file__).parent / "vanilla_interpreter.py"
    return [sys.executable, "-m", "livekit.agents", "start", str(plain)], env


async def run(sentences: int, folder: Path, systems: Sequence[str]) -> list[Measured]:
    """Every sentence by each system in turn."""
    utterances = [await asyncio.to_thread(speak, text) for text in SENTENCES[:sentences]]
    found: list[Measured] = []
    with ExitStack() as programs:
        async with (
            run_livekit(livekit_binary(), folder) as livekit,
            aiohttp.ClientSession() as http,
        ):
            argv = [sys.executable, "-m", "benchmarks.interpreter_engines"]
            program = programs.enter_context(
                running("engines", argv, folder=folder, env={"PYTHONUNBUFFERED": "1"})
            )
            engines = json.loads(await asyncio.to_thread(program.wait_line, '{"url"'))
            for system in systems:
                command, env = worker(system, livekit, engines)
                program = programs.enter_context(running(system, command, folder=folder, env=env))
                await asyncio.to_thread(program.wait_line, "registered worker")
            for system in systems:
                room = f"captions-{secrets.token_hex(4)}"
                token = livekit.token(room, "reader", dispatch=system)
                async with (
                    reading(livekit.url, token) as reader,
                    listening(livekit.url, livekit.token(room, "bob")) as bob,
                    join(livekit.url, livekit.token(room, "ann"), frame_s=FRAME_S) as ann,
                ):
                    [microphone] = ann.room.local_participant.track_publications.values()
                    await microphone.wait_for_subscription()
                    await bob.until(lambda who=bob: TARGET in who.voices)  # type: ignore[misc]
                    await asyncio.sleep(1.0)
                    for spoken in utterances:
                        await script(http, engines["url"], spoken)
                        found.append(await hear(system, ann, reader, bob, spoken))
                        print(_line(found[-1]), flush=True)
    return found


def _line(one: Measured) -> str:
    shown, heard = (" ".join(f"{s:.2f}" for s in of) for of in (one.lags_s, one.voice_lags_s))
    return (
        f"{one.system:8} {one.length_s:5.1f} s  shown {shown}  heard {heard}  "
        f"lost {one.lost} of {one.words}"
    )


def table(found: list[Measured]) -> str:
    """What is reported, in Markdown."""
    rows = [
        "| | plain | ours | ratio |",
        "|---|---|---|---|",
    ]
    of = {system: [m for m in found if m.system == system] for system in (VANILLA, OURS)}
    long = {system: [m for m in of[system] if m.length_s > LONG_S] for system in of}

    def row(name: str, values: Mapping[str, float]) -> None:
        plain, ours = values[VANILLA], values[OURS]
        rows.append(f"| {name} | {plain:.2f} s | {ours:.2f} s | {ours / plain:.2f} |")

    for share in (50, 95):
        lags = {s: [lag for m in of[s] for lag in m.lags_s] for s in of}
        row(f"caption of a clause, p{share}", {s: float(np.percentile(lags[s], share)) for s in of})
    for share in (50, 95):
        lags = {s: [lag for m in of[s] for lag in m.voice_lags_s] for s in of}
        row(f"voice of a clause, p{share}", {s: float(np.percentile(lags[s], share)) for s in of})
    for name, some in (("all", of), (f"over {LONG_S:g} s", long)):
        lagging = {s: statistics.fmean(m.average_lagging_s for m in some[s]) for s in some}
        row(f"average lagging of a word, sentences {name}", lagging)
    begun = {s: sum(m.before_end for m in long[s]) / len(long[s]) for s in long}
    rows.append(
        f"| translation begun before the sentence ends, over {LONG_S:g} s | "
        f"{begun[VANILLA]:.0%} | {begun[OURS]:.0%} | |"
    )
    begun = {s: sum(m.heard_before_end for m in long[s]) / len(long[s]) for s in long}
    rows.append(
        f"| voice begun before the sentence ends, over {LONG_S:g} s | "
        f"{begun[VANILLA]:.0%} | {begun[OURS]:.0%} | |"
    )
    unheard = {s: sum(m.clauses - len(m.voice_lags_s) for m in of[s]) for s in of}
    rows.append(f"| clauses not heard | {unheard[VANILLA]} | {unheard[OURS]} | |")
    lost = {s: sum(m.lost for m in of[s]) for s in of}
    words = sum(m.words for m in of[OURS])
    rows.append(f"| words lost, of {words} | {lost[VANILLA]} | {lost[OURS]} | |")
    return "\n".join(rows)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=len(SENTENCES), help="how many are said")
    parser.add_argument("--only", choices=(VANILLA, OURS), help="one system; nothing is written")
    args = parser.parse_args()
    systems = (args.only,) if args.only else (VANILLA, OURS)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(run(args.sentences, Path(folder), systems))
    if args.sentences == len(SENTENCES) and not args.only:
        result = {
            "began": time.strftime("%Y-%m-%d"),
            "machine": f"{platform.machine()}, {platform.system()}",
            "livekit-agents": version("livekit-agents"),
            "measured": [asdict(one) for one in found],
        }
        (RESULTS / "interpreter-1.json").write_text(json.dumps(result, indent=1) + "\n")
        print(table(found))


if __name__ == "__main__":
    main()
