"""What recognisers write when nobody spoke: `[BLANK_AUDIO]`, `(music)`, `♪`."""

import re

_ANNOTATION = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]+\*|♪[^♪]*♪")


def without_annotations(text: str) -> str:
    """The text, or nothing when it holds no word outside brackets.

    Brackets inside a sentence stay: only a text of nothing but remarks is not speech.
    """
    spoken = _ANNOTATION.sub("", text)
    return text.strip() if any(character.isalnum() for character in spoken) else ""
