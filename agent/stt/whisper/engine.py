"""Engine `whisper`: faster-whisper inside the worker's process, for one-machine use.

The embedded model is Whisper tiny.en: English only, quick on two processor cores. Larger models
belong on a machine with a GPU, behind one of the other engines.
"""

import asyncio
import threading
import time

from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    stt,
    utils,
)
from livekit.agents.language import LanguageCode
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.audio import pcm
from agent.errors import ConfigError, EngineUnavailable
from agent.stt.language import iso_639_1
from agent.stt.probing import PROBE_OPTIONS, probe_tone
from agent.stt.whisper.model import (
    Abandoned,
    EnglishOnly,
    Location,
    Recipe,
    Transcript,
    locate,
    shared_model,
)
from agent.stt.whisper.options import Options


def build(options: Options) -> stt.STT[str]:
    """Make the component and begin to load its model in the background.

    All components of a process with the same model share it. Looks at files: call it off the
    event loop.

    Raises:
        EngineUnavailable: faster-whisper or the embedded model is missing.
        ConfigError: there is no such model, or it knows English alone and something else is
            set.
    """
    engine = WhisperSpeechToText(options)
    engine.prewarm()
    return engine


def check(options: Options) -> None:
    """See that there is such a model and that it knows what is asked; nothing is loaded.

    Raises:
        EngineUnavailable, ConfigError: as for `build`.
    """
    _find(options)


def warm_up(engine: "WhisperSpeechToText") -> None:
    """Wait until the model is loaded; blocking."""
    try:
        engine._model.load().result()
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise EngineUnavailable(f"the model {engine.model} cannot be loaded: {error}") from error


async def probe(options: Options) -> str:
    """Load the model, let it hear a short tone and say how long both took.

    Raises:
        EngineUnavailable: the model cannot be loaded.
        ConfigError: as for `build`.
    """
    began = time.perf_counter()
    engine = await asyncio.to_thread(WhisperSpeechToText, options)
    try:
        async with asyncio.timeout(PROBE_OPTIONS.timeout):
            await engine.load()
        loaded = time.perf_counter()
        await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
    except TimeoutError as error:
        raise EngineUnavailable(
            f"{engine.model} is still being loaded after {PROBE_OPTIONS.timeout:g} s; it may be "
            "on its way from the hub: try again"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{engine.model} does not work: {error}; check STT_MODEL, STT_DEVICE and "
            "STT_COMPUTE_TYPE"
        ) from error
    return (
        f"{engine.model} in this process: ready after {loaded - began:.2f} s, answer after "
        f"{time.perf_counter() - loaded:.2f} s"
    )


class WhisperSpeechToText(stt.STT[str]):
    """Whole utterances only; calls wait for each other in the order in which they came.

    `recognize` waits at most `conn_options.timeout` for the transcript. When it is cancelled,
    an utterance that waits is dropped; one that is being worked on is abandoned before its next
    30 s of audio.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._options = options
        self._language = iso_639_1(options.language)
        self._location = _find(options)
        self._model = shared_model(
            Recipe(self._location.source, options.device, options.compute_type, options.cpu_threads)
        )
        self._calls: set[threading.Event] = set()
        self._closed = False

    @property
    def model(self) -> str:
        """Name of the model, for people."""
        return self._location.name

    @property
    def provider(self) -> str:
        """The library that runs it."""
        return "faster-whisper"

    @property
    def loaded(self) -> bool:
        """Whether the first utterance need not wait for the model."""
        return self._model.loaded

    def prewarm(self) -> None:
        """Load the model in its thread; returns at once.

        A failure shows, with its reason, at the first recognition.
        """
        self._model.load()

    async def load(self) -> None:
        """Wait until the model is loaded.

        Raises:
            APIConnectionError: it cannot be.
        """
        try:
            await asyncio.wrap_future(self._model.load())
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise APIConnectionError("the model cannot be loaded", retryable=False) from error

    async def aclose(self) -> None:
        """Abandon all utterances. The model stays for others. May be called more than once."""
        self._closed = True
        for abandoned in self._calls:
            abandoned.set()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        if self._closed:
            raise APIConnectionError("this recogniser was closed", retryable=False)
        spoken = iso_639_1(language) if utils.is_given(language) else self._language
        samples = await asyncio.to_thread(pcm.utterance, buffer)
        abandoned = threading.Event()
        self._calls.add(abandoned)
        was_loaded = self._model.loaded
        try:
            async with asyncio.timeout(conn_options.timeout):
                heard = await self._hear(samples, spoken, abandoned)
        except TimeoutError as error:
            raise APITimeoutError(
                f"no transcript within {conn_options.timeout:g} s",
                # A machine that is too slow is not quicker at a second try.
                retryable=not was_loaded,
            ) from error
        finally:
            abandoned.set()
            self._calls.discard(abandoned)
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            request_id=utils.shortuuid(),
            alternatives=[
                stt.SpeechData(
                    language=LanguageCode(
                        "en" if self._options.task == "translate" else heard.language
                    ),
                    text=heard.text,
                    end_time=heard.duration_s,
                    confidence=heard.confidence,
                )
            ],
        )

    async def _hear(
        self, samples: pcm.Samples, language: str, abandoned: threading.Event
    ) -> Transcript:
        work = self._model.transcribe(
            samples,
            language=language,
            task=self._options.task,
            prompt=self._options.prompt,
            abandoned=abandoned,
        )
        try:
            return await asyncio.wrap_future(work)
        except EnglishOnly as error:
            raise APIConnectionError(
                f"{self.model} knows English only; set STT_MODEL to a model without .en",
                retryable=False,
            ) from error
        except Abandoned as error:
            raise APIConnectionError("this recogniser was closed", retryable=False) from error
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise APIConnectionError("the model failed", retryable=False) from error


def _find(options: Options) -> Location:
    location = locate(options.model)
    language = iso_639_1(options.language)
    wish = f"STT_LANGUAGE={language}" if language not in ("", "en") else ""
    if options.task == "translate":
        wish = "STT_TASK=translate"
    if location.english_only and wish:
        raise ConfigError(
            f"{location.name} knows English only, but {wish} is set; set STT_MODEL to a model "
            "without .en, for example small"
        )
    return location
