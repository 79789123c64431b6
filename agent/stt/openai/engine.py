"""Engine `openai`: any server with OpenAI's `/v1/audio/transcriptions`.

One utterance is one upload. The connection is kept between utterances, and cancelling a
recognition closes it, which is how such servers learn that nobody waits any more.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import asyncio
import ssl
import time

import httpx
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
    stt,
    utils,
)
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.errors import EngineUnavailable
from agent.remote import openai_errors, urgency
from agent.remote.http_client import WarmUp, answer, caller_header, open_client
from agent.remote.http_client import preload as preload
from agent.stt.language import iso_639_1
from agent.stt.openai.options import Options
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.upload import wav_of

_KEEP_ALIVE_S = 55.0
_PASSING = (408, 425, 429)
"""Statuses below 500 that another try may change."""


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet.

    For https it reads the certificate store, which takes 0.1 s: call it off the event loop.
    """
    return OpenAISpeechToText(options)


async def probe(options: Options) -> str:
    """Send a short tone and say which model answered and when.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no such model.
    """
    engine = await asyncio.to_thread(OpenAISpeechToText, options)
    began = time.perf_counter()
    try:
        await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
    except APIStatusError as error:
        raise EngineUnavailable(
            f"{options.url} refuses {options.model} with {error.status_code}: "
            f"{openai_errors.reason_of(error)}; "
            + openai_errors.remedy(error.status_code, stage="STT", wish="STT_MODEL to a model")
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve transcriptions: {error}; is the server running, and "
            "does STT_URL end in /v1?"
        ) from error
    finally:
        await engine.aclose()
    return f"{engine.model} at {engine.provider}: answer after {time.perf_counter() - began:.2f} s"


class OpenAISpeechToText(stt.STT[str]):
    """Whole utterances only. Calls are independent of each other and may overlap.

    `recognize` waits at most `conn_options.timeout` for the transcript, upload included.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._options = options
        self._language = iso_639_1(options.language)
        route = "translations" if options.task == "translate" else "transcriptions"
        self._path = f"audio/{route}"
        self._client = open_client(
            options.url,
            options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            headers=caller_header(),
        )
        self._provider = self._client.base_url.netloc.decode()
        self._warm_up = WarmUp(self._client, name="stt warm-up")

    @property
    def model(self) -> str:
        """Name of the model as the server knows it."""
        return self._options.model

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self._provider

    def prewarm(self) -> None:
        """Open a connection in the background; needs a running event loop."""
        self._warm_up.begin()

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await self._warm_up.aclose()
        await self._client.aclose()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        spoken = iso_639_1(language) if utils.is_given(language) else self._language
        wav = await wav_of(buffer)
        try:
            async with asyncio.timeout(conn_options.timeout):
                response = await self._post(wav, spoken)
        except TimeoutError as error:
            raise APITimeoutError(f"no transcript within {conn_options.timeout:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise APIConnectionError(
                "the recognition server cannot be reached",
                retryable=not _is_certificate_fault(error),
            ) from error
        except httpx.HTTPError as error:
            raise APIConnectionError("the connection broke before the transcript") from error
        text = _transcript(response)
        written = "en" if self._options.task == "translate" else spoken
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=response.headers.get("x-request-id") or utils.shortuuid(),
            alternatives=[stt.SpeechData(language=LanguageCode(written), text=text)],
        )

    async def _post(self, wav: bytes, language: str) -> httpx.Response:
        fields = {
            "model": self._options.model,
            "response_format": "json",
            "temperature": f"{self._options.temperature:g}",
        }
        # /translations knows no language: it writes English whatever is spoken.
        if language and self._options.task == "transcribe":
            fields["language"] = language
        if self._options.prompt:
            fields["prompt"] = self._options.prompt
        if self._client.is_closed:
            raise APIConnectionError("this recogniser was closed", retryable=False)
        request = self._client.build_request(
            "POST",
            self._path,
            data=fields,
            files={"file": ("utterance.wav", wav, "audio/wav")},
            headers={urgency.HEADER: "interim"} if urgency.INTERIM.get() else None,
        )
        async with answer(self._client, request) as response:
            await response.aread()
            return response


def _is_certificate_fault(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _transcript(response: httpx.Response) -> str:
    """The text of an answer.

    Raises:
        APIStatusError: the server refused, or answered with something else.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    succeeded = response.status_code == 200
    if succeeded and isinstance(body, dict) and isinstance(body.get("text"), str):
        return str(body["text"]).strip()
    why = openai_errors.reason(body)
    if succeeded:
        what = "the answer is not a transcription"
        raise openai_errors.Refused(what, reason=why or what, status_code=200, retryable=False)
    raise openai_errors.refusal(response, why, who="the recognition server", passing=_PASSING)
