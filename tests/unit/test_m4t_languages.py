import re

import pytest

from agent.remote.gradio.m4t_languages import CODES, UnknownLanguage, display_name

# As in demo/m4tv2/lang_list.py of facebookresearch/seamless_communication.
DEMO = """Afrikaans, Amharic, Armenian, Assamese, Basque, Belarusian, Bengali, Bosnian, Bulgarian,
Burmese, Cantonese, Catalan, Cebuano, Central Kurdish, Croatian, Czech, Danish, Dutch, Egyptian
Arabic, English, Estonian, Finnish, French, Galician, Ganda, Georgian, German, Greek, Gujarati,
Halh Mongolian, Hebrew, Hindi, Hungarian, Icelandic, Igbo, Indonesian, Irish, Italian, Japanese,
Javanese, Kannada, Kazakh, Khmer, Korean, Kyrgyz, Lao, Lithuanian, Luo, Macedonian, Maithili,
Malayalam, Maltese, Mandarin Chinese, Marathi, Meitei, Modern Standard Arabic, Moroccan Arabic,
Nepali, North Azerbaijani, Northern Uzbek, Norwegian Bokmål, Norwegian Nynorsk, Nyanja, Odia,
Polish, Portuguese, Punjabi, Romanian, Russian, Serbian, Shona, Sindhi, Slovak, Slovenian, Somali,
Southern Pashto, Spanish, Standard Latvian, Standard Malay, Swahili, Swedish, Tagalog, Tajik,
Tamil, Telugu, Thai, Turkish, Ukrainian, Urdu, Vietnamese, Welsh, West Central Oromo, Western
Persian, Yoruba, Zulu"""


def test_the_names_are_the_demo_s() -> None:
    assert list(CODES) == [" ".join(name.split()) for name in DEMO.split(",")]
    assert len(CODES) == 95


def test_no_code_means_two_languages() -> None:
    codes = [code.lower() for codes in CODES.values() for code in codes]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]{2,3}(-[a-z]{2,4})?", code) for code in codes)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("en", "English"),
        ("en-US", "English"),
        ("EN_us", "English"),
        ("zh", "Mandarin Chinese"),
        ("zh-CN", "Mandarin Chinese"),
        ("zh-Hans-CN", "Mandarin Chinese"),
        ("cmn", "Mandarin Chinese"),
        ("yue", "Cantonese"),
        ("zh-HK", "Cantonese"),
        ("zh-Hant-HK", "Cantonese"),
        ("zh-TW", "Mandarin Chinese"),
        ("ar", "Modern Standard Arabic"),
        ("ar-EG", "Egyptian Arabic"),
        ("ar-MA", "Moroccan Arabic"),
        ("nb", "Norwegian Bokmål"),
        ("nn-NO", "Norwegian Nynorsk"),
        ("fa", "Western Persian"),
        ("ms", "Standard Malay"),
        ("lv", "Standard Latvian"),
        ("mn", "Halh Mongolian"),
        ("fil", "Tagalog"),
        ("pt-BR", "Portuguese"),
    ],
)
def test_a_code_finds_its_name(code: str, name: str) -> None:
    assert display_name(code) == name


def test_every_code_finds_its_own_name() -> None:
    for name, codes in CODES.items():
        for code in codes:
            assert display_name(code) == name


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("German", "de (German)"),
        ("portugese", "pt (Portuguese)"),
        ("xx", "it has 95, such as en, zh and es"),
        ("", "it has 95"),
    ],
)
def test_an_unknown_language_names_the_nearest(code: str, hint: str) -> None:
    with pytest.raises(UnknownLanguage) as caught:
        display_name(code)
    assert repr(code) in str(caught.value)
    assert hint in str(caught.value)
