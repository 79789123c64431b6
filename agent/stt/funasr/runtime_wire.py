"""FunASR's runtime, mode `2pass`: the C++ server and funasr_wss_server.py.

Two models listen. The fast one tells increments while somebody speaks (`2pass-online`: append); the
good one tells what a segment was once it is over (`2pass-offline`: replaces what came since the
last such). A segment is over in 0.8 s of silence, or when the server is told that nobody speaks.
The servers differ:

| | C++ | Python |
|---|---|---|
| `is_final` | in the answer to the end of speech | in every segment's result, or turned round |
| an end of speech without words | no `mode`, an empty text | an empty `2pass-offline`, or nothing |
| `timestamp` | JSON in a string, since the last end of speech | a list, since the segment began |
| `is_end` | unknown to it | answered by a message with `is_end` or `error` |

So a result is final by its mode alone, and times are taken from the string alone.

Source: modelscope/FunASR, runtime/docs/websocket_protocol.md, runtime/websocket/bin/
websocket-server-2pass.cpp, runtime/onnxruntime/src/{funasrruntime,audio}.cpp,
runtime/python/websocket/funasr_wss_server.py.
"""

import json
import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from livekit.agents.utils import shortuuid

from agent.remote.openai_errors import BrokenOff, one_line
from agent.stt.funasr.options import Options
from agent.stt.funasr.wire import Result, Span, dumped, no_result, parsed
from agent.stt.hotwords import weights
from agent.wording.scripts import CJK
from agent.wording.transcripts import tagged_language, without_tags

_TOKEN = re.compile(rf"[{CJK}]|[^\W_{CJK}]+(?:['’][^\W_{CJK}]+)*")
"""What the models give a time to: a character, or a word of an alphabet."""
_MOST_CLOCKS = 16
"""Ends of speech that may be unanswered; what is older was answered without saying so."""
_SLACK_S = 0.1
"""By how much a time may be beyond what is possible, seconds."""
_LONGEST_LAG_S = 5.0
"""Longest time from the beginning of a segment to its first increment, seconds."""


