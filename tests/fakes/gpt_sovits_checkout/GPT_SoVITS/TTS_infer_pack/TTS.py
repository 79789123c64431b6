"""The pipeline: see README.md of this checkout.

Words that it knows are `one` to `ten`, each a tone; before them comes the tone of the recording.
Some texts make it behave badly: `broken` raises in the middle, `lost` loses the GPU, `busy` keeps
the interpreter busy for a second before each word.
"""

import os
import time
import traceback
import wave
from collections.abc import Iterator
from typing import Any

import numpy as np
from AR.frontend import PAUSE
from tools.i18n.i18n import scan_language_list

from rejoinder.stand_ins import tones

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "hello"]
LANGUAGES = scan_language_list()
BUSY_S = 0.5
SPOILT = 39
"""Tone of a recording that is only half taken in."""


class TTS_Config:  # noqa: N801 (the real one's name)
    languages = ["auto", "auto_yue", "en", "zh", "ja", "yue", "ko", "all_zh", "all_ja"]

    def __init__(self, configs: dict[str, Any]) -> None:
        custom = configs["custom"]
        self.device = custom["device"]
        self.version = custom["version"]
        assert self.version in ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
        self.sampling_rate = 32000
        self.use_vocoder = self.version in ("v3", "v4")
        self.configs_path = "GPT_SoVITS/configs/tts_infer.yaml"
        weights = "GPT_SoVITS/pretrained_models/s1v3.ckpt"
        if not os.path.exists(weights):
            raise FileNotFoundError(2, "No such file or directory", weights)


class TTS:
    def __init__(self, configs: TTS_Config) -> None:
        self.configs = configs
        self.vocoder_configs = {"sr": 24000 if configs.version == "v3" else 48000}
        self.t2s_model: object | None = object()
        self.vits_model: object | None = object()
        self.prompt_cache: dict[str, Any] = {
            "ref_audio_path": None,
            "prompt_text": None,
            "prompt_lang": None,
        }
        self.running = False
        with open(configs.configs_path, "w") as file:
            file.write(f"custom: {configs.version}\n")

    def run(self, inputs: dict[str, Any]) -> Iterator[tuple[int, np.ndarray]]:
        assert not self.running, "two texts at a time"
        self.running = True
        try:
            yield from self._run(inputs)
        finally:
            self.running = False

    def _run(self, inputs: dict[str, Any]) -> Iterator[tuple[int, np.ndarray]]:
        assert inputs["text_lang"] in self.configs.languages
        rate_hz = self.vocoder_configs["sr"] if self.configs.use_vocoder else 32000
        if inputs["ref_audio_path"] != self.prompt_cache["ref_audio_path"]:
            self._set_ref_audio(inputs["ref_audio_path"])
        if inputs["prompt_text"] != self.prompt_cache["prompt_text"]:
            self.prompt_cache["prompt_text"] = inputs["prompt_text"]
            self.prompt_cache["prompt_lang"] = inputs["prompt_lang"]
        text: str = inputs["text"].strip(PAUSE)
        print(f"前端处理后的文本(每句): {text}")
        try:
            words = text.lower().replace(",", " ").replace(".", " ").split()
            pieces = [[word] for word in words] if inputs["streaming_mode"] else [words]
            first = True
            for piece in pieces:
                yield rate_hz, self._said(piece, rate_hz / inputs["speed_factor"], first)
                first = False
            yield rate_hz, np.zeros(int(rate_hz * inputs["fragment_interval"]), np.int16)
        except Exception as error:
            traceback.print_exc()
            yield 16000, np.zeros(16000, np.int16)
            if "CUDA" in str(error):
                self.t2s_model = self.vits_model = None
            raise

    def _set_ref_audio(self, path: str) -> None:
        with wave.open(path) as file:
            rate_hz = file.getframerate()
            pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
        if not 3 <= len(pcm) / rate_hz <= 10:
            raise OSError("参考音频在3~10秒范围外，请更换！")
        heard = tones.heard(pcm, rate_hz=rate_hz)
        self.prompt_cache["tone"] = heard[0][0] if heard else 0
        if self.prompt_cache["tone"] == SPOILT:
            raise RuntimeError("the second of three steps fails")
        self.prompt_cache["ref_audio_path"] = path

    def _said(self, words: list[str], rate_hz: float, first: bool) -> np.ndarray:
        indices = [self.prompt_cache["tone"]] if first else []
        for word in words:
            if word == "broken":
                raise RuntimeError(f"cannot say {words}")
            if word == "lost":
                raise RuntimeError("CUDA error: device-side assert triggered")
            if word == "busy":
                until = time.perf_counter() + BUSY_S
                while time.perf_counter() < until:
                    pass
            elif word in WORDS:
                indices.append(WORDS.index(word))
        pcm = tones.speak(indices, rate_hz=int(rate_hz))
        return np.frombuffer(pcm, "<i2")
