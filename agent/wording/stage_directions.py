"""Words by which a model says what an actor would do: "*laughs*", "(pause)", "[sighs softly]"."""

# ruff: noqa: SIM905

import re

from agent.wording.scripts import is_cjk

MOST_CHARS = 32
"""A stage direction is no longer than this."""
_MOST_CJK = 6

_DOES = frozenset(
    # English
    "laughs laughing chuckles chuckling giggles giggling sighs sighing smiles smiling grins "
    "grinning nods nodding winks winking pauses pausing coughs coughing gasps gasping whispers "
    "whispering waves waving bows claps hums leans "
    "tilts yawns yawning groans groaning shrugs shrugging sniffs smirks beams blinks clears "
    # German
    "lacht lachend kichert seufzt seufzend lächelt lächelnd nickt zwinkert räuspert flüstert "
    "hustet "
    # French
    "rit soupire sourit chuchote tousse réfléchit "
    # Spanish, Portuguese, Italian
    "ríe sonríe suspira susurra tose sorri sussurra tosse ridacchia sorride sospira".split()
)
_IS = frozenset(
    "laugh laughter chuckle giggle sigh smile grin nod wink pause cough gasp whisper applause "
    "music silence cheerfully softly warmly excitedly lachen seufzen lächeln pause rire rires "
    "soupir sourire risa risas pausa risos suspiro ride risata".split()
)
"""Words of their own elsewhere: directions only between brackets."""
_HOW = frozenset(
    "softly warmly quietly gently nervously slightly loudly briefly heavily happily sadly lightly "
    "politely dramatically a bit little moment his her their throat hand hands head arms in "
    "back over forward to for and herself himself "
    "leise freundlich kurz laut sich doucement légèrement suavemente levemente".split()
)
_CJK = re.compile(
    "(?:轻|微|大|苦|偷)?笑(?:了笑|声|着)?|微笑|叹气|叹了口气|咳嗽|停顿|沉默|思考|眨眼|点头|"
    "笑い?|微笑む|ため息|咳払い|沈黙|うなずく|웃음|웃으며|한숨|미소"
)


def is_stage_direction(text: str, *, bracketed: bool) -> bool:
    """Whether the text between two brackets, or two stars, is a stage direction."""
    words = text.lower().replace(",", " ").split()
    if not words or len(text) > MOST_CHARS or "\n" in text:
        return False
    if words[0] in _DOES or (bracketed and words[0] in _IS):
        return all(word in _HOW or word in _DOES for word in words[1:])
    return _CJK.fullmatch(text.strip()) is not None


def may_become_one(text: str) -> bool:
    """Whether `text` after a star, if it goes on, may be the beginning of a stage direction."""
    first, space, _ = text.lower().partition(" ")
    if space:
        return first.rstrip(",") in _DOES and len(text) <= MOST_CHARS
    if any(word.startswith(first.rstrip(",")) for word in _DOES):
        return True
    return len(text) <= _MOST_CJK and all(map(is_cjk, first))
