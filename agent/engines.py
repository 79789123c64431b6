"""Three tables: which engines there are for each stage, and where their code is.

An engine is a module with three names:

- `Options`: a frozen subclass of `agent.options.EngineOptions`;
- `build(options) -> stt.STT | llm.LLM | tts.TTS`: makes the livekit-agents component and
  imports its optional libraries there, so that options can be listed without them;
- `async probe(options) -> str`: contacts the engine and says in one line what works, or
  raises a `RejoinderError` that says what to do.

It may have a fourth, `warm_up(component) -> None`: blocking work, such as loading a model
or an index, that a worker process does before a call arrives.

An engine from outside this project is named by its module's dotted path.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from agent.errors import ConfigError

Stage = Literal["stt", "llm", "tts"]


@dataclass(frozen=True, slots=True)
class Engine:
    """One line of the table."""

    module: str
    """Dotted path of the module that implements it."""
    summary: str
    """What it speaks to, for the README table and `rejoinder engines`."""
    needs: str
    """What a person must have, in a few words."""
    extra: str | None = None
    """The optional dependency group that brings its libraries."""


STT: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.stt.openai_http",
        "any /v1/audio/transcriptions server: ours, OpenAI, speaches, vLLM, whisper.cpp",
        "a URL",
    ),
    "gradio": Engine(
        "agent.stt.gradio_queue",
        "a Gradio server: SeamlessM4T-v2 (/s2tt, /asr) or our Whisper server",
        "a URL",
    ),
    "whisper": Engine(
        "agent.stt.whisper_local",
        "faster-whisper inside the worker's process",
        "nothing (tiny.en is included)",
        extra="server-whisper",
    ),
}

LLM: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.llm.openai_chat",
        "any /v1/chat/completions server: OpenAI, Ollama, vLLM, llama.cpp, DeepSeek",
        "a URL or a key",
    ),
    "bedrock": Engine(
        "agent.llm.bedrock_converse",
        "Amazon Bedrock ConverseStream",
        "AWS credentials",
    ),
    "handbook": Engine(
        "agent.llm.handbook",
        "answers from a folder of Markdown or text files",
        "nothing (a handbook of this project is included)",
    ),
}

TTS: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.tts.openai_http",
        "any /v1/audio/speech server: ours (Piper, espeak-ng), OpenAI, Kokoro, speaches",
        "a URL",
    ),
    "espeak": Engine(
        "agent.tts.espeak_process",
        "espeak-ng in a process of its own, about 100 languages",
        "nothing",
    ),
}

TABLES: Mapping[Stage, Mapping[str, Engine]] = {"stt": STT, "llm": LLM, "tts": TTS}


def load_engine(stage: Stage, name: str) -> ModuleType:
    """Import the module of an engine.

    Raises:
        ConfigError: the name is neither in the table nor an importable dotted path.
    """
    engine = TABLES[stage].get(name)
    if engine is not None:
        return importlib.import_module(engine.module)
    if "." not in name:
        raise ConfigError(
            f"{stage.upper()}_ENGINE={name!r} is not an engine; known: {', '.join(TABLES[stage])}"
        )
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"{stage.upper()}_ENGINE={name!r} cannot be imported: {error}") from error
    missing = [attr for attr in ("Options", "build", "probe") if not hasattr(module, attr)]
    if missing:
        raise ConfigError(f"{stage.upper()}_ENGINE={name!r} lacks {', '.join(missing)}")
    return module
