"""What recognisers write that nobody said: one filter for the results of all engines.

Three kinds. Tags of the recogniser's own, such as SenseVoice's `<|en|><|NEUTRAL|><|Speech|>`, and
remarks (`[BLANK_AUDIO]`, `(music)`, `*coughs*`, `♪`) are taken out wherever they stand. A loop, the
same words over and over, is said once. And stock phrases: recognisers were trained on subtitles
and write what those say where nobody speaks. Credits of subtitles are said by no caller; "Thank
you." and "Thanks for watching!" may be, so they count unless the voice itself is in doubt.
"""

import re
import unicodedata

_TAGS = re.compile(
    r"<\s*\|[^<>|]{0,40}\|\s*>"  # Whisper, SenseVoice, FunASR
    r"|^\s*language \w+\s*<asr_text>"  # Qwen3-ASR
    r"|</?[a-z_]{1,20}>",  # <unk>, <s>, </s>, <noise>
    re.IGNORECASE,
)
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

_CREDITS = (
    "subtitles by",
    "subtitled by",
    "captions by",
    "transcribed by",
    "transcription by castingwords",
    "amara.org",
    "字幕由",
    "字幕提供",
    "字幕製作",
    "字幕制作",
    "untertitel der",
    "untertitel von",
    "untertitel im auftrag",
    "untertitelung",
    "sous-titres réalisés",
    "sous-titres par",
    "sous-titrage",
    "subtítulos realizados",
    "subtítulos por",
    "legendas pela",
    "sottotitoli creati",
    "sottotitoli e revisione",
    "请不吝点赞",
    "請不吝點贊",
    "субтитры сдела",
    "субтитры созда",
)
"""A short text that begins so is a credit, and so is one that names amara.org."""
_CREDIT_LETTERS = 60

_STOCK_PHRASES = (
    "you",
    "bye",
    "bye bye",
    "thanks",
    "thank you",
    "thank you very much",
    "thank you so much",
    "thank you for watching",
    "thanks for watching",
    "thank you for listening",
    "please subscribe",
    "please like and subscribe",
    "see you next time",
    "see you in the next video",
    "i'll see you in the next video",
    "谢谢",
    "谢谢大家",
    "谢谢观看",
    "謝謝觀看",
    "感谢观看",
    "感謝觀看",
    "谢谢收看",
    "下期再见",
    "ご視聴ありがとうございました",
    "ご清聴ありがとうございました",
    "시청해주셔서 감사합니다",
    "merci d'avoir regardé cette vidéo",
    "vielen dank fürs zuschauen",
    "vielen dank",
    "gracias por ver el video",
    "gracias por ver",
    "obrigado por assistir",
    "продолжение следует",
    "спасибо за просмотр",
)


def spoken(text: str) -> str:
    """The words of a recogniser's result; empty when there is none among its tags and remarks.

    What a server writes beyond all that can be said in 30 s is left out.

    >>> spoken("<|en|><|NEUTRAL|><|Speech|><|woitn|>hello there")
    'hello there'
    >>> spoken("<|nospeech|><|EMO_UNKNOWN|>"), spoken("[BLANK_AUDIO]"), spoken("*coughs*")
    ('', '', '')
    """
    plain = _KNOWN_REMARK.sub(" ", _TAGS.sub(" ", text[:_LONGEST]))
    if not any(character.isalnum() for character in _REMARK.sub("", plain)):
        return ""
    plain = _without_loops(" ".join(_PICTURES.sub(" ", plain).split()))
    return "" if _is_credit(plain) else plain


def is_stock_phrase(text: str) -> bool:
    """Whether the text is as a whole what recognisers write where nobody spoke."""
    return _letters(text) in _STOCK


def _without_loops(text: str) -> str:
    # So that the last of "on and on and on" is followed by what follows the others.
    padded = text + " "
    for loop in _LOOPS:
        found = loop.search(padded)
        if found is not None and any(character.isalpha() for character in found[1]):
            return (padded[: found.start()] + found[1]).strip()
    return text


def _is_credit(text: str) -> bool:
    folded = unicodedata.normalize("NFKC", text).casefold().lstrip("-–—. ")
    if len(folded) > _CREDIT_LETTERS:
        return False
    return folded.startswith(_CREDITS) or "amara.org" in folded


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


_STOCK = frozenset(_letters(phrase) for phrase in _STOCK_PHRASES)
