"""Fun-ASR-Nano's own server, which takes words for orders: START, STOP, LANGUAGE:, HOTWORDS:.

It recognises a segment again and again while it grows (`partial`), and tells with each message the
sentences since START. STOP asks for the last ones, in both of its modes (`--endpoint-mode server`
and `client`; COMMIT is known to the latter alone), and START begins afresh at once.

Its times are those of segments as its own detector cuts them, with silence in one mode: they are
not used.

Source: modelscope/FunASR, funasr/bin/realtime_ws.py (25b1245).
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

from agent.remote.openai_errors import BrokenOff, one_line
from agent.stt.fun_asr_nano import language_name
from agent.stt.funasr.options import Options
from agent.stt.funasr.wire import Result, no_result, parsed
from agent.stt.hotwords import weights
from agent.wording.scripts import joined


class NanoWire:
    """One connection; see `agent.stt.funasr.wire.Wire`."""

    def __init__(self, options: Options, *, language: str) -> None:
        self._options, self._language = options, language
        self.ended = False
        self._started = False
        self._ending = False
        self._told = 0
        """Sentences since START that were told."""
        self._partial = ""
        self._stops: deque[bool] = deque()
        """STOPs that were not answered yet: whether each ended a session."""
        self._answered = False
        """Whether a final message has come for the first of them."""

    def opening(self) -> Sequence[str]:
        """What to expect, and the beginning."""
        self._started = True
        orders = []
        if hotwords := weights(self._options.hotwords):
            orders.append(f"HOTWORDS:{','.join(hotwords)}")
        if name := language_name(self._language):
            orders.append(f"LANGUAGE:{name}")
        return [*orders, "START"]

    def resuming(self) -> Sequence[str]:
        """Begin afresh after a STOP."""
        if self._started:
            return ()
        self._started = True
        return ["START"]

    def sent(self, seconds: float) -> None:
        """Not counted: no times are used."""

    def flushing(self) -> Sequence[str]:
        """End the session; nothing if there is none."""
        return self._stop() if self._started else ()

    def ending(self) -> Sequence[str]:
        """The same for ever."""
        self._ending = True
        return self._stop()

    def _stop(self) -> Sequence[str]:
        self._stops.append(self._started)
        self._started = False
        return ["STOP"]

    def heard(self, message: str) -> Sequence[Result]:
        """Take in a message."""
        told = parsed(message)
        event = told.get("event")
        if event is None:
            return self._sentences(told)
        if event == "error":
            reason = one_line(str(told.get("error", "")))
            raise BrokenOff("the recogniser refuses an order", reason=reason, retryable=False)
        return self._stopped() if event == "stopped" else ()

    def rest(self) -> Sequence[Result]:
        """What was being said when the server was done."""
        left, self._partial = self._partial, ""
        return [Result(left, final=True)] if left else ()

    def _sentences(self, told: dict[str, Any]) -> Sequence[Result]:
        sentences, partial = told.get("sentences"), told.get("partial", "")
        if not isinstance(sentences, list) or not isinstance(partial, str):
            raise no_result()
        try:
            texts = [str(sentence["text"]).strip() for sentence in sentences[self._told :]]
        except (KeyError, TypeError) as error:
            raise no_result() from error
        self._told, self._partial = len(sentences), partial.strip()
        final = told.get("is_final") is True
        if final:
            self._partial, self._answered = "", True
        results = []
        if texts or final:
            results.append(Result(joined(texts), final=True))
        if self._partial:
            results.append(Result(self._partial, final=False))
        return results

    def _stopped(self) -> Sequence[Result]:
        """A session is over; the server says nothing else of one without audio."""
        answered, self._answered = self._answered, False
        was_started = bool(self._stops) and self._stops.popleft()
        self._told, self._partial = 0, ""
        self.ended = self._ending and not self._stops
        return [Result("", final=True)] if was_started and not answered else ()
