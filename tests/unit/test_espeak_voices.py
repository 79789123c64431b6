"""Which espeak-ng voice a setting and a text mean."""

import pytest

from agent.tts.espeak.voices import UnknownVoice, Voice, Voices, script_language

VOICES = Voices(
    [
        Voice("sit/cmn", "Chinese (Mandarin, latin as English)", ((5, "cmn"), (5, "zh"))),
        Voice("gmw/de", "German", ((5, "de"),)),
        Voice("gmw/en-029", "English (Caribbean)", ((5, "en-029"), (10, "en"))),
        Voice("gmw/en", "English (Great Britain)", ((2, "en-gb"), (2, "en"))),
        Voice("gmw/en-US", "English (America)", ((2, "en-us"), (3, "en"))),
        Voice("roa/es", "Spanish (Spain)", ((5, "es"),)),
        Voice("roa/es-419", "Spanish (Latin America)", ((5, "es-419"), (6, "es-mx"))),
        Voice("ira/fa", "Persian", ((5, "fa"),)),
        Voice("ira/fa-Latn", "Persian (Pinglish)", ((5, "fa-latn"),)),
        Voice("roa/fr-BE", "French (Belgium)", ((5, "fr-be"), (8, "fr"))),
        Voice("roa/fr", "French (France)", ((5, "fr-fr"), (5, "fr"))),
        Voice("jpx/ja", "Japanese", ((5, "ja"),)),
        Voice("gmq/nb", "Norwegian Bokmål", ((5, "nb"), (5, "no"))),
        Voice("roa/pt", "Portuguese (Portugal)", ((5, "pt"), (5, "pt-pt"))),
        Voice("roa/pt-BR", "Portuguese (Brazil)", ((5, "pt-br"), (6, "pt"))),
        Voice("sit/yue", "Chinese (Cantonese)", ((5, "yue"), (8, "zh"))),
    ],
    ["!v/f3", "!v/Mario"],
)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("en-us", "gmw/en-US"),
        ("EN_us", "gmw/en-US"),
        ("en", "gmw/en"),
        ("en-AU", "gmw/en"),
        ("english", "gmw/en"),
        ("English (America)", "gmw/en-US"),
        ("gmw/en-US", "gmw/en-US"),
        ("en-029", "gmw/en-029"),
        ("german", "gmw/de"),
        ("de-AT", "gmw/de"),
        ("de+f3", "gmw/de+f3"),
        ("de+mario", "gmw/de+Mario"),
        ("fr", "roa/fr"),
        ("fr-FR", "roa/fr"),
        ("fr-CA", "roa/fr"),
        ("fr-BE", "roa/fr-BE"),
        ("es-MX", "roa/es-419"),
        ("es-AR", "roa/es-419"),
        ("pt-BR", "roa/pt-BR"),
        ("pt", "roa/pt"),
        ("zh", "sit/cmn"),
        ("zh-CN", "sit/cmn"),
        ("zh-Hans-CN", "sit/cmn"),
        ("zh-TW", "sit/cmn"),
        ("zh-HK", "sit/yue"),
        ("zh-Hant-HK", "sit/yue"),
        ("mandarin", "sit/cmn"),
        ("no", "gmq/nb"),
        ("nn-NO", "gmq/nb"),
        ("fa-Latn-IR", "ira/fa-Latn"),
        ("fa-Arab", "ira/fa"),
    ],
)
def test_names_and_language_tags_mean_a_voice(wanted: str, meant: str) -> None:
    assert VOICES.find(wanted)[1] == meant


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("germn", "no voice 'germn'; near it: german"),
        ("portugese", "portuguese"),
        ("de+f33", "no variant 'f33' of a voice; near it: f3"),
        ("q", "no voice 'q'$"),
        ("", "no voice ''$"),
    ],
)
def test_unknown_names_are_answered_with_near_ones(wanted: str, message: str) -> None:
    with pytest.raises(UnknownVoice, match=message):
        VOICES.find(wanted)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello", None),
        ("42 — 😀", None),
        ("", None),
        ("Zażółć gęślą jaźń", None),
        ("你好", "cmn"),
        ("用 Python 3.11 写的。", "cmn"),
        ("The word 你好 means hello", None),
        ("日本語です", "ja"),
        ("カタカナ", "ja"),
        ("안녕하세요 hello", "ko"),
        ("Привет, как дела?", "ru"),
        ("Привіт, як справи?", "uk"),
        ("صباح الخير", "ar"),
        ("چطوری", "fa"),
        ("नमस्ते my very dear old friend", None),
        ("नमस्ते दुनिया", "hi"),
        ("Ωμέγα", "el"),
        ("שלום", "he"),
    ],
)
def test_the_script_of_most_words_tells_the_language(text: str, language: str | None) -> None:
    assert script_language(text) == language


@pytest.mark.parametrize(
    ("text", "wanted", "meant"),
    [
        ("hello", "en-us", "gmw/en-US"),
        ("你好", "en-us", "sit/cmn"),
        ("你好", "en-gb+f3", "sit/cmn+f3"),
        ("你好", "de", "gmw/de"),
        ("ไทย", "en-us", "gmw/en-US"),
    ],
)
def test_an_english_voice_leaves_other_scripts_to_theirs(
    text: str, wanted: str, meant: str
) -> None:
    assert VOICES.find_for(text, wanted) == meant
