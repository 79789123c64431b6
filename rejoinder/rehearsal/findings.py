"""What a rehearsal has found."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation, looked at."""

    expected: str
    """In words: `contains "nine"`."""
    outcome: Outcome
    why: str = ""
    """Of what failed: what was there instead; of what was skipped: what it would need."""


@dataclass(frozen=True, slots=True)
class PlayedTurn:
    """One turn that was played."""

    said: str
    """By the caller; empty: the agent's first words are looked at."""
    reply: str
    findings: tuple[Finding, ...]
    call: int = 1
    """In which call of the talk, from 1 on."""
    first_word_s: float | None = None
    """Seconds; by voice from voice to voice."""
    tools: tuple[str, ...] = ()
    """Names of those that were called."""
    lasted_s: float = 0.0

    @property
    def failures(self) -> list[Finding]:
        """What did not hold."""
        return [finding for finding in self.findings if finding.outcome == "failed"]


@dataclass(slots=True)
class PlayedTalk:
    """One talk that was played, so far."""

    title: str
    repetition: int = 1
    turns: list[PlayedTurn] = field(default_factory=list)


@dataclass(slots=True)
class PlayedRehearsal:
    """One file that was played, so far."""

    path: Path
    name: str
    persona: str
    model: str
    """What has answered."""
    talks: list[PlayedTalk] = field(default_factory=list)

    def turns(self) -> Iterator[tuple[PlayedTalk, PlayedTurn]]:
        """All turns with their talk, in order."""
        for talk in self.talks:
            for turn in talk.turns:
                yield talk, turn

    @property
    def failed(self) -> bool:
        """Whether anything did not hold."""
        return any(turn.failures for _, turn in self.turns())
