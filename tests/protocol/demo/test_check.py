"""`rejoinder check` and `rejoinder engines`: what they say, and that one failure hides no other."""

import argparse
import asyncio
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.options.agent import AgentOptions
from agent.options.livekit import LiveKitOptions
from agent.options.stages import ModelOptions
from agent.options.tools import McpOptions, McpServer, McpServers
from agent.options.turns import TurnOptions
from agent.options.web import TalkOptions
from agent.settings.load import Settings, StageChoice, load
from rejoinder.commands import check, list_engines
from rejoinder.commands.check import Finding, examine, what_is_paid
from rejoinder.demo.ports import PortPicker
from tests.fakes.probed_engine import Options

NOTES = Path(__file__).parents[3] / "examples" / "mcp_notes.py"
ENGINE = "tests.fakes.probed_engine"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this user's cache, state, `.env` file nor PATH is looked at."""
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME", "PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("LIVEKIT_SERVER_BIN", raising=False)


def settings(livekit: LiveKitOptions, *moods: str) -> Settings:
    stt, llm, tts = (
        (StageChoice(ENGINE, Options.model_validate({"mood": mood}), "asked", 6.0, 1),)
        for mood in moods or ("works", "works", "works")
    )
    return Settings(
        livekit=livekit,
        agent=AgentOptions(),
        turn=TurnOptions(),
        talk=TalkOptions(),
        stt=stt,
        llm=llm,
        tts=tts,
        reply=ModelOptions(),
        values=(),
        notes=(),
    )


def server(folder: Path) -> LiveKitOptions:
    binary = folder / "livekit-server"
    binary.write_text("#!/bin/sh\necho livekit-server version 1.2.3\n")
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return LiveKitOptions(server_bin=binary)


def of(findings: list[Finding], start: str) -> Finding:
    (found,) = [finding for finding in findings if finding.what.startswith(start)]
    return found


async def test_every_failure_is_one_line_of_its_own_and_hides_no_other(tmp_path: Path) -> None:
    findings = await examine(settings(server(tmp_path), "is down", "hangs", "raises"), probe_s=0.3)
    assert [finding.works for finding in findings] == [True, False, False, False]
    assert of(findings, "STT").text == "http://h:1 cannot be reached; start the server"
    assert of(findings, "LLM").text == "no answer within 0.3 s"
    assert of(findings, "TTS").text == "KeyError: 'choices'"
    assert of(findings, "LiveKit").text == (
        "the demo would start livekit-server 1.2.3 from LIVEKIT_SERVER_BIN "
        f"({tmp_path / 'livekit-server'})"
    )


@pytest.mark.timeout(90)
async def test_servers_of_tools_are_asked_which_they_have(tmp_path: Path) -> None:
    servers = {
        "notes": McpServer(command=sys.executable, args=(str(NOTES),)),
        "gone": McpServer(command="/nowhere/at-all"),
    }
    mcp = McpOptions(servers=McpServers(servers))
    findings = await examine(replace(settings(server(tmp_path)), mcp=mcp), probe_s=60)
    assert of(findings, "MCP notes").works
    assert of(findings, "MCP notes").text.startswith("tools take_note, read_notes (")
    assert not of(findings, "MCP gone").works
    assert "does not answer: FileNotFoundError" in of(findings, "MCP gone").text


def asked(**options: bool) -> argparse.Namespace:
    return argparse.Namespace(**({"all": False, "offline": False} | options))


def test_the_tools_that_there_are_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nothing(settings: Settings) -> list[Finding]:
        return []

    monkeypatch.setattr(check, "examine", nothing)
    monkeypatch.syspath_prepend(NOTES.parent)
    monkeypatch.setenv("TOOLS", "office_tools")
    check.run(asked())
    shown = capsys.readouterr().out
    assert "tools  built in: end_call, send_text" in shown
    assert "tools  TOOLS: opening_hours, book_visit" in shown
    assert "note: the handbook calls none of these tools" in " ".join(shown.split())
    monkeypatch.setenv("LLM_URL", "http://127.0.0.1:1/v1")
    check.run(asked())
    assert "note: " not in capsys.readouterr().out


def test_what_is_at_its_default_is_counted_and_shown_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nothing(settings: Settings) -> list[Finding]:
        return []

    monkeypatch.setattr(check, "examine", nothing)
    monkeypatch.setenv("AGENT_NAME", "voice")
    check.run(asked())
    few = capsys.readouterr().out
    assert [line.split()[0] for line in few.splitlines()[:2]] == ["setting", "AGENT_NAME"]
    assert "settings are at their default: rejoinder check --all" in few
    check.run(asked(all=True))
    every = capsys.readouterr().out
    assert "AGENT_FLOOR" in every
    assert "at their default" not in every


async def test_what_works_says_what_answered(tmp_path: Path) -> None:
    findings = await examine(settings(server(tmp_path)))
    assert all(finding.works for finding in findings)
    assert of(findings, "STT").text.startswith("ten voices (")


async def test_without_any_livekit_the_line_says_how_to_get_one() -> None:
    finding = of(await examine(settings(LiveKitOptions())), "LiveKit")
    assert not finding.works
    assert "PATH: no livekit-server there" in finding.text
    assert finding.text.endswith("`rejoinder setup` fetches one")


async def test_a_livekit_that_does_not_answer_is_named() -> None:
    with PortPicker() as free:
        url = f"ws://127.0.0.1:{free.tcp()}"
        there = LiveKitOptions(url=url, api_key="k", api_secret=SecretStr("s" * 32))
        finding = of(await examine(settings(there)), "LiveKit")
    assert not finding.works
    assert url in finding.text
    assert "check LIVEKIT_URL" in finding.text


