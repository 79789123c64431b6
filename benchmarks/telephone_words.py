"""Words that the embedded recogniser gets right by telephone, and what might mend the others.

    python -m benchmarks.telephone_words --half tune       # every mend, on one half
    python -m benchmarks.telephone_words --half report --mend plain --mend "extended -9 dB"

Two halves that share neither voice nor sentence (but the one recorded person): mends are chosen on
`tune`, and what is told of them is measured on `report`. Whisper as `rejoinder demo` runs it:
tiny.en, one pass, a window of the utterance's length. A quiet room is before the line's codec.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np

from agent.audio import pcm
from benchmarks.bench import RESULTS, dumped
from benchmarks.prompts import prompts
from benchmarks.standin import words_of
from benchmarks.telephone_mends import RATE_HZ, SOUND, Samples
from benchmarks.voices import RATE_HZ as SPOKEN_HZ
from benchmarks.voices import available, speak
from model_servers.whisper.loading import load
from model_servers.whisper.model import Recogniser
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import Piece
from model_servers.whisper.wish import Wish
from testbed.telephone import G722, PCMA, PCMU, Codec, Line, spoken_through

OUT = RESULTS / "telephone-words.json"
BASE = Path.home() / ".cache" / "rejoinder-weights" / "whisper-base"
_ROOM_DBFS = -60.0
_WORDS = range(4, 15)
"""Of a recorded person's sentence."""
_RECORDED = 40

Row = dict[str, Any]

CODECS: dict[str, Codec | None] = {"16 kHz": None, "PCMU": PCMU, "PCMA": PCMA, "G722": G722}
PROMPT = "A phone call. Hello, how can I help you?"
NAMES = "Rejoinder, LiveKit, barge-in, demo."
"""What an operator of the demo would write into STT_PROMPT."""


@dataclass(frozen=True)
class Half:
    """Who says what."""

    voices: tuple[str, ...]
    sentences: tuple[str, ...]
    recorded: int
    """0 or 1: which of every two sentences of the recorded person."""


HALVES = {
    "tune": Half(
        ("piper", "flite:slt", "flite:rms", "kokoro:af_heart", "kokoro:am_adam", "kokoro:bf_alice"),
        (
            "I would like to book a table for two people tonight.",
            "What are your opening hours on Saturday?",
            "Can I speak to a person, please?",
            "My order has not arrived yet.",
            "How much does it cost to cancel?",
            "Could you repeat that more slowly?",
            "I forgot my password again.",
            "Is the doctor free on Thursday morning?",
            "Please send it to my office instead.",
            "Which bus goes to the central station?",
            "Does it work without a network?",
            "Where are the settings written?",
        ),
        0,
    ),
    "report": Half(
        (
            "flite:kal16", "flite:awb", "espeak:en-gb-scotland+m3", "kokoro:af_bella",
            "kokoro:am_michael", "kokoro:bf_emma", "kokoro:bm_george",
        ),
        (
            "What is barge in?",
            "I need to change the date of my appointment.",
            "When does the pharmacy close today?",
            "Could somebody look at the heating this afternoon?",
            "Is there a cheaper room with a view of the garden?",
            "No, I have not received a letter from you.",
            "The washing machine stops in the middle of every wash.",
            "Which of the two is the cheaper one?",
            "My daughter has had a cough since Sunday.",
            "Can we talk about the delivery first?",
            "How do I start the demo?",
            "Please cancel my subscription.",
        ),
        1,
    ),
}  # fmt: skip


def utterances(half: Half) -> Iterator[tuple[str, str, Samples]]:
    """Voice, text and sound at 48 kHz of all that a half says; voices not here say none."""
    for voice in filter(available, half.voices):
        for text in half.sentences:
            yield voice, text, speak(text, voice=voice).pcm
    said = [
        prompt.text
        for prompt in prompts("en")
        if len(prompt.text.split()) in _WORDS and not any(c.isdigit() for c in prompt.text)
    ]
    for text in said[half.recorded :: 2][:_RECORDED]:
        yield "human:en", text, speak(text, voice="human:en").pcm


