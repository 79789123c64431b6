"""Languages by BCP-47 tag, whatever a model calls them.

Source: https://www.rfc-editor.org/info/bcp47; FLORES-200's list of codes (NLLB-200, README).
"""

import re
from collections.abc import Iterable, Mapping

_TWO_LETTERS = """
afr af amh am arb ar asm as ayr ay azj az bak ba bam bm bel be ben bn bod bo bos bs bul bg cat ca
ces cs cym cy dan da deu de dzo dz ell el eng en epo eo est et eus eu ewe ee fao fo fij fj fin fi
fra fr gaz om gla gd gle ga glg gl grn gn guj gu hat ht hau ha heb he hin hi hrv hr hun hu hye hy
ibo ig ind id isl is ita it jav jv jpn ja kan kn kas ks kat ka kaz kk khk mn khm km kik ki kin rw
kir ky kmr ku kon kg kor ko lao lo lim li lin ln lit lt ltz lb lug lg lvs lv mal ml mar mr mkd mk
mlt mt mri mi mya my nld nl nno nn nob nb npi ne nya ny oci oc ory or pan pa pbt ps pes fa plt mg
pol pl por pt quy qu ron ro run rn rus ru sag sg san sa sin si slk sk slv sl smo sm sna sn snd sd
som so sot st spa es srd sc srp sr ssw ss sun su swe sv swh sw tam ta tat tt tel te tgk tg tgl tl
tha th tir ti tsn tn tso ts tuk tk tur tr twi tw uig ug ukr uk urd ur uzn uz vie vi wol wo xho xh
ydd yi yor yo zho zh zsm ms zul zu als sq srp sr
"""
_words = _TWO_LETTERS.split()
_SHORT: Mapping[str, str] = dict(zip(_words[::2], _words[1::2], strict=True))
"""Three letters, as FLORES has them, to two."""

_ALIASES = {"cmn": "zh", "fil": "tl", "iw": "he", "in": "id", "no": "nb", "ji": "yi"}
_SCRIPTS = {"zh": {"tw": "hant", "hk": "hant", "mo": "hant", "cn": "hans", "sg": "hans"}}
"""Regions that say a script."""
_FLORES = re.compile(r"([a-z]{3})_([A-Z][a-z]{3})")
_TAG = re.compile(r"[a-z]{2,3}([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)


def flores_tags(codes: Iterable[str]) -> dict[str, str]:
    """FLORES-200's codes, such as `eng_Latn`, by tag: the script where a language has several."""
    found = [m for m in map(_FLORES.fullmatch, codes) if m]
    languages = [m[1] for m in found]
    tags: dict[str, str] = {}
    for code in found:
        language = _SHORT.get(code[1], code[1])
        several = languages.count(code[1]) > 1
        tags[f"{language}-{code[2]}" if several else language] = code[0]
    return tags


def nearest(tag: str, known: Iterable[str]) -> str | None:
    """That of the known languages which a tag means.

    The same script and region if there is one, else the same script, else the language; of
    several the first.
    """
    if _TAG.fullmatch(tag) is None:
        return None
    language, *rest = _parts(tag)
    regions = _SCRIPTS.get(language, {})
    wanted = {*rest, *(regions[part] for part in rest if part in regions)}
    best: tuple[int, str] | None = None
    for candidate in known:
        name, *others = _parts(candidate)
        if name != language:
            continue
        score = sum(2 if len(part) == 4 else 1 for part in others if part in wanted)
        if best is None or score > best[0]:
            best = score, candidate
    return best[1] if best else None


def _parts(tag: str) -> list[str]:
    language, *rest = tag.lower().replace("_", "-").split("-")
    return [_ALIASES.get(language, language), *rest]
