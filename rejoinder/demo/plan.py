"""From settings to processes: what the demo runs, with which environment, and why.

Nothing is started, read or contacted here.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.options.agent import JobMode
from agent.remote.proxies import spared
from agent.settings.load import Settings, StageChoice
from rejoinder.demo.interpreting import (
    needs_translate,
    room_settings,
    translate_client,
    translate_server,
)
from rejoinder.demo.livekit_config import Keys, server_config, server_environment
from rejoinder.demo.own_servers import (
    MAX_CALLS,
    chat_client,
    chat_server,
    needs_tts,
    needs_whisper,
    set_by_person,
    tts_client,
    tts_server,
    whisper_client,
    whisper_server,
)
from rejoinder.demo.parts import Part, address
from rejoinder.demo.ports import LOOPBACK, PortClaims, PortPicker

LIVEKIT, WEB, WORKER = "livekit-server", "web", "worker"

LIVEKIT_PORT = 7880
"""Preferred: an Agents Playground that was built for one demo then works with the next."""

_DEMO_DEFAULTS = {
    # By processor load, one browser that starts on two cores makes the worker refuse calls.
    "AGENT_MAX_CALLS": str(MAX_CALLS),
    "AGENT_IDLE_PROCESSES": "1",
    # Ctrl-C ends the demo within 5 s, also during a call.
    "AGENT_DRAIN_TIMEOUT_S": "1",
}
"""Settings that differ in the demo, unless the person set them."""

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
    llm: int
    translate: int
    worker: int
    talk: int


@dataclass(frozen=True, slots=True)
class LocalLiveKit:
    """The livekit-server that the demo starts."""

    binary: Path
    version: str
    keys: Keys


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
    page: str
    """What is there, as people call it."""
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
            llm=free.tcp(),
            translate=free.tcp(),
            worker=free.tcp(),
        )


GUIDE = "guide"
"""The persona that answers with the embedded handbook where nobody has said who does."""
_WHO_IT_IS = frozenset(
    (
        *("PERSONAS", "PERSONAS_DEFAULT", "AGENT_GREETING", "LLM_INSTRUCTIONS"),
        *("LLM_FOLDER", "LLM_DOCUMENTS", "DOCUMENTS"),
    )
)
"""By these a person has said so."""


def make_plan(
    settings: Settings,
    *,
    ports: Ports,
    environ: Mapping[str, str],
    local: LocalLiveKit | None,
    chat: bool = False,
    mode: JobMode = "call",
    python: str = sys.executable,
) -> Plan:
    """Decide what runs.

    Args:
        settings: in force; what a person configured stays.
        ports: where to listen.
        environ: environment that the children inherit, the `.env` file included.
        local: the livekit-server to start; None when `LIVEKIT_URL` names one.
        chat: whether our own language model answers and not the handbook (`check_chat`).
        mode: what the worker does in a room (`check_interpreting`).
        python: interpreter of our own processes.
    """
    base = _inherited(environ)
    if mode != "call":
        base |= room_settings(settings, mode, environ)
    elif not chat and _nobody_said_who(settings, environ):
        base["PERSONAS_DEFAULT"] = GUIDE
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
    llm = _stage("LLM", settings.llm)
    if needs_whisper(settings):
        server = whisper_server(settings, ports.whisper, base, python)
        parts.append(server)
        servers.append(("Whisper server", address(ports.whisper)))
        shared |= whisper_client(server, address(ports.whisper))
        stt = Stage("STT", f"our Whisper server · {shared['STT_MODEL']}", settings.stt[0].why)
    if needs_tts(settings):
        server = tts_server(ports.tts, base, python)
        parts.append(server)
        servers.append(("TTS server", address(ports.tts)))
        shared |= tts_client(settings, server, address(ports.tts))
        tts = Stage("TTS", f"our TTS server · {shared['TTS_MODEL']}", settings.tts[0].why)
    if chat:
        server = chat_server(settings, ports.llm, base, python)
        parts.append(server)
        servers.append(("Language model", address(ports.llm)))
        shared |= chat_client(settings, server, address(ports.llm))
        llm = Stage("LLM", f"our language model's server · {shared['LLM_MODEL']}", "--chat")
    stages = [stt, llm, tts]
    if mode != "call":
        stages[1] = _stage("Translation", settings.translate)
    if mode != "call" and needs_translate(settings):
        server = translate_server(ports.translate, base, python)
        parts.append(server)
        servers.append(("Translation", address(ports.translate)))
        shared |= translate_client(server, address(ports.translate))
        stages[1] = Stage("Translation", "our translation server · English, Portuguese", "included")
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
            | {k: v for k, v in _DEMO_DEFAULTS.items() if k not in set_by_person(settings)}
            | {"AGENT_HEALTH_HOST": LOOPBACK, "AGENT_HEALTH_PORT": str(ports.worker)},
            f"{address(ports.worker)}/",
            own_line="registered worker",
            after=(LIVEKIT,) if local is not None else (),
        )
    )
    return Plan(
        parts=tuple(parts),
        stages=tuple(stages),
        livekit_url=shared.get("LIVEKIT_URL") or settings.livekit.url or "",
        talk_url=f"http://{_reachable(talk_host)}:{ports.talk}/",
        page="Talk page" if mode == "call" else "Meeting page",
        model_servers=tuple(servers),
    )


def _livekit(local: LocalLiveKit, ports: Ports, environ: Mapping[str, str]) -> Part:
    config = server_config(
        local.keys, port=ports.livekit, media_port=ports.media, metrics_port=ports.metrics
    )
    return Part(
        LIVEKIT,
        (str(local.binary),),
        server_environment(config, dict(environ)),
        f"{address(ports.livekit)}/",
        own_line="starting LiveKit server",
    )


def _stage(name: str, choices: Sequence[StageChoice]) -> Stage:
    if not choices:
        return Stage(name, "none", "")
    first, *others = (_served_by(choice) for choice in choices)
    stand_by = f"; standing by: {', '.join(others)}" if others else ""
    return Stage(name, first + stand_by, choices[0].why)


def _served_by(choice: StageChoice) -> str:
    model = getattr(choice.options, "model", None)
    return f"{choice} · {model}" if model else str(choice)


def _nobody_said_who(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether the embedded handbook answers, as it comes."""
    handbook = all(choice.engine == "handbook" for choice in settings.llm)
    return handbook and not _WHO_IT_IS & {name for name, value in environ.items() if value}


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's environment; a proxy is not asked for what is on this machine."""
    return dict(environ) | _QUIET_CHILDREN | spared(environ)


def _reachable(host: str) -> str:
    """An address that reaches a server listening on `host`, as it stands in a URL."""
    if host in ("0.0.0.0", "::", ""):
        return LOOPBACK
    return f"[{host}]" if ":" in host else host
