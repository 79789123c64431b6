"""Engine `fish_speech`: the API server of Fish-Speech and OpenAudio.

A stream is called audio/wav and mostly has no header: the bytes decide. Requests are JSON, with
recordings in base64. The server works on one request at a time and knows no speed.

Source: fishaudio/fish-speech, tools/server/views.py and fish_speech/utils/schema.py.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from livekit.agents import APIStatusError

from agent.remote.http_client import preload as preload
from agent.tts.cloned_voices import Recording, VoicesFile, read_recordings, read_voices
from agent.tts.cloning import VoiceSample, as_file
from agent.tts.fish_speech.options import Options
from agent.tts.other_voice import speed_is_fixed
from agent.tts.served.probing import built, have_a_word_said, word_in
from agent.tts.served.refusals import SEE_THE_LOG, explained
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import Answer, HttpConnections, Wire

_JSON = {"Content-Type": "application/json"}
_SHORTEST_BASE64 = 256
"""The server takes shorter texts for the bytes themselves."""


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file and its recordings, contacts nobody yet.

    Raises:
        ConfigError: something in the voices file is wrong.
    """
    references: dict[str, bytes] = {}
    if options.voices is not None:
        file = read_voices(options.voices)
        references = _references(file, read_recordings(file))
    server = HttpConnections(options.url, options.api_key, warm_up_path="v1/health")
    return ServedVoice(FishWire(options, references, server))


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
        ConfigError: something in the voices file is wrong.
    """
    engine = await built(partial(build, options))
    wire = engine.wire
    assert isinstance(wire, FishWire)
    try:
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(_refusal, options.url, wire.saved_voice),
            running="is tools/api_server.py of Fish-Speech running there? See its log",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"{engine.model} at {engine.provider}: {first}"


def _refusal(address: str, saved_voice: str, error: APIStatusError) -> str:
    remedy = SEE_THE_LOG
    if saved_voice:
        remedy = (
            f"is {saved_voice} saved there (/v1/references/list), or meant to be in TTS_VOICES?"
        )
    return explained(address, error, remedy=remedy)


def _references(file: VoicesFile, recordings: Mapping[str, Recording]) -> dict[str, bytes]:
    """Each voice's recording as a request has it: megabytes, written once and not for each text."""
    found: dict[str, bytes] = {}
    for name, recording in recordings.items():
        audio = base64.b64encode(recording.data).decode()
        if len(audio) < _SHORTEST_BASE64:
            raise file.complaint(name, "audio", f"audio: {recording.name} is no recording")
        found[name] = json.dumps([{"audio": audio, "text": file.voices[name].text}]).encode()
    return found


class FishWire(Wire):
    """One voice of such a server."""

    server: HttpConnections

    def __init__(
        self,
        options: Options,
        references: Mapping[str, bytes],
        server: HttpConnections,
        *,
        remembered: bool = True,
    ) -> None:
        """Ask `server` as `options` say; `references` are the voices of the file, as JSON.

        What the server makes of a recording it may keep, if that is to be `remembered`.
        """
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self._options = options
        self._references = references
        self._remembered = remembered
        self._name = options.voice or next(iter(references), "")

    @property
    def model(self) -> str:
        """The voice."""
        return f"Fish-Speech, {self._name or 'a voice by chance'}"

    @property
    def saved_voice(self) -> str:
        """The server's own name of the voice; empty: it is one of the file, or by chance."""
        return "" if self._name in self._references else self._name

    def speak(self, text: str) -> AbstractAsyncContextManager[Answer]:
        """Ask for a text."""
        content = json.dumps(self._fields(text), ensure_ascii=False).encode()
        if self._name in self._references:
            content = content[:-1] + b', "references": ' + self._references[self._name] + b"}"
        request = self.server.client.build_request("POST", "v1/tts", content=content, headers=_JSON)
        return self.server.answer(request, rate_hz=self.rate_hz)

    def with_voice(self, voice: str, *, speed: float) -> "FishWire":
        """Another voice of the file, or of the server."""
        speed_is_fixed("fish_speech", speed)
        own = self._options
        changed = own.model_copy(update={"voice": voice or own.voice})
        return FishWire(changed, self._references, self.server)

    @property
    def clones(self) -> bool:
        """It does."""
        return True

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "FishWire":
        """Speaking like a recording, of which the server keeps nothing."""
        speed_is_fixed("fish_speech", speed)
        changed = self._options.model_copy(update={"voice": ""})
        return FishWire(changed, _references(*as_file(sample)), self.server, remembered=False)

    def _fields(self, text: str) -> dict[str, Any]:
        own = self._options
        fields: dict[str, Any] = {
            "text": text,
            "format": "wav",
            "streaming": own.streaming,
            "chunk_length": own.chunk_length,
            "normalize": own.normalize,
            "temperature": own.temperature,
            "top_p": own.top_p,
            "repetition_penalty": own.repetition_penalty,
        }
        if own.seed is not None:
            fields["seed"] = own.seed
        if self._name in self._references:
            # What it has made of a recording is kept by the server, until that ends.
            fields["use_memory_cache"] = "on" if self._remembered else "off"
        elif self.saved_voice:
            fields["reference_id"] = self.saved_voice
        return fields
