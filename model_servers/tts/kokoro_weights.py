"""Where Kokoro's model and voices come from: a folder, or the Hugging Face hub, by hash."""

import re
from collections.abc import Iterable
from importlib import resources
from itertools import groupby
from pathlib import Path

from model_servers.serving import hub
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError
from model_servers.tts.espeak import Espeak
from model_servers.tts.kokoro_phonemes import Phonemize, phonemizer
from model_servers.tts.kokoro_voice import LANGUAGES, Kokoro, KokoroSpeaker, read_symbols
from model_servers.tts.settings import HUB, PREFIX, SpeechSettings

REPOSITORY = "onnx-community/Kokoro-82M-v1.0-ONNX"
REVISION = "1939ad2a8e416c0acfeecc08a694d14ef25f2231"
_HASHES = "kokoro.sha256"
"""Beside this module: `sha256sum`'s list of the repository's files that are taken."""

_VOICE = re.compile(r"[a-z]f_[a-z]+|[a-z]m_[a-z]+")
_STYLE_BYTES = 256 * 4
_SYMBOLS = ("vocab.json", "tokenizer.json", "config.json")
_MODELS = ("*.onnx", "onnx/*.onnx")


def find(settings: SpeechSettings, espeak: Espeak, say: Say) -> dict[str, KokoroSpeaker]:
    """All voices that can speak, by name; downloaded first where asked. Blocks.

    None where Kokoro is not wanted. A voice whose language nothing here can read is left out.

    Raises:
        StartError: they cannot be had, or a setting names one that cannot speak; says what to do.
    """
    if not settings.kokoro:
        return {}
    if settings.kokoro == HUB:
        folder = _downloaded(settings.models_dir, say)
    else:
        folder = Path(settings.kokoro).expanduser()
    if not folder.is_dir():
        raise StartError(
            f"there is no folder {folder} ({PREFIX}KOKORO): give one with Kokoro's model and "
            f"voices, or {HUB}"
        )
    model, symbols = _first(folder, _MODELS), _first(folder, _SYMBOLS)
    files = {
        path.stem: path
        for path in sorted(folder.glob("voices/*.bin"))
        if _VOICE.fullmatch(path.stem) and path.stem[0] in LANGUAGES and _is_table(path)
    }
    if not files:
        raise StartError(f"{folder}/voices has no voices of Kokoro, such as af_heart.bin")
    readers = _readers(files, settings, espeak, say)
    kokoro = Kokoro(model, read_symbols(symbols), settings, readers)
    return {
        name: KokoroSpeaker(name, kokoro, path)
        for name, path in files.items()
        if _reads(name) in readers
    }


def _readers(
    voices: Iterable[str], settings: SpeechSettings, espeak: Espeak, say: Say
) -> dict[str, Phonemize]:
    """What reads each language of the voices, where it can be had."""
    wanted = {settings.voice, *settings.chosen_voices().values()}
    readers: dict[str, Phonemize] = {}
    for language, names in groupby(sorted(voices, key=_reads), key=_reads):
        try:
            readers[language] = phonemizer(language, espeak)
        except StartError as error:
            mute = [*names]
            named = sorted(wanted.intersection(mute))
            if named:
                raise StartError(
                    f"the voice {named[0]} ({PREFIX}VOICE, {PREFIX}SPEAKERS) cannot speak: {error}"
                ) from error
            say(f"{len(mute)} of Kokoro's voices are left out, such as {mute[0]}: {error}")
    return readers


def _reads(voice: str) -> str:
    """The language of a voice, by espeak-ng's name for it."""
    return LANGUAGES[voice[0]][1]


def hashes() -> dict[str, str]:
    """Hash of each file that is taken from the hub, by its path there."""
    text = resources.files(__package__).joinpath(_HASHES).read_text("utf-8")
    pairs = (line.split() for line in text.splitlines() if line)
    return {path: digest for digest, path in pairs}


def _downloaded(models_dir: Path | None, say: Say) -> Path:
    """The folder of the repository's files on this machine, each checked."""
    for path, digest in hashes().items():
        file = hub.HubFile(REPOSITORY, path, revision=REVISION, sha256=digest)
        found = hub.fetch(
            file,
            models_dir=models_dir,
            say=say,
            instead=f"copy its files to a folder and give that with --kokoro ({PREFIX}KOKORO)",
        )
    return found.parents[path.count("/")]


def _first(folder: Path, patterns: tuple[str, ...]) -> Path:
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            return path
    raise StartError(f"{folder} has none of {', '.join(patterns)} ({PREFIX}KOKORO)")


def _is_table(path: Path) -> bool:
    size = path.stat().st_size
    return size > 0 and size % _STYLE_BYTES == 0
