"""Load GPT-SoVITS from its checkout, and say what to do when that fails.

The checkout is no package: its modules find each other and their files from its folder, so this
process moves there.
"""

import importlib
import importlib.util
import os
import sys
import threading
import types
import wave
from pathlib import Path
from typing import Any

import numpy as np

from model_servers.gpt_sovits.prefix import PREFIX
from model_servers.gpt_sovits.quiet import silence_models
from model_servers.gpt_sovits.settings import SovitsSettings
from model_servers.gpt_sovits.sovits import SovitsVoice
from model_servers.gpt_sovits.voice import Reference, Saying, Voices
from model_servers.serving.console import Say
from model_servers.serving.errors import StartError

_PIPELINE = "GPT_SoVITS.TTS_infer_pack.TTS"
_PRETRAINED = Path("GPT_SoVITS", "pretrained_models")
_READINGS = Path("GPT_SoVITS", "text", "G2PWModel")
_GIVEN = (_PRETRAINED, _READINGS)
"""Folders of the checkout that the model archive may hold; by default they are next to empty."""
_HINT_RATE_HZ, _HINT_S = 16000, 4
_WARM_UP_TEXT, _WARM_UP_LANGUAGE = "你好。", "zh"
"""What every version can say."""


def load(settings: SovitsSettings, say: Say, folder: Path) -> Voices:
    """One warm model on each device. Blocks, for a minute or more.

    Args:
        settings: which model and where it runs.
        say: told what is done, one line each.
        folder: of this process alone.

    Raises:
        StartError: it cannot be loaded or does not speak; the message says what to do.
    """
    pipelines = _import(settings, say)
    if not settings.debug:
        silence_models()
    voices = []
    for device in _devices(settings):
        say(f"loading GPT-SoVITS {settings.version} on {device}")
        try:
            pipeline = pipelines.TTS(_configured(pipelines, settings, device, folder))
            voice = SovitsVoice(pipeline, settings)
            say(f"warming up on {device}")
            _warm_up(voice, folder)
        except Exception as error:  # noqa: BLE001  (whatever its libraries raise)
            raise StartError(_advice(error, device, settings)) from error
        voices.append(voice)
    return Voices(voices)


def _import(settings: SovitsSettings, say: Say) -> Any:
    repository = settings.repository
    file = Path(*_PIPELINE.split(".")).with_suffix(".py")
    if not (repository / file).is_file():
        raise StartError(
            f"{repository} is no checkout of GPT-SoVITS: {file} is not there. Clone "
            f"RVC-Boss/GPT-SoVITS and name its folder with --repository ({PREFIX}REPOSITORY)"
        )
    for folder in _GIVEN:
        _use_given(folder, settings)
    _need_readings(settings)
    say("importing GPT-SoVITS")
    os.chdir(repository)
    sys.path[:0] = [str(repository), str(repository / "GPT_SoVITS")]
    _prefer_its_tools(repository)
    try:
        return importlib.import_module(_PIPELINE)
    except ImportError as error:
        raise StartError(
            f"GPT-SoVITS cannot be imported ({error}): run `pip install -r requirements.txt` in "
            f"{repository}"
        ) from error


def _use_given(folder: Path, settings: SovitsSettings) -> None:
    """Put the model archive's weights where the checkout's code looks for them."""
    given = settings.model_dir / folder.name
    wanted = settings.repository / folder
    if not given.is_dir() or (wanted.is_symlink() and wanted.resolve() == given.resolve()):
        return
    if wanted.is_symlink():
        wanted.unlink()
    elif wanted.is_dir():
        if any(wanted.glob("*/")):
            raise StartError(f"{given} and {wanted} both hold weights: remove one of them")
        wanted.rename(wanted.with_name(f"{wanted.name}-empty"))
    wanted.symlink_to(given, target_is_directory=True)


