"""Italian replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("sig dott ing arch"),
    before_number=spaced("num vol fig art"),
    open_ended=spaced("ecc min max"),
    binds_next=spaced("la le un una gli e di da che è con per mi tu"),
    numbers=spaced("due tre quattro cinque sei sette otto nove dieci cento mille"),
    conjunctions=spaced("e o ma"),
)
