"""What an event of a stream says of the words in its sound. Pure."""

from livekit.agents import stt

from agent.turns.stream_words import Told
from agent.turns.streamed_utterance import Placed

_KINDS = stt.SpeechEventType
_WORDS = (_KINDS.INTERIM_TRANSCRIPT, _KINDS.PREFLIGHT_TRANSCRIPT, _KINDS.FINAL_TRANSCRIPT)
_NOWHERE_S = 0.01
"""Where plug-ins put words whose times they were not told: at the beginning, to which
livekit-agents adds what passes between two looks at the clock."""


def told(event: stt.SpeechEvent, *, preflight_stays: bool) -> Told | None:
    """The words of an event; None: it tells none.

    Plug-ins send PREFLIGHT_TRANSCRIPT with words that may change, or with the newest ones alone
    (AssemblyAI's). `preflight_stays`: this stream sends all of a segment's, which do not.
    """
    if event.type not in _WORDS or not event.alternatives:
        return None
    data = event.alternatives[0]
    preflight = event.type is _KINDS.PREFLIGHT_TRANSCRIPT
    return Told(
        data.text,
        event.type is _KINDS.FINAL_TRANSCRIPT,
        _placed(data),
        stable=preflight and preflight_stays,
        may_lack=preflight and not preflight_stays,
    )


def _placed(data: stt.SpeechData) -> Placed:
    """The words of a result with their times, seconds of the stream; empty: it has none."""
    words = [
        (str(word), word.start_time, word.end_time)
        for word in data.words or ()
        if isinstance(word.start_time, float | int) and isinstance(word.end_time, float | int)
    ]
    if words and len(words) == len(data.words or ()) and _is_placed(words):
        return tuple(words)
    if data.end_time > max(data.start_time, _NOWHERE_S) and data.start_time >= 0:
        return ((data.text, data.start_time, data.end_time),)
    return ()


def _is_placed(words: list[tuple[str, float, float]]) -> bool:
    """Whether the times of words are such, not all one moment."""
    places = {(begin, end) for _, begin, end in words}
    return words[-1][2] > _NOWHERE_S and (len(places) > 1 or len(words) == 1)
