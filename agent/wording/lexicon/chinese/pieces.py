"""Chinese replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords

_NUMBERS = frozenset("零〇一二两三四五六七八九十百千万亿几半")

PIECES = PieceWords(
    binds_next=_NUMBERS | frozenset("第之每各才"),
    numbers=_NUMBERS,
    breaks_after=frozenset("的了是着过吗呢吧啊们得地就也都很要会能可以"),
    breaks_before=frozenset(
        "我你他她它这那请因所但如而和或跟在从对把被让给不没有就也都很会能可要想"
    ),
    segmenter="zh-hans",
)
