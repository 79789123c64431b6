"""Spanish replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("sr sra srta dr dra ud uds av avda prof"),
    before_number=spaced("num núm vol fig art"),
    open_ended=spaced("etc min max"),
    binds_next=spaced("el la los las un una y o pero de en con por para mi tu su es lo no más"),
    numbers=spaced("dos tres cuatro cinco seis siete ocho nueve diez cien mil"),
    conjunctions=spaced("y o pero porque"),
)
