"""Makes a stream of an engine that recognises whole utterances.

livekit-agents has an adapter of its own; this one differs in what a call needs:

- the detector goes on while an utterance is recognised (the framework's waits for it);
- a failed utterance is reported and the stream lives on;
- the audio sent ends shortly after the last voiced sample, and a long monologue is sent
  in pieces instead of losing what exceeds the detector's buffer;
- every moment of the turn is told to an observer.
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, stt, utils, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from agent.turns.observer import TurnObserver
from agent.turns.utterance import UtteranceBuffer
from agent.turns.vad import PREFIX_S

logger = logging.getLogger(__name__)

MAX_WAITING = 8
"""Utterances that may wait for a slow engine. Beyond it the oldest one is given up and
reported: answering what was said a minute ago helps nobody."""

_GRACE_S = 1.0
"""Added to the engine's own time-outs before a request is ended from outside."""


@dataclass(frozen=True, slots=True)
class _Utterance:
    frames: list[rtc.AudioFrame]
    ended_wall: float
    """`time.time()` of the last voiced sample: the framework's clock for end of speech."""


class StreamAdapter(stt.STT[str]):
    """A streaming `stt.STT` around a batch one and a detector.

    Both are shared by all calls of the process and are not closed here.
    """

    def __init__(self, *, engine: stt.STT[str], detector: vad.VAD, observer: TurnObserver) -> None:
        """Wrap `engine`; `observer` is told the moments of every turn."""
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=False,
                keyterms=engine.capabilities.keyterms,
                chat_context=engine.capabilities.chat_context,
            )
        )
        self._engine = engine
        self._detector = detector
        self._observer = observer
        engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """The engine's model."""
        return self._engine.model

    @property
    def provider(self) -> str:
        """The engine's provider."""
        return self._engine.provider

    def prewarm(self) -> None:
        """Warm the engine's connection."""
        self._engine.prewarm()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        return await self._engine.recognize(buffer, language=language, conn_options=conn_options)

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """Open a stream for one track; `conn_options` apply to each utterance's request."""
        return UtteranceStream(
            self,
            engine=self._engine,
            detector=self._detector,
            observer=self._observer,
            language=language,
            conn_options=conn_options,
        )

    async def aclose(self) -> None:
        """Detach from the engine."""
        self._engine.off("metrics_collected", self._forward_metrics)

    def _forward_metrics(self, *args: object) -> None:
        self.emit("metrics_collected", *args)


class UtteranceStream(stt.RecognizeStream):
    """START_OF_SPEECH, END_OF_SPEECH and one FINAL_TRANSCRIPT per utterance with words.

    Finals come in the order of the utterances. One request is in flight at a time.
    Closing the stream cancels it.
    """

    def __init__(
        self,
        adapter: StreamAdapter,
        *,
        engine: stt.STT[str],
        detector: vad.VAD,
        observer: TurnObserver,
        language: NotGivenOr[str],
        conn_options: APIConnectOptions,
    ) -> None:
        # The stream itself never fails, so it has nothing to retry.
        super().__init__(stt=adapter, conn_options=APIConnectOptions(max_retry=0))
        self._engine = engine
        self._detector = detector
        self._observer = observer
        self._language = language
        self._request_options = conn_options
        self._waiting: asyncio.Queue[_Utterance | None] = asyncio.Queue(MAX_WAITING)

    async def _run(self) -> None:
        detector = self._detector.stream()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(detector), name="stt-listen")
                group.create_task(self._segment(detector), name="stt-segment")
                group.create_task(self._recognise(), name="stt-recognise")
        finally:
            await detector.aclose()

    async def _listen(self, detector: vad.VADStream) -> None:
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                detector.push_frame(item)
            else:
                detector.flush()
        detector.end_input()

    async def _segment(self, detector: vad.VADStream) -> None:
        audio = UtteranceBuffer(prefix_s=PREFIX_S)
        async for event in detector:
            now = time.perf_counter()
            if event.type == vad.VADEventType.INFERENCE_DONE:
                for window in event.frames:
                    audio.push(window)
                if audio.piece_due(silence_s=event.raw_accumulated_silence):
                    self._queue(audio.take_piece(), silence_s=event.raw_accumulated_silence)
            elif event.type == vad.VADEventType.START_OF_SPEECH:
                audio.start()
                self._observer.speech_began(at=now)
                self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH))
            elif event.type == vad.VADEventType.END_OF_SPEECH:
                self._observer.utterance_ended(last_voiced=now - event.silence_duration, at=now)
                self._event_ch.send_nowait(
                    stt.SpeechEvent(
                        stt.SpeechEventType.END_OF_SPEECH,
                        speech_end_time=time.time() - event.silence_duration,
                    )
                )
                self._queue(
                    audio.take(silence_s=event.silence_duration), silence_s=event.silence_duration
                )
        await self._waiting.put(None)

    def _queue(self, frames: list[rtc.AudioFrame], *, silence_s: float) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
            self._observer.recognition_failed(
                error=APIConnectionError("the recogniser is too slow for this caller")
            )
        self._waiting.put_nowait(_Utterance(frames, time.time() - silence_s))

    async def _recognise(self) -> None:
        while (utterance := await self._waiting.get()) is not None:
            self._observer.recognition_began(at=time.perf_counter())
            event = await self._recognise_one(utterance.frames)
            if event is None:
                continue
            self._observer.recognition_ended(at=time.perf_counter())
            if event.alternatives and event.alternatives[0].text.strip():
                self._event_ch.send_nowait(
                    stt.SpeechEvent(
                        stt.SpeechEventType.FINAL_TRANSCRIPT,
                        request_id=event.request_id,
                        alternatives=event.alternatives[:1],
                        speech_end_time=utterance.ended_wall,
                    )
                )

    async def _recognise_one(self, frames: list[rtc.AudioFrame]) -> stt.SpeechEvent | None:
        options = self._request_options
        tries = options.max_retry + 1
        longest_s = tries * (options.timeout + options.retry_interval) + _GRACE_S
        try:
            async with asyncio.timeout(longest_s):
                return await self._engine.recognize(
                    frames, language=self._language, conn_options=options
                )
        except (APIError, TimeoutError) as error:
            failure: Exception = error
        except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
            failure = error
        logger.warning("an utterance was not recognised", extra={"error": type(failure).__name__})
        self._observer.recognition_failed(error=failure)
        return None

    async def aclose(self) -> None:
        """Stop listening and cancel the request in flight."""
        with contextlib.suppress(asyncio.CancelledError):
            await super().aclose()
