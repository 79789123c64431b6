"""Words whose full stop does not end a sentence, in the languages written with one.

Compared in lower case and without the last full stop. Single letters (`J. R. R.`, `z. B.`)
and dotted letters (`U.S.`, `e.g.`, `EE.UU.`) need no entry.
"""

import re


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ALWAYS = _words(
    # English
    "mr mrs ms mx dr drs prof st mt gen col lt sgt cpt capt cmdr maj rev hon pres gov sen rep "
    "messrs vs viz cf al approx co ph.d b.sc m.sc dipl "
    # German
    "bzw ca evtl ggf inkl exkl vgl sog zzgl str hr fr "
    # French, Spanish, Portuguese, Italian, Dutch
    "mme mlle mgr sr sra srta dra ud uds av avda sig dott ing arch dhr mevr bijv"
)
"""Never the end of a sentence: a name or the rest of the sentence follows."""

BEFORE_NUMBER = _words(
    "no nos nr num núm vol fig figs abb art sec sect ch chap pp pg eq bd ext apt rm "
    "jan feb apr jun jul aug sep sept oct okt nov dec dez"
)
"""Abbreviations when a number follows, words otherwise ("No. 5", but "No. I am not.")."""

OPEN_ENDED = _words(
    "etc inc ltd corp llc plc bros dept est min max hrs ft lb lbs oz jr ave blvd rd a.m p.m "
    "usw usf ecc enz"
)
"""May also end a sentence: it did when a capital letter follows."""

ORDINAL_LEADS = _words(
    "am der die das den dem des vom zum zur im ein eine einen einem bis ab seit nach vor"
)
"""German words after which "3." is an ordinal ("am 3. Oktober")."""

_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]|(?:[A-Z]{2}\.)+[A-Z]{2}|[^\W\d_]")


def is_dotted(word: str) -> bool:
    """Whether a word without its last full stop is an initial or an acronym with stops."""
    return _DOTTED.fullmatch(word) is not None
