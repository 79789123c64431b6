"""Japanese replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords

_NUMBERS = frozenset("〇一二三四五六七八九十百千万億")

PIECES = PieceWords(
    binds_next=_NUMBERS | frozenset("第各毎約"),
    numbers=_NUMBERS,
    breaks_after=frozenset("はをがにでともへてねよ"),
    breaks_before=frozenset("私僕"),
    segmenter="ja",
)
