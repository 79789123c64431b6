"""Engine `gradio`: SeamlessM4T-v2's demo, or a Whisper server with a Gradio page.

One utterance is one job in the server's queue. Works with Gradio 4.5, which the demo pins, and
with Gradio 6. Only servers above Gradio 4.29 can end a running job; below, cancelling frees
this side at once and the server when its model is done.

Source: facebookresearch/seamless_communication, demo/m4tv2/app.py.
"""

import asyncio
import concurrent.futures
import contextlib
import time
from urllib.parse import urlsplit

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
from agent.remote.openai_errors import reason_of
from agent.stt.gradio.m4t_languages import UnknownLanguage, display_name
from agent.stt.gradio.options import Options, Task
from agent.stt.gradio.server import GradioServer, PendingJob
from agent.stt.language import iso_639_1
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.upload import wav_of

MAX_CALLS = 4
"""Calls at the same time; a further one waits. SeamlessM4T's demo works on one at a time."""

_ANY_LANGUAGE = "en"
"""Sent to `/s2tt` when the spoken language is not known: the demo wants a name there and does
not use it."""
_CLOSE_S = 3.0

_ENDPOINTS: dict[tuple[str, Task], str] = {
    ("m4t", "transcribe"): "/asr",
    ("m4t", "translate"): "/s2tt",
    ("whisper", "transcribe"): "/transcribe",
    ("whisper", "translate"): "/translate",
}


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet. `prewarm` connects in the background."""
    return GradioSpeechToText(options)


async def probe(options: Options) -> str:
    """Look for the endpoint, send it a short tone and say how fast it answered.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no such endpoint.
    """
    engine = GradioSpeechToText(options)
    try:
        names = await asyncio.to_thread(engine.server.endpoints)
        if engine.endpoint not in names:
            raise EngineUnavailable(
                f"{options.url} has no {engine.endpoint}, which STT_PRESET={options.preset} "
                f"needs; it has {', '.join(sorted(names)) or 'nothing that can be called'}"
            )
        began = time.perf_counter()
        await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
        took = time.perf_counter() - began
    except APIStatusError as error:
        remedy = (
            "set STT_USERNAME and STT_PASSWORD, or STT_API_KEY where it wants a key"
            if error.status_code == 401
            else "see the server's log"
        )
        raise EngineUnavailable(f"{options.url}: {reason_of(error)}; {remedy}") from error
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not serve {engine.endpoint}: {reason_of(error)}; is the server "
            "running, and is STT_URL its address?"
        ) from error
    finally:
        await engine.aclose()
    note = "" if engine.cancels else ", which cannot end a running job"
    return (
        f"{engine.endpoint} at {engine.provider} (Gradio {engine.server.version}{note}): "
        f"answer after {took:.2f} s"
    )


class GradioSpeechToText(stt.STT[str]):
    """Whole utterances only. Up to `MAX_CALLS` at the same time, each in a thread.

    `recognize` waits at most `conn_options.timeout` for the transcript, upload and queue
    included. When it is cancelled, or has waited long enough, the job is cancelled on the
    server in the background and its result dropped.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._options = options
        self._family = "m4t" if options.preset.startswith("m4t") else "whisper"
        self.endpoint = _ENDPOINTS[self._family, options.what]
        """Name of the endpoint that is called."""
        password = options.password.get_secret_value() if options.password else ""
        self.server = GradioServer(
            options.url,
            token=options.api_key.get_secret_value() if options.api_key else None,
            login=(options.username, password) if options.username else None,
        )
        self._threads = concurrent.futures.ThreadPoolExecutor(
            MAX_CALLS, thread_name_prefix="stt-gradio"
        )
        self._calls: dict[PendingJob, concurrent.futures.Future[object]] = {}
        self._closed = False

    @property
    def model(self) -> str:
        """Family and endpoint, for people."""
        family = "seamless-m4t-v2" if self._family == "m4t" else "whisper"
        return f"{family} {self.endpoint}"

    @property
    def provider(self) -> str:
        """Host and port of the server, or the name of the Space."""
        return urlsplit(self._options.url).netloc.rpartition("@")[2] or self._options.url

    @property
    def cancels(self) -> bool:
        """Whether the server ends the work on a request that nobody waits for."""
        return self.server.cancels

    def prewarm(self) -> None:
        """Connect in a thread; returns at once."""
        if not self._closed:
            self._threads.submit(self.server.warm_up)

    async def aclose(self) -> None:
        """Cancel all jobs and let go of all connections. May be called more than once.

        Waits a few seconds at most for the server to be told.
        """
        self._closed = True
        calls = dict(self._calls)
        for call in calls:
            call.abandon()
        self._threads.shutdown(wait=False)
        ends = [asyncio.wrap_future(running) for running in calls.values()]
        try:
            # Not asyncio.timeout: before Python 3.11.3 it raises CancelledError in a task that
            # is being cancelled.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*ends, return_exceptions=True), _CLOSE_S)
        finally:
            self.server.close()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        if self._closed:
            raise APIConnectionError("this recogniser was closed", retryable=False)
        spoken = language if utils.is_given(language) else self._options.language
        wav = await wav_of(buffer)
        call = PendingJob(self.endpoint, wav, self._arguments(spoken))
        try:
            async with asyncio.timeout(conn_options.timeout):
                result = await self._in_thread(call)
        except TimeoutError as error:
            raise APITimeoutError(
                f"no transcript within {conn_options.timeout:g} s",
                # Where a job cannot be ended, another would only wait behind it.
                retryable=self.cancels,
            ) from error
        finally:
            call.abandon()
        if not isinstance(result, str):
            raise APIConnectionError("the answer is not a transcript", retryable=False)
        return self._event(result.strip(), spoken)

    async def _in_thread(self, call: PendingJob) -> object:
        try:
            running = self._threads.submit(self.server.run, call)
        except RuntimeError as error:
            raise APIConnectionError("this recogniser was closed", retryable=False) from error
        self._calls[call] = running
        running.add_done_callback(lambda _: self._calls.pop(call, None))
        return await asyncio.wrap_future(running)

    def _arguments(self, spoken: str) -> tuple[str, ...]:
        if self._family == "whisper":
            return (iso_639_1(spoken),)
        try:
            if self._options.what == "transcribe":
                return (display_name(spoken),)
            return (
                display_name(spoken or _ANY_LANGUAGE),
                display_name(self._options.target_language),
            )
        except UnknownLanguage as error:
            raise APIConnectionError(str(error), retryable=False) from error

    def _event(self, text: str, spoken: str) -> stt.SpeechEvent:
        source = LanguageCode(spoken)
        data = stt.SpeechData(language=source, text=text)
        if self._options.what == "translate":
            data.language = LanguageCode(self._options.target_language)
            data.source_languages = [source] if spoken else None
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=utils.shortuuid(),
            alternatives=[data],
        )
