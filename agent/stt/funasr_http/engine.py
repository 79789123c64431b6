"""Engine `funasr_http`: FunASR's and SenseVoice's HTTP servers.

One utterance is one request; the connection is kept between them, and cancelling a recognition
closes it. Most of these servers work on one request at a time.
"""

import asyncio
import contextlib
import time

import httpx
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    stt,
    utils,
)
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from agent.errors import EngineUnavailable
from agent.remote import openai_errors
from agent.remote.certificates import trust
from agent.remote.http_client import WarmUp, open_client
from agent.remote.http_client import preload as preload
from agent.stt.exchange import PASSING, in_time, whole_answer
from agent.stt.funasr_http.answers import Heard
from agent.stt.funasr_http.dialects import DIALECTS, Dialect, base_of, dialect_of
from agent.stt.funasr_http.options import Options
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.upload import wav_of

_KEEP_ALIVE_S = 4.0
"""uvicorn closes what is idle for 5 s."""
_WHO = "the recognition server"
_DESCRIPTION = "openapi.json"


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet.

    For https it reads the certificate store, which takes 0.1 s: call it off the event loop.
    """
    return FunASRHttpSpeechToText(options)


async def probe(options: Options) -> str:
    """Find the server's dialect, send it a short tone, and say when it answered.

    Raises:
        EngineUnavailable: it cannot be reached, refuses, or speaks none of the dialects.
    """
    engine = await asyncio.to_thread(FunASRHttpSpeechToText, options)
    began = time.perf_counter()
    try:
        await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
    except APIStatusError as error:
        raise EngineUnavailable(
            f"{options.url}: {openai_errors.reason_of(error)}; {_remedy(error.status_code)}"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not recognise: {error}; is the server running, and is STT_URL its "
            "address?"
        ) from error
    finally:
        await engine.aclose()
    took = time.perf_counter() - began
    return f"{engine.model} at {engine.provider}: answer after {took:.2f} s"


def _remedy(status: int) -> str:
    if status in (401, 403):
        return "set STT_API_KEY to a key of that server"
    if status in (404, 405, 422):
        return (
            "is it another of FunASR's servers? STT_DIALECT=auto looks, and one of "
            f"{', '.join(DIALECTS)} says so"
        )
    return "see the server's log"


class FunASRHttpSpeechToText(stt.STT[str]):
    """Whole utterances only. Calls are independent of each other and may overlap.

    `recognize` waits at most `conn_options.timeout` for the transcript, upload included.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=False, interim_results=False, diarization=options.speakers
            )
        )
        self._options = options
        self._dialect = DIALECTS[options.dialect] if options.dialect != "auto" else None
        self._client = open_client(
            base_of(options.url),
            options.api_key,
            keep_alive_s=_KEEP_ALIVE_S,
            trust=trust(options.verify, setting="STT_VERIFY"),
        )
        self._provider = self._client.base_url.netloc.decode()
        self._warm_up = WarmUp(self._client, name="stt warm-up", ask=self._look)

    @property
    def model(self) -> str:
        """Which of the servers it is, as far as is known."""
        return self._dialect.what if self._dialect is not None else "FunASR over HTTP"

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self._provider

    def prewarm(self) -> None:
        """Open a connection, and find the dialect, in the background; needs a running loop."""
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
        spoken = language if utils.is_given(language) else self._options.language
        limit_s = conn_options.timeout
        async with in_time(limit_s):
            dialect = self._dialect or await self._found(limit_s)
            wav = await wav_of(buffer)
            fields = await asyncio.to_thread(dialect.fields, self._options, spoken, wav)
            request = self._client.build_request("POST", dialect.path, **fields)
            response = await self._ask(request, limit_s)
        body = _decoded(response)
        if response.status_code != 200:
            why = openai_errors.reason(body)
            raise openai_errors.refusal(response, why, who=_WHO, passing=PASSING)
        return _event(dialect.heard(body), spoken)

    async def _found(self, limit_s: float) -> Dialect:
        """The dialect of a server that nobody has named.

        Raises:
            APIConnectionError: it cannot be told.
        """
        response = await self._ask(self._client.build_request("GET", _DESCRIPTION), limit_s)
        if response.status_code in PASSING or response.status_code >= 500:
            raise openai_errors.refusal(response, "", who=_WHO, passing=PASSING)
        if response.status_code in (401, 403):
            raise openai_errors.refusal(response, "", who=_WHO, passing=())
        found = dialect_of(_decoded(response))
        if found is None:
            raise APIConnectionError(
                f"the server's /{_DESCRIPTION} does not say which of FunASR's it is: set "
                f"STT_DIALECT to one of {', '.join(DIALECTS)}",
                retryable=False,
            )
        self._dialect = found
        return found

    async def _look(self) -> None:
        if self._dialect is not None:
            await self._client.get(_DESCRIPTION)
            return
        with contextlib.suppress(APIError):
            await self._found(PROBE_OPTIONS.timeout)

    async def _ask(self, request: httpx.Request, limit_s: float) -> httpx.Response:
        return await whole_answer(
            self._client, request, limit_s=limit_s, verify_setting="STT_VERIFY"
        )


def _decoded(response: httpx.Response) -> object:
    try:
        body: object = response.json()
    except ValueError:
        body = None
    return body


def _event(heard: Heard, spoken: str) -> stt.SpeechEvent:
    data = stt.SpeechData(
        language=LanguageCode(spoken or heard.language),
        text=heard.text.strip(),
        speaker_id=heard.speaker,
    )
    if heard.sentences:
        data.start_time, data.end_time = heard.sentences[0].start_s, heard.sentences[-1].end_s
        data.words = [
            TimedString(word, begin, end, speaker_id=sentence.speaker)
            for sentence in heard.sentences
            for word, begin, end in sentence.words
        ] or None
    return stt.SpeechEvent(
        stt.SpeechEventType.FINAL_TRANSCRIPT,
        request_id=utils.shortuuid(),
        alternatives=[data],
    )
