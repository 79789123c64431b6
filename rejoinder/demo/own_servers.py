"""Our own model servers in the demo: which are started, how, and what the worker is told of them.

Nothing is started, read or contacted here; the machine is asked for its number of cores alone, and
whether a package is there.
"""

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.errors import ConfigError, EngineUnavailable
from agent.settings.load import Settings, StageChoice
from rejoinder.demo.parts import Part, address
from rejoinder.demo.ports import LOOPBACK

WHISPER, TTS = "whisper", "tts"
CHAT = "llm"
"""The language model that `--chat` starts."""
MAX_CALLS = 4
"""Calls that the demo takes, unless a person says otherwise."""

_EMBEDDED = "embedded"
"""Name of the Whisper model that is included."""
_MOST_THREADS = 4
"""More do not make a short utterance's recognition quicker."""
_EMBEDDED_VOICE = "en_US-hibari-heart"
_SERVER_VOICE = re.compile(
    r"espeak:.+|[a-z]{2,3}_[A-Z]{2}-.+|[a-z][fm]_[a-z]+|[a-z]{2,3}(-[A-Za-z0-9]+)*|default"
)
"""How the TTS server names voices: espeak:VOICE, hibari's and Piper's such as en_US-joe-medium,
Kokoro's such as af_heart, or a language tag. Other names of espeak-ng, such as german, get the
prefix."""

_CHAT_MODEL = "qwen2.5-0.5b"
"""What the server takes when nobody sets SERVE_LLM_MODEL."""
_CHAT_PACKAGE = "xllamacpp"
_CHAT_TIMEOUT_S = "30"
"""For the first token of a small model on two cores that has a long conversation to read anew."""
_CHAT_TOKENS, _CHAT_ANSWER = 4096, 400
"""The server's defaults of SERVE_LLM_CONTEXT_TOKENS and SERVE_LLM_MAX_TOKENS."""
_CHARS_PER_TOKEN = 2
"""Fewer than in English prose: short turns are half marks of their roles. Chinese has fewer still:
then the engine leaves the oldest turns out when the server refuses them."""
_LEAST_HISTORY = 1000


def needs_whisper(settings: Settings) -> bool:
    """Whether the demo starts our Whisper server: nobody chose another recogniser."""
    return _embedded(settings.stt, "whisper")


def needs_tts(settings: Settings) -> bool:
    """Whether the demo starts our TTS server: nobody chose or tuned another voice."""
    tuned = {"TTS_RATE_WPM", "TTS_PITCH", "TTS_VOLUME"} & set_by_person(settings)
    return _embedded(settings.tts, "espeak") and not tuned


def check_chat(settings: Settings) -> None:
    """Whether `--chat` can be had.

    Raises:
        ConfigError: a person chose another language model.
        EngineUnavailable: the package that runs one here is not installed.
    """
    if not _embedded(settings.llm, "handbook"):
        raise ConfigError(
            f"--chat starts a language model on this machine, but another one is chosen "
            f"({settings.llm[0].why}): leave --chat out, or unset that"
        )
    if importlib.util.find_spec(_CHAT_PACKAGE) is None:
        raise EngineUnavailable(
            "the language model's server is not installed: run `uv sync --inexact --extra "
            'server-llm`, or start the demo with `make demo ARGS="--chat"`'
        )


def whisper_server(settings: Settings, port: int, base: Mapping[str, str], python: str) -> Part:
    """The Whisper server; what a person set for the engine `whisper` holds for it."""
    chosen = settings.stt[0].options.model_dump()
    env = whisper_beside_a_worker(os.cpu_count() or 1) | {
        f"SERVE_WHISPER_{name.upper()}": str(chosen[name])
        for name in ("model", "device", "compute_type", "cpu_threads")
        if f"STT_{name.upper()}" in set_by_person(settings)
    }
    return model_server(WHISPER, "model_servers.whisper", port, env | dict(base), python)


