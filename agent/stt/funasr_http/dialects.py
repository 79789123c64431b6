"""How FunASR's HTTP servers are asked, each in a form of its own, and how they are told apart.

Sources: `wrapper`: the dozen lines of FastAPI that many people put around FunASR's `AutoModel`;
`server`: modelscope/FunASR, funasr/bin/_server_app.py; `runtime`: runtime/python/http/server.py;
`sensevoice`: FunAudioLLM/SenseVoice, api.py.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.stt.fun_asr_nano import language_name
from agent.stt.funasr_http.answers import READERS, Heard
from agent.stt.funasr_http.options import DialectName, Options
from agent.stt.hotwords import weights
from agent.stt.language import iso_639_1

_SENSEVOICE_LANGUAGES = ("zh", "en", "yue", "ja", "ko")
_FILE = "utterance.wav"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the four."""

    name: DialectName
    path: str
    """Of its route, below the server's address."""
    what: str
    """What it is, for people."""
    fields: Callable[[Options, str, bytes], dict[str, Any]]
    """What httpx makes a request's body of: from the settings, the language's code, and a WAV
    file. For a long utterance it takes some milliseconds."""

    @property
    def heard(self) -> Callable[[object], Heard]:
        """Reads a decoded answer; raises APIStatusError if it is none."""
        return READERS[self.name]


def _wrapper(options: Options, language: str, wav: bytes) -> dict[str, Any]:
    return {
        "json": {
            "wav": base64.b64encode(wav).decode("ascii"),
            "time_stamp": int(options.speakers),
        }
    }


def _server(options: Options, language: str, wav: bytes) -> dict[str, Any]:
    fields = {"language": language_name(language), "hotwords": ",".join(weights(options.hotwords))}
    if options.speakers:
        fields["spk"] = "true"
    return _upload("file", wav, {name: value for name, value in fields.items() if value})


def _runtime(options: Options, language: str, wav: bytes) -> dict[str, Any]:
    return _upload("audio", wav, {})


def _sensevoice(options: Options, language: str, wav: bytes) -> dict[str, Any]:
    code = iso_639_1(language)
    return _upload(
        "files",
        wav,
        {
            "keys": _FILE,
            # Any other one is refused with 422.
            "lang": code if code in _SENSEVOICE_LANGUAGES else "auto",
            "use_itn": str(options.itn).lower(),
        },
    )


def _upload(name: str, wav: bytes, fields: Mapping[str, str]) -> dict[str, Any]:
    return {"data": fields, "files": {name: (_FILE, wav, "audio/wav")}}


DIALECTS: Mapping[DialectName, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("wrapper", "asr", "FunASR behind a FastAPI wrapper", _wrapper),
        Dialect("server", "asr", "funasr-server", _server),
        Dialect("runtime", "recognition", "FunASR's HTTP runtime", _runtime),
        Dialect("sensevoice", "api/v1/asr", "SenseVoice", _sensevoice),
    )
}


def dialect_of(openapi: object) -> Dialect | None:
    """Which server a FastAPI server is by its own description; None: none of them."""
    paths = openapi.get("paths") if isinstance(openapi, dict) else None
    if not isinstance(paths, dict):
        return None
    for name in ("sensevoice", "runtime"):
        if f"/{DIALECTS[name].path}" in paths:
            return DIALECTS[name]
    try:
        content = paths["/asr"]["post"].get("requestBody", {}).get("content", {})
    except (KeyError, TypeError, AttributeError):
        return None
    return DIALECTS["server" if "multipart/form-data" in content else "wrapper"]


def base_of(url: str) -> str:
    """The server's address where somebody has set that of its route."""
    bare = url.rstrip("/")
    for path in sorted((dialect.path for dialect in DIALECTS.values()), key=len, reverse=True):
        if bare.endswith(f"/{path}"):
            return bare.removesuffix(f"/{path}")
    return bare
