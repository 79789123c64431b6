"""`rejoinder stand-in` as people use it: start it, paste its lines, let the engines be checked."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import livekit.plugins.deepgram  # noqa: F401 - plug-ins are imported on the main thread
import numpy as np
import pytest

from agent.settings.checking import probe_engine
from agent.settings.engines import Stage, load_engine
from agent.settings.load import Settings, StageChoice, load
from rejoinder.cli import main
from rejoinder.stand_ins.offers import OFFERS, Wanted
from rejoinder.stand_ins.sound_words import SoundWords

pytestmark = pytest.mark.timeout(60)

_LINE = re.compile(r"  ([A-Z][A-Z0-9_]*)=(.*)\n")
_STAGES: tuple[Stage, ...] = ("stt", "llm", "tts", "translate")
_EMBEDDED = ("whisper", "handbook", "espeak", "recogniser")
"""What `auto` means where the lines say nothing of a stage."""


class Started:
    """A stand-in that runs as a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.settings: dict[str, str] = {}
        assert process.stdout is not None
        for line in process.stdout:
            if found := _LINE.fullmatch(line):
                self.settings[found[1]] = found[2].strip("'")
            if line.startswith("`rejoinder check`"):
                break
        else:
            raise AssertionError(f"it has ended with {process.wait()}")

    def rest(self) -> str:
        """End it by Ctrl-C, and what it has said since it began."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        assert self.process.wait(timeout=10) == 0
        return said


@contextmanager
def started(*arguments: str, folder: Path) -> Iterator[Started]:
    port = () if "--port" in arguments else ("--port", "0")
    command = [sys.executable, "-m", "rejoinder", "stand-in", *arguments, *port]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder)},
        start_new_session=True,
    )
    try:
        yield Started(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def loaded(aws: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Mapping[str, str]], Settings]:
    """The settings of some lines; boto3 reads its own from the environment."""

    def apply(lines: Mapping[str, str]) -> Settings:
        for name, value in lines.items():
            if name.startswith("AWS_"):
                aws.setenv(name, value)
        no_file = tmp_path / "none.env"
        no_file.touch()
        return load(environ=lines, env_file=no_file)

    return apply


def chosen(settings: Settings) -> list[tuple[Stage, StageChoice]]:
    """The engines that the lines name."""
    return [
        (stage, choice)
        for stage in _STAGES
        for choice in getattr(settings, stage)
        if choice.engine not in _EMBEDDED
    ]


async def probed(stage: Stage, choice: StageChoice) -> str:
    # Its import reads files.
    await asyncio.to_thread(load_engine, stage, choice.engine)
    return await probe_engine(stage, choice)


OF_THEIR_OWN = ("gradio", "web-search")
"""Tested elsewhere: the first is slow to start, the other stands in for no stage."""


@pytest.mark.parametrize("name", [name for name in OFFERS if name not in OF_THEIR_OWN])
async def test_the_lines_that_it_prints_are_all_that_an_engine_needs(
    name: str, loaded: Callable[[Mapping[str, str]], Settings], tmp_path: Path
) -> None:
    with started(name, folder=tmp_path) as standin:
        engines = chosen(await asyncio.to_thread(loaded, standin.settings))
        assert engines
        for stage, choice in engines:
            assert await probed(stage, choice)
        said = standin.rest()
    assert said.strip(), "a line on each request"
    for line in said.strip().splitlines():
        assert re.match(r"\d\d:\d\d:\d\d  \S", line), line


_OTHER_WAYS = [
    (name, way)
    for name, offer in OFFERS.items()
    for way in offer.ways[1:]
    if name not in OF_THEIR_OWN
]


@pytest.mark.parametrize(("name", "way"), _OTHER_WAYS)
async def test_each_other_way_is_reached_by_its_lines(
    name: str,
    way: str,
    loaded: Callable[[Mapping[str, str]], Settings],
    tmp_path: Path,
) -> None:
    wanted = Wanted(way, tmp_path)
    offer = OFFERS[name]
    async with (await asyncio.to_thread(offer.make, wanted)).serve() as server:
        pairs = (line.split("=", 1) for line in offer.settings(server.url, wanted))
        lines = {name: value.strip("'") for name, value in pairs}
        engines = chosen(await asyncio.to_thread(loaded, lines))
        assert engines
        for stage, choice in engines:
            assert await probed(stage, choice)


async def test_a_gradio_page_hears_and_speaks(
    loaded: Callable[[Mapping[str, str]], Settings], tmp_path: Path
) -> None:
    with started("gradio", "--way", "f5_tts", folder=tmp_path) as standin:
        [(stage, choice)] = chosen(await asyncio.to_thread(loaded, standin.settings))
        assert "24000 Hz" in await probed(stage, choice)
        lines = {"STT_ENGINE": "gradio", "STT_URL": standin.settings["TTS_URL"]}
        [(stage, choice)] = chosen(await asyncio.to_thread(loaded, lines))
        assert "/s2tt" in await probed(stage, choice)
        said = standin.rest()
    assert "/basic_tts: ended" in said
    assert "/s2tt: ended" in said


def test_check_says_that_all_of_a_server_works(tmp_path: Path) -> None:
    with started("openai", folder=tmp_path) as standin:
        lines = [f"{name}={value}\n" for name, value in standin.settings.items()]
        (tmp_path / ".env").write_text("".join(lines))
        done = subprocess.run(
            [sys.executable, "-m", "rejoinder", "check"],
            cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
    for stage in ("stt", "llm", "tts"):
        assert f"works  {stage.upper()} openai:" in done.stdout, done.stdout + done.stderr


def test_its_voice_is_speech_in_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    texts = ("One two three.", "One two three four five six seven eight nine ten.")
    with started("openai", folder=tmp_path) as standin:
        url = f"{standin.settings['OPENAI_BASE_URL']}/audio/speech"
        short, long = (
            np.frombuffer(httpx.post(url, json={"input": text, "voice": "alloy"}).content, "<i2")
            for text in texts
        )
    assert 0.5 < len(short) / 24000 < len(long) / 24000 / 1.5
    # Speech has many tones at once; of a word's tone nearly all is within 100 Hz.
    spectrum = np.abs(np.fft.rfft(long)) ** 2
    peak = int(np.argmax(spectrum))
    near = 100 * len(long) // 24000
    assert spectrum[max(0, peak - near) : peak + near].sum() < 0.9 * spectrum.sum()


@pytest.mark.parametrize(("fault", "seen"), [("429", "429"), ("llm:cut", "cut off")])
def test_a_fault_is_shown_and_told(fault: str, seen: str, tmp_path: Path) -> None:
    with started("openai", "--fault", fault, folder=tmp_path) as standin:
        url = f"{standin.settings['OPENAI_BASE_URL']}/chat/completions"
        asked = {"messages": [{"role": "user", "content": "my secret"}], "stream": True}
        try:
            status = str(httpx.post(url, json=asked).status_code)
        except httpx.RemoteProtocolError:
            status = "cut off"
        said = standin.rest()
    assert status == seen
    assert f"from now on: {fault}" in said
    assert f"POST /v1/chat/completions: {seen}," in said
    assert "secret" not in said


def test_a_stall_does_not_keep_it_from_ending_at_once(tmp_path: Path) -> None:
    with started("openai", "--fault", "llm:stall", folder=tmp_path) as standin:
        url = f"{standin.settings['OPENAI_BASE_URL']}/chat/completions"
        asked = {"messages": [{"role": "user", "content": "Hello"}], "stream": True}
        with httpx.stream("POST", url, json=asked) as answer:
            next(answer.iter_raw())
            standin.rest()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gpt-sovits", "--way", "api_v3"], "--way api_v3: gpt-sovits has api_v2, api"),
        (["piper", "--fault", "llm:stall"], "--fault llm:stall: piper has slow, stall"),
        (["piper", "--way", "cpp"], "--way cpp: piper has none"),
    ],
)
def test_what_there_is_not_is_answered_by_what_there_is(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stand-in", *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("name", ["piper", "wyoming", "gradio"])
def test_a_port_that_is_taken_is_said_so(name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "rejoinder", "stand-in", name, "--port", port],
            cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"port {port} of this machine is taken" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["70000", "-1", "http"])
def test_a_port_that_is_none_is_said_so(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["stand-in", "piper", f"--port={port}"])
    assert ended.value.code == 2
    assert f"{port} is no port: it is from 0 to 65535" in capsys.readouterr().err


async def test_its_lines_are_still_true_after_it_was_started_anew(
    loaded: Callable[[Mapping[str, str]], Settings], tmp_path: Path
) -> None:
    with started("gpt-sovits", folder=tmp_path) as standin:
        lines, port = standin.settings, standin.settings["TTS_URL"].rpartition(":")[2]
        standin.rest()
    with started("gpt-sovits", "--port", port, folder=tmp_path):
        [(stage, choice)] = chosen(await asyncio.to_thread(loaded, lines))
        assert await probed(stage, choice)


def test_the_list_names_each_with_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stand-in"]) == 0
    said = capsys.readouterr().out
    for name, offer in OFFERS.items():
        assert f"\n{name}: {offer.summary}\n" in said
    assert "  TTS_ENGINE=gpt_sovits\n  TTS_URL=http://127.0.0.1:9880\n" in said
    assert "  AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:4566\n" in said
    assert (
        "  ways: python, cpp, nano\n  faults: slow, stall, malformed, 401, 429, 500, full\n" in said
    )


@pytest.mark.parametrize(("seconds", "heard"), [(0.0, ""), (0.2, "One."), (0.9, "One two three.")])
def test_a_recogniser_hears_as_many_words_as_there_is_sound(seconds: float, heard: str) -> None:
    at = np.arange(int(seconds * 16000)) / 16000
    sound = np.concatenate([np.zeros(8000), 0.2 * np.sin(440 * at), np.zeros(8000)])
    assert SoundWords("One two three").sentence(sound.astype(np.float32), 16000) == heard


def test_the_words_of_a_recogniser_begin_anew_when_they_are_over() -> None:
    sound = np.full(3 * 16000, 0.1, np.float32)
    words = [word for word, _, _ in SoundWords("a b").spans(sound, 16000)]
    assert words[:4] == ["a", "b", "a", "b"]
