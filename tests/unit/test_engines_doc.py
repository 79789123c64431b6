"""What docs/engines.md is made of: every engine and every demand of a contract has its place."""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.settings.engines import TABLES
from tools.engines_doc import faults, matrix, settings
from tools.engines_doc.__main__ import run_contracts
from tools.engines_doc.cases import CASES, NOT_SHOWN, SHOWN, case_of
from tools.engines_doc.outcomes import Outcome
from tools.engines_doc.rows import WITHOUT_CONTRACT, Row, row_of

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    f"{cls.__name__}.{test}": test
    for module in ("stt.contract", "stt.streaming_contract", "llm.contract", "tts.contract",
                   "tts.served_contract", "translate.contract")
    for cls in vars(importlib.import_module(f"tests.protocol.{module}")).values()
    if isinstance(cls, type) and cls.__name__.endswith("Contract")
    for test in vars(cls)
    if test.startswith("test_")
}  # fmt: skip
_CLASS = re.compile(r"^class (Test\w+)\(\w*Contract", re.M)


@pytest.mark.parametrize("name", CONTRACTS)
def test_each_demand_of_a_contract_is_of_a_case(name: str) -> None:
    assert case_of(CONTRACTS[name])


def test_each_column_is_a_case_and_each_case_has_a_demand() -> None:
    assert {case.title for case in CASES} - {NOT_SHOWN} == set(SHOWN)
    assert {case_of(test) for test in CONTRACTS.values()} == {case.title for case in CASES}


def test_each_engine_is_held_by_a_contract_or_it_is_said_by_what() -> None:
    held = {
        (row.stage, row.engine)
        for stage in TABLES
        for file in (ROOT / "tests" / "protocol" / stage).glob("test_*.py")
        for cls in _CLASS.findall(file.read_text())
        if (row := row_of(file.relative_to(ROOT).as_posix(), cls)) is not None
    }
    engines = {(stage, engine) for stage, table in TABLES.items() for engine in table}
    # The embedded recogniser inherits what needs no server.
    assert engines - held - set(WITHOUT_CONTRACT) == set()


def test_each_engine_has_an_example_of_its_lines() -> None:
    assert settings.without_example() == []


def test_the_document_names_each_engine() -> None:
    text = (ROOT / "docs" / "engines.md").read_text()
    for table in TABLES.values():
        for engine in table:
            assert f"`{engine}`" in text, f"{engine}: run `make engines-doc`"


def test_a_class_is_of_the_engine_that_its_names_tell() -> None:
    assert row_of("tests/protocol/tts/test_polly.py", "TestContract") == Row("tts", "polly", "")
    way = row_of("tests/protocol/tts/test_cosyvoice.py", "TestContractWithRecordings")
    assert way == Row("tts", "cosyvoice", "with recordings")
    assert row_of("tests/protocol/llm/test_bedrock_converse.py", "TestContract") == Row(
        "llm", "bedrock", ""
    )
    assert row_of("tests/protocol/tts/test_nothing.py", "TestContract") is None


@pytest.mark.parametrize(
    ("test", "case"),
    [
        ("test_utterances_at_the_same_time_are_all_answered", NOT_SHOWN),
        ("test_two_streams_at_once_do_not_mix", NOT_SHOWN),
        ("test_ten_at_once_are_all_spoken_and_do_not_mix", "ten at once"),
        ("test_an_error_is_told_to_listeners_without_the_words_of_the_caller", NOT_SHOWN),
        ("test_an_error_in_the_stream_is_raised_and_not_retried", "cut"),
        ("test_a_server_with_a_login", ""),
    ],
)
def test_a_column_says_no_more_than_its_tests(test: str, case: str) -> None:
    assert case_of(test) == case


def test_functions_are_of_the_engine_that_their_module_or_a_parameter_names() -> None:
    file = "tests/protocol/tts/test_f5_socket.py"
    assert row_of(file, "", "test_the_probe") == Row("tts", "f5_tts", "socket")
    file, test = "tests/protocol/tts/test_gradio_voices.py", "test_a_model_that_fails_is_told"
    for engine in ("f5_tts", "maskgct"):
        row = row_of(file, "", test, [f"agent.tts.{engine}.engine"])
        assert row == Row("tts", engine, "Gradio")
    assert row_of(file, "", test) is None


def test_what_is_of_no_engine_is_told() -> None:
    shared, nobodys = (
        Outcome(f"tests/protocol/tts/test_{name}.py", "", "test_it") for name in ("failover", "new")
    )
    assert matrix.missing([shared, nobodys]) == [
        "tests/protocol/tts/test_new.py::: which engine is it?"
    ]


def outcome(test: str, contract: str = "RemoteContract", **fact: Any) -> Outcome:
    usual = {"file": "tests/protocol/stt/test_sagemaker.py", "cls": "TestContract"}
    contracts = ["RemoteContract", "SpeechToTextContract"] if contract else []
    return Outcome(
        **{
            **usual, "test": test, "contract": contract, "contracts": contracts,
            "outcome": "passed", **fact,
        }
    )  # fmt: skip


def cells_of(text: str, row: str) -> dict[str, str]:
    [line] = [line for line in text.splitlines() if line.startswith(f"| {row} |")]
    return dict(zip(SHOWN, (cell.strip() for cell in line.split("|")[3:-1]), strict=True))


