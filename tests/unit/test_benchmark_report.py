"""The tables of docs/latency.md and README.md are what the committed results say."""

from typing import Any

import pytest

from benchmarks import report, tables
from benchmarks.texts import UNSEEN


def trial(system: str, scenario: str, **readings: object) -> dict[str, Any]:
    return {"system": system, "scenario": scenario, "voice": "piper", **readings}


def turns(system: str, *v2v: float | None, waste: int = 0) -> list[dict[str, Any]]:
    extra = {"stt_extra": waste, "llm_extra": 0, "tts_extra": 1}
    return [trial(system, "turn", v2v_ms=ms, **extra) for ms in v2v]


def record(*rows: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    trials = [row for group in rows for row in group]
    return {"when": 1.0, "env": {}, "delays": {"stt": 0.25}, "trials": trials, **fields}


RUN = record(
    turns("vanilla", 1600.0, 1700.0, 1800.0),
    turns("ours", 680.0, 680.0, 850.0, None, waste=3),
    [
        trial("ours", "turn", failed="TimeoutError()"),
        trial("vanilla", "pause", v2v_ms=1500.0, false_start=True, one_message=False),
        trial("ours", "pause", v2v_ms=750.0, false_start=False, one_message=True),
    ],
)


def cells(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_medians_tails_and_ratios_to_the_plain_worker() -> None:
    text = tables.comparison([RUN])
    assert cells(text, "voice-to-voice, ms") == [
        "1700 / 1790 (n 3)", "680 / 833 (n 3)", "0.40", "0.49",
    ]  # fmt: skip
    assert cells(text, "false starts in a pause")[:2] == ["100%", "0%"]
    assert cells(text, "STT requests thrown away, plain turn")[:2] == ["0.00", "3.00"]
    assert cells(text, "LLM and TTS requests thrown away, plain turn")[:2] == ["1.00", "1.00"]
    assert "gap after a noise" not in text, "it was not measured"


def test_two_runs_stand_side_by_side() -> None:
    text = tables.comparison([RUN, RUN])
    assert cells(text, "voice-to-voice, ms")[-2:] == ["0.40, 0.40", "0.49, 0.49"]
    assert "ours, run 2" in text


def test_a_tuned_worker_stands_between_with_ratios_of_its_own() -> None:
    three = record(*(turns(name, ms) for name, ms in
                     (("vanilla", 2000.0), ("tuned", 1000.0), ("ours", 800.0))))  # fmt: skip
    text = tables.comparison([three])
    head = [cell.strip() for cell in text.splitlines()[0].strip("|").split("|")]
    found = dict(zip(head[1:], cells(text, "voice-to-voice, ms"), strict=True))
    assert (found["p50 ratio"], found["p50 ratio to tuned"]) == ("0.40", "0.80")
    assert cells(tables.headline([three]), "voice-to-voice") == [
        "2000 ms", "1000 ms", "**800 ms**", "0.40",
    ]  # fmt: skip


def test_the_headline_is_of_all_runs() -> None:
    text = tables.headline([RUN, record(turns("ours", 1000.0), turns("vanilla", 2000.0))])
    assert cells(text, "voice-to-voice") == ["1750 ms", "**765 ms**", "0.44"]


def test_the_scorecard_has_a_line_for_each_behaviour_and_language() -> None:
    text = tables.duplex([RUN])
    assert cells(text, "pause handling, en")[0] == "0"
    assert cells(text, "pause handling, en")[1].startswith("1.00")
    assert cells(text, "pause handling, en")[2].startswith("0.00, answers after 750 ms")
    spoken = [{**turns("ours", 900.0)[0], "voice": voice} for voice in UNSEEN]
    lines = tables.duplex([record(spoken)]).splitlines()[2:]
    assert [line.split("|")[1].strip()[-2:] for line in lines] == ["de", "en", "es", "ru"]


def test_the_steps_of_eagerness_are_ordered_by_what_they_wait() -> None:
    steps = [
        record(turns("ours", wait_ms), env={"TURN_EAGERNESS": step})
        for step, wait_ms in (("patient", 1100.0), ("eager", 700.0), ("pauses", 900.0))
    ]
    lines = tables.eagerness(steps).splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == ["eager", "pauses", "patient"]


def test_load_is_shown_per_call() -> None:
    rows = [
        {"system": "ours", "calls": 0, "pss_mb": 200.0},
        {"system": "ours", "calls": 4, "v2v_p50": 800.0, "v2v_p95": 900.0, "stop_p50": 100.0,
         "stop_p95": 150.0, "cpu_share": 0.4, "pss_mb": 400.0, "lost": 2},
    ]  # fmt: skip
    line = tables.load(rows).splitlines()[-1]
    assert line == "| ours | 4 | 800 / 900 | 100 / 150 | 10% | 400 MB | 50 MB | 2 |"


def test_calls_beside_a_flood_stand_under_those_without() -> None:
    times = {"v2v_p50": 800.0, "v2v_p95": 900.0, "stop_p50": 100.0, "stop_p95": 150.0}
    rows = [
        {"system": "ours", "calls": 11, "flood": flood, "lost": lost, **times}
        for flood, lost in ((False, 0), (True, 1))
    ]
    assert tables.flood(rows).splitlines()[2:] == [
        "| ours | 11 |  | 800 / 900 | 100 / 150 | 0 of 44 |",
        "| ours | 11 | a flood | 800 / 900 | 100 / 150 | 1 of 44 |",
    ]


def test_a_line_per_network_and_system() -> None:
    def on(link: str, system: str, **readings: object) -> dict[str, Any]:
        return {"link": link, "system": system, **readings}

    asked = {"scenario": "turn", "words": 6, "lost": False, "answer_ms": 700.0}
    trials = [
        on("clean", "ours", **asked, words_kept=6, stop_ms=None),
        on("clean", "ours", scenario="echo", cut_off=False, holes=0),
        on("clean", "ours", scenario="echo", cut_off=True, holes=3),
        on("outage", "ours", **asked, words_kept=3, stop_ms=120.0),
        on("outage", "ours", scenario="outage", back_s=0.42),
        on("outage", "vanilla", scenario="call", failed="TimeoutError()"),
    ]
    assert tables.network({"trials": trials}).splitlines()[2:] == [
        "| clean | ours | 100% | 700 / 700 (n 1) |  | 0 of 1 | 0 of 1 |  |",
        "| outage | vanilla | the call failed |  |  |  |  |  |",
        "| outage | ours | 50% | 700 / 700 (n 1) | 120 / 120 (n 1) | 0 of 0 | 0 of 1 | 0.4 |",
    ]


def test_a_part_is_put_between_its_markers_and_nowhere_else() -> None:
    page = "before\n<!-- benchmark: x -->\nold\n<!-- end: x -->\nafter"
    assert report.fill(page, {"x": "new"}) == (
        "before\n<!-- benchmark: x -->\n\nnew\n\n<!-- end: x -->\nafter"
    )
    with pytest.raises(ValueError, match="no place for y"):
        report.fill(page, {"y": "new"})


def test_the_pages_show_the_results_that_are_kept() -> None:
    results = report.load_results(report.RESULTS)
    assert results["runs"], "benchmarks/results holds no run"
    page = report.PAGE.read_text("utf-8")
    assert report.fill(page, report.sections(results)) == page
    by_phone = report.PHONE_PAGE.read_text("utf-8")
    assert report.fill(by_phone, report.by_phone(report.RESULTS)) == by_phone
    readme = report.README.read_text("utf-8")
    assert report.fill(readme, {"headline": tables.headline(results["runs"])}) == readme
