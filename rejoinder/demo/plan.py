"""From settings to processes: what the demo runs, with which environment, and why.

Nothing is started, read or contacted here; the machine is asked for its number of cores alone.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.remote.proxies import spared
from agent.settings.load import Settings, StageChoice
from rejoinder.demo.livekit_config import Keys, server_config, server_environment
from rejoinder.demo.ports import LOOPBACK, PortClaims, PortPicker

LIVEKIT, WHISPER, TTS, WEB, WORKER = "livekit-server", "whisper", "tts", "web", "worker"

LIVEKIT_PORT = 7880
"""Preferred: an Agents Playground that was built for one demo then works with the next."""

_DEMO_DEFAULTS = {
    # By processor load, one browser that starts on two cores makes the worker refuse calls.
    "AGENT_MAX_CALLS": "4",
    "AGENT_IDLE_PROCESSES": "1",
    # Ctrl-C ends the demo within 5 s, also during a call.
    "AGENT_DRAIN_TIMEOUT_S": "1",
}
"""Settings that differ in the demo, unless the person set them."""

_EMBEDDED = "embedded"
"""Name of the Whisper model that is included."""

_MOST_THREADS = 4
"""More do not make a short utterance's recognition quicker."""

_EMBEDDED_VOICE = "en_US-joe-medium"

_SERVER_VOICE = re.compile(r"espeak:.+|[a-z]{2,3}_[A-Z]{2}-.+|[a-z]{2,3}(-[A-Za-z0-9]+)*|default")
"""How the TTS server names voices: espeak:VOICE, Piper's such as en_US-joe-medium, or a
language tag. Other names of espeak-ng, such as german, get the prefix."""

