"""Speaks a reply piece by piece: a piece that fails is not the end of the reply.

What the voice does not say is said by a spare one; what none says is told to who plays the
reply, so that captions show it and the history does not claim it. livekit-agents' StreamAdapter
gives up the whole reply with its first failure, and its FallbackAdapter takes half a piece for
the whole.

The voice is kept a few seconds ahead of what is heard, and no more. A reply of a minute would
otherwise be spoken whole before its first sentence is over: paid for and thrown away at a
barge-in, and, with a local voice, in the way of the recogniser, which has to decide in that
moment whether the turn is over.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    tokenize,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, TimedString
from livekit.agents.utils import shortuuid

from agent.audio.marks import Again, Mute, Progress
from agent.audio.streams import at_rate, is_audible
from agent.wording.speakable import has_words

logger = logging.getLogger(__name__)

_EARLY_S = 1.2
"""Audio made before the reply may sound: the turn may go on."""
_AHEAD_S = 3.0
"""Audio made before it is heard: what an engine may take for its next piece."""
_LOOK_S = 0.04
_REST_S = 10.0
"""How long a voice that let a piece time out is not asked: each further piece would be as late."""
_LONGEST_S, _LONGEST_LETTER_S = 10.0, 1.0
"""A piece may take so long, and so much for each letter more: a voice that goes on babbles."""


class Track(Protocol):
    """The agent's track, as the pace of speaking needs it."""

    @property
    def captured_s(self) -> float:
        """Audio handed to the track since the call began, seconds."""

    @property
    def unheard_s(self) -> float:
        """How much of it is still to be played, seconds."""


