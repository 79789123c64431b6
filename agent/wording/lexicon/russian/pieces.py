"""Russian replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("г ул гг проф акад гр"),
    before_number=spaced("рис стр гл табл д кв корп"),
    open_ended=spaced("руб коп тыс млн млрд мин сек др пр"),
    binds_next=spaced(
        """
        и а но или в во на с со к ко у о об от до по из за для без при про под над через не ни что
        чтобы как если когда это мой моя мои ваш ваша наш очень более самый самая я вы он она мы они
        """
    ),
    numbers=spaced(
        """
        два две три четыре пять шесть семь восемь девять десять двадцать тридцать сорок сто
        тысяча тысяч
        """
    ),
    conjunctions=spaced("и а но или потому что чтобы который если когда"),
)
