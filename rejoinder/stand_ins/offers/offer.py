"""One stand-in that people start, and the faults that it can show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.sound_words import SoundWords
from rejoinder.stand_ins.tone_voice import Speech

Fault = Callable[[Any], None]
"""Switches a fault on, of a server that runs or is to run."""
SLOW_S = 5.0
"""How long a slow first byte takes: longer than a call waits for most engines."""
NEVER_S = 3600.0
_GOOD_CHUNKS = 3
"""What is sent before an answer stalls or is cut."""
REFUSALS = (401, 429, 500)
RECORDING_HZ = 24000
RECORDED = "This is the recording of a voice, which is a few seconds long."
"""What a recorded voice says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of a stand-in."""

    way: str
    """Which program or wire, of those that it can speak."""
    folder: Path
    """Where files are put that its settings name, and found again by the next one."""
    words: SoundWords = SoundWords()
    """What it hears."""
    speech: Speech | None = None
    """What it speaks with; None: tones."""
    recording: bytes = b""
    """`RECORDED` as a voice says it, s16le mono at `RECORDING_HZ`; empty: in tones."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A stand-in by name."""

    summary: str
    """One line on what it stands for."""
    port: int
    """The one that what it stands for usually has."""
    url: str
    """Its address, with `{port}`; at the same time what the settings say."""
    make: Callable[[Wanted], Any]
    """A server with `tell`, `url` and `serve(port=…)`; blocks where it writes files."""
    settings: Callable[[str, Wanted], Sequence[str]]
    """Lines for `.env`, by its address."""
    faults: Mapping[str, Fault]
    ways: Sequence[str] = ("",)
    """The usual one first."""


def faults_of(
    behaviours: Callable[[Any], Iterable[Behaviour]],
    *,
    streams: bool,
    refusals: Sequence[int] = REFUSALS,
) -> Mapping[str, Fault]:
    """The faults of what answers with set behaviours, in a stream or as a whole.

    Args:
        behaviours: of a server, those that a fault changes.
        streams: whether an answer comes in pieces.
        refusals: statuses by which it may refuse work.
    """

    def each(change: Callable[[Behaviour], None]) -> Fault:
        def switch(server: Any) -> None:
            for behaviour in behaviours(server):
                change(behaviour)

        return switch

    def field(name: str, value: Any) -> Fault:
        return each(lambda behaviour: setattr(behaviour, name, value))

    found = {
        "slow": field("first_byte_s", SLOW_S),
        "stall": field("stall_after", _GOOD_CHUNKS) if streams else field("first_byte_s", NEVER_S),
        "malformed": field("malformed", True),
        **{str(status): field("status", status) for status in refusals},
    }
    return found | {"cut": field("cut_after", _GOOD_CHUNKS)} if streams else found


def set_fields(*, breaks: bool = False, **fields: Any) -> Fault:
    """A fault that is a matter of fields of the server.

    Args:
        breaks: whether it ends the connections that are open, which it would not reach.
        fields: what they become.
    """

    def switch(server: Any) -> None:
        for name, value in fields.items():
            setattr(server, name, value)
        if breaks:
            server.abort()

    return switch


def by_stage(stages: Mapping[str, Mapping[str, Fault]]) -> Mapping[str, Fault]:
    """Faults of a server of several stages: `llm:stall`, and `stall` of all that can."""

    def together(name: str) -> Fault:
        def switch(server: Any) -> None:
            for faults in stages.values():
                if name in faults:
                    faults[name](server)

        return switch

    names = dict.fromkeys(name for faults in stages.values() for name in faults)
    return {name: together(name) for name in names} | {
        f"{stage}:{name}": fault
        for stage, faults in stages.items()
        for name, fault in faults.items()
    }
