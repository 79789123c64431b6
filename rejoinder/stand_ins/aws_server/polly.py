"""Polly's rules: which voices it has, and what it refuses.

Source: botocore's model of polly, 2016-06-10, and its developer guide.
"""

import re
import xml.etree.ElementTree as ET
from typing import Any

VOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Joey": ("en-US", ("standard", "neural")),
    "Ruth": ("en-US", ("neural", "generative", "long-form")),
    "Matthew": ("en-US", ("standard", "neural", "generative")),
    "Amy": ("en-GB", ("standard", "neural", "generative")),
    "Zhiyu": ("cmn-CN", ("standard", "neural")),
    "Vicki": ("de-DE", ("standard", "neural", "generative")),
    "Tatyana": ("ru-RU", ("standard",)),
}
LONGEST = 3000
"""Billed characters; marks of SSML are not billed."""
PCM_RATES = ("8000", "16000")

Refusal = tuple[int, str, str]


def billed(body: dict[str, Any]) -> str:
    """The text that is spoken.

    Raises:
        ParseError: it is no SSML.
    """
    text: str = body["Text"]
    if body.get("TextType") == "ssml":
        return "".join(ET.fromstring(text).itertext())
    return text


def refused(body: dict[str, Any]) -> Refusal | None:
    """Why Polly does not speak this; None: it does."""
    voice, engine = body["VoiceId"], body.get("Engine", "standard")
    if voice not in VOICES:
        return 400, "ValidationException", f"Value '{voice}' at 'voiceId' is not a voice"
    if engine not in VOICES[voice][1]:
        said = f"This voice does not support the selected engine: {engine}"
        return 400, "ValidationException", said
    if body["OutputFormat"] == "pcm" and body.get("SampleRate", "16000") not in PCM_RATES:
        return 400, "InvalidSampleRateException", "The specified sample rate is not valid."
    try:
        text = billed(body)
    except ET.ParseError:
        return 400, "InvalidSsmlException", "Invalid SSML request"
    if len(text) > LONGEST or len(body["Text"]) > 2 * LONGEST:
        return 400, "TextLengthExceededException", "Maximum text length has been exceeded"
    for name in body.get("LexiconNames", []):
        if name != "known":
            return 404, "LexiconNotFoundException", f"Lexicon not found: {name}"
    return None


def pace(body: dict[str, Any]) -> float:
    """How fast a text is to be spoken, by its SSML; 1 is the voice's own."""
    found = re.search(r'prosody rate="(\d+)%"', body["Text"])
    return int(found[1]) / 100 if found else 1.0


def listed(language: str, engine: str) -> list[dict[str, Any]]:
    """Voices as DescribeVoices names them."""
    return [
        {"Id": name, "Name": name, "LanguageCode": code, "SupportedEngines": list(engines)}
        for name, (code, engines) in VOICES.items()
        if language in ("", code) and (not engine or engine in engines)
    ]
