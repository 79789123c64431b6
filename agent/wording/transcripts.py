"""What recognisers write that nobody said: one filter for the results of all engines.

Three kinds. Tags of the recogniser's own, such as SenseVoice's `<|en|><|NEUTRAL|><|Speech|>`, and
remarks (`[BLANK_AUDIO]`, `(music)`, `*coughs*`, `♪`) are taken out wherever they stand. A loop, the
same words over and over, is said once. And what is known to be written where nobody speaks
(`agent.wording.hallucinations`): credits of subtitles always, thanks and farewells only where a tag
of the recogniser's own says that there was no speech; without one the voice decides, later.
"""

import re

from agent.wording.hallucinations import is_credit, is_stock_phrase
from agent.wording.scripts import joined

_TAGS = re.compile(
    r"(<\s*\|[^<>|]{0,40}\|\s*>"  # Whisper, SenseVoice, FunASR
    r"|^\s*language \w+\s*<asr_text>"  # Qwen3-ASR
    r"|</?[a-z_]{1,20}>)",  # <unk>, <s>, </s>, <noise>
    re.IGNORECASE,
)
_LANGUAGE_TAG = re.compile(r"<\s*\|\s*([a-z]{2,3})\s*\|\s*>")
_NO_SPEECH_TAG = re.compile(r"<\s*\|\s*no(speech|captions)\s*\|\s*>", re.IGNORECASE)
"""SenseVoice's language of a stretch without speech, and Whisper's token for one."""
_PICTURES = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f]+")
"""Notes and emoji: SenseVoice writes moods and sounds so."""
_REMARK = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]+\*|♪[^♪]*♪")
_KNOWN_REMARK = re.compile(
    r"[\[(（【*]\s*(?:(?:background|soft|loud|upbeat|dramatic|indistinct|speaking|foreign|no) )*"
    r"(?:music|noises?|applause|laughter|laughs?|laughing|coughs?|coughing|sighs?|silence|speech|"
    r"blank[ _]audio|inaudible|unintelligible|chatter|language|音乐|音楽|笑|笑声|掌声|拍手|musik|"
    r"applaus|musique|música|risas|unk)\s*[\])）】*]",
    re.IGNORECASE,
)
_LOOPS = (re.compile(r"(.{1,60}?)\1{7,}"), re.compile(r"(.{10,80}?)\1{2,}"))
"""A word eight times, a clause three times: fewer a caller may say. Digits may be dictated."""
_LONGEST = 4000
"""Characters of a result that are read: of 30 s not even a loop has more."""


def spoken(text: str) -> str:
    """The words of a recogniser's result; empty when there is none among its tags and remarks.

    What a server writes beyond all that can be said in 30 s is left out.

    >>> spoken("<|en|><|NEUTRAL|><|Speech|><|woitn|>hello there")
    'hello there'
    >>> spoken("<|nospeech|><|EMO_UNKNOWN|>"), spoken("[BLANK_AUDIO]"), spoken("*coughs*")
    ('', '', '')
    """
    plain = _KNOWN_REMARK.sub(" ", without_tags(text[:_LONGEST]))
    if not any(character.isalnum() for character in _REMARK.sub("", plain)):
        return ""
    plain = _without_loops(" ".join(_PICTURES.sub(" ", plain).split()))
    return "" if is_credit(plain) else plain


def without_tags(text: str) -> str:
    """A result without the recogniser's tags, each taken out by itself, and all else as it is.

    But what it is known to write where nobody speaks goes with a tag that says that nobody does.

    >>> without_tags("<|zh|><|NEUTRAL|><|Speech|><|woitn|>今天<|en|><|HAPPY|><|Speech|>fine")
    '今天 fine'
    >>> without_tags("<|nospeech|><|EMO_UNKNOWN|>Thank you."), without_tags("<|en|>Thank you.")
    ('', 'Thank you.')
    """
    pieces: list[str] = []
    nobody = False
    # Split by a pattern in brackets: texts and tags in turn.
    for at, part in enumerate(_TAGS.split(text)):
        if at % 2 == 0:
            if not (nobody and is_stock_phrase(part)):
                pieces.append(" ".join(part.split()))
        elif _NO_SPEECH_TAG.fullmatch(part):
            nobody = True
        elif _LANGUAGE_TAG.fullmatch(part):
            nobody = False
    return joined(pieces)


def tagged_language(text: str) -> str:
    """The language that a recogniser's first tag of one names, a code; empty: none does.

    >>> tagged_language("<|yue|><|NEUTRAL|><|Speech|>你好"), tagged_language("<|nospeech|>")
    ('yue', '')
    """
    found = _LANGUAGE_TAG.search(text)
    return found[1] if found is not None else ""


def _without_loops(text: str) -> str:
    # So that the last of "on and on and on" is followed by what follows the others.
    padded = text + " "
    for loop in _LOOPS:
        found = loop.search(padded)
        if found is not None and any(character.isalpha() for character in found[1]):
            return (padded[: found.start()] + found[1]).strip()
    return text
