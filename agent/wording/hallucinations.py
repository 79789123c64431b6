"""What recognisers write where nobody speaks, by language, with who has seen it.

Whisper above all, and what is made of it, learned from the subtitles of videos: noise and silence
become how those end. Two kinds:

- `CREDITS`: who made subtitles. No caller says them, so they are never taken for words.
- `STOCK_PHRASES`: thanks, farewells, "subscribe". A caller may well say "Thank you.", so they are
  known here alone; whether one was said is decided by who knows more: by the recogniser's own doubt
  whether there was speech (`agent.stt.plausible`, the tags in `agent.wording.transcripts`), else
  by how much voice there was (`agent.turns.utterance`).

Only whole texts are looked up, in all languages at once: noise becomes Japanese in an English call.
The sources have "yes", "no" and "hello" too: what answers a question is not taken from a caller.

Sources, by which each line is marked:

    B    Barański et al., "Investigation of Whisper ASR Hallucinations Induced by Non-Speech
         Audio" (arXiv 2501.11378): the most frequent of what it made of clips without speech
    N    github.com/NVIDIA/NeMo-speech-data-processor, dataset_configs/multilingual, the lists
         common_phrases with which Granary and YODAS2 were cleaned
    V    github.com/Vexa-ai/vexa, issues 155, 617, 619 and its list: silence in meetings
    P    reports: ggml-org/whisper.cpp 2660, amical 71, freeflow 111, whisperIME 57, pocketshell
         452, Whisper-Finetune 10, speakr 178, ithaka 96, subtitleedit 7748, minutes 242
    L    lists that several programs for dictation have for the same purpose
    K    known here before lines were marked; who has seen it was not written down
"""

import unicodedata
from collections.abc import Iterable, Mapping

CREDITS: Mapping[str, tuple[str, ...]] = {
    "de": (
        "untertitel der",  # L
        "untertitel von",  # L
        "untertitel im auftrag",  # L
        "untertitelung aufgrund",  # L
        "untertitelung des",  # L
        "untertitelung im auftrag",  # L
    ),
    "en": (
        "subtitles by",  # P L
        "subtitled by",  # K
        "captions by",  # L
        "transcribed by",  # L
        "transcription by castingwords",  # K
    ),
    "es": (
        "subtítulos realizados",  # L
        "subtítulos por",  # L
        "subtitulado por",  # L
    ),
    "fr": (
        "sous-titres réalisés",  # P L
        "sous-titres par",  # K
        "sous-titrage société radio",  # N L
        "sous-titrage fr",  # N
        "sous-titrage st",  # L
    ),
    "it": (
        "sottotitoli creati",  # P L
        "sottotitoli e revisione",  # L
    ),
    "nl": (
        "ondertitels ingediend",  # P L
        "ondertiteld door",  # L
        "ondertiteling door",  # L
    ),
    "no": ("teksting av",),  # P
    "pl": ("napisy stworzone", "napisy wykonane"),  # L
    "pt": ("legendas pela",),  # L
    "ru": (
        "субтитры сдела",  # V
        "субтитры созда",  # V
        "субтитры дела",  # V
        "субтитры подогна",  # V
        "редактор субтитров",  # L
    ),
    "sv": ("textning stina", "tack till elever och person"),  # N
    "tr": ("altyazı m.k",),  # L
    "zh": (
        "字幕由",  # P L
        "中文字幕由",  # L
        "字幕提供:",  # K
        "字幕製作:",  # L
        "字幕制作:",  # L
        "字幕制作/",  # L
        "字幕志愿者",  # L
        "请不吝点赞",  # L
        "請不吝點贊",  # L
    ),
}
"""How a short text begins that is a credit; so is one that names amara.org, in any language."""

