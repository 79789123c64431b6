"""The same talk over networks from clean to bad, and over a telephone, ours beside a plain worker.

python -m benchmarks.network
python -m benchmarks.network --link clean --link outage --systems ours --out artifacts/network.json

The packets between the caller and livekit-server go through `testbed.rough_path`; the workers
reach the server directly. Engines are the embedded ones, because a recogniser that is told what is
said loses no words. A call for each link and system takes half a minute.
"""

import argparse
import asyncio
import platform
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer

from benchmarks import tables
from benchmarks.bench import RESULTS, dumped
from benchmarks.measures import Trial
from benchmarks.rig import OURS, VANILLA, Rig, rig
from benchmarks.standin import words_of
from benchmarks.texts import EN
from benchmarks.voices import RATE_HZ, speak
from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.microphone import Pcm, Utterance
from testbed import network_patterns as patterns
from testbed.loudspeaker import ECHO_DB, Loudspeaker
from testbed.network_patterns import CLEAN, Pattern
from testbed.programs import Background
from testbed.rough_path import RoughPath, rough_path
from testbed.telephone import PCMA, PCMU, Codec, Line, Telephone, spoken_through

OUT = RESULTS / "network.json"
PART = Path("artifacts") / "network.json"
_ANSWER_S = 12.0
"""An answer that has not come by then is lost."""
_LISTEN_S, _INTO_REPLY_S = 3.0, 2.0
_OUTAGE_AFTER_S, _OUTAGE_S = 0.7, 2.0
_ECHO_S = 4.0
"""The handbook's replies are longer."""
_CUT_OFF_S = 0.7
"""A silence that is longer is no pause between two sentences, seconds."""
_LATE_CAPTIONS_S = 1.5
_CALL_S = 120.0


@dataclass(frozen=True)
class Link:
    """What is between the caller and the server."""

    name: str
    pattern: Pattern = CLEAN
    outage: bool = False
    codec: Codec | None = None
    echo_db: float = ECHO_DB
    """Of the caller's loudspeaker, during the last reply; of a telephone line, all the time."""


LINKS = [
    Link("clean"),
    *(
        Link(pattern.name, pattern)
        for pattern in (
            patterns.LOSS_1, patterns.LOSS_3, patterns.LOSS_10, patterns.BURSTS,
            patterns.JITTER, patterns.REORDERING,
        )
    ),
    Link("outage of 2 s", outage=True),
    Link("telephone, µ-law, echo -3 dB", codec=PCMU, echo_db=-3.0),
    Link("telephone, A-law, echo -20 dB", codec=PCMA, echo_db=-20.0),
]  # fmt: skip


class Talk:
    """One call: a question, three interruptions, and a reply that comes back by a loudspeaker."""

    def __init__(self, caller: Caller, path: RoughPath, link: Link) -> None:
        """Talk over a link; `path` has its pattern already."""
        self._caller, self._path, self._link = caller, path, link
        self._asked: list[tuple[str, Utterance]] = []
        self._line = Line(link.codec, rate_hz=RATE_HZ) if link.codec else None
        self._answered = time.perf_counter()
        """When the newest answer began."""
        self._telephone: Telephone | None = None
        if link.codec is not None:
            self._telephone = Telephone(caller.hearing, link.codec, echo_db=link.echo_db)
            caller.microphone.hears = self._telephone

    async def hold(self) -> list[Trial]:
        """Have the whole talk; returns a row for each thing that was tried."""
        rows = [await self._ask(EN.questions[0])]
        if self._link.outage:
            rows.append(await self._outage())
        else:
            rows.append(await self._undisturbed("listening", _LISTEN_S))
        for text in EN.interruptions[:3]:
            rows.append(await self._ask(text, over=True))
            await asyncio.sleep(_INTO_REPLY_S)
        rows.append(await self._echo())
        await asyncio.sleep(_LATE_CAPTIONS_S)
        self._count_words(rows)
        return rows

    async def _ask(self, text: str, *, over: bool = False) -> Trial:
        caller = self._caller
        pcm: Pcm = (await asyncio.to_thread(speak, text, voice="piper")).pcm
        if self._line is not None:
            pcm = spoken_through(self._line, pcm)
        utterance = await caller.say(pcm)
        self._asked.append((text, utterance))
        row: Trial = {"scenario": "barge_in" if over else "turn", "text": text}
        try:
            began = await caller.wait_for_answer(utterance, timeout_s=_ANSWER_S)
        except TimeoutError:
            return row | {"lost": True}
        measured = caller.measure(utterance)
        self._answered = began
        row |= {"lost": False, "answer_ms": measured.voice_to_voice_ms}
        if over:
            row["stop_ms"] = measured.barge_in_ms
        return row

    async def _outage(self) -> Trial:
        await asyncio.sleep(max(0.0, self._answered + _OUTAGE_AFTER_S - time.perf_counter()))
        self._path.cut(_OUTAGE_S)
        over = time.perf_counter() + _OUTAGE_S
        await asyncio.sleep(_OUTAGE_S)
        back_s = None
        try:
            async with asyncio.timeout(_ANSWER_S):
                # What was on its way when the link went is no sign that it is back.
                back_s = await self._caller.hearing.wait_for_sound(after=over) - over
        except TimeoutError:
            pass
        await asyncio.sleep(_INTO_REPLY_S)
        return {"scenario": "outage", "back_s": back_s}

    async def _echo(self) -> Trial:
        caller = self._caller
        loudspeaker = Loudspeaker(caller.hearing, gain_db=self._link.echo_db)
        if self._telephone is None:
            caller.microphone.hears = loudspeaker
        else:
            loudspeaker = self._telephone.loudspeaker
        holes = loudspeaker.holes
        row = await self._undisturbed("echo", _ECHO_S)
        if self._telephone is None:
            caller.microphone.hears = None
        return row | {"holes": loudspeaker.holes - holes}

    async def _undisturbed(self, scenario: str, for_s: float) -> Trial:
        """Nobody speaks: whether the reply, which has begun, is cut off by something else."""
        begin, shown = time.perf_counter(), self._own_captions()
        await asyncio.sleep(for_s)
        end, last, longest_s = begin + for_s, begin, 0.0
        for sound in self._caller.hearing.sounds():
            if sound.ended > begin:
                longest_s = max(longest_s, sound.began - last)
                last = sound.ended
        longest_s = max(longest_s, end - last)
        return {
            "scenario": scenario, "longest_silence_s": longest_s,
            "cut_off": longest_s > _CUT_OFF_S or self._own_captions() > shown,
        }  # fmt: skip

    def _own_captions(self) -> int:
        return sum(not caption.by_agent for caption in self._caller.log.captions)

    def _count_words(self, rows: list[Trial]) -> None:
        """How many words of each utterance are in the captions between it and the next one."""
        own = [c for c in self._caller.log.captions if not c.by_agent]
        asked = [row for row in rows if "text" in row]
        begins = [utterance.left(0.0) for _, utterance in self._asked] + [float("inf")]
        for row, (text, _), begin, end in zip(asked, self._asked, begins, begins[1:], strict=False):
            found = " ".join(c.text for c in own if begin <= c.began < end)
            said = words_of(text)
            counted = jiwer.process_words(" ".join(said), " ".join(words_of(found)) or "-")
            row["words"], row["words_kept"] = len(said), counted.hits
            row["words_added"] = counted.insertions