_QUIET_CHILDREN = {
    # Log lines appear as they are written; nothing is reported to anybody.
    "PYTHONUNBUFFERED": "1",
    "NO_COLOR": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each process listens on loopback."""

    livekit: int
    media: int
    """UDP."""
    metrics: int
    whisper: int
    tts: int
    worker: int
    talk: int


@dataclass(frozen=True, slots=True)
class LocalLiveKit:
    """The livekit-server that the demo starts."""

    binary: Path
    version: str
    keys: Keys


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the demo."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    health_url: str
    """Answers 200 when the process serves."""
    own_line: str
    """What its own log says once it serves: another process may answer at that address."""
    after: Sequence[str] = ()
    """Parts that must be ready before it is started."""
    patience_s: float = 120.0
    """How long it may show no progress before it is ready, seconds. Generous: a busy machine
    may take a minute to import livekit-agents, and a process that died is noticed at once."""
    log_is_progress: bool = False
    """Whether a growing log counts as progress: a download draws its bar there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What serves one stage, for the table."""

    name: str
    serves: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the demo runs, in the order of starting."""

    parts: tuple[Part, ...]
    stages: tuple[Stage, ...]
    livekit_url: str
    talk_url: str
    model_servers: tuple[tuple[str, str], ...]
    """Name and address of each model server that the demo starts."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(part.name for part in self.parts)


def pick_ports(settings: Settings, claims: PortClaims) -> Ports:
    """Choose free ports; blocks for microseconds. The talk page's is the person's if free."""
    with PortPicker(claims) as free:
        return Ports(
            livekit=free.tcp(LIVEKIT_PORT),
            talk=free.tcp(settings.talk.port or None),
            media=free.udp(),
            metrics=free.tcp(),
            whisper=free.tcp(),
            tts=free.tcp(),
            worker=free.tcp(),
        )


def needs_whisper(settings: Settings) -> bool:
    """Whether the demo starts our Whisper server: nobody chose another recogniser."""
    return _embedded(settings.stt, "whisper")


def needs_tts(settings: Settings) -> bool:
    """Whether the demo starts our TTS server: nobody chose or tuned another voice."""
    tuned = {"TTS_RATE_WPM", "TTS_PITCH", "TTS_VOLUME"} & _set_by_person(settings)
    return _embedded(settings.tts, "espeak") and not tuned


def make_plan(
    settings: Settings,
    *,
    ports: Ports,
    environ: Mapping[str, str],
    local: LocalLiveKit | None,
    python: str = sys.executable,
) -> Plan:
    """Decide what runs.

    Args:
        settings: in force; what a person configured stays.
        ports: where to listen.
        environ: environment that the children inherit, the `.env` file included.
        local: the livekit-server to start; None when `LIVEKIT_URL` names one.
        python: interpreter of our own processes.
    """
    base = _inherited(environ)
    parts: list[Part] = []
    servers: list[tuple[str, str]] = []
    shared: dict[str, str] = {}
    if local is not None:
        shared |= {
            "LIVEKIT_URL": f"ws://{LOOPBACK}:{ports.livekit}",
            "LIVEKIT_API_KEY": local.keys.api_key,
            "LIVEKIT_API_SECRET": local.keys.api_secret,
        }
        parts.append(_livekit(local, ports, environ))
    stt, tts = _stage("STT", settings.stt), _stage("TTS", settings.tts)
    if needs_whisper(settings):
        server = _whisper_server(settings, ports.whisper, base, python)
        parts.append(server)
        servers.append(("Whisper server", _address(ports.whisper)))
        shared |= _whisper_client(server, _address(ports.whisper))
        stt = Stage("STT", f"our Whisper server · {shared['STT_MODEL']}", settings.stt[0].why)
    if needs_tts(settings):
        server = _model_server(TTS, "model_servers.tts", ports.tts, base, python)
        parts.append(server)
        servers.append(("TTS server", _address(ports.tts)))
        shared |= _tts_client(settings, server, _address(ports.tts))
        tts = Stage("TTS", f"our TTS server · {shared['TTS_MODEL']}", settings.tts[0].why)
    talk_host = settings.talk.host
    parts.append(
        Part(
            WEB,
            (python, "-m", "rejoinder", "web"),
            base | shared | {"TALK_PORT": str(ports.talk)},
            f"http://{_reachable(talk_host)}:{ports.talk}/health",
            own_line="talk page: http",
        )
    )
    parts.append(
        Part(
            WORKER,
            (python, "-m", "rejoinder", "start"),
            base
            | shared
            | {k: v for k, v in _DEMO_DEFAULTS.items() if k not in _set_by_person(settings)}
            | {"AGENT_HEALTH_HOST": LOOPBACK, "AGENT_HEALTH_PORT": str(ports.worker)},
            f"{_address(ports.worker)}/",
            own_line="registered worker",
            after=(LIVEKIT,) if local is not None else (),
        )
    )
    return Plan(
        parts=tuple(parts),
        stages=(stt, _stage("LLM", settings.llm), tts),
        livekit_url=shared.get("LIVEKIT_URL") or settings.livekit.url or "",
        talk_url=f"http://{_reachable(talk_host)}:{ports.talk}/",
        model_servers=tuple(servers),
    )


def _embedded(choices: Sequence[StageChoice], engine: str) -> bool:
    """Whether a stage has its embedded engine because nobody chose one."""
    return choices[0].engine == engine and choices[0].why.startswith("embedded")


def _livekit(local: LocalLiveKit, ports: Ports, environ: Mapping[str, str]) -> Part:
    config = server_config(
        local.keys, port=ports.livekit, media_port=ports.media, metrics_port=ports.metrics
    )
    return Part(
        LIVEKIT,
        (str(local.binary),),
        server_environment(config, dict(environ)),
        f"{_address(ports.livekit)}/",
        own_line="starting LiveKit server",
    )


def _model_server(name: str, module: str, port: int, env: Mapping[str, str], python: str) -> Part:
    return Part(
        name,
        (python, "-m", module, "--host", LOOPBACK, "--port", str(port)),
        env,
        f"{_address(port)}/ready",
        own_line="listening on http",
        log_is_progress=True,
    )


def _whisper_server(settings: Settings, port: int, base: Mapping[str, str], python: str) -> Part:
    """The Whisper server; what a person set for the engine `whisper` holds for it."""
    chosen = settings.stt[0].options.model_dump()
    env = whisper_beside_a_worker(os.cpu_count() or 1) | {
        f"SERVE_WHISPER_{name.upper()}": str(chosen[name])
        for name in ("model", "device", "compute_type", "cpu_threads")
        if f"STT_{name.upper()}" in _set_by_person(settings)
    }
    return _model_server(WHISPER, "model_servers.whisper", port, env | dict(base), python)


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


def _whisper_client(server: Part, url: str) -> dict[str, str]:
    model = server.env.get("SERVE_WHISPER_MODEL", _EMBEDDED)
    client = {
        "STT_ENGINE": "openai",
        "STT_URL": f"{url}/v1",
        "STT_MODEL": "whisper-tiny.en" if model == _EMBEDDED else model,
    }
    return client | _key(server, "SERVE_WHISPER_API_KEY", "STT_API_KEY")


def _tts_client(settings: Settings, server: Part, url: str) -> dict[str, str]:
    voice = server.env.get("SERVE_TTS_VOICE", _EMBEDDED_VOICE)
    client = {"TTS_ENGINE": "openai", "TTS_URL": f"{url}/v1"}
    if "TTS_VOICE" in _set_by_person(settings):
        voice = str(settings.tts[0].options.model_dump()["voice"])
        voice = voice if _SERVER_VOICE.fullmatch(voice) else f"espeak:{voice}"
        client["TTS_VOICE"] = voice
    # The server takes any name for a model; the talk page shows this one.
    client["TTS_MODEL"] = voice
    return client | _key(server, "SERVE_TTS_API_KEY", "TTS_API_KEY")


def _key(server: Part, served: str, sent: str) -> dict[str, str]:
    """The key that the server demands, for its client."""
    return {sent: server.env[served]} if served in server.env else {}


def _address(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _stage(name: str, choices: Sequence[StageChoice]) -> Stage:
    first, *others = (_served_by(choice) for choice in choices)
    stand_by = f"; standing by: {', '.join(others)}" if others else ""
    return Stage(name, first + stand_by, choices[0].why)


def _served_by(choice: StageChoice) -> str:
    model = getattr(choice.options, "model", None)
    return f"{choice} · {model}" if model else str(choice)


def _set_by_person(settings: Settings) -> set[str]:
    """Names of the settings that are not at their default."""
    return {value.name for value in settings.values if value.origin != "default"}


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's environment; a proxy is not asked for what is on this machine."""
    return dict(environ) | _QUIET_CHILDREN | spared(environ)


def _reachable(host: str) -> str:
    """An address that reaches a server listening on `host`, as it stands in a URL."""
    if host in ("0.0.0.0", "::", ""):
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
