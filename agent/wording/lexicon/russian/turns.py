"""Russian, as callers speak it: not written yet."""

from agent.wording.lexicon.turn_words import TurnWords

TURNS = TurnWords()
