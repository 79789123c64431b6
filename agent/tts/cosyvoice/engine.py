"""Engine `cosyvoice`: the FastAPI server of CosyVoice 1, 2 and 3.

The answer is bare samples without any label. Recordings go along with each request. The server
makes a sentence whole before it sends it, and knows no speed.

Source: FunAudioLLM/CosyVoice, runtime/python/fastapi/server.py.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Literal

import httpx
from livekit.agents import APIError, APIStatusError

from agent.errors import ConfigError, EngineUnavailable
from agent.remote.http_client import preload as preload
from agent.remote.openai_errors import reason_of
from agent.tts.cloned_voices import Recording, VoicesFile, read_recordings, read_voices
from agent.tts.cloning import VoiceSample, as_file
from agent.tts.cosyvoice.options import Options
from agent.tts.other_voice import speed_is_fixed
from agent.tts.served.probing import PROBE_TIMEOUT_S, built, have_a_word_said, word_in
from agent.tts.served.refusals import SEE_THE_LOG, explained
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import Answer, HttpConnections, Wire
from agent.wording.lexicon import code_of

LONGEST_S = 30.0
"""Of a recording that the model accepts."""
_Kind = Literal["sft", "zero_shot", "cross_lingual", "instruct", "instruct2"]


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file and its recordings, contacts nobody yet.

    Raises:
        ConfigError: something in the voices file is wrong, or the mode lacks what it needs.
    """
    file = read_voices(options.voices) if options.voices is not None else None
    recordings = read_recordings(file) if file is not None else {}
    wire = CosyVoiceWire(
        options,
        file,
        recordings,
        HttpConnections(options.url, options.api_key, warm_up_path="openapi.json"),
    )
    if file is not None:
        for name, recording in recordings.items():
            if recording.length_s is not None and recording.length_s > LONGEST_S:
                raise file.complaint(
                    name,
                    "audio",
                    f"audio: {recording.name} is {recording.length_s:.1f} s long; CosyVoice takes "
                    f"{LONGEST_S:g} s at most",
                )
    wire.check()
    return ServedVoice(wire)


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
        ConfigError: something in the voices file is wrong.
    """
    engine = await built(partial(build, options))
    wire = engine.wire
    assert isinstance(wire, CosyVoiceWire)
    try:
        paths = await _paths(wire, options)
        if paths and f"/{wire.path}" not in paths:
            raise EngineUnavailable(
                f"{options.url} has no /{wire.path}; a newer server.py has it, or set TTS_MODE"
            )
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(_refusal, options.url),
            running="see the server's log, whether its model is one for TTS_MODE, and whether "
            "server.py can read the recording that it is sent: some of its versions cannot",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"/{wire.path} at {engine.provider}, voice {wire.name or 'of the model'}: {first}"


async def _paths(wire: "CosyVoiceWire", options: Options) -> frozenset[str]:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            return await wire.server.paths()
    except APIStatusError as error:
        raise EngineUnavailable(_refusal(options.url, error)) from error
    except (httpx.HTTPError, APIError, TimeoutError) as error:
        raise EngineUnavailable(
            f"{options.url} cannot be reached: {reason_of(error)}; is CosyVoice's server.py "
            "running there?"
        ) from error


def _refusal(address: str, error: APIStatusError) -> str:
    remedy = f"{SEE_THE_LOG}, and whether its model is one for TTS_MODE"
    return explained(address, error, remedy=remedy)


class CosyVoiceWire(Wire):
    """One voice of such a server."""

    server: HttpConnections

    def __init__(
        self,
        options: Options,
        file: VoicesFile | None,
        recordings: Mapping[str, Recording],
        server: HttpConnections,
    ) -> None:
        """Ask `server` as `options` say, with what is in `file`."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self._options = options
        self._file = file
        self._recordings = recordings
        self.name = options.voice or next(iter(recordings), "")
        """Of a voice of the file or a speaker of the model."""
        self._recording = recordings.get(self.name)

    @property
    def model(self) -> str:
        """What is asked for, and the voice."""
        return f"CosyVoice {self._kind}" + (f", {self.name}" if self.name else "")

    @property
    def path(self) -> str:
        """Where the request goes."""
        return f"inference_{self._kind}"

    def check(self) -> None:
        """See that all is there that the mode needs.

        Raises:
            ConfigError: something lacks.
        """
        mode, kind = self._options.mode, self._kind
        if kind in ("zero_shot", "cross_lingual") and self._recording is None:
            raise ConfigError(f"TTS_MODE={mode} needs TTS_VOICES, and TTS_VOICE of that file")
        if kind == "zero_shot" and self._file is not None and not self._text:
            raise self._file.complaint(
                self.name, "audio", "lacks text, which TTS_MODE=zero_shot needs; or set another"
            )
        if kind.startswith("instruct") and not self._options.instructions:
            raise ConfigError("TTS_MODE=instruct needs TTS_INSTRUCTIONS")
        if kind in ("sft", "instruct") and not self.name:
            raise ConfigError(
                "TTS_VOICE is not set: name a speaker of the model, for example 中文女, or a "
                "recording in a file and the file in TTS_VOICES"
            )

    def speak(self, text: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for a text."""
        request = self.server.client.build_request("POST", self.path, **self._form(text))
        return self.server.answer(request, rate_hz=self.rate_hz)

    def with_voice(self, voice: str, *, speed: float) -> "CosyVoiceWire":
        """Another voice of the file, or another speaker."""
        speed_is_fixed("cosyvoice", speed)
        own = self._options
        changed = own.model_copy(update={"voice": voice or own.voice})
        return CosyVoiceWire(changed, self._file, self._recordings, self.server)

    @property
    def clones(self) -> bool:
        """Unless it is to speak as a speaker of the model."""
        return self._options.mode != "sft"

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "CosyVoiceWire":
        """Speaking like a recording.

        With `mode` auto, in another language than the recording's, the model is asked
        cross-lingual, by the sound alone: with its text too it falls into that text's language.
        """
        speed_is_fixed("cosyvoice", speed)
        own = self._options
        changed: dict[str, Any] = {"voice": ""}
        directed = own.mode == "auto" and bool(own.instructions)
        if own.mode == "auto" and not directed and code_of(sample.language) != code_of(language):
            changed["mode"] = "cross_lingual"
        return CosyVoiceWire(own.model_copy(update=changed), *as_file(sample), self.server)

    @property
    def _kind(self) -> _Kind:
        mode = self._options.mode
        if mode == "auto" and self._options.instructions:
            mode = "instruct"
        if mode == "instruct":
            return "instruct" if self._recording is None else "instruct2"
        if mode != "auto":
            return mode
        if self._recording is None:
            return "sft"
        return "zero_shot" if self._text else "cross_lingual"

    @property
    def _text(self) -> str:
        voice = self._file.voices.get(self.name) if self._file is not None else None
        return voice.text if voice is not None else ""

    def _form(self, text: str) -> dict[str, Any]:
        fields = {"tts_text": text}
        kind = self._kind
        if kind in ("sft", "instruct"):
            fields["spk_id"] = self.name
        if kind == "zero_shot":
            fields["prompt_text"] = self._text
        if kind in ("instruct", "instruct2"):
            fields["instruct_text"] = self._options.instructions or ""
        recording = self._recording
        if recording is None or kind in ("sft", "instruct"):
            return {"data": fields}
        part = (recording.name, recording.data, recording.media_type)
        return {"data": fields, "files": {"prompt_wav": part}}
