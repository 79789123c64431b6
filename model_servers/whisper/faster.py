"""faster-whisper, without the libraries with which it would decode files.

It imports PyAV for that as soon as it is imported. Here files are decoded elsewhere
(`decode.py`), and PyAV's build of FFmpeg holds GPL code that this process is to be free of
(docs/licences.md). So that one import is put off until something of PyAV is used, which
nothing here does.
"""

import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _PutOff(importlib.abc.MetaPathFinder):
    """Makes the first import of PyAV a promise."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "av":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


_finder = _PutOff()
sys.meta_path.insert(0, _finder)
try:
    from faster_whisper import WhisperModel
    from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model
finally:
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)

__all__ = ["VadOptions", "WhisperModel", "get_speech_timestamps", "get_vad_model"]