def _need_readings(settings: SovitsSettings) -> None:
    """Without this model GPT-SoVITS fetches it, unchecked and without a time-out.

    It does so as it starts, whatever is spoken; the first version needs none.
    """
    folder = settings.repository / _READINGS
    if settings.version != "v1" and not (folder.is_dir() and any(folder.iterdir())):
        raise StartError(
            f"G2PWModel is missing, which reads Chinese and which GPT-SoVITS loads with every "
            f"language: put it into {folder}, or into G2PWModel/ of the model archive "
            f"({settings.model_dir}); its install.sh fetches it"
        )


def _prefer_its_tools(repository: Path) -> None:
    """Its folder `tools` may be no package, and then gives way to any package of that name."""
    found = importlib.util.find_spec("tools")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if str(repository / "tools") not in places[:1]:
        own = types.ModuleType("tools")
        own.__path__ = [str(repository / "tools")]
        sys.modules["tools"] = own


def _devices(settings: SovitsSettings) -> list[str]:
    named = [name.strip() for name in settings.devices.split(",") if name.strip()]
    if all(name == "cpu" for name in named):
        return named
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise StartError(f"PyTorch cannot be imported ({error})") from error
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    missing = [] if settings.devices == "auto" else [n for n in named if n not in ("cpu", *gpus)]
    if not gpus or missing:
        # GPT-SoVITS itself would go on with the CPU.
        what = f"{', '.join(missing)} is not visible" if gpus else "no CUDA GPU is visible"
        raise StartError(
            f"{what}: check nvidia-smi (in a container: --gpus all; in SageMaker: the driver that "
            f"--ami of the deploy command asks for), or use --devices cpu, which is slow "
            f"({PREFIX}DEVICES)"
        )
    return gpus if settings.devices == "auto" else named


def _configured(pipelines: Any, settings: SovitsSettings, device: str, folder: Path) -> Any:
    configured = pipelines.TTS_Config(_configuration(settings, device))
    # It saves what it was given, and would into the checkout, where its owner's own settings are.
    configured.configs_path = str(folder / "tts_infer.yaml")
    return configured


def _configuration(settings: SovitsSettings, device: str) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "device": device,
        "is_half": settings.half and device != "cpu",
        "version": settings.version,
    }
    # It falls back to those of the version where a file is not there, with a line on stdout.
    for name, path in (
        ("t2s_weights_path", settings.gpt_weights),
        ("vits_weights_path", settings.sovits_weights),
    ):
        if path is not None and not path.is_file():
            raise StartError(f"there is no file {path}")
        chosen[name] = str(path) if path is not None else None
    return {"custom": chosen}


def _warm_up(voice: SovitsVoice, folder: Path) -> None:
    """The first text takes many times longer than the following ones."""
    path = folder / "warm-up.wav"
    noise = np.random.default_rng(0).normal(0, 300, _HINT_RATE_HZ * _HINT_S)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_HINT_RATE_HZ)
        file.writeframes(noise.astype("<i2").tobytes())
    reference = Reference(path, _WARM_UP_TEXT, _WARM_UP_LANGUAGE)
    for _ in voice.speak(Saying(_WARM_UP_TEXT, _WARM_UP_LANGUAGE, reference), threading.Event()):
        pass


def _advice(error: Exception, device: str, settings: SovitsSettings) -> str:
    if isinstance(error, StartError):
        return str(error)
    reason = str(error).strip().split("\n", 1)[0]
    if "out of memory" in reason:
        advice = f"{device} has too little free memory: stop what else uses it"
    elif isinstance(error, FileNotFoundError):
        advice = (
            f"put GPT-SoVITS's pretrained models into {settings.repository / _PRETRAINED}, or "
            f"into pretrained_models/ of the model archive ({settings.model_dir})"
        )
    else:
        advice = "its own messages are above with --debug"
    return (
        f"GPT-SoVITS {settings.version} does not speak on {device} "
        f"({type(error).__name__}: {reason}); {advice}"
    )
