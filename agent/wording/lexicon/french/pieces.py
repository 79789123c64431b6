"""French replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("mme mlle mgr dr"),
    before_number=spaced("num vol fig art chap"),
    open_ended=spaced("etc min max"),
    binds_next=spaced(
        """
        le la les un une des du de et ou mais à ce cette mon ma son sa je tu il elle nous vous est
        très
        """
    ),
    numbers=spaced("deux trois quatre cinq sept huit neuf dix cent mille"),
    conjunctions=spaced("et ou mais"),
)
