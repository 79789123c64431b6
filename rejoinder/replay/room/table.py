"""Who said what when, and when its translation was shown and heard: lines of a terminal."""

from collections.abc import Iterator

import numpy as np
from rich.markup import escape
from rich.table import Table

from agent.recorder.recorded_room import Clause, RecordedRoom, Saying, Translation
from agent.wording.lexicon import code_of
from rejoinder.replay.room.clock import clock, lag

_NONE = ""
_REMARKS = 16
"""Characters of a line of remarks: it all fits into a terminal of 80."""


def table_of(room: RecordedRoom) -> Table:
    """A row for each clause, and one below it for each of its translations."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading, style in (
        ("", "dim"), ("from", "dim"), ("to", "dim"), ("who", None), ("", "dim"),
    ):  # fmt: skip
        table.add_column(heading, style=style, no_wrap=True)
    table.add_column("words", min_width=20)
    for heading in ("shown", "heard"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", style="dim", max_width=_REMARKS)
    voices = {track.number: track.language for track in room.voices}
    silent = {
        (left.of, number, code_of(voices.get(left.track, _NONE))): left.why
        for left in room.left_out
        for number in left.numbers
    }
    for clause in room.clauses:
        table.add_row(
            f"{clause.track}.{clause.number}",
            clock(clause.begin),
            clock(clause.end),
            f"{clause.person}",
            _plain(clause.language),
            _plain(clause.text),
            _lag(clause, clause.shown),
            _NONE,
            "corrected" if clause.corrected is not None else _NONE,
        )
        for language, translation, saying in _rows(clause, voices):
            remarks = list(_remarks(clause, translation, saying))
            why = silent.get((clause.track, clause.number, code_of(language)))
            if saying is None and why is not None:
                remarks.append(f"not said: {_WHY.get(why, why)}")
            table.add_row(
                *[_NONE] * 4,
                _plain(language),
                _plain(_text(clause, translation)),
                _lag(clause, translation.shown) if translation is not None else _NONE,
                _lag(clause, saying.begin) if saying is not None else _NONE,
                _plain(", ".join(remarks)),
            )
    return table


def _text(clause: Clause, translation: Translation | None) -> str:
    """Clauses that were translated as one text have it at the first of them."""
    if translation is None:
        return _NONE
    first = min(translation.numbers, default=clause.number)
    return translation.text if clause.number == first else f"with {clause.track}.{first}"


def _plain(text: str) -> str:
    """Of a stranger's words what moves no cursor and colours nothing."""
    return escape("".join(char if char.isprintable() else "\ufffd" for char in text))


_WHY = {
    "behind": "too far behind",
    "failed": "the voice failed",
    "ended": "nobody was left to hear it",
}


def _rows(
    clause: Clause, voices: dict[int, str]
) -> Iterator[tuple[str, Translation | None, Saying | None]]:
    """Translations and how they were said: two voices may speak the same language."""
    sayings = list(clause.sayings)
    for translation in clause.translations:
        code = code_of(translation.target)
        said = [one for one in sayings if code_of(voices.get(one.track, _NONE)) == code]
        if not said:
            yield translation.target, translation, None
        for one in said:
            yield translation.target, translation, one
        sayings = [one for one in sayings if one not in said]
    for one in sayings:
        yield voices.get(one.track, _NONE), None, one


def _lag(clause: Clause, t: float | None) -> str:
    """How long after the clause's last word."""
    return "not" if t is None else lag(t - clause.end)


def _remarks(
    clause: Clause, translation: Translation | None, saying: Saying | None
) -> Iterator[str]:
    if translation is not None:
        if not translation.works:
            yield "untranslated"
        if translation.corrected is not None:
            yield "corrected"
    if saying is not None:
        if saying.speed != 1.0:
            yield f"{saying.speed:g}×"
        if saying.shortened:
            yield "shortened"
        if saying.numbers and clause.number != saying.numbers[0]:
            yield f"in one go after {clause.track}.{saying.numbers[0]}"
        if saying.end is None:
            yield "not to its end"


def summary(room: RecordedRoom) -> str:
    """The lags in one line."""
    shown = [
        translation.shown - clause.end
        for clause in room.clauses
        for translation in clause.translations
        if translation.shown is not None
    ]
    heard = [
        saying.begin - clause.end
        for clause in room.clauses
        for saying in clause.sayings
        if saying.numbers and clause.number == saying.numbers[0]
    ]
    parts = [f"{len(room.clauses)} clauses of {len({c.person for c in room.clauses})} people"]
    for what, lags in (("translations shown", shown), ("heard", heard)):
        if lags:
            median, late = np.percentile(lags, (50, 95))
            parts.append(
                f"{len(lags)} {what}: {median:.2f} s after the last word in the median, "
                f"95 % within {late:.2f} s"
            )
    if room.left_out:
        parts.append(f"{sum(len(left.numbers) for left in room.left_out)} left out by a voice")
    return "; ".join(parts)
