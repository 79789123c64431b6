"""Load the Whisper model, and say what to do when that fails.

Imports faster-whisper, which takes most of a second: import it in the thread that loads.
"""

import ctranslate2
import numpy as np

from model_servers.serving.console import Say
from model_servers.serving.decode import RATE_HZ
from model_servers.serving.errors import StartError
from model_servers.whisper import weights
from model_servers.whisper.faster import get_vad_model
from model_servers.whisper.languages import accepts
from model_servers.whisper.model import Recogniser, StoppableWhisper
from model_servers.whisper.settings import PREFIX, WhisperSettings


def load(settings: WhisperSettings, say: Say) -> Recogniser:
    """Find, load and warm up the model. Blocks, for minutes when it is downloaded.

    Args:
        settings: which model and where it runs.
        say: told what is done, one line each.

    Raises:
        StartError: the model cannot be had or cannot run; the message says what to do.
    """
    found = weights.find(settings.model, models_dir=settings.models_dir, say=say)
    device = _device(settings)
    compute_type = _compute_type(settings, device)
    size_mb = round((found.folder / "model.bin").stat().st_size / 1e6)
    say(f"loading {found.name} ({size_mb} MB) on {device}, {compute_type}")
    try:
        whisper = StoppableWhisper(
            str(found.folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=settings.cpu_threads,
            num_workers=settings.concurrency,
            local_files_only=True,
        )
        # The GPU's libraries are loaded by the first use only; and the first is slow.
        silence = np.zeros(RATE_HZ, np.float32)
        list(whisper.transcribe(silence, language="en", beam_size=1, temperature=0.0)[0])
    except (RuntimeError, ValueError, OSError) as error:
        raise StartError(_advice(error, device, found)) from error
    get_vad_model()
    known = frozenset(
        code
        for code in whisper.supported_languages
        if code == "en" or whisper.hf_tokenizer.token_to_id(f"<|{code}|>") is not None
    )
    name, kind = found.name, str(whisper.model.compute_type)
    if not accepts(settings.language, known):
        raise StartError(
            f"{PREFIX}LANGUAGE={settings.language} is not a language that {name} knows"
        )
    return Recogniser(name, device, kind, known, settings, whisper)


def _device(settings: WhisperSettings) -> str:
    gpus = ctranslate2.get_cuda_device_count()
    if settings.device == "cuda" and gpus == 0:
        raise StartError(
            "no CUDA GPU is visible: check nvidia-smi (in a container: --gpus all), "
            f"or use --device cpu ({PREFIX}DEVICE)"
        )
    if settings.device == "auto":
        return "cuda" if gpus else "cpu"
    return settings.device


def _compute_type(settings: WhisperSettings, device: str) -> str:
    able = ctranslate2.get_supported_compute_types(device)
    if settings.compute_type == "auto":
        wanted = "float16" if device == "cuda" else "int8"
        return wanted if wanted in able else "default"
    if settings.compute_type not in (*able, "default"):
        raise StartError(
            f"{PREFIX}COMPUTE_TYPE={settings.compute_type} does not work on this {device}; "
            f"it can do {', '.join(sorted(able))}"
        )
    return settings.compute_type


def _advice(error: Exception, device: str, found: weights.Weights) -> str:
    reason = str(error).strip().split("\n", 1)[0]
    if "out of memory" in reason:
        advice = "use a smaller model, --compute-type int8_float16 or a lower --concurrency"
    elif device == "cuda":
        advice = (
            "CTranslate2 needs cuBLAS 12 and cuDNN 9: `uv pip install nvidia-cublas-cu12 "
            "nvidia-cudnn-cu12` and put their lib folders on LD_LIBRARY_PATH; or use --device cpu"
        )
    else:
        advice = f"check the files in {found.folder}"
    return f"the model {found.name} cannot be loaded: {reason}; {advice}"
