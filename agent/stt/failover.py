"""Several recognisers as one: an utterance that the first does not answer goes to the next."""

import asyncio
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, APIError, stt, utils
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.remote.failover import LineUp, Member, longest_s

Recogniser = stt.STT[str]


class FailoverSpeechToText(stt.STT[str]):
    """Whole utterances only; they may overlap.

    When an engine is found dead, other utterances that wait for it go on to the next one at once.
    """

    def __init__(self, line_up: LineUp[Recogniser]) -> None:
        """Ask the engines of `line_up`, which are closed with this."""
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
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
        if dead.health.rests and not self.line_up.waiting()[0].health.rests:
            now = asyncio.get_running_loop().time()
            for attempt in self._attempts[dead]:
                if not attempt.expired():
                    attempt.reschedule(now)

    def _forward_metrics(self, *args: Any) -> None:
        self.emit("metrics_collected", *args)