def test_a_cell_tells_how_many_have_passed_or_why_there_are_none() -> None:
    outcomes = [
        outcome("test_a_final_transcript_arrives"),
        outcome("test_every_sample_rate_is_understood"),
        outcome("test_every_sample_rate_is_understood"),
        outcome("test_closing_twice_is_harmless", outcome="failed"),
        outcome("test_a_server_that_is_full_may_have_room_later", outcome="skipped",
                reason="its server never says so"),
        outcome("test_a_language_is_another_language", contract=""),
    ]  # fmt: skip
    text = matrix.tables(outcomes)
    cells = cells_of(text, "`sagemaker` | ")
    assert cells["happy path"] == "2"
    assert cells["close twice"] == "**✗**"
    assert f"\n- {cells['401, 429, 500']}: its server never says so" in text
    assert cells["other language"] == "*own*"
    assert cells["very long"] == "**?**"


def test_an_own_test_counts_for_the_way_that_it_has_tried() -> None:
    piper = {"file": "tests/protocol/tts/test_piper.py", "contracts": ["ServedContract"]}
    ways = [
        outcome("test_ten_at_once_are_all_spoken", "WholeSpeechContract", cls=cls, **piper)
        for cls in ("TestContractOverHttp", "TestContractOverWyoming")
    ]
    own = [
        outcome("test_an_engine_of_another_language", "", cls="TestContractOverHttp", **piper),
        outcome("test_a_wrong_key_over_wyoming", "", cls="", **piper),
        outcome("test_silence_is_silent", "", cls="", **piper),
    ]
    text = matrix.tables([*ways, *own])
    http, wyoming = (cells_of(text, f"`piper` | {way}") for way in ("HTTP", "Wyoming"))
    assert (http["other language"], wyoming["other language"]) == ("*own*", "**?**")
    assert (http["401, 429, 500"], wyoming["401, 429, 500"]) == ("**?**", "*own*")
    assert (http["empty"], wyoming["empty"]) == ("**?**", "**?**")


def test_what_was_not_run_is_not_called_unknown() -> None:
    text = matrix.tables([outcome("test_a_final_transcript_arrives", outcome="not run")])
    assert cells_of(text, "`sagemaker` | ")["happy path"] == "**–**"


def test_outcomes_of_an_earlier_run_are_not_taken_for_those_of_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "outcomes"
    folder.mkdir()
    (folder / "stt.json").write_text("[]")
    assert not run_contracts({"stt": (sys.executable, "-c", "raise SystemExit(4)")}, folder)
    assert not (folder / "stt.json").exists()


def test_right_lines_that_fail_and_wrong_ones_that_work_are_told() -> None:
    example = settings.EXAMPLES[0]
    good = settings.Told(example, [], "works  it", "X=1", "fails  it")
    assert good.faults == []
    bad = settings.Told(example, [], "fails  it", "X=1", "works  it")
    assert len(bad.faults) == 2


def test_the_table_of_faults_tells_what_was_lost_and_who_waited_too_long() -> None:
    def turn(wait_ms: float | None, **fact: Any) -> dict[str, Any]:
        usual = {"hole_ms": 100.0, "apology": False, "lost_words": 0, "again": 0, "by": "far"}
        return {"wait_ms": wait_ms, **usual, **fact}

    def trial(fault: str, during: dict[str, Any], **fact: Any) -> dict[str, Any]:
        well = turn(1000.0)
        return {
            "stage": "stt", "fault": fault, "call_lost": False, "failed": "", "before": well,
            "during": during, "after": well, "back_s": 6.0, **fact,
        }  # fmt: skip

    record = {
        "began": "2026-01-01", "machine": "m", "livekit-agents": "1.8.9", "timeout_s": 2.0,
        "trials": [
            trial("killed", turn(1200.0)),
            trial("hung", turn(None)),
            trial("slow", turn(4600.0, apology=True)),
            trial("stalled", turn(1100.0), after=turn(15000.0)),
            trial("cut", turn(1100.0), back_s=None, after=turn(None)),
            trial("cut", turn(1100.0)),
            trial("cut", turn(1100.0), back_s=None, call_lost=True),
            trial("cut", turn(None), before=turn(None), failed="TimeoutError()"),
        ],
    }  # fmt: skip
    text = faults.table(record)
    assert "| killed | recogniser | 0 of 1 | 0 of 1 | 0, 0 | 1.20 s (1.20 s) |" in text
    assert "| hung | recogniser | 0 of 1 | 1 of 1 | 0, 0 | no answer |" in text
    assert (
        "longer waited: hung, recogniser, slow, recogniser, stalled, recogniser, cut, recogniser. "
        "1 of 8 calls ended before their time. 1 had no first answer and are in no row." in text
    )
    [cut] = [line for line in text.splitlines() if line.startswith("| cut |")]
    assert "| 1 of 3 |" in cut
    assert cut.endswith("| 1.00 s (2 of 3) | 6 s (1 of 3) |")


def test_a_table_of_faults_without_any_answer_is_not_made() -> None:
    with pytest.raises(ValueError, match="no turn was answered"):
        faults.table({"trials": [], "timeout_s": 2.0})
