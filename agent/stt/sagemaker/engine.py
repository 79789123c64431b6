"""Engine `sagemaker`: Whisper from SageMaker JumpStart, or a recogniser of one's own there.

JumpStart's container takes the hex of an audio file in JSON, hears its first 30 s and answers
`{"text": [" …"]}`. Longer utterances are cut at pauses into requests whose texts are joined.
SageMaker does not tell a container that nobody waits any more: the work on a cancelled request
goes on until it is done.

Source: the inference script of `huggingface-asr-whisper-large-v3`;
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, NoReturn

from livekit.agents import (
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    stt,
    utils,
)
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.audio import pcm
from agent.audio.pauses import cut_at_pauses
from agent.errors import EngineUnavailable
from agent.remote.aws.clients import CLIENTS, Service
from agent.remote.aws.endpoints import asked_of
from agent.remote.aws.errors import WIRE_ERRORS, api_error, spread_out
from agent.remote.aws.request_thread import Reply, pieces
from agent.remote.openai_errors import Refused, one_line, reason_of
from agent.stt.exchange import in_time
from agent.stt.language import iso_639_1
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.sagemaker.options import Options
from agent.wording.scripts import joined

if TYPE_CHECKING:
    from types_boto3_sagemaker_runtime import SageMakerRuntimeClient

_SERVICE = "sagemaker-runtime"
_LONGEST_S = 29.0
"""Whisper hears 30 s of a file."""


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted and no client is built yet."""
    return SageMakerSpeechToText(options)


def preload() -> None:
    """Import boto3 and read what it knows of SageMaker."""
    CLIENTS.preload(_SERVICE)


async def probe(options: Options) -> str:
    """Send a short tone and say which endpoint answered and when.

    Raises:
        EngineUnavailable: no credentials, no such endpoint, or its container refuses.
    """
    engine = SageMakerSpeechToText(options)
    began = time.perf_counter()
    try:
        await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
    except APIStatusError as error:
        raise EngineUnavailable(
            f"SageMaker's endpoint {options.endpoint} does not recognise: {reason_of(error)}"
        ) from error
    except APITimeoutError as error:
        raise EngineUnavailable(
            f"SageMaker's endpoint {options.endpoint} has not answered within "
            f"{PROBE_OPTIONS.timeout:g} s; its first request after a while may be slow: try again"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"SageMaker's endpoint {options.endpoint} cannot be used: {reason_of(error)}"
        ) from error
    finally:
        await engine.aclose()
    return f"endpoint {options.endpoint}: answer after {time.perf_counter() - began:.2f} s"


class SageMakerSpeechToText(stt.STT[str]):
    """Whole utterances only. Calls are independent of each other and may overlap.

    `recognize` waits at most `conn_options.timeout` for the transcript, upload included.
    """

    cancels = False
    """The container works on for requests that nobody waits for."""

    def __init__(self, options: Options) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._options = options
        self._language = iso_639_1(options.language)
        self._aws = Service(_SERVICE, options, provider="Amazon SageMaker")
        self._asked = asked_of(options.endpoint, stage="STT", action="sagemaker:InvokeEndpoint")

    @property
    def model(self) -> str:
        """Name of the endpoint."""
        return self._options.endpoint

    @property
    def provider(self) -> str:
        """Always `Amazon SageMaker`."""
        return self._aws.provider

    def prewarm(self) -> None:
        """Build the client and find the credentials in a thread; needs a running event loop."""
        self._aws.prewarm()

    async def aclose(self) -> None:
        """Close all requests; further ones are refused. May be called more than once."""
        await self._aws.aclose()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        spoken = iso_639_1(language) if utils.is_given(language) else self._language
        requests = await asyncio.to_thread(self._requests, buffer, spoken)
        try:
            async with in_time(conn_options.timeout), asyncio.TaskGroup() as group:
                texts = [
                    group.create_task(self._text_of(request), name="sagemaker stt")
                    for request in requests
                ]
        except ExceptionGroup as failures:
            await self._fail(failures.exceptions[0], conn_options)
        written = "en" if self._options.task == "translate" else spoken
        text = joined(task.result() for task in texts)
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=utils.shortuuid(),
            alternatives=[stt.SpeechData(language=LanguageCode(written), text=text)],
        )

    async def _fail(self, error: Exception, limits: APIConnectOptions) -> NoReturn:
        if not isinstance(error, WIRE_ERRORS):
            raise error
        failed = api_error(error, self._asked, retryable=True)
        await spread_out(failed, limits)
        raise failed from error

    def _requests(self, buffer: utils.AudioBuffer, language: str) -> list[dict[str, Any]]:
        """The parameters of the requests for an utterance, in order; blocks."""
        rate_hz = pcm.SPEECH_RATE_HZ
        parts = cut_at_pauses(pcm.utterance(buffer), rate_hz=rate_hz, longest_s=_LONGEST_S)
        return [self._request(pcm.to_wav(part, rate_hz=rate_hz), language) for part in parts]

    def _request(self, wav: bytes, language: str) -> dict[str, Any]:
        request: dict[str, Any] = {"EndpointName": self._options.endpoint}
        if self._options.inference_component:
            request["InferenceComponentName"] = self._options.inference_component
        if self._options.wire == "wav":
            return request | {"ContentType": "audio/wav", "Body": wav}
        body = {"audio_input": wav.hex()} | self._options.decoding
        if language:
            # The container takes both or none.
            body |= {"language": language, "task": self._options.task}
        return request | {
            "ContentType": "application/json",
            "Accept": "application/json",
            "Body": json.dumps(body).encode(),
        }

    async def _text_of(self, request: dict[str, Any]) -> str:
        def ask(client: "SageMakerRuntimeClient") -> Reply[bytes]:
            return pieces(client.invoke_endpoint(**request)["Body"])

        with self._aws.asked(ask) as body:
            return _transcript(b"".join([piece async for piece in body]))


def _transcript(body: bytes) -> str:
    """The text of an answer, a string or a list of strings.

    Raises:
        Refused: the container answered with something else.
    """
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    text = said.get("text") if isinstance(said, dict) else None
    texts = [one for one in (text if isinstance(text, list) else [text]) if isinstance(one, str)]
    if not texts:
        what = "the answer is not a transcription"
        told = one_line(body.decode("utf-8", "replace"))
        raise Refused(what, reason=f"{what}: {told}", status_code=200, retryable=False)
    return joined(one.strip() for one in texts)
