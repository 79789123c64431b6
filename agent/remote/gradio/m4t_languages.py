"""The languages of SeamlessM4T-v2's demo, which wants names where others want codes.

Source: the lists `ASR_TARGET_LANGUAGE_NAMES` and `S2TT_TARGET_LANGUAGE_NAMES` in
facebookresearch/seamless_communication, demo/m4tv2/lang_list.py: 95 names, the same for what
is spoken and for what is written.
"""

import difflib
from collections.abc import Mapping

CODES: Mapping[str, tuple[str, ...]] = {
    "Afrikaans": ("af", "afr"),
    "Amharic": ("am", "amh"),
    "Armenian": ("hy", "hye"),
    "Assamese": ("as", "asm"),
    "Basque": ("eu", "eus"),
    "Belarusian": ("be", "bel"),
    "Bengali": ("bn", "ben"),
    "Bosnian": ("bs", "bos"),
    "Bulgarian": ("bg", "bul"),
    "Burmese": ("my", "mya"),
    "Cantonese": ("yue", "zh-HK", "zh-MO", "zh-yue"),
    "Catalan": ("ca", "cat"),
    "Cebuano": ("ceb",),
    "Central Kurdish": ("ckb", "ku-Arab"),
    "Croatian": ("hr", "hrv"),
    "Czech": ("cs", "ces"),
    "Danish": ("da", "dan"),
    "Dutch": ("nl", "nld"),
    "Egyptian Arabic": ("arz", "ar-EG"),
    "English": ("en", "eng"),
    "Estonian": ("et", "est"),
    "Finnish": ("fi", "fin"),
    "French": ("fr", "fra"),
    "Galician": ("gl", "glg"),
    "Ganda": ("lg", "lug"),
    "Georgian": ("ka", "kat"),
    "German": ("de", "deu"),
    "Greek": ("el", "ell"),
    "Gujarati": ("gu", "guj"),
    "Halh Mongolian": ("mn", "khk", "mon"),
    "Hebrew": ("he", "iw", "heb"),
    "Hindi": ("hi", "hin"),
    "Hungarian": ("hu", "hun"),
    "Icelandic": ("is", "isl"),
    "Igbo": ("ig", "ibo"),
    "Indonesian": ("id", "in", "ind"),
    "Irish": ("ga", "gle"),
    "Italian": ("it", "ita"),
    "Japanese": ("ja", "jpn"),
    "Javanese": ("jv", "jav"),
    "Kannada": ("kn", "kan"),
    "Kazakh": ("kk", "kaz"),
    "Khmer": ("km", "khm"),
    "Korean": ("ko", "kor"),
    "Kyrgyz": ("ky", "kir"),
    "Lao": ("lo", "lao"),
    "Lithuanian": ("lt", "lit"),
    "Luo": ("luo",),
    "Macedonian": ("mk", "mkd"),
    "Maithili": ("mai",),
    "Malayalam": ("ml", "mal"),
    "Maltese": ("mt", "mlt"),
    "Mandarin Chinese": ("zh", "cmn", "zho"),
    "Marathi": ("mr", "mar"),
    "Meitei": ("mni",),
    "Modern Standard Arabic": ("ar", "arb", "ara"),
    "Moroccan Arabic": ("ary", "ar-MA"),
    "Nepali": ("ne", "npi", "nep"),
    "North Azerbaijani": ("az", "azj", "aze"),
    "Northern Uzbek": ("uz", "uzn", "uzb"),
    "Norwegian Bokmål": ("nb", "no", "nob", "nor"),
    "Norwegian Nynorsk": ("nn", "nno"),
    "Nyanja": ("ny", "nya"),
    "Odia": ("or", "ory", "ori"),
    "Polish": ("pl", "pol"),
    "Portuguese": ("pt", "por"),
    "Punjabi": ("pa", "pan"),
    "Romanian": ("ro", "mo", "ron"),
    "Russian": ("ru", "rus"),
    "Serbian": ("sr", "srp"),
    "Shona": ("sn", "sna"),
    "Sindhi": ("sd", "snd"),
    "Slovak": ("sk", "slk"),
    "Slovenian": ("sl", "slv"),
    "Somali": ("so", "som"),
    "Southern Pashto": ("ps", "pbt", "pus"),
    "Spanish": ("es", "spa"),
    "Standard Latvian": ("lv", "lvs", "lav"),
    "Standard Malay": ("ms", "zsm", "msa"),
    "Swahili": ("sw", "swh", "swa"),
    "Swedish": ("sv", "swe"),
    "Tagalog": ("tl", "fil", "tgl"),
    "Tajik": ("tg", "tgk"),
    "Tamil": ("ta", "tam"),
    "Telugu": ("te", "tel"),
    "Thai": ("th", "tha"),
    "Turkish": ("tr", "tur"),
    "Ukrainian": ("uk", "ukr"),
    "Urdu": ("ur", "urd"),
    "Vietnamese": ("vi", "vie"),
    "Welsh": ("cy", "cym"),
    "West Central Oromo": ("om", "gaz", "orm"),
    "Western Persian": ("fa", "pes", "fas"),
    "Yoruba": ("yo", "yor"),
    "Zulu": ("zu", "zul"),
}
"""The demo's name of each language with its BCP-47 codes, the usual one first."""

_NAMES: Mapping[str, str] = {code.lower(): name for name, codes in CODES.items() for code in codes}
_SUGGESTIONS = 3


class UnknownLanguage(ValueError):
    """SeamlessM4T has no such language; the message names the nearest that it has."""


def display_name(code: str) -> str:
    """The demo's name of a language, `Mandarin Chinese` for `zh-Hans-CN`.

    Subtags that make no difference to the model (script, region) are ignored; those that do
    are known: `zh-HK` is Cantonese, `ar-EG` Egyptian Arabic.

    Raises:
        UnknownLanguage: the model does not have it.
    """
    subtags = code.strip().replace("_", "-").lower().split("-")
    # zh-Hant-HK: the region decides, whatever stands between.
    if subtags[-1:] != subtags[:1] and (name := _NAMES.get(f"{subtags[0]}-{subtags[-1]}")):
        return name
    for length in range(len(subtags), 0, -1):
        if name := _NAMES.get("-".join(subtags[:length])):
            return name
    raise UnknownLanguage(_explain(code))


def _explain(code: str) -> str:
    known = {**{code: code for code in _NAMES}, **{name.lower(): name for name in CODES}}
    near = difflib.get_close_matches(code.lower(), known, n=_SUGGESTIONS, cutoff=0.5)
    names = dict.fromkeys(_NAMES.get(hit) or known[hit] for hit in near)
    hint = ", ".join(f"{CODES[name][0]} ({name})" for name in names)
    return f"SeamlessM4T has no language {code!r}" + (
        f"; nearest: {hint}" if hint else f"; it has {len(CODES)}, such as en, zh and es"
    )