def whisper_beside_a_worker(cores: int) -> dict[str, str]:
    """Settings of a Whisper server that has few cores, and shares them with a worker and a voice.

    Gradio's page takes three quarters of the start, and the worker does not use it. A window of
    the utterance's own length is three times as quick as Whisper's 30 s. On two cores one thread
    is as quick as two for it; and two threads wait for each other, spinning, when the voice of a
    guess takes the core of one: the last request of a turn then took 0.4 s longer. What is left
    of the cores serves that request beside the one before it.
    """
    threads = max(1, min(_MOST_THREADS, cores // 2))
    return {
        "SERVE_WHISPER_PAGE": "false",
        "SERVE_WHISPER_WINDOW": "fit",
        "SERVE_WHISPER_CPU_THREADS": str(threads),
        "SERVE_WHISPER_CONCURRENCY": "2",
    }


def whisper_client(server: Part, url: str) -> dict[str, str]:
    """What the worker is told of the Whisper server."""
    model = server.env.get("SERVE_WHISPER_MODEL", _EMBEDDED)
    client = {
        "STT_ENGINE": "openai",
        "STT_URL": f"{url}/v1",
        "STT_MODEL": "whisper-tiny.en" if model == _EMBEDDED else model,
    }
    return client | _key(server, "SERVE_WHISPER_API_KEY", "STT_API_KEY")


def tts_server(port: int, base: Mapping[str, str], python: str) -> Part:
    """The speech server."""
    return model_server(TTS, "model_servers.tts", port, base, python)


def tts_client(settings: Settings, server: Part, url: str) -> dict[str, str]:
    """What the worker is told of the speech server."""
    voice = server.env.get("SERVE_TTS_VOICE", _EMBEDDED_VOICE)
    client = {"TTS_ENGINE": "openai", "TTS_URL": f"{url}/v1"}
    if "TTS_VOICE" in set_by_person(settings):
        voice = str(settings.tts[0].options.model_dump()["voice"])
        voice = voice if _SERVER_VOICE.fullmatch(voice) else f"espeak:{voice}"
        client["TTS_VOICE"] = voice
    # The server takes any name for a model; the talk page shows this one.
    client["TTS_MODEL"] = voice
    return client | _key(server, "SERVE_TTS_API_KEY", "TTS_API_KEY")


def chat_server(settings: Settings, port: int, base: Mapping[str, str], python: str) -> Part:
    """The language model's server: it has read the instructions before the first call.

    Each call that the worker takes has a context of its own there.
    """
    taken = "AGENT_MAX_CALLS" in set_by_person(settings) and settings.agent.max_calls
    env = {
        "SERVE_LLM_INSTRUCTIONS": settings.reply.instructions,
        "SERVE_LLM_CONCURRENCY": str(min(taken or MAX_CALLS, MAX_CALLS)),
    }
    return model_server(CHAT, "model_servers.llm", port, env | dict(base), python)


def chat_client(settings: Settings, server: Part, url: str) -> dict[str, str]:
    """What the worker is told of the language model's server."""
    model = server.env.get("SERVE_LLM_MODEL", _CHAT_MODEL)
    client = {
        "LLM_ENGINE": "openai",
        "LLM_URL": f"{url}/v1",
        # The server takes any name for its model; the talk page shows this one.
        "LLM_MODEL": Path(model).stem if model.endswith(".gguf") else model,
    }
    unless_set = {
        "LLM_TIMEOUT_S": _CHAT_TIMEOUT_S,
        "LLM_HISTORY_CHARS": str(_history_chars(settings, server)),
    }
    client |= {n: v for n, v in unless_set.items() if n not in set_by_person(settings)}
    return client | _key(server, "SERVE_LLM_API_KEY", "LLM_API_KEY")


def set_by_person(settings: Settings) -> set[str]:
    """Names of the settings that are not at their default."""
    return {value.name for value in settings.values if value.origin != "default"}


def _history_chars(settings: Settings, server: Part) -> int:
    """How much of a conversation fits into a context beside the instructions and the answer."""
    tokens = _number(server, "SERVE_LLM_CONTEXT_TOKENS", _CHAT_TOKENS)
    answer = _number(server, "SERVE_LLM_MAX_TOKENS", _CHAT_ANSWER)
    chars = _CHARS_PER_TOKEN * (tokens - answer) - len(settings.reply.instructions)
    return max(_LEAST_HISTORY, chars)


def _number(server: Part, name: str, default: int) -> int:
    text = server.env.get(name, "").strip()
    # What is no number the server itself refuses.
    return int(text) if text.isdecimal() else default


def _embedded(choices: Sequence[StageChoice], engine: str) -> bool:
    """Whether a stage has its embedded engine because nobody chose one."""
    return choices[0].engine == engine and choices[0].why.startswith("embedded")


def model_server(name: str, module: str, port: int, env: Mapping[str, str], python: str) -> Part:
    """One of our servers, on `port` of loopback."""
    return Part(
        name,
        (python, "-m", module, "--host", LOOPBACK, "--port", str(port)),
        env,
        f"{address(port)}/ready",
        own_line="listening on http",
        log_is_progress=True,
    )


def _key(server: Part, served: str, sent: str) -> dict[str, str]:
    """The key that the server demands, for its client."""
    return {sent: server.env[served]} if served in server.env else {}
