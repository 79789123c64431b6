"""Engine `gradio`: the demos of SeamlessM4T-v2 and MooER, or a Whisper server with a Gradio page.

One utterance is one job in the server's queue. Works with Gradio 4.5, which the demo pins, and
with Gradio 6. Only servers above Gradio 4.29 can end a running job; below, cancelling frees
this side at once and the server when its model is done.

Sources: facebookresearch/seamless_communication, demo/m4tv2/app.py; MooreThreads/MooER,
demo/app.py.
"""

import asyncio
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
from agent.remote.gradio.calls import GradioCalls
from agent.remote.gradio.jobs import PendingJob
from agent.remote.gradio.m4t_languages import UnknownLanguage, display_name
from agent.remote.gradio.server import GradioServer
from agent.remote.openai_errors import reason_of
from agent.stt.gradio.options import MOOER_HEARS, Options, Task
from agent.stt.language import iso_639_1
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.upload import wav_of

MAX_CALLS = 4
"""Calls at the same time; a further one waits. SeamlessM4T's demo works on one at a time."""

_ANY_LANGUAGE = "en"
"""Sent to `/s2tt` when the spoken language is not known: the demo wants a name there and does
not use it."""

_MOOER = "/mtl_inference"
"""It takes a recording or a file, and gives a transcript and its translation, one of them empty
where it was started for the other alone. Where it fails, both are."""
_MODELS = {"m4t": "seamless-m4t-v2", "mooer": "MooER", "whisper": "whisper"}
_ENDPOINTS: dict[tuple[str, Task], str] = {
    ("m4t", "transcribe"): "/asr",
    ("m4t", "translate"): "/s2tt",
    ("whisper", "transcribe"): "/transcribe",
    ("whisper", "translate"): "/translate",
    ("mooer", "transcribe"): _MOOER,
    ("mooer", "translate"): _MOOER,
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
        self._family = options.preset.partition("_")[0]
        self.endpoint = _ENDPOINTS[self._family, options.what]
        """Name of the endpoint that is called."""
        password = options.password.get_secret_value() if options.password else ""
        self.server = GradioServer(
            options.url,
            token=options.api_key.get_secret_value() if options.api_key else None,
            login=(options.username, password) if options.username else None,
        )
        self._calls = GradioCalls(self.server, most=MAX_CALLS, name="stt-gradio")

    @property
    def model(self) -> str:
        """Family and endpoint, for people."""
        return f"{_MODELS[self._family]} {self.endpoint}"

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
        self._calls.prewarm()

    async def aclose(self) -> None:
        """Cancel all jobs and let go of all connections. May be called more than once.

        Waits a few seconds at most for the server to be told.
        """
        await self._calls.aclose()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        spoken = language if utils.is_given(language) else self._options.language
        wav = await wav_of(buffer)
        call = PendingJob(self.endpoint, wav, self._arguments(spoken))
        try:
            async with asyncio.timeout(conn_options.timeout):
                result = await self._calls.run(call)
        except TimeoutError as error:
            raise APITimeoutError(
                f"no transcript within {conn_options.timeout:g} s",
                # Where a job cannot be ended, another would only wait behind it.
                retryable=self.cancels,
            ) from error
        if self._family == "mooer":
            result = _of_mooer(result, self._options.what)
        if not isinstance(result, str):
            raise APIConnectionError("the answer is not a transcript", retryable=False)
        return self._event(result.strip(), spoken)

    def _arguments(self, spoken: str) -> tuple[object, ...]:
        if self._family == "mooer":
            hears = MOOER_HEARS[self._options.what]
            if spoken and iso_639_1(spoken) not in hears:
                raise APIConnectionError(f"MooER knows {' and '.join(hears)} only", retryable=False)
            return (None,)  # no file beside the recording
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


def _of_mooer(result: object, task: Task) -> object:
    """The transcript or the translation, of the two that MooER gives.

    Raises:
        APIConnectionError: it was not started for what is wanted.
    """
    if not (isinstance(result, list | tuple) and len(result) == 2):
        return result
    wanted, other = result if task == "transcribe" else reversed(result)
    if wanted == "" and other:
        did, start = ("translated", "asr") if task == "transcribe" else ("transcribed", "ast")
        raise APIConnectionError(
            f"MooER has only {did}: start it with --task mtl or {start}", retryable=False
        )
    return wanted
