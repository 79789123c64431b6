"""Load SeamlessM4T-v2, and say what to do when that fails.

Imports PyTorch and transformers, which takes seconds: in the thread that loads.
"""

import threading
from pathlib import Path
from typing import Any

import numpy as np

from model_servers.seamless_m4t.settings import MODEL, PREFIX, SeamlessSettings
from model_servers.seamless_m4t.translator import Translator
from model_servers.seamless_m4t.work import Task
from model_servers.serving.console import Say
from model_servers.serving.decode import RATE_HZ
from model_servers.serving.errors import StartError

_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")
_NEEDED = ("config.json", "generation_config.json", "*.safetensors", "tokenizer_config.json")
_WARM_UP_S = 2


def load(settings: SeamlessSettings, say: Say) -> Translator:
    """Find, load and warm up the model. Blocks, for minutes when it is downloaded.

    Args:
        settings: which model and where it runs.
        say: told what is done, one line each.

    Raises:
        StartError: the model cannot be had or cannot run; the message says what to do.
    """
    say("importing PyTorch and transformers")
    try:
        import torch
        import transformers
    except ImportError as error:
        raise StartError(
            f"the package {error.name or error} is missing: run `uv sync --extra server-seamless`"
        ) from error
    transformers.utils.logging.set_verbosity_error()
    if settings.cpu_threads:
        torch.set_num_threads(settings.cpu_threads)
    folder = _folder(settings, say)
    device = _device(settings, torch)
    precision = _precision(settings, device)
    say(f"loading {folder.name} on {device}, {precision}")
    try:
        model = transformers.SeamlessM4Tv2Model.from_pretrained(
            folder, dtype=getattr(torch, precision), local_files_only=True
        )
        processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
        translator = Translator(
            name=settings.model if settings.model == MODEL else folder.name,
            device=device,
            precision=precision,
            model=model.to(device).eval(),
            features=processor.feature_extractor,
            tokenizer=processor.tokenizer,
            settings=settings,
        )
        if not translator.written:
            raise StartError(f"{folder} has no languages in its generation_config.json")
        if settings.warm_up:
            say("warming up")
            _warm_up(translator)
    except StartError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever PyTorch and transformers raise)
        raise StartError(_advice(error, folder, device)) from error
    return translator


def _folder(settings: SeamlessSettings, say: Say) -> Path:
    """The model's files on this machine, downloaded first when it is a hub name."""
    folder = Path(settings.model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise StartError(f"{folder} is no model that transformers has saved: no config.json")
        return folder.resolve()
    if settings.model.startswith((".", "/", "~")) or settings.model.count("/") != 1:
        raise StartError(f"there is no folder {folder} ({PREFIX}MODEL)")
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    wanted: dict[str, Any] = {"cache_dir": settings.models_dir, "allow_patterns": list(_FILES)}
    try:
        cached = huggingface_hub.snapshot_download(settings.model, local_files_only=True, **wanted)
        # An interrupted download, or a program that needed less, leaves some of the files.
        if all(any(Path(cached).glob(name)) for name in _NEEDED):
            return Path(cached)
    except (LocalEntryNotFoundError, HFValidationError):
        pass
    say(f"downloading {settings.model} from the Hugging Face hub")
    try:
        return Path(huggingface_hub.snapshot_download(settings.model, **wanted))
    except Exception as error:  # noqa: BLE001  (whatever the hub's HTTP client raises)
        reason = str(error).strip().split("\n", 1)[0]
        raise StartError(
            f"{settings.model} cannot be downloaded ({type(error).__name__}: {reason}). Check the "
            "name and the network (HF_ENDPOINT, HF_TOKEN and HTTPS_PROXY are honoured), or copy "
            "the model to this machine and give its folder with --model"
        ) from error


def _device(settings: SeamlessSettings, torch: Any) -> str:
    gpu = bool(torch.cuda.is_available())
    if settings.device == "auto":
        return "cuda:0" if gpu else "cpu"
    if settings.device.startswith("cuda") and not gpu:
        raise StartError(
            "no CUDA GPU is visible: check nvidia-smi (in a container: --gpus all), "
            f"or use --device cpu ({PREFIX}DEVICE)"
        )
    return settings.device


def _precision(settings: SeamlessSettings, device: str) -> str:
    if settings.precision != "auto":
        return settings.precision
    return "float32" if device == "cpu" else "float16"


def _warm_up(translator: Translator) -> None:
    """The first requests take many times longer than the following ones: once each way."""
    noise = np.random.default_rng(0).normal(0, 0.01, RATE_HZ * _WARM_UP_S).astype(np.float32)
    target = min(translator.spoken or translator.written)
    source = min(translator.written)
    never = threading.Event().is_set
    for task in (
        Task(target, samples=noise, speaks=bool(translator.spoken)),
        Task(target, text="a", source=source),
    ):
        translator.answer([task], None, never)


def _advice(error: Exception, folder: Path, device: str) -> str:
    reason = str(error).strip().split("\n", 1)[0]
    if "out of memory" in reason:
        advice = f"{device} has too little free memory: stop what else uses it, or use float16"
    else:
        advice = f"check the files in {folder}, which must be SeamlessM4T version 2"
    return f"{folder.name} cannot be used ({type(error).__name__}: {reason}); {advice}"