async def run(args: argparse.Namespace) -> dict[str, Any]:
    """Have the talk over each link with each system; returns the record that is written."""
    began, trials = time.time(), []
    links = [link for link in LINKS if not args.link or link.name in args.link]
    for text in (EN.questions[0], *EN.interruptions[:3]):
        await asyncio.to_thread(speak, text, voice="piper")
    background, stack = Background(), AsyncExitStack()
    folder = Path(tempfile.mkdtemp(prefix="network-"))
    async with rig(folder, systems=args.systems, delays=None) as running:
        path = background.run(stack.enter_async_context(rough_path(running.livekit.url)))
        calls = [
            (link, number, system)
            for link in links
            for number in range(args.calls)
            for system in args.systems
        ]
        first = time.perf_counter()
        for done, (link, number, system) in enumerate(calls, start=1):
            rows = await _call(running, path, link, system)
            trials += [{"system": system, "link": link.name, "call": number, **r} for r in rows]
            left_s = (time.perf_counter() - first) / done * (len(calls) - done)
            print(f"[{done}/{len(calls)}, {left_s:.0f} s left] {link.name}, {system}: "
                  f"{_short(rows)}", flush=True)  # fmt: skip
        background.run(stack.aclose())
    background.close()
    return {
        "network": True, "when": began, "took_s": time.time() - began,
        "machine": platform.processor() or platform.machine(), "python": platform.python_version(),
        "trials": trials,
    }  # fmt: skip


async def _call(running: Rig, path: RoughPath, link: Link, system: str) -> list[Trial]:
    path.pattern = link.pattern
    try:
        async with asyncio.timeout(_CALL_S), running.call(system, url=path.url) as caller:
            return await Talk(caller, path, link).hold()
    except (TimeoutError, ExceptionGroup) as error:
        return [{"scenario": "call", "failed": repr(error)[:300]}]
    finally:
        path.pattern = CLEAN


def _short(rows: list[Trial]) -> str:
    keys = ("answer_ms", "stop_ms", "cut_off", "back_s", "words_kept", "words", "lost", "failed")
    found = {key: [row[key] for row in rows if row.get(key) is not None] for key in keys}
    return "; ".join(
        f"{key} {' '.join(f'{v:.0f}' if isinstance(v, float) else str(v) for v in values)}"
        for key, values in found.items()
        if values
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--link", action="append", choices=[link.name for link in LINKS], metavar="NAME",
        help=f"one of: {'; '.join(link.name for link in LINKS)}".replace("%", "%%"),
    )  # fmt: skip
    parser.add_argument("--calls", type=int, default=1, help="calls per link and system")
    parser.add_argument("--systems", nargs="+", default=[VANILLA, OURS])
    parser.add_argument(
        "--out", type=Path,
        help="default: benchmarks/results/network.json, and artifacts/network.json for a part",
    )  # fmt: skip
    args = parser.parse_args()
    partly = bool(args.link) or args.systems != [VANILLA, OURS]
    out: Path = args.out or (PART if partly else OUT)
    record = asyncio.run(run(args))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(dumped(record), "utf-8")
    print(f"\n{tables.network(record)}\n\nwritten: {out}, after {record['took_s']:.0f} s")


if __name__ == "__main__":
    main()
