"""A new engine is one folder and one line: then settings, check and documents know it."""

import asyncio

import pytest
from livekit.agents import llm

from agent.errors import ConfigError
from agent.settings import engines, load
from agent.settings.checking import check_engine, probe_engine
from agent.settings.engines import LLM, TABLES, Engine, load_engine
from tools import generate

LINE = Engine("tests.fakes.parrot", "nobody: it says what it heard", "nothing")


@pytest.fixture(autouse=True)
def _one_line_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TABLES", {**TABLES, "llm": {**LLM, "parrot": LINE}})


def test_its_settings_are_read_under_the_prefix_of_its_stage() -> None:
    effective = load.load(environ={"LLM_ENGINE": "parrot", "LLM_TIMES": "2"})
    assert effective.llm[0].options.model_dump() == {"times": 2}
    with pytest.raises(ConfigError, match="LLM_TIMES"):
        load.load(environ={"LLM_ENGINE": "parrot", "LLM_TIMES": "many"})


def test_it_is_checked_built_and_asked() -> None:
    [choice] = load.load(environ={"LLM_ENGINE": "parrot", "LLM_TIMES": "2"}).llm
    check_engine("llm", choice)
    assert asyncio.run(probe_engine("llm", choice)) == "says it 2 times"

    async def said() -> str:
        heard = llm.ChatContext()
        heard.add_message(role="user", content="Hello.")
        async with (
            load_engine("llm", "parrot").build(choice.options) as parrot,
            parrot.chat(chat_ctx=heard) as stream,
        ):
            return "".join([c.delta.content async for c in stream if c.delta])

    assert asyncio.run(said()) == "Hello. Hello."


def test_the_readme_lists_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "TABLES", engines.TABLES)
    written = generate.readme((generate.ROOT / "README.md").read_text())
    assert "| LLM | `parrot` | nobody: it says what it heard | nothing |" in written


LEAST = {
    "openai": {"url": "http://127.0.0.1:1/v1"},
    "gradio": {"url": "http://127.0.0.1:1"},
    "funasr": {"url": "ws://127.0.0.1:1"},
    "funasr_http": {"url": "http://127.0.0.1:1"},
    "sagemaker": {"endpoint": "whisper"},
    "transcribe": {},
}
"""What each recogniser needs to be built, but `whisper`, which then loads its model."""


@pytest.mark.parametrize("name", LEAST)
def test_the_table_says_which_recognisers_stream_and_do_nothing_else(name: str) -> None:
    line = TABLES["stt"][name]
    options = engines.options_of("stt", name).model_validate(LEAST[name])
    offered = load_engine("stt", name).build(options).capabilities
    assert offered.streaming is line.streams
    assert offered.offline_recognize is not line.streams


def test_of_no_recogniser_of_ours_it_is_left_open() -> None:
    undecided = {name for name, line in TABLES["stt"].items() if line.streams is None}
    assert undecided == {"plugin"}
    assert set(TABLES["stt"]) - undecided - set(LEAST) == {"whisper"}


@pytest.mark.parametrize("stage", TABLES)
def test_each_engine_of_the_tables_is_a_folder_with_options_and_engine(
    stage: engines.Stage,
) -> None:
    for name, line in TABLES[stage].items():
        assert line.folder == f"agent.{stage}.{name}"
        options = engines.options_of(stage, name)
        assert options.__module__ == f"{line.folder}.options"
        assert load_engine(stage, name).__name__ == f"{line.folder}.engine"