class ReplyVoice(tts.TTS[Any]):
    """The voice of one call: an engine, spare ones, and the track that plays them."""

    def __init__(
        self,
        engine: tts.TTS[Any],
        *,
        spares: Sequence[tts.TTS[Any]],
        tokenizer: tokenize.SentenceTokenizer,
        track: Track,
    ) -> None:
        """Speak what `tokenizer` makes of a reply, a little ahead of `track`.

        What `engine` does not say the first of `spares` says that can. All are mono and take whole
        texts; who made them closes them.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True, aligned_transcript=True),
            sample_rate=engine.sample_rate,
            num_channels=1,
        )
        self.tokenizer = tokenizer
        self.track = track
        self._engine = engine
        self._asked_again_at = 0.0
        self._engines = [engine, *spares]
        for voice in self._engines:
            voice.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """Name of the engine's model."""
        return self._engine.model

    @property
    def provider(self) -> str:
        """Who runs the engine."""
        return self._engine.provider

    def voices(self) -> list[tts.TTS[Any]]:
        """Who is asked for the next piece, in this order."""
        if asyncio.get_running_loop().time() < self._asked_again_at:
            return [*self._engines[1:], self._engine]
        return self._engines

    def rest(self) -> None:
        """Ask the spare voices first for a while."""
        self._asked_again_at = asyncio.get_running_loop().time() + _REST_S

    def failed(self, voice: tts.TTS[Any], error: APIError) -> None:
        """A voice has not said a piece whole."""
        if voice is self._engine and isinstance(error, APITimeoutError):
            self.rest()
        logger.warning(
            "a piece was not spoken",
            extra={"engine": voice.provider, "error": type(error).__name__},
        )
        if voice is self._engine and len(self._engines) > 1:
            self.emit(
                "error",
                tts.TTSError(
                    timestamp=time.time(), label=self.label, error=error, recoverable=True
                ),
            )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Speak one text with the engine alone."""
        return self._engine.synthesize(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "SpokenReply":
        """Speak one reply."""
        return SpokenReply(voice=self, conn_options=conn_options)

    def prewarm(self) -> None:
        """Make the engine ready; a spare one when it is needed."""
        self._engine.prewarm()

    async def aclose(self) -> None:
        """Let go of the engines."""
        for voice in self._engines:
            voice.off("metrics_collected", self._forward_metrics)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class SpokenReply(tts.SynthesizeStream):
    """One reply. Closing it closes the request for the piece that is being spoken.

    Raises, when all that could be spoken was, what the first piece without a voice failed with.
    """

    _tts_attempt_span_name = None

    def __init__(self, *, voice: ReplyVoice, conn_options: APIConnectOptions) -> None:
        """`conn_options` hold for each piece, and for the voice after the first."""
        super().__init__(
            tts=voice, conn_options=APIConnectOptions(max_retry=0, timeout=conn_options.timeout)
        )
        self._voice = voice
        self._piece_options = conn_options
        self._made_s = 0.0
        self._captured_before_s = voice.track.captured_s

    async def _metrics_monitor_task(self, event_aiter: Any) -> None:
        async for _ in event_aiter:  # each piece reports its own
            pass

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=shortuuid(),
            sample_rate=self._voice.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
        )
        output_emitter.start_segment(segment_id=shortuuid())
        pieces = self._voice.tokenizer.stream()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(pieces), name="reply text")
                failure = await self._speak(pieces, output_emitter)
        finally:
            await pieces.aclose()
        if failure is not None:
            # An error drops what the emitter still holds.
            output_emitter.end_input()
            await output_emitter.join()
            raise failure

    async def _read(self, pieces: tokenize.SentenceStream) -> None:
        async for data in self._input_ch:
            if isinstance(data, str):
                pieces.push_text(data)
            else:
                pieces.flush()
        pieces.end_input()

    async def _speak(
        self, pieces: tokenize.SentenceStream, emitter: tts.AudioEmitter
    ) -> APIError | None:
        """Speak all pieces; the first failure that left words without a voice."""
        failure: APIError | None = None
        progress = Progress(lambda: self._made_s)
        emitter.push_timed_transcript(progress)
        async for piece in pieces:
            # The place in the audio is no event that could be waited for.
            while self._is_far_ahead():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)
            progress.piece_begins()
            before_s = self._made_s
            error = await self._say(piece.token, emitter)
            progress.piece_ended(broken=error is not None and self._made_s > before_s)
            failure = failure or error
        return failure

    async def _say(self, piece: str, emitter: tts.AudioEmitter) -> APIError | None:
        """Speak one piece with the first voice that can; None when it was said whole."""
        began_s, error = self._made_s, None
        text = piece.strip()
        if not text:
            emitter.push_timed_transcript(TimedString(piece, start_time=began_s))
            return None
        self._mark_started()
        mark: TimedString = TimedString(piece, start_time=began_s)
        for voice in self._voice.voices():
            attempt_s = self._made_s
            try:
                await self._say_with(voice, text, mark, emitter)
                return None
            except APIError as failed:
                error = failed
                self._voice.failed(voice, failed)
            if self._made_s > attempt_s:
                mark = Again(self._made_s)
        if self._made_s == began_s:
            emitter.push_timed_transcript(Mute(piece, began_s))
        return error

    async def _say_with(
        self, voice: tts.TTS[Any], text: str, mark: TimedString, emitter: tts.AudioEmitter
    ) -> None:
        """Speak a text; `mark` goes with its first audio.

        Raises:
            APIError: the voice said nothing, or not all of it.
        """
        began_s, audible = self._made_s, False
        stream = voice.synthesize(text, conn_options=self._piece_options)
        longest_s = _LONGEST_S + _LONGEST_LETTER_S * len(stream.input_text)
        async with aclosing(at_rate(_frames(stream), self._voice.sample_rate)) as frames:
            async for frame in frames:
                if self._made_s == began_s:
                    emitter.push_timed_transcript(mark)
                emitter.push_frame(frame)
                self._made_s += frame.duration
                audible = audible or is_audible(frame)
                if self._made_s - began_s > longest_s:
                    logger.warning("a voice did not come to an end")
                    break
        emitter.flush()
        if not audible and has_words(stream.input_text):
            raise APIConnectionError("the voice was silent", retryable=False)

    def _is_far_ahead(self) -> bool:
        captured_s = self._voice.track.captured_s - self._captured_before_s
        if captured_s <= 0:
            return self._made_s > _EARLY_S
        # What the framework has not handed over yet, and what the track has not played.
        return max(0.0, self._made_s - captured_s) + self._voice.track.unheard_s > _AHEAD_S


async def _frames(stream: tts.ChunkedStream) -> AsyncGenerator[rtc.AudioFrame, None]:
    async with stream:
        async for event in stream:
            yield event.frame
