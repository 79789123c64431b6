"""How a voice's model runs: on which threads, on which device."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime

from model_servers.serving.errors import StartError
from model_servers.tts.settings import PREFIX, SpeechSettings

_FATAL = 4
"""onnxruntime's level of log."""
_LOOK_S = 0.02


def open_session(model: Path, settings: SpeechSettings) -> onnxruntime.InferenceSession:
    """Load a model.

    Raises:
        StartError: there is no CUDA, or the model cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.cpu_threads
    # Threads that spin while they wait take the cores of other calls: 3 times slower here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    provider = "CPUExecutionProvider"
    if settings.device == "cuda":
        provider = "CUDAExecutionProvider"
        if provider not in onnxruntime.get_available_providers():
            raise StartError(
                "this onnxruntime has no CUDA: `uv pip install onnxruntime-gpu`, or use "
                f"--device cpu ({PREFIX}DEVICE)"
            )
    try:
        return onnxruntime.InferenceSession(str(model), sess_options=options, providers=[provider])
    except Exception as error:  # noqa: BLE001  (onnxruntime has no common class of errors)
        raise StartError(f"{model} cannot be loaded ({type(error).__name__})") from error


def first_output(session: Any, feed: Mapping[str, Any], stop: threading.Event) -> Any:
    """Run a model; None when `stop` was set before its end. Blocks.

    A run is given up between two steps of the model.
    """
    options = onnxruntime.RunOptions()
    options.log_severity_level = _FATAL  # it would write down that it was ended
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if stop.is_set():
                options.terminate = True
                return

    watcher = threading.Thread(target=watch, name="watch-stop", daemon=True)
    watcher.start()
    try:
        return session.run(None, dict(feed), options)[0]
    except Exception:
        if options.terminate:
            return None
        raise
    finally:
        over.set()
        watcher.join()
