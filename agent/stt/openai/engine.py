"""Engine `openai`: any server with OpenAI's `/v1/audio/transcriptions`.

One utterance is one upload. The connection is kept between utterances, and cancelling a
recognition closes it, which is how such servers learn that nobody waits any more.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import asyncio
import contextlib
import time

from livekit.agents import (
    APIConnectOptions,
    APIError,
    APIStatusError,
    stt,
    utils,
)
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.errors import EngineUnavailable
from agent.remote import openai_errors, urgency
from agent.remote.http_client import WarmUp
from agent.remote.http_client import preload as preload
from agent.stt.language import iso_639_1
from agent.stt.openai.answers import heard_in
from agent.stt.openai.dialects import WHAT, form_fields
from agent.stt.openai.options import Options
from agent.stt.openai.server import TranscriptionServer
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.upload import wav_of


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
            f"{openai_errors.reason_of(error)}; {_remedy(engine, options, error.status_code)}"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve transcriptions: {openai_errors.reason_of(error)}; is "
            "the server running, and does STT_URL end in /v1?"
        ) from error
    finally:
        await engine.aclose()
    took = time.perf_counter() - began
    return f"{engine.model} at {engine.provider}: answer after {took:.2f} s{_note(engine, options)}"


def _remedy(engine: "OpenAISpeechToText", options: Options, status: int) -> str:
    if status == 404 and engine.server.last_seen == "speaches":
        return (
            f"let it fetch the model, curl -X POST {options.url}/models/{options.model}, or set "
            "STT_MODEL to one that it has"
        )
    return openai_errors.remedy(status, stage="STT", wish="STT_MODEL to a model")


def _note(engine: "OpenAISpeechToText", options: Options) -> str:
    dialect = engine.server.dialect
    if dialect is None or dialect == "openai":
        return ""
    note = f"; it is {WHAT[dialect]}"
    if dialect == "vllm" and not options.language:
        return f"{note}, which takes every language for English until STT_LANGUAGE names one"
    return note


class OpenAISpeechToText(stt.STT[str]):
    """Whole utterances only. Calls are independent of each other and may overlap.

    `recognize` waits at most `conn_options.timeout` for the transcript, upload included.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._options = options
        self._language = iso_639_1(options.language)
        self.server = TranscriptionServer(options)
        """Whom it asks."""
        self._warm_up = WarmUp(self.server.client, name="stt warm-up", ask=self._look)

    @property
    def model(self) -> str:
        """Name of the model as the server knows it."""
        return self._options.model

    @property
    def provider(self) -> str:
        """Host and port of the server."""
        return self.server.address

    def prewarm(self) -> None:
        """Open a connection in the background; needs a running event loop."""
        self._warm_up.begin()

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        await self._warm_up.aclose()
        await self.server.aclose()

    async def _look(self) -> None:
        if self.server.dialect == "openai":
            await self.server.client.get("models")
            return
        with contextlib.suppress(APIError):
            await self.server.place(limit_s=PROBE_OPTIONS.timeout)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        spoken = iso_639_1(language) if utils.is_given(language) else self._language
        began = time.perf_counter()
        place = await self.server.place(limit_s=conn_options.timeout)
        response = await self.server.answer(
            place,
            wav=await wav_of(buffer),
            fields=form_fields(
                self._options, place.dialect, language=spoken, host=self.server.host
            ),
            limit_s=conn_options.timeout - (time.perf_counter() - began),
            headers={urgency.HEADER: "interim"} if urgency.INTERIM.get() else None,
        )
        heard = await heard_in(response)
        written = "en" if self._options.task == "translate" else spoken or heard.language
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=response.headers.get("x-request-id") or utils.shortuuid(),
            alternatives=[stt.SpeechData(language=LanguageCode(written), text=heard.text)],
        )
