"""How servers of OpenAI's `/v1/audio/transcriptions` differ, and how they are told apart.

Sources: https://platform.openai.com/docs/api-reference/audio/createTranscription;
speaches-ai/speaches, src/speaches/routers/stt.py; vllm-project/vllm,
entrypoints/openai/speech_to_text.py; ggml-org/whisper.cpp, examples/server/server.cpp and
examples/server-common.cpp.
"""

from collections.abc import Mapping

import httpx

from agent.stt.hotwords import weights
from agent.stt.openai.options import DialectName, Options

WHAT: Mapping[DialectName, str] = {
    "openai": "OpenAI's kind of server",
    "speaches": "speaches",
    "vllm": "vLLM",
    "whisper_cpp": "whisper.cpp",
}
"""What each is, for people."""

OPENAI_HOST = "api.openai.com"
_TELLS_DOUBT = (OPENAI_HOST, "api.groq.com")
"""Hosts of Whisper that tell how sure it was at no cost."""
_WHISPER_CPP = "whisper.cpp"
"""What it calls itself in its answers' headers."""
_NOT_FOUND = "File Not Found"
"""What whisper.cpp makes of every error but 400 and 500, with status 404."""


def dialect_of(response: httpx.Response) -> DialectName:
    """Which server has answered, from what it says when it is asked for its models."""
    if response.headers.get("server") == _WHISPER_CPP or response.text.startswith(_NOT_FOUND):
        return "whisper_cpp"
    try:
        listed = [entry for entry in response.json()["data"] if isinstance(entry, dict)]
    except (ValueError, KeyError, TypeError):
        return "openai"
    if any(entry.get("owned_by") == "vllm" for entry in listed):
        return "vllm"
    return "speaches" if any("task" in entry for entry in listed) else "openai"


def base_of(url: str) -> str:
    """The server's address where somebody has set that of its route."""
    bare = url.rstrip("/")
    for path in ("/audio/transcriptions", "/audio/translations", "/inference"):
        bare = bare.removesuffix(path)
    return bare


def form_fields(
    options: Options, dialect: DialectName, *, language: str, host: str
) -> dict[str, str]:
    """The form that goes with an utterance.

    Args:
        options: what is set.
        dialect: of the server.
        language: spoken, ISO 639-1; empty: it is to be detected.
        host: of the server.
    """
    translate = options.task == "translate"
    verbose = _is_verbose(options, dialect, host)
    fields = {
        "model": options.model,
        "response_format": "verbose_json" if verbose else "json",
        "temperature": f"{options.temperature:g}",
    }
    if dialect == "whisper_cpp":
        # English is its language where none is named, and each pass in doubt costs as much again.
        fields |= {"language": language or "auto", "temperature_inc": "0"}
        if translate:
            fields["translate"] = "true"
        if verbose:
            fields["no_language_probabilities"] = "true"
    elif language and not translate:
        # /translations knows no language: it writes English whatever is spoken.
        fields["language"] = language
    words, prompt = ", ".join(weights(options.hotwords)), options.prompt
    if words and dialect == "speaches" and not translate:
        fields["hotwords"] = words
    elif words:
        prompt = f"{prompt} {words}".strip()
    if prompt:
        fields["prompt"] = prompt
    if options.stream:
        fields["stream"] = "true"
    return fields


def _is_verbose(options: Options, dialect: DialectName, host: str) -> bool:
    """Whether to ask how sure the server is that somebody spoke.

    whisper.cpp looks for the language once more for it, and vLLM does not know.
    """
    if options.response_format != "auto":
        return options.response_format == "verbose_json"
    if options.stream:
        return False
    return dialect == "speaches" or (host in _TELLS_DOUBT and "whisper" in options.model)