class RuntimeWire:
    """One connection; see `agent.stt.funasr.wire.Wire`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.ended = False
        self._speaking = True
        """Whether the server has last been told that somebody speaks."""
        self._exact = False
        """Whether `is_final` marks the answer to an end of speech, as in C++, which is known by its
        times or by a message without a mode."""
        self._asked = 0
        """Ends of speech that were not answered yet."""
        self._increments = ""
        """What came since the last final result."""
        self._sent_s = 0.0
        self._clocks = deque([0.0], maxlen=_MOST_CLOCKS)
        """Where times of the next results are counted from: an end of speech starts them anew."""
        self._timed_to_s = 0.0
        self._first_told_s: float | None = None
        """Audio that was sent when the segment's first increment came."""

    def opening(self) -> Sequence[str]:
        """The configuration."""
        hello: dict[str, Any] = {
            "mode": "2pass",
            "wav_name": shortuuid("rejoinder-"),
            "wav_format": "pcm",
            "audio_fs": self._options.rate_hz,
            "is_speaking": True,
            "chunk_size": self._options.chunks,
            "chunk_interval": self._options.chunk_interval,
            "itn": self._options.itn,
        }
        if hotwords := weights(self._options.hotwords):
            # A string that holds JSON: an object is not understood.
            hello["hotwords"] = dumped(hotwords)
        return [dumped(hello)]

    def resuming(self) -> Sequence[str]:
        """Python's server takes no audio while nobody speaks."""
        if self._speaking:
            return ()
        self._speaking = True
        return [dumped({"is_speaking": True})]

    def sent(self, seconds: float) -> None:
        """Count audio."""
        self._sent_s += seconds

    def flushing(self) -> Sequence[str]:
        """Nobody speaks any more; nothing if that was said before."""
        return [dumped(self._end_of_speech())] if self._speaking else ()

    def ending(self) -> Sequence[str]:
        """The same for ever."""
        return [dumped(self._end_of_speech() | {"is_end": True})]

    def _end_of_speech(self) -> dict[str, Any]:
        self._asked += self._speaking
        self._speaking = False
        self._clocks.append(self._sent_s)
        return {"is_speaking": False}

    def heard(self, message: str) -> Sequence[Result]:
        """Take in a message."""
        told = parsed(message)
        if told.get("error"):
            reason = one_line(str(told["error"]))
            raise BrokenOff("the recogniser ended with an error", reason=reason, retryable=True)
        text, mode = told.get("text", ""), told.get("mode")
        if not isinstance(text, str) or not isinstance(mode, str | None):
            raise no_result()
        self.ended = self.ended or told.get("is_end") is True
        self._exact = self._exact or mode is None or isinstance(told.get("timestamp"), str)
        if mode is None:
            if text.strip():
                # The C++ server's way of refusing.
                what = "the recogniser refuses what it is sent"
                raise BrokenOff(what, reason=one_line(text), retryable=False)
            if "is_final" not in told and not self.ended:
                raise no_result()
        elif mode.endswith("online"):
            return self._increment(text, told)
        elif not mode.endswith("offline"):
            raise no_result()
        return () if self.ended and "text" not in told else self._final(text, told)

    def rest(self) -> Sequence[Result]:
        """Increments that nothing has replaced."""
        left, self._increments = self._increments, ""
        return [Result(left, final=True)] if left.strip() else ()

    def _increment(self, text: str, told: dict[str, Any]) -> Sequence[Result]:
        if not text:
            return ()
        if self._first_told_s is None:
            self._first_told_s = self._sent_s
        self._increments += text
        if self._exact and told.get("is_final") is True:
            return self._final("", told)
        return [Result(self._increments, final=False)]

    def _final(self, text: str, told: dict[str, Any]) -> Sequence[Result]:
        clock_s = self._clocks[0]
        ends = told.get("is_final") is True
        if ends and len(self._clocks) > 1:
            self._clocks.popleft()
        answers = self._asked > 0 and (ends or not self._exact)
        self._asked -= answers
        language, text = tagged_language(text), without_tags(text)
        if not text:
            # Nothing was recognised a second time: what is there stays. Python's server says so
            # again when it need not.
            if not answers:
                return ()
            text, told = self._increments, {}
        spans = self._possible(_spans(told.get("timestamp"), clock_s))
        self._increments, self._first_told_s = "", None
        if not spans:
            return [Result(text, final=True, language=language)]
        self._timed_to_s = spans[-1][1]
        words = _TOKEN.findall(text)
        placed = tuple(zip(words, spans, strict=True)) if len(words) == len(spans) else ()
        span = spans[0][0], spans[-1][1]
        return [Result(text, final=True, words=placed, span=span, language=language)]

    def _possible(self, spans: Sequence[Span]) -> Sequence[Span]:
        """Times that can be those of words that were just told; none, if one cannot.

        Wrong ones would make words of what was said before, which are not heard.
        """
        if not spans:
            return ()
        first_s, last_s = spans[0][0], spans[-1][1]
        told_s = self._sent_s if self._first_told_s is None else self._first_told_s
        rising = all(
            begin <= end and (at == 0 or begin >= spans[at - 1][0])
            for at, (begin, end) in enumerate(spans)
        )
        since_s = max(self._timed_to_s - _SLACK_S, told_s - _LONGEST_LAG_S)
        return spans if rising and since_s <= first_s and last_s <= self._sent_s + _SLACK_S else ()


def _spans(stamp: object, clock_s: float) -> Sequence[Span]:
    """What the C++ server writes, `"[[100,200],[200,500]]"` in ms; none: it is something else."""
    if not isinstance(stamp, str):
        return ()
    try:
        pairs = json.loads(stamp)
        return [(clock_s + begin / 1000, clock_s + end / 1000) for begin, end in pairs]
    except (ValueError, TypeError):
        return ()
