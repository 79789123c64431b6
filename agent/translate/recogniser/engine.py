"""Engine `recogniser`: it translates by itself, so its words are passed on as they are."""

from agent.translate.recogniser.options import Options
from agent.translate.translator import Wish

__all__ = ["Options", "build", "probe"]


def build(options: Options) -> "HeardTranslated":
    """Make what stands in a translator's place."""
    return HeardTranslated()


async def probe(options: Options) -> str:
    """Say so: STT_ENGINE is contacted for itself."""
    return "the recogniser of STT_ENGINE translates by itself"


class HeardTranslated:
    """`agent.translate.translator.Translator` of words that are translations already."""

    model = "the recogniser"
    provider = ""

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """The same text."""
        return wish.text

    def prewarm(self) -> None:
        """Nothing is contacted."""

    async def aclose(self) -> None:
        """Nothing is open."""