async def test_a_livekit_without_keys_is_not_contacted() -> None:
    finding = of(await examine(settings(LiveKitOptions(url="ws://127.0.0.1:1"))), "LiveKit")
    assert finding == Finding("LiveKit", False, "set LIVEKIT_API_KEY and LIVEKIT_API_SECRET")


@pytest.mark.parametrize(("mood", "code"), [("works", 0), ("is down", 1)])
def test_the_exit_code_is_0_only_if_all_work_and_secrets_are_masked(
    mood: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    binary = server(tmp_path).server_bin
    for name, value in {
        "LIVEKIT_SERVER_BIN": str(binary),
        "STT_ENGINE": ENGINE,
        "STT_MOOD": mood,
        "LLM_ENGINE": ENGINE,
        "TTS_ENGINE": ENGINE,
        "TALK_SECRET": "do not show me",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    assert check.run(asked()) == code
    said = capsys.readouterr().out
    assert "do not show me" not in said
    assert f"STT {ENGINE}: " in said
    row = next(line for line in said.splitlines() if line.startswith("STT_MOOD"))
    assert row.split() == ["STT_MOOD", *mood.split(), "environment"]


def test_offline_contacts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STT_ENGINE", ENGINE)
    monkeypatch.setenv("STT_MOOD", "is down")
    assert check.run(asked(offline=True)) == 0
    assert "cannot be reached" not in capsys.readouterr().out


def test_the_engine_tables_mark_the_chosen_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLM_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("COLUMNS", "200")
    assert list_engines.run(argparse.Namespace()) == 0
    said = capsys.readouterr().out
    marked = [line.split()[1] for line in said.splitlines() if line.lstrip().startswith("●")]
    assert marked == ["whisper", "openai", "espeak"]
    assert "chosen: openai (LLM_URL is set)" in said


def test_the_engine_tables_are_printed_with_wrong_settings_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STT_ENGIN", "whisper")
    assert list_engines.run(argparse.Namespace()) == 0
    said = capsys.readouterr().out
    assert "did you mean STT_ENGINE?" in said
    assert "handbook" in said


def test_an_extra_that_is_not_installed_is_named() -> None:
    assert list_engines.missing_packages("server-whisper") == []
    assert list_engines.missing_packages("no-such-extra") == []


def test_the_env_file_is_part_of_what_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / ".env").write_text("AGENT_NAME=voice\n")
    monkeypatch.setenv("COLUMNS", "200")
    assert check.run(asked(offline=True)) == 0
    row = next(r for r in capsys.readouterr().out.splitlines() if r.startswith("AGENT_NAME"))
    assert row.split() == ["AGENT_NAME", "voice", ".env"]
    assert load().agent.name == "voice"


def test_every_engine_of_a_list_is_tried_and_told_by_its_place_and_its_own_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "LIVEKIT_SERVER_BIN": str(server(tmp_path).server_bin),
        "STT_ENGINE": f"{ENGINE}:near,{ENGINE}:far",
        "STT_NEAR_MOOD": "works",
        "STT_FAR_MOOD": "is wrong",
        "LLM_ENGINE": ENGINE,
        "TTS_ENGINE": ENGINE,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    assert check.run(asked()) == 1
    said = capsys.readouterr().out
    assert f"STT: {ENGINE}:near, then {ENGINE}:far (STT_ENGINE=" in said
    assert f"works  STT {ENGINE}:near, first choice: " in said
    assert f"fails  STT {ENGINE}:far, standing by: set STT_FAR_MOOD to works" in said
    rows = [
        line.split()[0] for line in said.splitlines() if "_MOOD " in line and "fails" not in line
    ]
    assert rows == ["STT_NEAR_MOOD", "STT_FAR_MOOD"]


def test_the_engine_tables_mark_those_that_stand_by(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLM_ENGINE", "openai:near,openai:far,handbook")
    monkeypatch.setenv("COLUMNS", "200")
    assert list_engines.run(argparse.Namespace()) == 0
    said = capsys.readouterr().out
    marked = [line.split()[:2] for line in said.splitlines() if line.lstrip()[:1] in ("●", "○")]
    assert marked == [["●", "whisper"], ["●", "openai"], ["○", "handbook"], ["●", "espeak"]]
    assert "chosen: openai:near, then openai:far, then handbook (LLM_ENGINE=" in said


def test_what_an_engine_costs_is_told_or_that_it_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("STT_", "LLM_", "TTS_", "OPENAI_", "LIVEKIT_", "PRICES_")):
            monkeypatch.delenv(name)
    (tmp_path / "mine.toml").write_text(
        '[[price]]\nstage = "tts"\nmodel = "kokoro"\ncurrency = "EUR"\nper_minute = 0.002\n'
    )
    (tmp_path / ".env").write_text(
        "STT_URL=https://api.openai.com/v1\nLLM_URL=https://llm.example.com/v1\nLLM_MODEL=mine\n"
        "TTS_URL=http://127.0.0.1:1/v1\nTTS_MODEL=kokoro\nPRICES_FILE=mine.toml\n"
    )
    costs = asyncio.run(what_is_paid(load()))
    assert costs == [
        ("STT openai", "0.006 USD a minute (2026-11-26)"),
        ("LLM openai", "no price is known: a line in PRICES_FILE tells it (docs/costs.md)"),
        ("TTS openai", "0.002 EUR a minute"),
    ]
    own = {"STT_ENGINE": "whisper", "LLM_ENGINE": "handbook", "TTS_ENGINE": "espeak"}
    (tmp_path / ".env").unlink()
    assert asyncio.run(what_is_paid(load(environ=own))) == []
