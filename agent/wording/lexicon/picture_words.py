"""What is said about pictures that a caller sends, in one language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PictureWords:
    """Each is shown; `blind` is spoken too."""

    blind: str
    """The model takes no pictures."""
    unwanted: str
    """The persona is not shown any."""
    unreadable: str
    """It is no picture, or broken."""
    too_large: str
    """It has more than {mb} megabytes or {mp} megapixels."""
    too_many: str
    """{most} wait for the next question already."""
    unfinished: str
    """It has not arrived whole."""
