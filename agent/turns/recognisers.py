"""Which kind of recogniser an engine makes: by what it says of itself."""

import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from livekit.agents import APIConnectOptions, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.remote.hedging import Pace
from agent.turns.asking import Asking
from agent.turns.batch import BatchRecogniser
from agent.turns.recogniser import Recogniser
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.stand_by import StandByRecogniser
from agent.turns.stream_delays import StreamDelays
from agent.turns.streaming import StreamingRecogniser

_LIMITS = APIConnectOptions(max_retry=1, retry_interval=0.25, timeout=6.0)


@runtime_checkable
class HasStandBy(Protocol):
    """An engine that streams, and takes whole utterances when its streams fail."""

    def streams_work(self) -> bool:
        """Whether a stream can be had, as far as is known."""


def recogniser_for(
    engine: stt.STT[str],
    *,
    limits: APIConnectOptions = _LIMITS,
    eagerness: Eagerness = "eager",
    pace: Pace | None = None,
    language: Callable[[], NotGivenOr[str]] = lambda: NOT_GIVEN,
    asking: Callable[[Schedule], Asking] = Asking,
    delays: StreamDelays | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Recogniser:
    """Make the recogniser of one call.

    Args:
        engine: any livekit-agents recogniser; one that streams is given a stream.
        limits: of a request, or of the wait for the words of a stream.
        eagerness: how freely requests are made; a stream takes none.
        pace: repeats slow requests; see `BatchRecogniser`.
        language: says the tag that the engine is told now in place of the one that it is set to;
            empty: to find out itself, if it can.
        asking: makes what says what to ask; a stream is asked nothing.
        delays: what is known of how late a stream's words are.
        clock: what latencies are measured on, seconds.
    """
    whole = BatchRecogniser(
        engine,
        limits=limits,
        eagerness=eagerness,
        pace=pace,
        language=language,
        asking=asking,
        clock=clock,
    )
    if not engine.capabilities.streaming:
        return whole
    streaming = StreamingRecogniser(
        engine, limits=limits, language=language, delays=delays, clock=clock
    )
    if not (isinstance(engine, HasStandBy) and engine.capabilities.offline_recognize):
        return streaming
    return StandByRecogniser(streaming, whole, streams_work=engine.streams_work)
