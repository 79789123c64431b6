"""The GPT-SoVITS server: SageMaker's two routes, queue, recordings and model put together.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from model_servers.gpt_sovits.cutting import cut
from model_servers.gpt_sovits.invocation import Invocation, language, parse
from model_servers.gpt_sovits.prefix import PREFIX
from model_servers.gpt_sovits.recording import no_recording, no_text
from model_servers.gpt_sovits.references import References
from model_servers.gpt_sovits.settings import SovitsSettings
from model_servers.gpt_sovits.storage import SCHEME, Storage
from model_servers.gpt_sovits.synthesis import PieceEnd, Spoken, speak
from model_servers.gpt_sovits.voice import Reference, Voices
from model_servers.serving.clients import client_of
from model_servers.serving.connection import LiveResponse
from model_servers.serving.console import Say
from model_servers.serving.errors import ApiError, BadRequest, NotReady, StartError, TimedOut
from model_servers.serving.folders import own_folder
from model_servers.serving.model_server import ModelServer
from model_servers.serving.run import Service, in_thread
from model_servers.serving.tickets import Results
from model_servers.serving.wav import slices, wav_header

_SLICE_S = 0.2
"""Audio in one chunk of the answer."""
_RAW, _WAV = "audio/raw", "audio/wav"

LoadVoices = Callable[[SovitsSettings, Say, Path], Voices]


class SovitsServer(ModelServer[SovitsSettings, Voices]):
    """The routes, answered as speech is made. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_voices: blocks until the models can speak; run in a thread.
        say: writes a line of progress.
    """

    def __init__(self, settings: SovitsSettings, load_voices: LoadVoices, say: Say) -> None:
        self._running = contextlib.ExitStack()
        self._folder = Path()
        self._storage = Storage()
        self._references: References | None = None

        def load(settings: SovitsSettings, say: Say) -> Voices:
            self._folder = self._running.enter_context(own_folder("gpt_sovits"))
            return load_voices(settings, say, self._folder)

        super().__init__(
            settings,
            load,
            say,
            routes={"/ping": ("GET", self._ping), "/invocations": ("POST", self._invocations)},
            workers=1,
            # The recording that a text is spoken like lies in the model until the text's end.
            lends=False,
        )

    async def load(self) -> None:
        """Load the models and the server's own recording; `/ping` answers 200 afterwards.

        Raises:
            StartError: they cannot be used.
        """
        settings = self._settings
        voices = await self._load()
        self._references = References(settings, self._storage, self._folder)
        if settings.reference and not settings.reference_text.strip():
            raise StartError(
                f"{PREFIX}REFERENCE_TEXT is needed: what is said in {settings.reference}"
            )
        if settings.reference:
            self._progress("reading the server's own recording")
            try:
                asked = Invocation(text="a")
                async with self._reference(asked, voices, self._references):
                    pass
            except ApiError as error:
                raise StartError(f"{PREFIX}REFERENCE: {error}") from error
        self.queue.add_workers(len(voices) - 1)
        self._announce(
            f"GPT-SoVITS {settings.version}, {voices.rate_hz} Hz, {len(voices)} at a time",
            version=settings.version,
            sample_rate=voices.rate_hz,
            devices=len(voices),
        )

    async def aclose(self, timeout_s: float) -> bool:
        """Refuse and stop all work, and delete the recordings that were fetched."""
        stopped = await super().aclose(timeout_s)
        await in_thread(self._running.close, name="delete-recordings")
        return stopped

    async def _ping(self, request: Request) -> Response:
        """200: send requests. SageMaker replaces a container that goes on saying otherwise."""
        status, body = self._readiness.answer()
        return JSONResponse(body, status)

    async def _invocations(self, request: Request) -> Response:
        voices = self._ready_model()
        client = client_of(request, self._settings)
        with self.queue.reading(client):
            asked = parse(await request.body(), max_chars=self._settings.max_chars)
        self._check(asked, voices)
        headers = {"X-Sample-Rate": str(voices.rate_hz)}
        if asked.output_s3uri:
            parts = self._parts(asked, voices, client)
            return LiveResponse(parts, media_type="application/json", headers=headers)
        wav = _WAV in request.headers.get("accept", "")
        samples = self._samples(asked, voices, client, header=wav)
        return LiveResponse(samples, media_type=_WAV if wav else _RAW, headers=headers)

    def _check(self, asked: Invocation, voices: Voices) -> None:
        """Refuse what would fail, before a place in the queue is taken.

        Raises:
            BadRequest: and why.
        """
        language(asked.text_language, voices.languages, param="text_language")
        if asked.refer_wav_path:
            language(asked.prompt_language, voices.languages, param="prompt_language")
            if not asked.prompt_text.strip():
                raise no_text()
        elif not self._settings.reference:
            raise no_recording()
        uri = asked.output_s3uri
        if uri and not uri.startswith(SCHEME):
            raise BadRequest("output_s3uri must be s3://BUCKET/PREFIX/", param="output_s3uri")
        allowed = [p.strip() for p in self._settings.output_prefixes.split(",") if p.strip()]
        if uri and not uri.startswith(tuple(allowed)):
            raise BadRequest(
                f"output_s3uri must be under {' or '.join(allowed) or 'nothing here'} "
                f"({PREFIX}OUTPUT_PREFIXES)",
                param="output_s3uri",
            )

    @contextlib.asynccontextmanager
    async def _reference(
        self, asked: Invocation, voices: Voices, references: References
    ) -> AsyncGenerator[Reference, None]:
        """The recording that a request names, or the server's own."""
        own = self._settings
        name = asked.refer_wav_path or own.reference
        text = asked.prompt_text if asked.refer_wav_path else own.reference_text
        spoken = asked.prompt_language if asked.refer_wav_path else own.reference_language
        async with references.held(name) as path:
            code = language(spoken, voices.languages, param="prompt_language")
            yield Reference(path, text.strip(), code)

    @contextlib.asynccontextmanager
    async def _spoken(
        self, asked: Invocation, voices: Voices, client: str
    ) -> AsyncGenerator[Results[bytes | PieceEnd | Spoken], None]:
        """What a worker makes of a request. Leaving the block stops it."""
        if self._references is None:
            raise NotReady("the model is being loaded")
        timeout_s, began = self._settings.timeout_s, self._loop.time()
        try:
            async with contextlib.AsyncExitStack() as stack:
                # Recordings that are fetched and looked at count as requests that are read.
                with self.queue.reading(client):
                    found = self._reference(asked, voices, self._references)
                    try:
                        async with asyncio.timeout(timeout_s):
                            reference = await stack.enter_async_context(found)
                    except TimeoutError:
                        raise TimedOut(timeout_s) from None
                left_s = max(0.0, timeout_s - (self._loop.time() - began))
                submitted = self._submit(asked, voices, reference, client, timeout_s=left_s)
                yield await stack.enter_async_context(submitted)
        finally:
            if voices.broken:
                self._readiness.broken(voices.broken)

    def _submit(
        self,
        asked: Invocation,
        voices: Voices,
        reference: Reference,
        client: str,
        *,
        timeout_s: float,
    ) -> AbstractAsyncContextManager[Results[bytes | PieceEnd | Spoken]]:
        code = language(asked.text_language, voices.languages, param="text_language")
        pieces = cut(asked.text, asked.cut_punc)

        def job(stop: threading.Event) -> Iterator[bytes | PieceEnd | Spoken]:
            return speak(
                pieces,
                voices,
                language=code,
                reference=reference,
                speed=asked.speed,
                stop=stop,
            )

        return self.queue.submit(job, timeout_s=timeout_s, client=client)

    async def _samples(
        self, asked: Invocation, voices: Voices, client: str, *, header: bool
    ) -> AsyncGenerator[bytes, None]:
        """Samples as they are made, with a WAV header before them if it is wanted."""
        head = wav_header(voices.rate_hz, None) if header else b""
        async with self._spoken(asked, voices, client) as results:
            async for item in results:
                if isinstance(item, Spoken):
                    self._metrics.count_work(audio_s=item.audio_s, work_s=item.work_s)
                    return
                if isinstance(item, PieceEnd):
                    continue
                for part in slices(item, voices.rate_hz, _SLICE_S):
                    yield head + part
                    head = b""
        raise NotReady("the server is stopping")

    async def _parts(
        self, asked: Invocation, voices: Voices, client: str
    ) -> AsyncGenerator[bytes, None]:
        """Where each piece of the text is once it is in its bucket, one JSON value a piece.

        A piece is spoken while the one before it is stored.
        """
        folder = asked.output_s3uri.rstrip("/") + "/"
        answer = uuid.uuid4().hex
        pcm, number = b"", 0
        async with self._spoken(asked, voices, client) as results:
            async for item in results:
                if isinstance(item, Spoken):
                    self._metrics.count_work(audio_s=item.audio_s, work_s=item.work_s)
                    return
                if isinstance(item, bytes):
                    pcm += item
                    continue
                uri = f"{folder}gpt_sovits_{answer}_{number:04d}.wav"
                await self._store(uri, wav_header(voices.rate_hz, len(pcm)) + pcm)
                told = {
                    "result": uri,
                    "index": number,
                    "first_chunk": number == 0,
                    "last_chunk": item.last,
                }
                yield json.dumps(told).encode()
                pcm, number = b"", number + 1
        raise NotReady("the server is stopping")

    async def _store(self, uri: str, wav: bytes) -> None:
        def put() -> None:
            self._storage.put(uri, wav, content_type=_WAV, param="output_s3uri")

        await in_thread(put, name="store-sound")


def make_service(settings: SovitsSettings, say: Say) -> Service:
    """The server with the real model. On the event loop."""

    def load_voices(settings: SovitsSettings, say: Say, folder: Path) -> Voices:
        from model_servers.gpt_sovits import loading

        return loading.load(settings, say, folder)

    return SovitsServer(settings, load_voices, say).service()
