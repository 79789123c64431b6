"""A stream of a plug-in's, which is given up when it takes no sound, or does not want to close.

Its times are believed while they can be true.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.agents.types import NotGivenOr

from agent.remote.openai_errors import TimedOut
from agent.remote.plugins.faults import fault_of
from agent.stt.telling import TellingStream
from agent.tasks import begin

if TYPE_CHECKING:
    from agent.stt.plugin.recogniser import PluginSpeechToText

_LOOKS = 8
"""So often within its time-out it is looked whether a plug-in takes sound."""
_CLOSE_S = 0.5
"""How long a plug-in's stream is waited for that is to close; then it is told once more, which ends
a goodbye that a service does not answer."""
_BACK_S = 1.0
"""Words may overlap final ones by so much, seconds."""
_AHEAD_S = 1.0
"""Words may end so much after the sound that was sent: clocks of services are not exact."""


class Times:
    """Whether the times that a stream tells are those of its sound.

    A plug-in that connects anew by itself begins at 0 again, some count from another moment. Who
    takes such times for places in the sound loses words, or has them too early.
    """

    def __init__(self) -> None:
        """Of a stream that has been sent nothing."""
        self._sent_s = 0.0
        self._final_to = 0.0
        self._believed = True

    def sent(self, seconds: float) -> None:
        """So much more sound was sent."""
        self._sent_s += seconds

    def look(self, data: stt.SpeechData, *, final: bool) -> None:
        """Take the times out of a result if they, or earlier ones, cannot be true."""
        words = [word.end_time for word in data.words or ()]
        last = max([data.end_time, *(end for end in words if isinstance(end, float | int))])
        if last > self._sent_s + _AHEAD_S or 0 < last < self._final_to - _BACK_S:
            self._believed = False
        if not self._believed:
            data.words, data.start_time, data.end_time = None, 0.0, 0.0
        elif final:
            self._final_to = max(self._final_to, last)


class PluginStream(TellingStream):
    """It ends with its plug-in's: who listens opens another one (`agent.turns.streams`).

    Plug-ins connect before they take sound, some with a limit of minutes. One that has taken none
    for `conn_options.timeout`, though some is there, has failed.
    """

    def __init__(
        self,
        engine: "PluginSpeechToText",
        *,
        language: NotGivenOr[str],
        conn_options: APIConnectOptions,
    ) -> None:
        """Open a stream of the plug-in's, with `conn_options.timeout` to connect."""
        super().__init__(stt=engine, conn_options=conn_options)
        self._engine, self._language = engine, language
        self._first: object = None
        """The first sound that waited for the plug-in."""
        self._answered = False

    async def _run(self) -> None:
        self._engine.check_open()
        times = Times()
        try:
            stream = self._engine.open_stream(
                language=self._language, timeout_s=self._conn_options.timeout
            )
            try:
                async with asyncio.TaskGroup() as group:
                    passing = group.create_task(
                        self._pass_on(stream, times), name="plug-in's stream: audio"
                    )
                    watching = group.create_task(
                        self._watch(stream), name="plug-in's stream: watch"
                    )
                    async for event in stream:
                        self._take(event, times)
                    passing.cancel()
                    watching.cancel()
            finally:
                self.listening = False
                await self._close(stream)
        except Exception as error:
            raise fault_of(error) from error

    def _take(self, event: stt.SpeechEvent, times: Times) -> None:
        if event.type is stt.SpeechEventType.RECOGNITION_USAGE:
            return  # the plug-in's own metrics tell it
        self._answered = self.listening = True
        final = event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
        for data in event.alternatives:
            times.look(data, final=final)
        self._event_ch.send_nowait(event)

    async def _pass_on(self, stream: stt.RecognizeStream, times: Times) -> None:
        with contextlib.suppress(RuntimeError):  # it has just ended
            async for item in self._input_ch:
                if isinstance(item, rtc.AudioFrame):
                    times.sent(item.duration)
                    stream.push_frame(item)
                else:
                    stream.flush()
                self._first = self._first or _oldest(stream)
                await asyncio.sleep(0)
                oldest = _oldest(stream)
                self.listening = self._answered or oldest is None or oldest is not self._first
            stream.end_input()

    async def _watch(self, stream: stt.RecognizeStream) -> None:
        timeout_s = self._conn_options.timeout
        now = asyncio.get_running_loop().time
        waits, since = None, now()
        while True:
            await asyncio.sleep(timeout_s / _LOOKS)
            oldest = _oldest(stream)
            if oldest is None or oldest is not waits:
                waits, since = oldest, now()
            elif now() - since >= timeout_s:
                raise TimedOut(f"the plug-in has taken no sound for {timeout_s:g} s")

    async def _close(self, stream: stt.RecognizeStream) -> None:
        for _ in range(2):
            closing = begin(stream.aclose(), name="plug-in's stream: close")
            self._engine.keep(closing)
            await asyncio.wait({closing}, timeout=_CLOSE_S)
            if closing.done():
                return


def _oldest(stream: stt.RecognizeStream) -> object:
    """What has waited longest to be taken by a plug-in; None: nothing waits."""
    waiting = stream._input_ch._queue
    return waiting[0] if waiting else None
