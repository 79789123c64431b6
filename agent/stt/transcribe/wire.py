"""What Transcribe is told of a stream, and what its results say. Pure.

Results repeat their segment from its beginning until its last one, which is not partial. Their
items, words and marks, have places in the connection's sound; with stabilisation each says whether
it stays (`Stable`), and marks come as items of their own.

Source: https://docs.aws.amazon.com/transcribe/latest/APIReference/API_streaming_Result.html and
API_streaming_Item.html, API_streaming_StartStreamTranscription.html beside it.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import APIError

from agent.audio import pcm
from agent.stt.transcribe.languages import code_of
from agent.stt.transcribe.options import Options

AUDIO = "AudioEvent"
"""The one kind of event that is sent; one without sound ends the stream."""
RESULTS = "TranscriptEvent"
_MARK = "punctuation"


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the marks after it. Seconds of the connection's sound."""

    text: str
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """A segment so far."""

    text: str
    final: bool
    """Whether it is the segment's last."""
    stable: bool
    """Whether all of its words stay as they are."""
    words: Sequence[Word]
    begins_s: float
    ends_s: float
    language: str
    """Code of what was found to be spoken; empty: it was told."""


def parameters(options: Options, language: str = "") -> dict[str, str]:
    """What a connection is opened with; `language`: the tag of the one that is spoken, if known."""
    told = {
        "media-encoding": "pcm",
        "sample-rate": str(pcm.SPEECH_RATE_HZ),
        "session-id": str(uuid.uuid4()),
    }
    if options.choice and not language:
        told |= {"identify-language": "true", "language-options": ",".join(options.choice)}
        if options.likeliest:
            told["preferred-language"] = options.likeliest
    else:
        told["language-code"] = code_of(language) if language else options.language_code
    if options.stability != "off":
        told |= {
            "enable-partial-results-stabilization": "true",
            "partial-results-stability": options.stability,
        }
    if options.vocabulary:
        told["vocabulary-name"] = options.vocabulary
    if options.model:
        told["language-model-name"] = options.model
    return told


def results(payload: bytes) -> Sequence[Result]:
    """The results in the payload of a `TranscriptEvent`, in order; often there are none.

    Raises:
        APIError: it is something else.
    """
    try:
        told = json.loads(payload)["Transcript"]["Results"]
        return [_result(one) for one in told if one.get("Alternatives")]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise no_result() from error


def explanation(payload: bytes) -> str:
    """What the payload of an exception says to people; empty: nothing."""
    try:
        told = json.loads(payload)
        return str(told.get("Message") or told.get("message") or "")
    except (ValueError, AttributeError):
        return payload.decode("utf-8", "replace")


def no_result() -> APIError:
    """What to raise for a message that is not of the protocol; its text may be the caller's."""
    return APIError("Transcribe sends something else than results", retryable=False)


def _result(told: Mapping[str, Any]) -> Result:
    best = told["Alternatives"][0]
    items = best.get("Items") or []
    spoken = [item for item in items if item["Type"] != _MARK]
    return Result(
        text=best["Transcript"].strip(),
        final=not told["IsPartial"],
        stable=bool(spoken) and all(item.get("Stable") is True for item in spoken),
        words=_words(items),
        begins_s=float(told["StartTime"]),
        ends_s=float(told["EndTime"]),
        language=str(told.get("LanguageCode") or ""),
    )


def _words(items: Sequence[Mapping[str, Any]]) -> list[Word]:
    words: list[Word] = []
    for item in items:
        text = str(item["Content"])
        if item["Type"] != _MARK:
            words.append(Word(text, float(item["StartTime"]), float(item["EndTime"])))
        elif words:
            before = words[-1]
            words[-1] = Word(before.text + text, before.begins_s, before.ends_s)
    return words
