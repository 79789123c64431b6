"""Engine `maskgct`: MaskGCT's Gradio demo. A sentence takes it seconds: no voice for quick talks.

Source: open-mmlab/Amphion, models/tts/maskgct/gradio_demo.py.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from livekit.agents import APIConnectionError

from agent.remote.gradio.jobs import UPLOADS_FROM_MEMORY, PendingJob
from agent.tts.cloned_voices import Recording, read_recordings, read_voices
from agent.tts.cloning import VoiceSample, as_file
from agent.tts.maskgct.options import Options
from agent.tts.other_voice import speed_is_fixed
from agent.tts.served.gradio_wire import LOG_IN, GradioConnections
from agent.tts.served.probing import built, have_a_word_said, word_in
from agent.tts.served.refusals import explained, no_such_voice
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import Answer, Wire

_RATE_HZ = 24000
_ENDPOINTS = ("/predict", "/inference")
"""Of Gradio 4, and of newer ones, which call it as its function is."""
_AS_LONG_AS_IT_TAKES = -1


def build(options: Options) -> ServedVoice:
    """Make the component; reads the voices file and its recordings, contacts nobody yet.

    Raises:
        ConfigError: something in the voices file is wrong.
    """
    file = read_voices(options.voices)
    recordings = read_recordings(file)
    file.check_has(options.voice)
    return ServedVoice(MaskGCTWire(options, recordings, _Server(options)))


async def probe(options: Options) -> str:
    """Have a word spoken and say which voice answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
        ConfigError: something in the voices file is wrong.
    """
    engine = await built(partial(build, options))
    try:
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(explained, options.url, denied=LOG_IN),
            running="is MaskGCT's gradio_demo.py running there?",
            word=word_in(options.language),
        )
    finally:
        await engine.aclose()
    return f"{engine.model} at {engine.provider}: {first}"


class _Server(GradioConnections):
    """Knows what the endpoint is called."""

    def __init__(self, options: Options) -> None:
        super().__init__(
            options.url, options.api_key, username=options.username, password=options.password
        )
        self._endpoint = ""

    async def endpoint(self) -> str:
        """Asks once; raises APIError, also when there is none."""
        if not self._endpoint:
            names = await self.endpoints()
            self._endpoint = next((name for name in _ENDPOINTS if name in names), "")
        if not self._endpoint:
            raise APIConnectionError("this Gradio server is no MaskGCT", retryable=False)
        return self._endpoint


class MaskGCTWire(Wire):
    """One voice of such a server."""

    server: _Server

    def __init__(
        self, options: Options, recordings: Mapping[str, Recording], server: _Server
    ) -> None:
        """Ask `server` as `options` say; `recordings` are those of the file."""
        self.server = server
        self.rate_hz = _RATE_HZ
        self.stall_s = options.stall_s
        self._options = options
        self._recordings = recordings
        self._name = options.voice or next(iter(recordings))

    @property
    def model(self) -> str:
        """The voice."""
        return f"MaskGCT, {self._name}"

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text."""
        recording = self._recordings.get(self._name)
        if recording is None:
            raise no_such_voice(self._name, self._recordings)
        job = PendingJob(
            await self.server.endpoint(),
            recording.data,
            (text, _AS_LONG_AS_IT_TAKES, self._options.steps),
            upload_name=recording.name,
            wants_file=True,
        )
        async with self.server.answer(job, rate_hz=self.rate_hz) as answer:
            yield answer

    def with_voice(self, voice: str, *, speed: float) -> "MaskGCTWire":
        """Another voice of the file."""
        speed_is_fixed("maskgct", speed)
        changed = self._options.model_copy(update={"voice": voice or self._options.voice})
        return MaskGCTWire(changed, self._recordings, self.server)

    @property
    def clones(self) -> bool:
        """Where a recording can be sent without being written to a disk."""
        return UPLOADS_FROM_MEMORY

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "MaskGCTWire":
        """Speaking like a recording, of which about 4 s count."""
        speed_is_fixed("maskgct", speed)
        changed = self._options.model_copy(update={"voice": ""})
        _, recordings = as_file(sample)
        return MaskGCTWire(changed, recordings, self.server)
