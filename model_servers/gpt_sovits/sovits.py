"""The real model: one pipeline of RVC-Boss/GPT-SoVITS on one device. Everything here blocks.

The pipeline is not made for several texts at a time: the recording's features lie in it, and
are read again for each piece of text.

Source: RVC-Boss/GPT-SoVITS, GPT_SoVITS/TTS_infer_pack/TTS.py and api_v2.py.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from model_servers.gpt_sovits.settings import SovitsSettings
from model_servers.gpt_sovits.voice import Saying
from model_servers.serving.lost_gpu import lost_by

_STREAMING: Mapping[int, Mapping[str, bool]] = {
    1: {"streaming_mode": False, "return_fragment": True, "fixed_length_chunk": False},
    2: {"streaming_mode": True, "return_fragment": False, "fixed_length_chunk": False},
    3: {"streaming_mode": True, "return_fragment": False, "fixed_length_chunk": True},
}
"""What api_v2.py makes of its `streaming_mode`."""
_FAILED_HZ = 16000
"""Rate of the second of silence that the pipeline gives before it raises what has gone wrong. None
of its models speaks at this rate."""


class SovitsVoice:
    """One pipeline. See `model_servers.gpt_sovits.voice.Voice`."""

    def __init__(self, pipeline: Any, settings: SovitsSettings) -> None:
        """Take a pipeline with all its weights loaded."""
        self._pipeline = pipeline
        self._settings = settings
        self.broken = ""

    @property
    def rate_hz(self) -> int:
        """Of the vocoder where the version has one, else of the weights."""
        if self._pipeline.configs.use_vocoder:
            return int(self._pipeline.vocoder_configs["sr"])
        return int(self._pipeline.configs.sampling_rate)

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the version that the weights are of."""
        return frozenset(self._pipeline.configs.languages)

    def speak(self, saying: Saying, stop: threading.Event) -> Iterator[bytes]:
        """Yield s16le mono samples as the pipeline makes them.

        Raises:
            RuntimeError, OSError, …: whatever the pipeline raises.
        """
        self._forget_other_language(saying)
        spoken = self._pipeline.run(self._inputs(saying))
        try:
            for rate_hz, samples in spoken:
                if stop.is_set():
                    return
                if rate_hz == _FAILED_HZ:
                    continue  # what it raises comes next, or there was nothing to say
                yield samples.astype("<i2", copy=False).tobytes()
        except Exception as error:
            self._forget_recording()
            self.broken = self.broken or self._what_is_lost(error)
            raise
        finally:
            spoken.close()

    def _inputs(self, saying: Saying) -> dict[str, Any]:
        reference = saying.reference
        mode = _STREAMING[self._settings.streaming_mode]
        return {
            "text": saying.text,
            "text_lang": saying.language,
            "ref_audio_path": str(reference.path),
            "aux_ref_audio_paths": [],
            "prompt_text": reference.text,
            "prompt_lang": reference.language,
            # The text was cut already.
            "text_split_method": "cut0",
            "batch_size": 1,
            "split_bucket": False,
            "speed_factor": saying.speed,
            "fragment_interval": self._settings.pause_s,
            "parallel_infer": not mode["streaming_mode"],
            **mode,
        }

    def _forget_other_language(self, saying: Saying) -> None:
        # It compares the text alone: the same one in another language would keep its sounds.
        kept = self._pipeline.prompt_cache
        if kept.get("prompt_lang") != saying.reference.language:
            kept["prompt_text"] = None

    def _forget_recording(self) -> None:
        # Half of it may be another one's: it remembers by the path, and in three steps.
        self._pipeline.prompt_cache |= {"ref_audio_path": None, "prompt_text": None}

    def _what_is_lost(self, error: Exception) -> str:
        if lost := lost_by(error):
            return lost
        # After a failure it loads its weights anew, which may fail too.
        parts = (self._pipeline.t2s_model, self._pipeline.vits_model)
        return "its weights are gone" if None in parts else ""
