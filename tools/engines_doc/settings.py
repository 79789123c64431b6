"""For each engine the lines of `.env` that it wants, and what `rejoinder check` says of them.

Every line is made: each engine is probed at the stand-in that `rejoinder stand-in` starts, as it is
set and with one mistake.
"""

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from agent.errors import RejoinderError
from agent.remote.aws.clients import CLIENTS
from agent.settings.checking import import_engine
from agent.settings.engines import TABLES, Stage
from agent.settings.load import load
from rejoinder.commands.check import examine
from rejoinder.stand_ins.offers import OFFERS, Wanted

_TIMES = ((r"\d+(\.\d+)? s\b", "… s"), (r"\(\d+ ms\)", ""), (r"\bin \d+ ms", "in … ms"))
_WORKS = "works  "
_ROOT = Path(__file__).resolve().parents[2]
_NOBODYS_AWS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@dataclass(frozen=True, slots=True)
class Example:
    """An engine, where it is asked, and a mistake that people make."""

    stage: Stage
    engine: str
    what: str
    """What of its kind this is, for people."""
    wrong: Mapping[str, str | None]
    """Lines in place of the right ones; None: the line is missing."""
    standin: str = ""
    way: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)
    """The right lines, where the stand-in does not tell them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of an example."""

    example: Example
    lines: Sequence[str]
    right: str
    wrong_line: str
    wrong: str

    @property
    def faults(self) -> list[str]:
        """What is not as it should be: right lines that do not work, wrong ones that do."""
        name = f"{self.example.stage.upper()} {self.example.engine}, {self.example.what}"
        found = []
        if not self.right.startswith(_WORKS):
            found.append(f"{name}: the right lines give {self.right}")
        if self.wrong.startswith(_WORKS):
            found.append(f"{name}: with {self.wrong_line} it works")
        return found


EXAMPLES = (
    Example("stt", "openai", "a server of OpenAI's kind",
            {"OPENAI_BASE_URL": "http://HOST"}, "openai"),
    Example("stt", "openai", "whisper.cpp",
            {"STT_URL": "http://HOST/v2"}, "whisper-cpp"),
    Example("stt", "gradio", "SeamlessM4T-v2's demo",
            {"STT_PRESET": "m4t_asr"}, "gradio", "m4t_s2tt"),
    Example("stt", "funasr", "the runtime",
            {"STT_URL": "wss://HOST/"}, "funasr", "python"),
    Example("stt", "funasr_http", "a wrapper with /asr",
            {"STT_DIALECT": "sensevoice"}, "funasr-http", "wrapper"),
    Example("stt", "whisper", "the model that is included",
            {"STT_MODEL": "tinny.en"}, lines={"STT_ENGINE": "whisper"}),
    Example("stt", "sagemaker", "JumpStart's Whisper",
            {"STT_ENDPOINT": "wisper"}, "aws", "polly"),
    Example("stt", "transcribe", "Amazon Transcribe",
            {"STT_VOCABULARY": "unknown"}, "aws", "transcribe"),
    Example("stt", "plugin", "livekit-plugins-deepgram",
            {"STT_PLUGIN_OPTIONS": '{"modle": "nova-3"}'}, "deepgram"),
    Example("llm", "openai", "a server of OpenAI's kind",
            {"OPENAI_BASE_URL": "http://HOST"}, "openai"),
    Example("llm", "bedrock", "Amazon Bedrock",
            {"LLM_ACCESS_KEY_ID": "AKIDNOBODY"}, "aws", "polly"),
    Example("llm", "handbook", "the handbook that is included",
            {"LLM_FOLDER": "handbok"}, lines={"LLM_ENGINE": "handbook"}),
    Example("llm", "plugin", "livekit-plugins-openai",
            {"LLM_PLUGIN": "groq.LLM"}, "openai",
            lines={"LLM_ENGINE": "plugin", "LLM_PLUGIN": "openai.LLM",
                   "LLM_PLUGIN_OPTIONS": '{"base_url": "URL", "api_key": "nobody"}'}),
    Example("tts", "openai", "a server of OpenAI's kind",
            {"OPENAI_BASE_URL": "http://HOST"}, "openai"),
    Example("tts", "gpt_sovits", "api_v2.py",
            {"TTS_VOICE": "bert"}, "gpt-sovits", "api_v2"),
    Example("tts", "cosyvoice", "its FastAPI server",
            {"TTS_VOICE": None}, "cosyvoice"),
    Example("tts", "fish_speech", "its API server",
            {"TTS_VOICE": "anne"}, "fish-speech"),
    Example("tts", "chattts", "examples/api/main.py",
            {"TTS_DIALECT": "openai_api"}, "chattts", "main"),
    Example("tts", "piper", "piper.http_server",
            {"TTS_VOICE": "en_US-joe-medium"}, "piper"),
    Example("tts", "piper", "Wyoming",
            {"TTS_URL": "tcp://127.0.0.1:10201"}, "wyoming"),
    Example("tts", "f5_tts", "its socket server",
            {"TTS_URL": "tcp://127.0.0.1:9999"}, "f5-tts"),
    Example("tts", "f5_tts", "its Gradio page",
            {"TTS_VOICES": None}, "gradio", "f5_tts"),
    Example("tts", "maskgct", "its Gradio demo",
            {"TTS_VOICES": None}, "gradio", "maskgct"),
    Example("tts", "espeak", "in the worker's wheel",
            {"TTS_VOICE": "klingonese"}, lines={"TTS_ENGINE": "espeak"}),
    Example("tts", "plugin", "livekit-plugins-openai",
            {"TTS_PLUGIN_OPTIONS": '{"base_url": "URL", "api_key": "nobody", "voise": "alloy"}'},
            "openai",
            lines={"TTS_ENGINE": "plugin", "TTS_PLUGIN": "openai.TTS",
                   "TTS_PLUGIN_OPTIONS":
                   '{"base_url": "URL", "api_key": "nobody", "response_format": "pcm"}'}),
    Example("tts", "polly", "Amazon Polly",
            {"TTS_VOICE": "Ruth", "TTS_MODEL": "standard"}, "aws", "polly"),
    Example("tts", "sagemaker", "GPT-SoVITS behind an endpoint",
            {"TTS_ENDPOINT": "sovitz"}, "aws", "sagemaker"),
    Example("translate", "libretranslate", "our translation server, or LibreTranslate",
            {"TRANSLATE_URL": "http://HOST/v1"}, "libretranslate"),
    Example("translate", "gradio", "SeamlessM4T-v2's demo",
            {"TRANSLATE_URL": "http://HOST/v1"}, "gradio", "m4t_s2tt",
            lines={"TRANSLATE_ENGINE": "gradio", "TRANSLATE_URL": "URL"}),
)  # fmt: skip
"""In the order of the tables."""
UNTRIED: Mapping[tuple[str, str], str] = {
    ("translate", "llm"): "the model of `LLM_ENGINE` alone, which is checked for itself",
    ("translate", "recogniser"): "the one of `STT_ENGINE` alone, which is checked for itself",
}
"""What no example can be made of here, and what it would need."""


