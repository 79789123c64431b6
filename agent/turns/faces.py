"""The listener as livekit-agents sees it: a detector and a streaming recogniser.

The detector's face says when the caller has the floor; it tells no single inference, so the
framework never interrupts by itself. The recogniser's face carries the words. A final
transcript repeats the words of the guess before it exactly: that is how the framework keeps
the answer that was begun on the guess. Neither looks at the audio: `agent.hearing.caller_input`.
"""

import time
from typing import TypedDict

from livekit.agents import (
    APIConnectOptions,
    LanguageCode,
    TurnHandlingOptions,
    stt,
    utils,
    vad,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from agent.turns.listener import Listener

_MOST_GUESSES = 8
"""Answers begun in one turn; the turn taker stops earlier."""
_LONGEST_TURN_S = 600.0


class SessionOptions(TypedDict):
    """Arguments of an `AgentSession`."""

    turn_handling: TurnHandlingOptions
    use_tts_aligned_transcript: bool
    aec_warmup_duration: float | None


SESSION_OPTIONS: SessionOptions = {
    "turn_handling": {
        "turn_detection": "vad",
        # The turn taker has waited already.
        "endpointing": {"min_delay": 0.0, "max_delay": 0.0},
        # The other mode sends the caller's audio to LiveKit Cloud. Holding, going on and
        # stopping are the turn taker's.
        "interruption": {"mode": "vad", "resume_false_interruption": False},
        "preemptive_generation": {
            "enabled": True,
            "preemptive_tts": True,
            "max_retries": _MOST_GUESSES,
            "max_speech_duration": _LONGEST_TURN_S,
        },
    },
    # The text comes back with the place where each sentence begins in the audio.
    "use_tts_aligned_transcript": True,
    # It would make the agent deaf for seconds; the ear knows our own voice.
    "aec_warmup_duration": None,
}
"""What leaves turns to these faces, and what was heard to `agent.playout.heard_output`."""


class TurnDetector(vad.VAD):
    """START_OF_SPEECH and END_OF_SPEECH as the turn taker decides."""

    def __init__(self, listener: Listener) -> None:
        """Speak for `listener`."""
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.032))
        self._listener = listener

    @property
    def model(self) -> str:
        """Whose probabilities are used."""
        return "silero"

    @property
    def provider(self) -> str:
        """Where they are computed."""
        return "ONNX"

    @property
    def min_silence_duration(self) -> float | None:
        """Decided turn by turn."""
        return None

    def stream(self) -> vad.VADStream:
        """Open the way in for a track's audio."""
        return _DetectorStream(self, self._listener)


class _DetectorStream(vad.VADStream):
    def __init__(self, face: TurnDetector, listener: Listener) -> None:
        self._listener = listener
        super().__init__(face)

    async def _main_task(self) -> None:
        detach = self._listener.attach(self)
        try:
            async for _ in self._input_ch:
                pass
        finally:
            detach()

    def speech_began(self) -> None:
        self._tell(vad.VADEventType.START_OF_SPEECH, speaking=True)

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        """The recogniser's face tells them."""

    def speech_ended(self, silence_s: float) -> None:
        self._tell(vad.VADEventType.END_OF_SPEECH, speaking=False, silence_s=silence_s)

    def _tell(self, kind: vad.VADEventType, *, speaking: bool, silence_s: float = 0.0) -> None:
        if self._event_ch.closed:
            return
        self._event_ch.send_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=time.time(),
                speech_duration=0.0,
                silence_duration=silence_s,
                speaking=speaking,
            )
        )


class StreamAdapter(stt.STT[str]):
    """INTERIM, PREFLIGHT and FINAL transcripts as the turn taker decides."""

    def __init__(self, listener: Listener, *, engine: stt.STT[str]) -> None:
        """Speak for `listener`; `engine` is not closed here: its process closes it."""
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True,
                interim_results=True,
                keyterms=engine.capabilities.keyterms,
                chat_context=engine.capabilities.chat_context,
            )
        )
        self._listener = listener
        self._engine = engine
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
        """Open the way out for a track's words."""
        return _WordStream(self, self._listener)

    async def aclose(self) -> None:
        """Detach from the engine."""
        self._engine.off("metrics_collected", self._forward_metrics)

    def _forward_metrics(self, *args: object) -> None:
        self.emit("metrics_collected", *args)


class _WordStream(stt.RecognizeStream):
    def __init__(self, face: StreamAdapter, listener: Listener) -> None:
        # The stream itself never fails, so it has nothing to retry.
        super().__init__(stt=face, conn_options=APIConnectOptions(max_retry=0))
        self._listener = listener

    async def _run(self) -> None:
        detach = self._listener.attach(self)
        try:
            async for _ in self._input_ch:
                pass
        finally:
            detach()

    def speech_began(self) -> None:
        self._send(stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH))

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        final = kind == stt.SpeechEventType.FINAL_TRANSCRIPT
        self._send(
            stt.SpeechEvent(
                kind,
                alternatives=[stt.SpeechData(language=LanguageCode(language), text=text)],
                speech_end_time=ended if final else None,
            )
        )

    def speech_ended(self, silence_s: float) -> None:
        self._send(
            stt.SpeechEvent(
                stt.SpeechEventType.END_OF_SPEECH, speech_end_time=time.time() - silence_s
            )
        )

    def _send(self, event: stt.SpeechEvent) -> None:
        if not self._event_ch.closed:
            self._event_ch.send_nowait(event)
