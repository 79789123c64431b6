"""The speech server: routes, queue and voices put together."""

import base64
import json
import os
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from model_servers.serving.clients import client_of
from model_servers.serving.connection import (
    CLIENT_GONE_STATUS,
    ClientGone,
    LiveResponse,
    while_connected,
)
from model_servers.serving.console import Say
from model_servers.serving.errors import NotReady
from model_servers.serving.model_server import ModelServer, one_model
from model_servers.serving.run import Service
from model_servers.serving.tickets import Results
from model_servers.serving.wav import slices, wav_header
from model_servers.tts.settings import SpeechSettings
from model_servers.tts.speech_request import SpeechRequest, parse
from model_servers.tts.synthesis import Spoken, speak
from model_servers.tts.voices import Voices

_SLICE_S = 0.2
"""Audio in one chunk of the answer or one event: 12.8 kB of base64 at 24 kHz."""

LoadVoices = Callable[[SpeechSettings, Say], Voices]


class SpeechServer(ModelServer[SpeechSettings, Voices]):
    """The routes, answered as speech is made. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_voices: blocks until the default voice can speak; run in a thread.
        say: writes a line of progress.
    """

    def __init__(self, settings: SpeechSettings, load_voices: LoadVoices, say: Say) -> None:
        super().__init__(
            settings,
            load_voices,
            say,
            routes={
                "/v1/models": ("GET", self._models),
                "/v1/audio/voices": ("GET", self._list_voices),
                "/v1/audio/speech": ("POST", self._speech),
            },
            workers=settings.concurrency,
        )

    async def load(self) -> None:
        """Load the default voice; `/ready` answers 200 afterwards.

        Raises:
            StartError: it cannot be used.
        """
        speaker = (await self._load()).default
        self._announce(
            speaker.name,
            voice=speaker.name,
            language=speaker.language,
            voice_sample_rate=speaker.rate_hz,
        )

    def _submit(
        self, request: SpeechRequest, client: str
    ) -> AbstractAsyncContextManager[Results[bytes | Spoken]]:
        voices = self._ready_model()
        speaker = voices.find(request.voice)

        def job(stop: threading.Event) -> Iterator[bytes | Spoken]:
            return speak(
                request.input,
                speaker,
                voices,
                speed=request.speed,
                rate_hz=request.sample_rate,
                most_s=self._settings.max_speech_s,
                stop=stop,
            )

        return self.queue.submit(job, timeout_s=self._settings.timeout_s, client=client)

    async def _speech(self, request: Request) -> Response:
        voices = self._ready_model()
        client = client_of(request, self._settings)
        with self.queue.reading(client):
            wish = parse(await request.body(), max_chars=self._settings.max_chars)
        voices.find(wish.voice)
        headers = {"X-Sample-Rate": str(wish.sample_rate)}
        if wish.stream_format == "sse":
            events = self._events(wish, client)
            return LiveResponse(events, media_type="text/event-stream", headers=headers)
        if wish.response_format == "pcm":
            samples = self._samples(wish, client)
            return LiveResponse(samples, media_type="audio/pcm", headers=headers)
        try:
            pcm = await while_connected(request.receive, self._whole(wish, client))
        except ClientGone:
            return Response(status_code=CLIENT_GONE_STATUS)
        wav = wav_header(wish.sample_rate, len(pcm)) + pcm
        return Response(wav, media_type="audio/wav", headers=headers)

    async def _samples(self, wish: SpeechRequest, client: str) -> AsyncGenerator[bytes, None]:
        async with self._submit(wish, client) as results:
            async for item in results:
                if isinstance(item, Spoken):
                    self._metrics.count_work(audio_s=item.audio_s, work_s=item.work_s)
                    return
                for part in slices(item, wish.sample_rate, _SLICE_S):
                    yield part
        raise NotReady("the server is stopping")

    async def _events(self, wish: SpeechRequest, client: str) -> AsyncGenerator[bytes, None]:
        head = wav_header(wish.sample_rate, None) if wish.response_format == "wav" else b""
        async with aclosing(self._samples(wish, client)) as samples:
            async for part in samples:
                yield _delta(head + part)
                head = b""
        # Required by OpenAI's clients; nothing here counts tokens.
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield _event({"type": "speech.audio.done", "usage": usage})

    async def _whole(self, wish: SpeechRequest, client: str) -> bytes:
        async with aclosing(self._samples(wish, client)) as samples:
            return b"".join([part async for part in samples])

    async def _models(self, request: Request) -> Response:
        return one_model(self._settings.voice, owner="rejoinder")

    async def _list_voices(self, request: Request) -> Response:
        return JSONResponse({"voices": self._ready_model().listing()})


def make_service(settings: SpeechSettings, say: Say) -> Service:
    """The server with the real voices. On the event loop; its threads begin after this."""
    if settings.niceness and hasattr(os, "nice"):
        os.nice(settings.niceness)

    def load_voices(settings: SpeechSettings, say: Say) -> Voices:
        from model_servers.tts import loading

        return loading.load(settings, say)

    return SpeechServer(settings, load_voices, say).service()


def _delta(audio: bytes) -> bytes:
    encoded = base64.b64encode(audio).decode("ascii")
    return _event({"type": "speech.audio.delta", "audio": encoded})


def _event(body: dict[str, object]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
