"""What was said in a recorded room as a text file: plain, SRT or VTT."""

import html
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.recorder.recorded_room import Clause, RecordedRoom
from agent.wording.lexicon import code_of
from rejoinder.replay.room.clock import clock

_LEAST_S = 1.0
"""What was short is shown for so long."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What one person said without a break, and its translations. Seconds."""

    begin: float
    end: float
    name: str
    texts: tuple[tuple[str, str], ...]
    """Language and text, the original first."""


def cues(room: RecordedRoom, language: str = "") -> list[Cue]:
    """One for each clause, in the order of their beginning.

    `language`: what was said in it, or translated into it, alone; empty: all.
    """
    found = [
        Cue(
            clause.begin,
            max(clause.end, clause.begin + _LEAST_S),
            f"Person {clause.person}",
            tuple(_texts(clause, language)),
        )
        for clause in room.clauses
    ]
    return sorted((cue for cue in found if cue.texts), key=lambda cue: cue.begin)


def _texts(clause: Clause, language: str) -> Iterator[tuple[str, str]]:
    def wanted(tag: str) -> bool:
        return not language or code_of(tag) == code_of(language)

    if wanted(clause.language):
        yield clause.language, _flat(clause.text)
    for translation in clause.translations:
        # Several clauses that were translated as one text have it at the first of them.
        first = clause.number == min(translation.numbers, default=clause.number)
        if first and translation.works and wanted(translation.target):
            yield translation.target, _flat(translation.text)


def _flat(text: str) -> str:
    """On one line: a line break would end a cue."""
    return " ".join(text.split())


def to_text(found: Sequence[Cue]) -> str:
    """A line for each clause, its translations below it."""
    lines = []
    for cue in found:
        (_, first), *others = cue.texts
        lines.append(f"[{clock(cue.begin, decimals=0)}] {cue.name}: {first}")
        lines += [f"  {language}: {text}" for language, text in others]
    return "".join(f"{line}\n" for line in lines)


def to_srt(found: Sequence[Cue]) -> str:
    """SubRip. It knows no escapes: what would be read as times is written otherwise."""
    blocks = []
    for number, cue in enumerate(found, 1):
        (_, first), *others = cue.texts
        texts = [f"{cue.name}: {first}", *(text for _, text in others)]
        said = "\n".join(text.replace("-->", "→") for text in texts)
        blocks.append(f"{number}\n{_stamp(cue.begin, ',')} --> {_stamp(cue.end, ',')}\n{said}\n\n")
    return "".join(blocks)


def to_vtt(found: Sequence[Cue]) -> str:
    """WebVTT, with a voice for each person. Source: https://www.w3.org/TR/webvtt1/."""
    blocks = ["WEBVTT\n"]
    for cue in found:
        said = "\n".join(html.escape(text, quote=False) for _, text in cue.texts)
        times = f"{_stamp(cue.begin, '.')} --> {_stamp(cue.end, '.')}"
        blocks.append(f"{times}\n<v {cue.name}>{said}</v>\n")
    return "\n".join(blocks)


def _stamp(t: float, separator: str) -> str:
    ms = round(max(0.0, t) * 1000)
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{ms:03}"


FORMATS: dict[str, Callable[[Sequence[Cue]], str]] = {
    ".txt": to_text,
    ".srt": to_srt,
    ".vtt": to_vtt,
}
"""By the ending of the file's name."""
