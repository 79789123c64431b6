"""Italian replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("sig dott ing arch"),
    open_ended=spaced("ecc"),
    binds_next=spaced("la le un una gli e di da che è con per mi tu"),
    conjunctions=spaced("e o ma"),
)