STOCK_PHRASES: Mapping[str, tuple[str, ...]] = {
    "de": (
        "vielen dank",  # N L
        "vielen dank fürs zuschauen",  # L
        "danke fürs zuschauen",  # L
    ),
    "en": (
        "you",  # N P L
        "bye",  # L
        "bye bye",  # K
        "thanks",  # K
        "thank you",  # B N P L
        "thank you very much",  # N
        "thank you so much",  # K
        "thank you for watching",  # P L
        "thanks for watching",  # B P L
        "thanks for watching and i'll see you next time",  # V
        "thank you for listening",  # L
        "thank you so much for joining us",  # V
        "please subscribe",  # L
        "please subscribe to my channel",  # P L
        "please subscribe to our channel",  # P
        "please like and subscribe",  # K
        "don't forget to like and subscribe",  # L
        "see you next time",  # L
        "i'll see you next time",  # L
        "see you in the next video",  # L
        "i'll see you in the next video",  # K
    ),
    "es": (
        "gracias",  # N L
        "muchas gracias",  # N
        "gracias por ver",  # N L
        "gracias por ver el video",  # N L
        "gracias por ver este video",  # N
        "suscríbete",  # N L
        "suscríbete al canal",  # N L
        "suscríbete y activa la campanita",  # N
    ),
    "fr": (
        "merci",  # N L
        "merci beaucoup",  # N L
        "merci à tous",  # N
        "merci d'avoir regardé",  # L
        "merci d'avoir regardé cette vidéo",  # N L
        "abonnez-vous",  # L
        "abonnez-vous à la chaîne",  # L
    ),
    "it": (
        "grazie",  # N
        "grazie mille",  # N
        "grazie a tutti",  # N
        "grazie per la visione",  # L
        "grazie per aver guardato il video",  # L
    ),
    "ja": (
        "ご視聴ありがとうございました",  # V P L
        "ご視聴ありがとうございます",  # L
        "ご清聴ありがとうございました",  # K
        "最後までご視聴いただきありがとうございました",  # L
        "ありがとうございました",  # P
        "おやすみなさい",  # P
        "次の動画でお会いしましょう",  # V
        "チャンネル登録をよろしくお願いします",  # L
    ),
    "ko": ("시청해주셔서 감사합니다",),  # P L
    "nl": ("dank u wel",),  # N
    "pl": ("dziękuję", "dziękuję bardzo", "dziękuję za uwagę"),  # N
    "pt": (
        "obrigado",  # N L
        "obrigada",  # N L
        "muito obrigado",  # N
        "muito obrigada",  # N
        "obrigado por assistir",  # L
        "inscreva-se no canal",  # L
    ),
    "ru": (
        "продолжение следует",  # V L
        "спасибо",  # V
        "спасибо за просмотр",  # V L
        "спасибо за субтитры",  # V
    ),
    "sv": ("tack", "tack så mycket"),  # N
    "tr": (
        "abone olmayı unutmayın",  # V L
        "izlediğiniz için teşekkürler",  # L
        "izlediğiniz için teşekkür ederim",  # L
    ),
    "zh": (
        "谢谢",  # K
        "谢谢大家",  # L
        "谢谢观看",  # P L
        "謝謝觀看",  # K
        "感谢观看",  # L
        "感謝觀看",  # K
        "谢谢收看",  # K
        "下期再见",  # K
    ),
}
"""A whole text that is one of these, or several, may be nobody's. Case and marks do not count."""

_CREDIT_LETTERS = 60
_AMARA = "amara.org"
_ENDS = ".!?…。！？\n"


def is_credit(text: str) -> bool:
    """Whether a text is who made subtitles, and nothing that a caller says."""
    folded = unicodedata.normalize("NFKC", text).casefold().lstrip("-–—. ")
    if len(folded) > _CREDIT_LETTERS:
        return False
    return folded.startswith(_BEGINNINGS) or _AMARA in folded


def is_stock_phrase(text: str) -> bool:
    """Whether a text is, as a whole, what recognisers write where nobody speaks.

    >>> is_stock_phrase("Thank you. Thank you."), is_stock_phrase("Thank you. And now?")
    (True, False)
    """
    if _letters(text) in _STOCK:
        return True
    sentences = [letters for letters in map(_letters, _sentences(text)) if letters]
    return bool(sentences) and all(letters in _STOCK for letters in sentences)


def _sentences(text: str) -> Iterable[str]:
    for mark in _ENDS[1:]:
        text = text.replace(mark, _ENDS[0])
    return text.split(_ENDS[0])


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


_BEGINNINGS = tuple(beginning for credits in CREDITS.values() for beginning in credits)
_STOCK = frozenset(_letters(one) for phrases in STOCK_PHRASES.values() for one in phrases)
