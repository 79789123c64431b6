"""The languages of GPT-SoVITS, by its own codes.

Source: RVC-Boss/GPT-SoVITS, GPT_SoVITS/TTS_infer_pack/TTS.py (v1_languages, v2_languages) and
api.py (dict_language).
"""

from collections.abc import Mapping

_CODES: Mapping[str, str] = {
    "zh": "zh", "cmn": "zh", "en": "en", "ja": "ja", "ko": "ko", "yue": "yue"
}  # fmt: skip
_REGIONS: Mapping[tuple[str, str], str] = {
    ("zh", "hk"): "yue", ("zh", "mo"): "yue", ("zh", "yue"): "yue"
}  # fmt: skip
_ALONE = frozenset({"zh", "ja", "ko", "yue"})
"""With a code of their own for text without any English."""
_V1 = frozenset({"auto", "en", "zh", "ja", "all_zh", "all_ja"})
FIND_OUT = "auto"
"""The server looks at the text."""


class UnknownLanguage(ValueError):
    """GPT-SoVITS does not speak it; the message names what it speaks."""


def code_of(tag: str, *, version: str, alone: bool = False) -> str:
    """The server's code of a BCP-47 tag, `zh` for `zh-Hans-CN`; `auto` when it is empty.

    Args:
        tag: of the language.
        version: of the model, `v2`; the first knows fewer languages.
        alone: whether the text has no English in it: `all_zh`.

    Raises:
        UnknownLanguage: the model does not speak it.
    """
    if not tag:
        return FIND_OUT
    first, *others = tag.lower().split("-")
    code = _CODES.get(first, "")
    for part in others:
        code = _REGIONS.get((first, part), code)
    if alone and code in _ALONE:
        code = f"all_{code}"
    if not code or (version == "v1" and code not in _V1):
        known = "zh, en, ja" if version == "v1" else "zh, yue, en, ja, ko"
        raise UnknownLanguage(f"GPT-SoVITS {version} does not speak {tag}; it speaks {known}")
    return code