def without_example() -> list[str]:
    """Engines that nobody has made an example of."""
    made = {(example.stage, example.engine) for example in EXAMPLES}
    return [
        f"{stage.upper()} {engine}"
        for stage, table in TABLES.items()
        for engine in table
        if (stage, engine) not in made and (stage, engine) not in UNTRIED
    ]


async def tell(example: Example) -> Told:
    """Probe an engine, as it should be and with its mistake."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Wanted(example.way, Path(folder))
        async with _served(example, wanted) as (url, served_at):
            right = _right_lines(example, url, wanted)
            told = await _check(example, right)
            wrong: dict[str, str] = {}
            for name, value in (right | example.wrong).items():
                if value is not None:
                    wrong[name] = _filled(value, url)
            refused = await _check(example, wrong)

        def tidy(text: str) -> str:
            text = text.replace(f"{folder}/", "").replace(f"{_ROOT}/", "").replace(*served_at)
            for pattern, put in _TIMES:
                text = re.sub(pattern, put, text)
            return text.strip()

        shown = [f"{name}={_quoted(value)}" for name, value in right.items()]
        mistakes = [
            f"without {name}" if value is None else f"{name}={_quoted(_filled(value, url))}"
            for name, value in example.wrong.items()
        ]
        return Told(
            example,
            [tidy(line) for line in shown],
            tidy(told),
            tidy(" and ".join(mistakes)),
            tidy(refused),
        )


@asynccontextmanager
async def _served(example: Example, wanted: Wanted) -> AsyncIterator[tuple[str, tuple[str, str]]]:
    """The address of its stand-in, and what of it is to be written in another way."""
    if not example.standin:
        yield "", ("\0", "")
        return
    offer = OFFERS[example.standin]
    async with (await asyncio.to_thread(offer.make, wanted)).serve() as server:
        free = re.search(r":(\d+)", server.url)
        assert free is not None
        yield server.url, (f":{free[1]}", f":{offer.port}")


def _right_lines(example: Example, url: str, wanted: Wanted) -> dict[str, str]:
    if example.lines:
        return {name: _filled(value, url) for name, value in example.lines.items()}
    lines = OFFERS[example.standin].settings(url, wanted)
    pairs = (line.split("=", 1) for line in lines)
    others = tuple(f"{stage.upper()}_" for stage in TABLES if stage != example.stage)
    return {name: value.strip("'") for name, value in pairs if not name.startswith(others)}


async def _check(example: Example, lines: Mapping[str, str]) -> str:
    """The line of `rejoinder check` on this engine."""
    before = {name: os.environ.get(name) for name in (*lines, *_NOBODYS_AWS)}
    os.environ.update({**_NOBODYS_AWS, **{n: v for n, v in lines.items() if n.startswith("AWS_")}})
    try:
        with tempfile.NamedTemporaryFile(suffix=".env") as empty:
            settings = load(environ=lines, env_file=Path(empty.name))
        [choice] = getattr(settings, example.stage)
        import_engine(example.stage, choice)
        findings = await examine(settings)
    except RejoinderError as error:
        return f"rejoinder check: {error}"
    finally:
        # They are kept by account, and the next stand-in may have the same and another port.
        await asyncio.to_thread(CLIENTS.close)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    what = f"{example.stage.upper()} {choice}"
    [finding] = [finding for finding in findings if finding.what == what]
    return f"{_WORKS if finding.works else 'fails  '}{finding.what}: {finding.text}"


def _filled(value: str, url: str) -> str:
    """With the stand-in's address where URL is written, and its host and port for HOST."""
    return value.replace("URL", url).replace("HOST", urlsplit(url).netloc)


def _quoted(value: str) -> str:
    return f"'{value}'" if re.search(r"[\s\"{]", value) else value
