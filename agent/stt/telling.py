"""What a stream of ours says of itself beside its results, as livekit-agents asks none.

Who listens makes use of it (`agent.turns.streams`); streams around others pass it on.
"""

from livekit.agents import stt


class TellingStream(stt.RecognizeStream):
    """A stream that says how it gets on with its service."""

    listening = False
    """Whether the service takes sound; what is pushed before is sent as soon as it does."""
    messages = 0
    """What the service has said so far, of any kind."""
    preflight_stays = False
    """Whether the words of a PREFLIGHT_TRANSCRIPT are all of their segment's so far, and stay as
    they are. livekit-agents promises neither."""


class StreamAround(stt.RecognizeStream):
    """A stream around another, which says the same of itself."""

    inner: stt.RecognizeStream | None = None
    """The other one; None: it is not there yet."""

    @property
    def listening(self) -> bool:
        """Whether its service takes sound."""
        return self.inner is not None and bool(getattr(self.inner, "listening", True))

    @property
    def messages(self) -> int:
        """What its service has said so far, beside results."""
        return int(getattr(self.inner, "messages", 0))

    @property
    def preflight_stays(self) -> bool:
        """Whether what it calls PREFLIGHT_TRANSCRIPT stays as it is."""
        return bool(getattr(self.inner, "preflight_stays", False))
