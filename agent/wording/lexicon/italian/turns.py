"""Italian, as callers speak it: how sentences end is not written yet."""

from agent.wording.lexicon.turn_words import TurnWords, listed, spaced

TURNS = TurnWords(
    listening=listed("sì, si, certo, già, ok, okay, mm, mhm, ah, oh, capisco, perfetto, va bene"),
    stops=spaced("aspetta aspetti fermati no scusa scusi"),
)
