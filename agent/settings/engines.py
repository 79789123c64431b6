"""Four tables: which engines there are for each stage, and where their code is.

An engine is a line here and a folder with two modules. `options` has `Options`, a frozen subclass
of `agent.options.EngineOptions`; `engine` has

- `build(options) -> stt.STT | llm.LLM | tts.TTS`: makes the livekit-agents component and
  imports its optional libraries there; it contacts nobody. Of a translator it makes a
  `agent.translate.translator.Translator`;
- `async probe(options) -> str`: contacts the engine and says in one line what works, or
  raises a `RejoinderError` that says what to do.

It may have more:

- `preload() -> None`: blocking work whose result all processes share, such as slow imports and
  caches of a library; starts no thread and no event loop;
- `preload_for(options) -> None`: the same for what depends on the settings, such as somebody's
  package; called on the main thread;
- `warm_up(component) -> None`: blocking work, such as loading a model or an index, that a
  worker process does before a call arrives;
- `async probe_again(options)`: in place of `probe` for an engine of a list that has failed in a
  call: raises what would make it fail there, where `probe` tells a person of a doubt;
- `check(options) -> None`: raises what would keep `build` and `warm_up` from succeeding, as far
  as it can be told at once. Without it, `build` is tried.

An engine from outside this project is named by the dotted path of a module that has all of them,
`Options` too.

Nothing here imports livekit-agents, which takes seconds: settings are read by every process.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from agent.errors import ConfigError
from agent.options.fields import EngineOptions

CallStage = Literal["stt", "llm", "tts"]
"""What a call has."""
Stage = CallStage | Literal["translate"]


@dataclass(frozen=True, slots=True)
class Engine:
    """One line of the table."""

    folder: str
    """Dotted path of its folder."""
    summary: str
    """What it speaks to, for the README table and `rejoinder engines`."""
    needs: str
    """What a person must have, in a few words."""
    extra: str | None = None
    """The optional dependency group that brings its libraries."""
    streams: bool | None = False
    """Of a recogniser: whether it streams, and does nothing else; None: it says so once built."""


STT: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.stt.openai",
        "any /v1/audio/transcriptions server: ours, OpenAI, speaches, vLLM, whisper.cpp",
        "a URL",
    ),
    "gradio": Engine(
        "agent.stt.gradio",
        "a Gradio server: SeamlessM4T-v2, MooER, or our Whisper server",
        "a URL",
    ),
    "funasr": Engine(
        "agent.stt.funasr",
        "FunASR's websockets, words while they are spoken: 2pass (C++, Python), Fun-ASR-Nano",
        "a URL",
        streams=True,
    ),
    "funasr_http": Engine(
        "agent.stt.funasr_http",
        "FunASR and SenseVoice over HTTP: FastAPI wrapper, funasr-server, HTTP runtime, api.py",
        "a URL",
    ),
    "whisper": Engine(
        "agent.stt.whisper",
        "faster-whisper inside the worker's process",
        "nothing (tiny.en is included)",
        extra="server-whisper",
    ),
    "sagemaker": Engine(
        "agent.stt.sagemaker",
        "Whisper from SageMaker JumpStart, or a container of your own behind an endpoint",
        "AWS credentials, an endpoint",
    ),
    "transcribe": Engine(
        "agent.stt.transcribe",
        "Amazon Transcribe, which streams",
        "AWS credentials",
        streams=True,
    ),
    "plugin": Engine(
        "agent.stt.plugin",
        "any livekit-agents plug-in: Deepgram, AssemblyAI, Google, Groq, Azure and others",
        "its package and a key",
        streams=None,
    ),
}

LLM: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.llm.openai",
        "any /v1/chat/completions server: OpenAI, Ollama, vLLM, llama.cpp, DeepSeek",
        "a URL or a key",
    ),
    "bedrock": Engine(
        "agent.llm.bedrock",
        "Amazon Bedrock ConverseStream",
        "AWS credentials",
    ),
    "handbook": Engine(
        "agent.llm.handbook",
        "answers from a folder of documents, without a model",
        "nothing (a handbook of this project is included)",
    ),
    "plugin": Engine(
        "agent.llm.plugin",
        "any livekit-agents plug-in: Anthropic, Google, Groq, Mistral and others",
        "its package and a key",
    ),
}

TTS: Mapping[str, Engine] = {
    "openai": Engine(
        "agent.tts.openai",
        "any /v1/audio/speech server: ours (hibari, Piper, espeak-ng), OpenAI, Kokoro, speaches",
        "a URL",
    ),
    "gpt_sovits": Engine(
        "agent.tts.gpt_sovits",
        "GPT-SoVITS (api_v2.py, api.py): cloned voices by name",
        "a URL, recordings of voices",
    ),
    "cosyvoice": Engine(
        "agent.tts.cosyvoice",
        "CosyVoice's FastAPI server: sft, zero-shot, cross-lingual, instruct",
        "a URL",
    ),
    "fish_speech": Engine(
        "agent.tts.fish_speech",
        "Fish-Speech's API server: saved voices and recordings",
        "a URL",
    ),
    "chattts": Engine(
        "agent.tts.chattts",
        "ChatTTS (examples/api/main.py, openai_api.py)",
        "a URL",
    ),
    "piper": Engine(
        "agent.tts.piper",
        "Piper's HTTP server, or any voice behind Wyoming (tcp://)",
        "a URL",
    ),
    "f5_tts": Engine(
        "agent.tts.f5_tts",
        "F5-TTS behind its Gradio page, or its socket server (tcp://)",
        "a URL, recordings of voices",
    ),
    "maskgct": Engine(
        "agent.tts.maskgct",
        "MaskGCT's Gradio demo; seconds for a sentence",
        "a URL, recordings of voices",
    ),
    "espeak": Engine(
        "agent.tts.espeak",
        "espeak-ng in a process of its own, about 100 languages",
        "nothing",
    ),
    "plugin": Engine(
        "agent.tts.plugin",
        "any livekit-agents plug-in: ElevenLabs, Cartesia, Google, Deepgram and others",
        "its package and a key",
    ),
    "polly": Engine(
        "agent.tts.polly",
        "Amazon Polly: standard, neural, long-form and generative voices",
        "AWS credentials",
    ),
    "sagemaker": Engine(
        "agent.tts.sagemaker",
        "GPT-SoVITS behind an endpoint of Amazon SageMaker",
        "AWS credentials, an endpoint",
    ),
}

TRANSLATE: Mapping[str, Engine] = {
    "libretranslate": Engine(
        "agent.translate.libretranslate",
        "LibreTranslate's /translate: our translation server, LibreTranslate",
        "a URL",
    ),
    "gradio": Engine(
        "agent.translate.gradio",
        "/t2tt of SeamlessM4T-v2's Gradio demo",
        "a URL",
    ),
    "llm": Engine(
        "agent.translate.llm",
        "the model of LLM_ENGINE, with what was said before and a glossary",
        "a model of LLM_ENGINE that is no handbook",
    ),
    "recogniser": Engine(
        "agent.translate.recogniser",
        "nothing: the recogniser of STT_ENGINE translates by itself (SeamlessM4T's /s2tt, Whisper)",
        "a recogniser that does",
    ),
}

TABLES: Mapping[Stage, Mapping[str, Engine]] = {
    "stt": STT,
    "llm": LLM,
    "tts": TTS,
    "translate": TRANSLATE,
}


def options_of(stage: Stage, name: str) -> type[EngineOptions]:
    """The model of an engine's options; imports only engines from outside this project.

    Raises:
        ConfigError: the name is neither in the table nor an importable dotted path.
    """
    engine = TABLES[stage].get(name)
    if engine is None:
        module = load_engine(stage, name)
    else:
        module = importlib.import_module(f"{engine.folder}.options")
    options: type[EngineOptions] = module.Options
    return options


def load_engine(stage: Stage, name: str) -> ModuleType:
    """Import the module of an engine.

    Raises:
        ConfigError: the name is neither in the table nor an importable dotted path.
    """
    engine = TABLES[stage].get(name)
    if engine is not None:
        return importlib.import_module(f"{engine.folder}.engine")
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
