"""One connection to Transcribe, and the results that are said on it.

Source: https://docs.aws.amazon.com/transcribe/latest/APIReference/API_streaming_Result.html
"""

import asyncio
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Word = tuple[str, float, float]
"""A word, where it begins and where it ends, seconds from the connection's first sample."""
_CODES = (
    "af-ZA ar-AE ar-SA ca-ES cs-CZ da-DK de-CH de-DE el-GR en-AB en-AU en-GB en-IE en-IN en-NZ "
    "en-US en-WL en-ZA es-ES es-US eu-ES fa-IR fi-FI fr-CA fr-FR gl-ES he-IL hi-IN hr-HR id-ID "
    "it-IT ja-JP ko-KR lv-LV ms-MY nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK so-SO sr-RS "
    "sv-SE th-TH tl-PH uk-UA vi-VN zh-CN zh-HK zh-TW zu-ZA"
)
LANGUAGES = frozenset(_CODES.split())
"""What it hears while it is spoken, by AWS's SDK for JavaScript, StartStreamTranscription."""
_SIGNS = ".,?!。，？！"
_SESSION = re.compile(r"[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}")


@dataclass
class StreamSession:
    """One connection, from the server's side."""

    query: dict[str, str]
    audio_s: float = 0.0
    """Sound that was taken in."""
    frames: int = 0
    """Messages with sound."""
    ended: bool = False
    """Whether the client has ended its sound."""
    outcome: Literal["open", "closed"] = "open"
    finals_at: list[int] = field(default_factory=list)
    """`frames` as each final result went out."""
    sound: bytes = b""
    """What is still listened to."""
    begins_s: float = 0.0
    """Sound before that."""
    words: list[Word] = field(default_factory=list)
    heard: int = 0
    """Words that were said before `begins_s`."""
    told: int = 0
    """Words told at all."""
    done: int = 0
    """Words told as final ones."""
    finishing: bool = False
    segment: str = field(default_factory=lambda: str(uuid.uuid4()))
    outbox: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return int(self.query["sample-rate"])

    @property
    def stabilised(self) -> bool:
        """Whether items say that they stay as they are."""
        return self.query.get("enable-partial-results-stabilization") == "true"

    @property
    def signed_by(self) -> str:
        """Access key, date, region and service."""
        return self.query["X-Amz-Credential"]


def wrong(query: dict[str, str], *, vocabularies: Sequence[str], models: Sequence[str]) -> str:
    """What Transcribe says of parameters that it does not take; empty: it takes them."""
    options = query.get("language-options", "")
    found_out = query.get("identify-language") == "true"
    languages = options.split(",") if found_out else [query.get("language-code", "")]
    unknown = [code for code in languages if code not in LANGUAGES]
    if unknown:
        return f"1 validation error detected: Value '{unknown[0]}' at 'languageCode' is invalid."
    if found_out == ("language-code" in query) or (found_out and len(languages) < 2):
        return "Give one of languageCode and identifyLanguage, with languageOptions of two at least"
    if query.get("media-encoding") != "pcm" or query.get("sample-rate") not in ("8000", "16000"):
        return "The media encoding or its sample rate is not valid."
    stability = query.get("partial-results-stability", "high")
    if stability not in ("low", "medium", "high"):
        return f"1 validation error detected: Value '{stability}' at 'partialResultsStability'"
    if not _SESSION.fullmatch(query.get("session-id", str(uuid.uuid4()))):
        return "1 validation error detected: sessionId"
    if query.get("vocabulary-name", vocabularies[0]) not in vocabularies:
        return "The requested vocabulary couldn't be found. Check the vocabulary name."
    if query.get("language-model-name", models[0]) not in models:
        return "The requested language model couldn't be found. Check the name."
    return ""


def result(
    session: StreamSession, words: Sequence[Word], *, partial: bool, settled: int, language: str
) -> dict[str, Any]:
    """The payload of a `TranscriptEvent` with a segment so far; `settled` words of it stay."""
    items: list[dict[str, Any]] = []
    for number, (text, begins, ends) in enumerate(words):
        bare = text.rstrip(_SIGNS)
        stays = {"Stable": number < settled} if session.stabilised else {}
        sure = {} if partial else {"Confidence": 0.97}
        word = {"Content": bare, "StartTime": begins, "EndTime": ends, "Type": "pronunciation"}
        items.append(word | {"VocabularyFilterMatch": False} | stays | sure)
        for sign in text[len(bare) :]:
            mark = {"Content": sign, "StartTime": ends, "EndTime": ends, "Type": "punctuation"}
            items.append(mark | {"VocabularyFilterMatch": False} | stays)
    spaced = "" if language.startswith(("zh", "ja")) else " "
    segment = {
        "Alternatives": [{"Items": items, "Transcript": spaced.join(text for text, _, _ in words)}],
        "StartTime": words[0][1] if words else session.audio_s,
        "EndTime": words[-1][2] if words else session.audio_s,
        "IsPartial": partial,
        "ResultId": session.segment,
    }
    if session.query.get("identify-language") == "true":
        segment |= {
            "LanguageCode": language,
            "LanguageIdentification": [{"LanguageCode": language, "Score": 0.9}],
        }
    return {"Transcript": {"Results": [segment]}}
