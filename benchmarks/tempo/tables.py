"""Markdown tables of the offline bench's record."""

from typing import Any

from benchmarks.tables import grid

_KINDS = {
    "turn": "plain turn", "pause": "turn with a pause", "barge_in": "barge-in",
    "stop": "a word that takes the floor", "backchannel": "a sign of listening", "noise": "a noise",
}  # fmt: skip
_LABELS = ("before", "now")
_SETS = ("fitted", "unseen")


def sections(record: dict[str, Any]) -> dict[str, str]:
    """The generated parts of docs/latency.md, by the name of their marker."""
    made = {"tempo": comparison(record["tempo"])}
    if "calibration" in record:
        made["tempo-calibration"] = calibration(record["calibration"])
    if "sensitivity" in record:
        made["tempo-sensitivity"] = sensitivity(record["sensitivity"])
    return made


def comparison(rows: list[dict[str, Any]]) -> str:
    """A line per set, cost of a request and kind of scene; before and now side by side."""
    lines = []
    for name in _SETS:
        for cost in dict.fromkeys(row["cost"] for row in rows):
            for kind, title in _KINDS.items():
                found = [_of(rows, label, name, cost, kind) for label in _LABELS]
                if all(found):
                    lines.append([name, cost, title, str(found[0]["n"]), *_cells(found)])
    head = ["voices", "a request costs", "what", "n", "STT requests", "answer after, ms"]
    return grid([*head, "guesses thrown away", "cut off", "took the floor", "gap, ms"], lines)


def _of(rows: list[dict[str, Any]], *wanted: str) -> dict[str, Any]:
    keys = ("label", "set", "cost", "kind")
    return next((row for row in rows if tuple(row[key] for key in keys) == wanted), {})


def _cells(found: list[dict[str, Any]]) -> list[str]:
    def both(form: Any) -> str:
        one, other = (form(row) for row in found)
        return f"{one} → {other}"

    kind = found[0]["kind"]
    answered = all("answer_ms" in row for row in found) and kind != "backchannel"
    over_agent = kind not in ("turn", "pause")
    return [
        both(lambda row: f"{row['requests']:.2f}"),
        both(lambda row: f"{row['answer_ms']:.0f} / {row['answer_p95_ms']:.0f}")
        if answered
        else "",
        both(lambda row: f"{row['thrown']:.2f}") if answered else "",
        both(lambda row: f"{row['cut_off']:.1%}") if answered else "",
        both(lambda row: f"{row['took_floor']:.0%}") if over_agent else "",
        both(lambda row: f"{row['gap_ms']:.0f}") if kind in ("backchannel", "noise") else "",
    ]


def calibration(rows: list[dict[str, Any]]) -> str:
    """The real benchmark's turns, and the same offline."""
    head = ["run", "what", "n", "answer after, really", "offline", "requests, really", "offline"]
    lines = [
        [row["run"], _KINDS[row["scenario"]], str(row["n"]), f"{row['real_ms']:.0f} ms",
         f"{row['offline_ms']:.0f} ms", f"{row['real_requests']:.2f}",
         f"{row['offline_requests']:.2f}"]
        for row in rows
    ]  # fmt: skip
    return grid(head, lines)


def sensitivity(rows: list[dict[str, Any]]) -> str:
    """What each number does at 30 % less and more."""
    head = ["number", "value", "30 % less: requests, v2v, cut off", "30 % more"]
    lines = [
        [f"`{row['number']}`", f"{row['value']:g}", _varied(row["less"]), _varied(row["more"])]
        for row in rows
    ]
    return grid(head, lines)


def _varied(found: list[float]) -> str:
    requests, answer_ms, cut_off = found
    return f"{requests:.2f}, {answer_ms:.0f} ms, {cut_off:.1%}"
