"""What a transcription server answers: one object, or events in three forms.

OpenAI streams `transcript.text.delta` and says all in `transcript.text.done`, where speaches' older
versions say nothing; its newer ones send an object with a text for each segment; vLLM sends chunks
as of chat. With `verbose_json` segments tell how sure the model was.

Sources: as in `agent.stt.openai.dialects`.
"""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
from livekit.agents import APIConnectionError

from agent.remote.event_stream import Malformed, is_event_stream, read_events
from agent.remote.openai_errors import BrokenOff, Refused, reason
from agent.stt.plausible import is_plausible
from agent.wording.scripts import joined


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript; may be empty."""

    text: str
    language: str = ""
    """What the server detected, a code or an English name; empty: it does not tell."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """One that a server tells; what it does not tell speaks for it."""

    text: str
    no_speech_prob: float
    avg_logprob: float
    compression_ratio: float


async def heard_in(response: httpx.Response) -> Heard:
    """Read an answer with status 200, whose body is here.

    Raises:
        Refused: it is something else than a transcript.
        BrokenOff: the server ended it with an error.
        APIConnectionError: it has no end.
    """
    try:
        if is_event_stream(response):
            return await _of_events(response)
        return _of_object(response.json())
    except (Malformed, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        _no_transcript()


async def _of_events(response: httpx.Response) -> Heard:
    deltas: list[str] = []
    segments: list[Heard] = []
    whole = ""
    ended = False
    async with aclosing(read_events(response)) as events:
        async for event in events:
            if event is None:
                ended = True
            elif event.get("error"):
                raise BrokenOff(
                    "the server ended the transcript with an error",
                    reason=reason(dict(event)),
                    retryable=True,
                )
            elif event.get("type") == "transcript.text.delta":
                deltas.append(event["delta"])
            elif event.get("type") == "transcript.text.done":
                whole, ended = event.get("text") or "", True
            elif "choices" in event:
                for choice in event["choices"] or ():
                    deltas.append((choice.get("delta") or {}).get("content") or "")
                    ended = ended or bool(choice.get("finish_reason"))
            elif "text" in event:
                segments.append(_of_object(event))
            elif "type" not in event:
                raise Malformed
    if not (ended or segments):
        raise APIConnectionError("the connection broke before the transcript")
    text = whole or "".join(deltas) or joined(segment.text for segment in segments)
    return Heard(_in_one_line(text), segments[0].language if segments else "")


def _of_object(body: Mapping[str, Any]) -> Heard:
    text, told = body["text"], body.get("segments")
    if not isinstance(text, str):
        raise Malformed
    if isinstance(told, list) and told:
        segments = [_segment(one) for one in told]
        kept = [segment for segment in segments if is_plausible(segment)]
        if len(kept) < len(segments):
            text = joined(segment.text.strip() for segment in kept)
    return Heard(_in_one_line(text), str(body.get("language") or ""))


def _segment(told: Mapping[str, Any]) -> _Segment:
    return _Segment(
        str(told["text"]),
        float(told.get("no_speech_prob") or 0),
        float(told.get("avg_logprob") or 0),
        float(told.get("compression_ratio") or 0),
    )


def _in_one_line(text: str) -> str:
    """whisper.cpp writes each segment on a line of its own."""
    return joined(line.strip() for line in text.splitlines())


def _no_transcript() -> NoReturn:
    what = "the answer is not a transcription"
    raise Refused(what, reason=what, status_code=200, retryable=False)
