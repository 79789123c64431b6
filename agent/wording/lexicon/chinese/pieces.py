"""Chinese replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords

PIECES = PieceWords(
    segmenter="zh-hans",
)
