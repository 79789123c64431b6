"""What is asked of the model, and what it answers."""

from dataclasses import dataclass

from model_servers.serving.decode import RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Task:
    """One request. Exactly one of `samples` and `text` is there."""

    target: str
    """Code of the language that is written and spoken."""
    samples: Samples | None = None
    """Speech at RATE_HZ; its language is found out by the model."""
    text: str = ""
    source: str = ""
    """Code of the language of `text`."""
    speaks: bool = False
    """Whether the answer is spoken too."""

    @property
    def kind(self) -> tuple[bool, str, bool]:
        """Tasks alike in this can be worked on together."""
        return self.samples is not None, self.target, self.speaks

    @property
    def length_s(self) -> float:
        """Of the speech that is heard, seconds."""
        return len(self.samples) / RATE_HZ if self.samples is not None else 0.0


@dataclass(frozen=True, slots=True)
class Delta:
    """A further piece of a text that is being made."""

    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole result; comes after all pieces, which make up `text`."""

    text: str
    pcm: bytes = b""
    """s16le, mono, at RATE_HZ; empty where nothing was to be spoken."""
    work_s: float = 0.0
    """Time in the model, shared by those who were worked on together."""

    @property
    def length_s(self) -> float:
        """Of the speech that is spoken, seconds."""
        return len(self.pcm) / 2 / RATE_HZ
