"""Several recognisers as one: what the first does not answer goes to the next.

A stream that fails is opened anew by who listens (`agent.turns.streaming`), which gives it what was
not final: at the next engine that streams. When there is none, the utterance goes whole to those
that take whole ones (`agent.turns.stand_by`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    stt,
    utils,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.remote.failover import LineUp, Member, longest_s
from agent.stt.telling import StreamAround
from agent.tasks import begin

Recogniser = stt.STT[str]


class FailoverSpeechToText(stt.STT[str]):
    """Streams, if the first engine does, and whole utterances, which may overlap.

    When an engine is found dead, other utterances that wait for it go on to the next one at once.
    """

    def __init__(self, line_up: LineUp[Recogniser]) -> None:
        """Ask the engines of `line_up`, which are closed with this."""
        offered = [member.engine.capabilities for member in line_up.members]
        streaming = offered[0].streaming
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=streaming,
                interim_results=streaming,
                offline_recognize=any(one.offline_recognize for one in offered),
                manual_flush=all(one.manual_flush for one in offered if one.streaming),
            )
        )
        # Each engine tells of its own.
        self._recognize_metrics_needed = False
        self.line_up = line_up
        self._attempts: dict[Member[Recogniser], set[asyncio.Timeout]] = {}
        for member in line_up.members:
            member.engine.on("metrics_collected", self._forward_metrics)

    @property
    def model(self) -> str:
        """Model of the engine that answered last."""
        return self.line_up.serving.engine.model

    @property
    def provider(self) -> str:
        """Provider of the engine that answered last."""
        return self.line_up.serving.engine.provider

    @property
    def cancels(self) -> bool:
        """Whether the engine that is asked first ends the work on what nobody waits for."""
        return bool(getattr(self.line_up.waiting()[0].engine, "cancels", True))

    def prewarm(self) -> None:
        """Warm the connection of the engine that is asked first."""
        self.line_up.order()[0].engine.prewarm()

    async def aclose(self) -> None:
        """Close all engines. May be called more than once."""
        await self.line_up.aclose()
        for member in self.line_up.members:
            member.engine.off("metrics_collected", self._forward_metrics)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        failure: Exception | None = None
        for member in self.line_up.order():
            if not member.engine.capabilities.offline_recognize:
                continue
            try:
                event = await self._attempt(member, buffer, language)
            except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
                failure = error
                self.line_up.failed(member, error)
                self._give_up(member)
            else:
                self.line_up.answered(member)
                return event
        raise APIConnectionError(
            "no recogniser of the list has answered",
            retryable=not isinstance(failure, APIError) or failure.retryable,
        ) from failure

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "FailoverStream":
        """Open a stream of the first engine that streams; it is not replaced by itself."""
        asked = next(m for m in self.line_up.order() if m.engine.capabilities.streaming)
        return FailoverStream(self, asked, language)

    def streams_work(self) -> bool:
        """Whether a stream can be had, as far as is known."""
        return not all(
            member.health.rests
            for member in self.line_up.members
            if member.engine.capabilities.streaming
        )

    async def _attempt(
        self, member: Member[Recogniser], buffer: utils.AudioBuffer, language: NotGivenOr[str]
    ) -> stt.SpeechEvent:
        attempts = self._attempts.setdefault(member, set())
        async with asyncio.timeout(longest_s(member.limits)) as attempt:
            attempts.add(attempt)
            try:
                return await member.engine.recognize(
                    buffer, language=language, conn_options=member.limits
                )
            finally:
                attempts.discard(attempt)

    def _give_up(self, dead: Member[Recogniser]) -> None:
        """Let what waits for a dead engine go on to one that works."""
        others = [m for m in self.line_up.waiting() if m.engine.capabilities.offline_recognize]
        if dead.health.rests and not others[0].health.rests:
            now = asyncio.get_running_loop().time()
            for attempt in self._attempts[dead]:
                if not attempt.expired():
                    attempt.reschedule(now)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)


class FailoverStream(StreamAround):
    """A stream of one engine, which is held to account for it."""

    def __init__(
        self,
        engine: FailoverSpeechToText,
        member: Member[Recogniser],
        language: NotGivenOr[str],
    ) -> None:
        super().__init__(stt=engine, conn_options=APIConnectOptions(max_retry=0))
        self._line_up, self._member, self._language = engine.line_up, member, language

    async def _run(self) -> None:
        heard = False
        try:
            stream = self.inner = self._member.engine.stream(
                language=self._language, conn_options=self._member.limits
            )
            passing = begin(self._pass_on(stream), name="failover stream")
            try:
                async with stream:
                    async for event in stream:
                        if not heard:
                            heard = True
                            self._line_up.answered(self._member)
                        self._event_ch.send_nowait(event)
            finally:
                await utils.aio.cancel_and_wait(passing)
        except Exception as error:
            self._line_up.failed(self._member, error, of_a_stream=True)
            raise

    def was_mute(self) -> None:
        """Who listens closes it, because it has said nothing to several voices."""
        self._line_up.failed(self._member, APITimeoutError("the stream said nothing"))

    async def _pass_on(self, stream: stt.RecognizeStream) -> None:
        with contextlib.suppress(RuntimeError):  # it has just ended
            async for item in self._input_ch:
                if isinstance(item, self._FlushSentinel):
                    stream.flush()
                else:
                    stream.push_frame(item)
            stream.end_input()

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[stt.SpeechEvent]) -> None:
        async for _ in event_aiter:
            pass