def by_line(sound: Samples, codec: Codec | None) -> Samples:
    """What the worker has of a sound at 48 kHz: float32 mono at 16 kHz."""
    random = np.random.default_rng(3).standard_normal(len(sound))
    sound = (sound + random * 10 ** (_ROOM_DBFS / 20)).astype(np.float32)
    if codec is not None:
        sound = spoken_through(Line(codec, rate_hz=SPOKEN_HZ), sound)
    return pcm.resample(sound, from_hz=SPOKEN_HZ, to_hz=RATE_HZ)


@dataclass(frozen=True)
class Mend:
    """One way to recognise."""

    name: str
    prompt: str = ""
    beam_size: int = 1
    model: str = "embedded"

    @property
    def settings(self) -> WhisperSettings:
        """Of the recogniser."""
        return WhisperSettings.model_validate(
            {"model": self.model, "window": "fit", "beam_size": self.beam_size,
             "cpu_threads": 1, "language": "en"}
        )  # fmt: skip

    def __call__(self, samples: Samples) -> Samples:
        """What is done to the sound."""
        return SOUND[self.name](samples) if self.name in SOUND else samples


MENDS = [
    Mend("plain"),
    *(Mend(name) for name in SOUND),
    Mend("prompt", prompt=PROMPT),
    Mend("prompt of names", prompt=NAMES),
    Mend("beam of 2", beam_size=2),
    Mend("beam of 5", beam_size=5),
    *([Mend("model base", model=str(BASE))] if BASE.is_dir() else []),
]


def recognise(recogniser: Recogniser, samples: Samples, prompt: str) -> tuple[str, float]:
    """Text, and the milliseconds that it took."""
    wav = pcm.to_wav(samples, rate_hz=RATE_HZ)
    began = time.perf_counter()
    wish = Wish(prompt=prompt, language="en")
    found = recogniser.transcribe(wav, wish, threading.Event())
    text = "".join(piece.text for piece in found if isinstance(piece, Piece))
    return text.strip(), (time.perf_counter() - began) * 1e3


def measure(half: str, codecs: list[str], mends: list[Mend]) -> Iterator[Row]:
    """A row for each codec and mend."""
    said = list(utterances(HALVES[half]))
    models: dict[str, Recogniser] = {}
    for codec in codecs:
        heard = [by_line(sound, CODECS[codec]) for _, _, sound in said]
        for mend in mends:
            settings = mend.settings
            key = f"{settings.model} {settings.beam_size}"
            if key not in models:
                models[key] = load(settings, lambda text: None)
            found = [recognise(models[key], mend(sound), mend.prompt) for sound in heard]
            yield {"half": half, "codec": codec, "mend": mend.name} | _counted(said, found)


def _counted(said: list[tuple[str, str, Samples]], found: list[tuple[str, float]]) -> Row:
    asked = [" ".join(words_of(text)) for _, text, _ in said]
    heard = [" ".join(words_of(text)) for text, _ in found]
    return {
        "of": len(said),
        "exact": sum(one == other for one, other in zip(asked, heard, strict=True)),
        "wer": float(jiwer.wer(asked, [text or "-" for text in heard])),
        "p50_ms": statistics.median(ms for _, ms in found),
        "wrong": [
            [voice, text, got]
            for (voice, text, _), (got, _), one, other in zip(
                said, found, asked, heard, strict=True
            )
            if one != other
        ],
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=list(HALVES), default="report")
    parser.add_argument("--codec", action="append", choices=list(CODECS))
    parser.add_argument("--mend", action="append", choices=[mend.name for mend in MENDS])
    parser.add_argument("--out", type=Path, default=OUT, help="rows are added to what it has")
    args = parser.parse_args()
    kept = json.loads(args.out.read_text("utf-8"))["trials"] if args.out.exists() else []
    chosen = [mend for mend in MENDS if args.mend is None or mend.name in args.mend]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for row in measure(args.half, args.codec or list(CODECS), chosen):
        print(
            json.dumps({name: value for name, value in row.items() if name != "wrong"}), flush=True
        )
        kept = [old for old in kept if _place(old) != _place(row)] + [row]
        args.out.write_text(dumped({"telephone_words": True, "trials": kept}), "utf-8")


def _place(row: Row) -> tuple[str, ...]:
    return row["half"], row["codec"], row["mend"]


if __name__ == "__main__":
    main()
