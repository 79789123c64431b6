"""Prompts of human speech in five languages, with their texts: Debian's asterisk-core-sounds-*.

    python -m benchmarks.prompts      # once, on Debian or Ubuntu; needs apt-get, dpkg

Each language is one person, recorded in a studio, G.722 at 16 kHz. CC BY-SA 3.0: they are kept in
the cache folder and are no part of this repository.
"""

import functools
import gzip
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from testbed.human_speech import FETCHED, SPEAKERS, decode

RATE_HZ = 16000


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recording."""

    text: str
    file: Path


@functools.cache
def prompts(language: str, folder: Path = FETCHED) -> tuple[Prompt, ...]:
    """The recorded sentences of a language, in the order of their names; none without `fetch`.

    Only whole ones: not those that go on ("…"), nor those that describe a sound ("[beep]").
    """
    texts = folder / f"core-sounds-{language}.txt"
    if not texts.is_file():
        return ()
    found = []
    for line in texts.read_text("utf-8", errors="replace").splitlines():
        name, colon, text = line.partition(": ")
        file = folder / SPEAKERS[language] / f"{name}.g722"
        whole = not text.strip().startswith((".", "[", "…")) and "..." not in text
        if colon and whole and "�" not in text and file.is_file():
            found.append(Prompt(" ".join(text.split()), file))
    return tuple(found)


def samples(prompt: Prompt) -> NDArray[np.float32]:
    """Decode one: mono at `RATE_HZ`. Blocks."""
    return decode(prompt.file, rate_hz=RATE_HZ)


def fetch(folder: Path = FETCHED) -> None:
    """Download and unpack the packages: 65 MB."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, speaker in SPEAKERS.items():
        name = f"asterisk-core-sounds-{language}"
        with tempfile.TemporaryDirectory() as scratch:
            packages = [f"{name}-g722", name]
            subprocess.run(["apt-get", "download", "-qq", *packages], cwd=scratch, check=True)
            for package in sorted(Path(scratch).glob("*.deb")):
                subprocess.run(["dpkg", "-x", str(package), scratch], check=True)
            sounds = Path(scratch, "usr/share/asterisk/sounds", speaker)
            subprocess.run(["cp", "-r", str(sounds), str(folder)], check=True)
            texts = Path(scratch, "usr/share/doc", name, f"core-sounds-{language}.txt.gz")
            target = folder / f"core-sounds-{language}.txt"
            target.write_bytes(gzip.decompress(texts.read_bytes()))


if __name__ == "__main__":
    fetch()
    print({language: len(prompts(language)) for language in SPEAKERS})
