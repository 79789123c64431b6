"""What is sent to GPT-SoVITS behind SageMaker, and the two ways in which its speech comes back.

Source: qingyuan18/GPT-SoVITS, api.py (`InferenceOpt`);
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
"""

import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from livekit.agents.utils import shortuuid

from agent.remote.aws.clients import Service
from agent.remote.aws.endpoints import asked_of
from agent.remote.aws.errors import Asked
from agent.remote.aws.request_thread import Reply, events, pieces
from agent.tts.cloned_voices import ClonedVoice, VoicesFile
from agent.tts.gpt_sovits.languages import code_of
from agent.tts.sagemaker.options import Options
from agent.tts.sagemaker.parts import NoPart, Parts
from agent.tts.served.aws_answer import chunks_of
from agent.tts.served.refusals import no_such_voice
from agent.tts.served.speech_body import MalformedBody, SpeechBody
from agent.tts.served.wire import Answer, BrokeOff, Wire

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

SERVICE = "sagemaker-runtime"
STORE = "s3"
VERSION = "v2"
"""Of the model, whose languages later ones have too."""
_SLOWEST, _FASTEST = 0.25, 4.0


class Amazon(Service):
    """SageMaker, and the store that parts lie in; closed together."""

    def __init__(self, options: Options) -> None:
        """Contact nobody and build nothing yet."""
        super().__init__(SERVICE, options, provider="Amazon SageMaker")
        self.store = Service(STORE, options, provider="Amazon S3") if options.mode == "s3" else None

    def prewarm(self) -> None:
        """Warm up in the background; needs a running event loop."""
        super().prewarm()
        if self.store is not None:
            self.store.prewarm()

    async def aclose(self) -> None:
        """Close all requests; further ones are refused. May be called more than once."""
        await super().aclose()
        if self.store is not None:
            await self.store.aclose()


class SageMakerWire(Wire):
    """One voice of such an endpoint."""

    server: Amazon

    def __init__(self, options: Options, file: VoicesFile | None, server: Amazon) -> None:
        """Ask `server` as `options` say, with the recordings of `file`."""
        self.server = server
        self.rate_hz = options.sample_rate_hz
        self.stall_s = options.stall_s
        self.options = options
        self._file = file
        first = next(iter(file.voices), "") if file is not None else ""
        self.name = options.voice or first
        """Of the voice in the file; empty: the container's own recording."""
        self.voice: ClonedVoice | None = file.voices.get(self.name) if file is not None else None

    @property
    def model(self) -> str:
        """The endpoint, and the voice."""
        return self.options.endpoint + (f", {self.name}" if self.name else "")

    @asynccontextmanager
    async def speak(self, text: str) -> AsyncIterator[Answer]:
        """Ask for a text."""
        if self.name and self.voice is None:
            raise no_such_voice(self.name, self._file.voices if self._file is not None else ())
        if self.server.store is None:
            async with aclosing(self._said(self._body(text))) as chunks:
                yield Answer(chunks, SpeechBody("", rate_hz=self.rate_hz), shortuuid())
            return
        async with aclosing(self._fetched(text, self.server.store)) as samples:
            yield Answer(samples, _Samples(), shortuuid())

    def with_voice(self, voice: str, *, speed: float) -> "SageMakerWire":
        """Another voice of the file."""
        own = self.options
        changed = {"voice": voice or own.voice, "speed": own.speed * speed}
        return SageMakerWire(own.model_copy(update=changed), self._file, self.server)

    def _said(self, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
        """What the container writes, as it arrives."""
        request: dict[str, Any] = {
            "EndpointName": self.options.endpoint,
            "ContentType": "application/json",
            "Body": json.dumps(body).encode(),
        }
        if self.options.inference_component:
            request["InferenceComponentName"] = self.options.inference_component

        def ask(client: "SageMakerRuntimeClient") -> Reply[bytes]:
            stream = events(client.invoke_endpoint_with_response_stream(**request)["Body"])
            parts = (event["PayloadPart"]["Bytes"] for event in stream.items)
            return Reply((part for part in parts if part), stream.raw)

        return chunks_of(self.server, ask, self._asked)

    async def _fetched(self, text: str, store: Service) -> AsyncGenerator[bytes, None]:
        """Samples of the files that the container names, each file as it is named."""
        folder = f"{self.options.output_s3uri}{uuid.uuid4().hex}/"
        parts = Parts()
        try:
            async with aclosing(self._said({**self._body(text), "output_s3uri": folder})) as said:
                async for chunk in said:
                    for address in parts.feed(chunk):
                        async with aclosing(self._file_at(address, store)) as samples:
                            async for pcm in samples:
                                yield pcm
                    if parts.ended:
                        return
                parts.end()
        except NoPart as error:
            if parts.begun:
                raise BrokeOff from error
            raise MalformedBody(str(error)) from error

    async def _file_at(self, address: str, store: Service) -> AsyncGenerator[bytes, None]:
        """Samples of one part, in whatever form it is."""
        if not address.startswith(str(self.options.output_s3uri)):
            raise MalformedBody("the reply names a file outside TTS_OUTPUT_S3URI")
        bucket, _, key = address.removeprefix("s3://").partition("/")

        def ask(client: "S3Client") -> Reply[bytes]:
            return pieces(client.get_object(Bucket=bucket, Key=key)["Body"])

        asked = Asked(
            "S3",
            "s3:GetObject",
            f"{self.options.output_s3uri}*",
            "TTS_OUTPUT_S3URI to a folder that the endpoint writes to",
        )
        body = SpeechBody("", rate_hz=self.rate_hz)
        async with aclosing(chunks_of(store, ask, asked)) as chunks:
            async for chunk in chunks:
                yield body.feed(chunk)
        yield body.end()

    def _body(self, text: str) -> dict[str, Any]:
        own, voice = self.options, self.voice
        tag = (voice.speaks if voice is not None else "") or own.language
        body: dict[str, Any] = {
            "text": text,
            "text_language": code_of(tag, version=VERSION),
            "cut_punc": own.cut_punctuation,
        }
        pace = own.speed * (voice.speed if voice is not None else 1.0)
        if pace != 1.0:
            body["speed"] = min(_FASTEST, max(_SLOWEST, pace))
        if voice is not None:
            body |= {
                "refer_wav_path": voice.audio,
                "prompt_text": voice.text,
                "prompt_language": code_of(voice.language, version=VERSION),
            }
        return body

    @property
    def _asked(self) -> Asked:
        return asked_of(
            self.options.endpoint,
            stage="TTS",
            action="sagemaker:InvokeEndpointWithResponseStream",
        )


class _Samples:
    """Samples that were decoded already."""

    usage = (0, 0)

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""
