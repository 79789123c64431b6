"""One stream of an engine at a time: kept open, and opened anew when it is lost."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APITimeoutError, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from numpy.typing import NDArray

from agent.hearing.ear import RATE_HZ
from agent.tasks import fault

logger = logging.getLogger(__name__)

_AGAIN_S, _SELDOM_S = 0.25, 4.0
"""After a failure a stream is opened anew at once, then after 0.25, 0.5, … 4 s."""


@runtime_checkable
class Accountable(Protocol):
    """A stream that is told why it is closed."""

    def was_mute(self) -> None:
        """It has said nothing to a voice."""


@runtime_checkable
class Telling(Protocol):
    """A stream that says of itself what livekit-agents asks of none; `agent.stt.telling`."""

    @property
    def listening(self) -> bool:
        """Whether its service takes sound: before, it is kept until it does."""

    @property
    def messages(self) -> int:
        """What the service has said so far, of any kind."""

    @property
    def preflight_stays(self) -> bool:
        """Whether a PREFLIGHT_TRANSCRIPT is all of a segment so far, and stays as it is."""


class StreamUser(Protocol):
    """Who listens with it. Told on the event loop."""

    def opened(self) -> None:
        """There is a new stream, which has been given nothing."""

    def heard(self, event: stt.SpeechEvent) -> None:
        """The stream says something."""

    def lost(self, error: Exception) -> None:
        """The stream has ended; what it was given and has not told is lost."""


class KeptStream:
    """Always there until its tasks are cancelled, but for the moments in which it is lost.

    One that is lost is opened anew at once, then ever less often; a new one is not kept waiting
    while the old one is being closed.
    """

    def __init__(
        self,
        engine: stt.STT[str],
        user: StreamUser,
        *,
        language: Callable[[], NotGivenOr[str]],
        limits: APIConnectOptions,
        clock: Callable[[], float],
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Open one of `engine` in `tasks`, seconds of `clock`; an error of `user` ends those."""
        self._engine, self._user = engine, user
        self._spoken, self._limits, self._clock = language, limits, clock
        self.language: NotGivenOr[str] = NOT_GIVEN
        """That the stream was told."""
        self._tasks = tasks
        self._stream: stt.RecognizeStream | None = None
        self._telling: Telling | None = None
        """The stream, if it says more of itself than its results."""
        self._over: asyncio.Future[Exception]
        self._reading: asyncio.Task[None]
        tasks.create_task(self._keep(), name="recognise-stream")

    @property
    def hears(self) -> bool:
        """Whether somebody hears what is sent now."""
        return self._stream is not None and (self._telling is None or self._telling.listening)

    @property
    def messages(self) -> int:
        """What the stream's service has said, as far as the stream tells that."""
        return self._telling.messages if self._telling is not None else 0

    @property
    def preflight_stays(self) -> bool:
        """Whether its PREFLIGHT_TRANSCRIPT is all of a segment so far, and stays as it is."""
        return self._telling is not None and self._telling.preflight_stays

    def send(self, pcm: NDArray[np.int16]) -> None:
        """Give it sound, 16 kHz mono."""
        frame = rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))
        self._give(lambda stream: stream.push_frame(frame))

    def flush(self) -> None:
        """Ask for the last words of what it was given."""
        self._give(lambda stream: stream.flush())

    def leave(self, *, mute: bool = True) -> None:
        """Have another one; `mute`: this one says nothing to a voice."""
        stream, self._stream = self._stream, None
        if stream is None or self._over.done():
            return
        if mute and isinstance(stream, Accountable):
            stream.was_mute()
        why = "the stream says nothing" if mute else "another language is spoken"
        self._over.set_result(APITimeoutError(why))
        self._reading.cancel()

    def _give(self, what: Callable[[stt.RecognizeStream], None]) -> None:
        if self._stream is not None:
            try:
                what(self._stream)
            except RuntimeError:
                self._stream = None  # it has just ended: who reads it will know

    async def _keep(self) -> None:
        failures = 0
        while True:
            opened = self._clock()
            error = await self._use_one()
            failures = 0 if self._clock() - opened > self._limits.timeout else failures + 1
            self._stream = None
            self._user.lost(error)
            if failures > 1:
                await asyncio.sleep(min(_SELDOM_S, _AGAIN_S * 2 ** (failures - 2)))

    async def _use_one(self) -> Exception:
        """Take in the results of a new stream; returns why it ended."""
        try:
            self.language = self._spoken()
            stream = self._engine.stream(language=self.language, conn_options=self._limits)
        except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
            return error
        self._stream = stream
        self._telling = stream if isinstance(stream, Telling) else None
        self._over = asyncio.get_running_loop().create_future()
        self._reading = self._tasks.create_task(self._read(stream, self._over), name="read-stream")
        self._user.opened()
        return await self._over

    async def _read(self, stream: stt.RecognizeStream, over: asyncio.Future[Exception]) -> None:
        try:
            while True:
                try:
                    event = await anext(stream)
                except StopAsyncIteration:
                    why: Exception = APIConnectionError("the stream has ended")
                    break
                except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
                    why = error
                    break
                self._user.heard(event)
            if not over.done():
                over.set_result(why)
        finally:
            try:
                await stream.aclose()
            except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
                logger.info("a stream was not closed", extra=fault(error))
