"""The languages of SeamlessM4T-v2: its codes, the public demo's names, BCP-47 tags.

Source: facebookresearch/seamless_communication, demo/m4tv2/lang_list.py.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_TABLE = """
afr Afrikaans: af
amh Amharic: am
arb Modern Standard Arabic: ar
ary Moroccan Arabic: ar-MA
arz Egyptian Arabic: ar-EG
asm Assamese: as
azj North Azerbaijani: az
bel Belarusian: be
ben Bengali: bn
bos Bosnian: bs
bul Bulgarian: bg
cat Catalan: ca
ceb Cebuano:
ces Czech: cs
ckb Central Kurdish: ku-Arab
cmn Mandarin Chinese: zh
cym Welsh: cy
dan Danish: da
deu German: de
ell Greek: el
eng English: en
est Estonian: et
eus Basque: eu
fin Finnish: fi
fra French: fr
gaz West Central Oromo: om
gle Irish: ga
glg Galician: gl
guj Gujarati: gu
heb Hebrew: he iw
hin Hindi: hi
hrv Croatian: hr
hun Hungarian: hu
hye Armenian: hy
ibo Igbo: ig
ind Indonesian: id in
isl Icelandic: is
ita Italian: it
jav Javanese: jv
jpn Japanese: ja
kan Kannada: kn
kat Georgian: ka
kaz Kazakh: kk
khk Halh Mongolian: mn
khm Khmer: km
kir Kyrgyz: ky
kor Korean: ko
lao Lao: lo
lit Lithuanian: lt
lug Ganda: lg
luo Luo:
lvs Standard Latvian: lv
mai Maithili:
mal Malayalam: ml
mar Marathi: mr
mkd Macedonian: mk
mlt Maltese: mt
mni Meitei:
mya Burmese: my
nld Dutch: nl
nno Norwegian Nynorsk: nn
nob Norwegian Bokmål: nb no
npi Nepali: ne
nya Nyanja: ny
ory Odia: or
pan Punjabi: pa
pbt Southern Pashto: ps
pes Western Persian: fa
pol Polish: pl
por Portuguese: pt
ron Romanian: ro mo
rus Russian: ru
slk Slovak: sk
slv Slovenian: sl
sna Shona: sn
snd Sindhi: sd
som Somali: so
spa Spanish: es
srp Serbian: sr
swe Swedish: sv
swh Swahili: sw
tam Tamil: ta
tel Telugu: te
tgk Tajik: tg
tgl Tagalog: tl fil
tha Thai: th
tur Turkish: tr
ukr Ukrainian: uk
urd Urdu: ur
uzn Northern Uzbek: uz
vie Vietnamese: vi
yor Yoruba: yo
yue Cantonese: zh-HK zh-MO zh-yue
zsm Standard Malay: ms
zul Zulu: zu
"""
"""Code, name and tags of each that the demo offers for text and for speech that is heard."""
_SPOKEN = """
arb ben cat ces cmn cym dan deu eng est fin fra hin ind ita jpn kor mlt nld pes pol por ron rus slk
spa swe swh tel tgl tha tur ukr urd uzn vie
"""
SPOKEN = frozenset(_SPOKEN.split())
"""Codes of those that the model can speak."""
_SAME = {"zsm": "zlm"}
"""Under another code in the weights that transformers loads."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language."""

    code: str
    """SeamlessM4T's, ISO 639-3."""
    name: str
    """The public demo's."""


class UnknownLanguage(ValueError):
    """The model has no such language; the message names what was asked for."""


def _read() -> tuple[dict[str, Language], dict[str, str]]:
    languages, codes = {}, {}
    for line in _TABLE.strip().splitlines():
        head, _, tags = line.partition(":")
        code, _, name = head.partition(" ")
        languages[code] = Language(code, name)
        for known in (code, name, *tags.split()):
            codes[known.lower()] = code
    return languages, codes


LANGUAGES: Mapping[str, Language]
"""By code, in the order of the codes."""
LANGUAGES, _CODES = _read()


def code_of(name: str) -> str:
    """SeamlessM4T's code of a language by the demo's name, its own code or a BCP-47 tag.

    Of a tag the region decides where it makes a difference (`zh-Hant-HK` is Cantonese), and script
    and region are ignored where it makes none.

    Raises:
        UnknownLanguage: there is no such language.
    """
    wanted = name.strip().lower().replace("_", "-")
    if wanted in _CODES:
        return _CODES[wanted]
    subtags = wanted.split("-")
    if found := _CODES.get(f"{subtags[0]}-{subtags[-1]}"):
        return found
    for length in range(len(subtags), 0, -1):
        if found := _CODES.get("-".join(subtags[:length])):
            return found
    raise UnknownLanguage(f"SeamlessM4T has no language {name!r}")


def token_of(code: str, known: Collection[str]) -> str | None:
    """How the loaded weights call a language; None: they have it not."""
    return next((name for name in (code, _SAME.get(code)) if name in known), None)


def names(codes: Collection[str]) -> list[str]:
    """The demo's names of these languages, sorted as the demo does."""
    return sorted(LANGUAGES[code].name for code in codes if code in LANGUAGES)
