"""Language tags of clients (BCP-47) as Whisper's language codes."""

from collections.abc import Collection

DETECT = frozenset({"", "auto"})

_OTHER_CODES = {"cmn": "zh", "nb": "no", "iw": "he", "in": "id", "fil": "tl", "jv": "jw"}
"""Whisper's own code where it is not the tag's first part."""


def is_tag(text: str) -> bool:
    """Whether the text has the form of a BCP-47 tag, for example `de` or `zh-Hant-TW`."""
    parts = text.replace("_", "-").split("-")
    return all(p.isascii() and p.isalnum() for p in parts) and 2 <= len(parts[0]) <= 3


def whisper_code(tag: str, known: Collection[str]) -> str | None:
    """Whisper's code for a tag, for example `zh` for `cmn-Hans-CN`; None: not one it knows.

    Args:
        tag: BCP-47 tag in any case; `_` may stand for `-`.
        known: codes of the model. Only the large-v3 family has `yue`.
    """
    parts = tag.strip().lower().replace("_", "-").split("-")
    first = "yue" if parts[0] == "zh" and "hk" in parts[1:] else parts[0]
    code = _OTHER_CODES.get(first, first)
    if code == "yue" and code not in known:
        code = "zh"
    return code if code in known else None


def accepts(tag: str, known: Collection[str]) -> bool:
    """Whether a request or a setting may name this language, or ask to detect it."""
    return tag.strip().lower() in DETECT or whisper_code(tag, known) is not None
