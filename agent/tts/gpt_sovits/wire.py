"""What is sent to GPT-SoVITS for a text.

Source: RVC-Boss/GPT-SoVITS, api_v2.py (`TTS_Request`) and api.py (`handle`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from agent.remote.openai_errors import Refused
from agent.tts.cloned_voices import ClonedVoice, VoicesFile
from agent.tts.gpt_sovits.languages import code_of
from agent.tts.gpt_sovits.options import Options
from agent.tts.gpt_sovits.server import Program, SovitsServer
from agent.tts.served.refusals import no_such_voice
from agent.tts.served.wire import Answer, Wire

_CLAUSE_PAUSE_S = 0.05
_ENDS = tuple(".!?…。！？")
_CLOSING = "\"'”’»)]）」』 "
_SLOWEST, _FASTEST = 0.25, 4.0


class SovitsWire(Wire):
    """One voice of such a server."""

    server: SovitsServer

    def __init__(self, options: Options, file: VoicesFile | None, server: SovitsServer) -> None:
        """Ask `server` as `options` say, with the recordings of `file`."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self.options = options
        self._file = file
        first = next(iter(file.voices), "") if file is not None else ""
        self.name = options.voice or first
        """Of the voice in the file; empty: the recording that the server was started with."""
        self.voice: ClonedVoice | None = file.voices.get(self.name) if file is not None else None

    @property
    def model(self) -> str:
        """Version of the model, and the voice."""
        return f"GPT-SoVITS {self.options.model_version}" + (f", {self.name}" if self.name else "")

    def prewarm(self) -> None:
        """Open a connection and load the voice's weights, if it has its own."""
        self.server.prewarm()
        self.server.prepare(self.weights)

    def place(self, key: str) -> str:
        """Where a key of the voice is written."""
        return self._file.place(self.name, key) if self._file is not None else ""

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text, when it is this request's turn."""
        if self.name and self.voice is None:
            raise no_such_voice(self.name, self._file.voices if self._file is not None else ())
        async with self.server.ready_for(self.weights) as program:
            request = self.request(program, text)
            async with self.server.answer(request, rate_hz=self.rate_hz) as answer:
                yield answer

    def with_voice(self, voice: str, *, speed: float) -> "SovitsWire":
        """Another voice of the file."""
        own = self.options
        changed = {"voice": voice or own.voice, "speed": own.speed * speed}
        return SovitsWire(own.model_copy(update=changed), self._file, self.server)

    def request(self, program: Program, text: str, **changed: Any) -> httpx.Request:
        """The request for a text; `changed` are fields that are to be others.

        Raises:
            Refused: the voice cannot be asked for in this program's way.
        """
        path, body = ("tts", self._v2(text)) if program == "api_v2" else ("", self._classic(text))
        return self.server.client.build_request("POST", path, json={**body, **changed})

    @property
    def weights(self) -> tuple[str, str]:
        """Paths of the weights that the voice needs, on the server; both may be empty."""
        voice = self.voice
        return (voice.gpt_weights, voice.sovits_weights) if voice is not None else ("", "")

    @property
    def _speed(self) -> float:
        factor = self.voice.speed if self.voice is not None else 1.0
        return min(_FASTEST, max(_SLOWEST, self.options.speed * factor))

    @property
    def _language(self) -> str:
        own = self.options
        tag = (self.voice.speaks if self.voice is not None else "") or own.language
        return code_of(tag, version=own.model_version, alone=own.language_alone)

    def _recorded_in(self, voice: ClonedVoice) -> str:
        return code_of(voice.language, version=self.options.model_version)

    def _v2(self, text: str) -> dict[str, Any]:
        own, voice = self.options, self.voice
        body: dict[str, Any] = {
            "text": text,
            "text_lang": self._language,
            "ref_audio_path": voice.audio if voice is not None else "",
            "prompt_text": voice.text if voice is not None else "",
            "prompt_lang": self._recorded_in(voice) if voice is not None else "auto",
            "aux_ref_audio_paths": list(voice.more_audio) if voice is not None else [],
            "top_k": own.top_k,
            "top_p": own.top_p,
            "temperature": own.temperature,
            "text_split_method": own.split_method,
            # With more, token streaming would say the first piece alone.
            "batch_size": 1,
            "speed_factor": self._speed,
            "fragment_interval": own.pause_s if _ends(text) else min(own.pause_s, _CLAUSE_PAUSE_S),
            "seed": own.seed,
            "media_type": own.media_type,
            "streaming_mode": own.streaming_mode,
            "repetition_penalty": own.repetition_penalty,
            "sample_steps": own.sample_steps,
            "super_sampling": own.super_sampling,
        }
        return body

    def _classic(self, text: str) -> dict[str, Any]:
        own, voice = self.options, self.voice
        body: dict[str, Any] = {
            "text": text,
            "text_language": self._language,
            "top_k": own.top_k,
            "top_p": own.top_p,
            "temperature": own.temperature,
            "speed": self._speed,
            "sample_steps": own.sample_steps,
            "if_sr": own.super_sampling,
        }
        if own.cut_punctuation is not None:
            body["cut_punc"] = own.cut_punctuation
        if voice is None:
            return body
        if not voice.text:
            # The server would speak in its own voice instead.
            raise Refused(
                "api.py needs the text of a voice's recording",
                reason=f"api.py needs `text`, what is said in the recording of {self.name}",
                status_code=422,
                retryable=False,
            )
        return body | {
            "refer_wav_path": voice.audio,
            "prompt_text": voice.text,
            "prompt_language": self._recorded_in(voice),
            "inp_refs": list(voice.more_audio),
        }


def _ends(text: str) -> bool:
    """Whether a sentence ends with a text."""
    return text.rstrip(_CLOSING).endswith(_ENDS)
