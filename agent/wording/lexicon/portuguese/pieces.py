"""Portuguese replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("sr sra srta dr dra av prof"),
    before_number=spaced("num núm vol fig art"),
    open_ended=spaced("etc min max"),
    binds_next=spaced(
        """
        o a os as um uma e ou mas de do da dos das em no na com por para meu minha seu sua é muito
        """
    ),
    numbers=spaced("dois duas três quatro cinco seis sete oito nove dez cem mil"),
    conjunctions=spaced("e ou mas porque"),
)
