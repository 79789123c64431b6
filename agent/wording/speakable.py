"""What a voice can say, and what is played when there is nothing to say.

A piece of a reply may hold nothing a voice can say (an ellipsis, a closing quote). Some
engines answer such text with an error, some with no audio (which the framework takes for a
failure), some by saying "exclamation mark". It is not sent to any.
"""

import unicodedata
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # its import takes a second, and stand-ins speak without it
    from livekit.agents import tts

_SPOKEN_SYMBOLS = frozenset({"Sc", "Sm", "So"})
"""Currency, mathematics and emoji have names; accents and modifiers have none."""
_LENGTH_MS = 20
"""Silence in place of speech: the framework wants some audio for every text."""


def has_words(text: str) -> bool:
    """Whether a text has a letter or a digit: a voice must find something to say."""
    return any(char.isalnum() for char in text)


def is_speakable(text: str) -> bool:
    """Whether a voice may find something to say in a text."""
    return has_words(text) or any(unicodedata.category(char) in _SPOKEN_SYMBOLS for char in text)


def clean(text: str) -> str:
    """The text without what no engine may see.

    Control characters (espeak-ng takes U+0001 for a command) become spaces, halves of
    surrogate pairs, which cannot be encoded, question marks.
    """
    encodable = text.encode("utf-8", "replace").decode()
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in encodable)


def silence(*, rate_hz: int) -> bytes:
    """20 ms of s16le mono silence."""
    return bytes(2 * (rate_hz * _LENGTH_MS // 1000))


def push_silence(emitter: "tts.AudioEmitter", *, rate_hz: int) -> None:
    """Give a not yet initialised emitter 20 ms of silence, mono at `rate_hz`."""
    emitter.initialize(
        request_id=uuid.uuid4().hex, sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm"
    )
    emitter.push(silence(rate_hz=rate_hz))
