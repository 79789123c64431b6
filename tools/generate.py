"""Writes what can be derived: playground.env.example and the tables of README.md.

`python -m tools.generate` writes; with `--check` it exits 1 when a file is out of date.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from agent.settings.engines import TABLES
from agent.settings.load import SECTIONS, engine_options
from agent.settings.reading import fallback_of, is_of_all, variable
from model_servers.llm.settings import ChatSettings
from model_servers.translate.settings import TranslateSettings
from model_servers.tts.settings import SpeechSettings
from model_servers.whisper.settings import WhisperSettings
from rejoinder.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "playground.env.example"
README = ROOT / "README.md"

HEAD = """\
# Every setting of rejoinder, with its default. Copy to `.env` and uncomment what you change.
# Precedence: command-line flag, then environment, then `.env`, then the default.
# Written by `make env-example` from the code; a test compares them.
#
# For the LiveKit Agents Playground you need none of this: run `make demo`, and
# `rejoinder playground` prints the lines for its `.env.local`.
"""

SHARED = """\
# ── Shared by every engine named openai ──────────────────────────────────────────────────────

# address of an OpenAI-style server: STT_URL, LLM_URL and TTS_URL default to it
# OPENAI_BASE_URL=
# key for it: STT_API_KEY, LLM_API_KEY and TTS_API_KEY default to it
# OPENAI_API_KEY=
"""

LISTS = """\
# ── Several engines for a stage ──────────────────────────────────────────────────────────────
#
# First choice first; the others stand by. After a colon an engine has a name of its own; without
# one it is called as it is. Its settings begin with it:
#
#     STT_ENGINE=openai:near,openai:far,whisper
#     STT_NEAR_URL=http://127.0.0.1:8101/v1
#     STT_FAR_URL=https://api.openai.com/v1
#     STT_FAR_TIMEOUT_S=2.5
#     STT_WHISPER_CPU_THREADS=2
#
# The stage's own names below are read by the first engine that has such a setting, and by all
# where it says so.
"""

AWS = """\
# ── Read by boto3 itself, for every engine behind AWS; its own documentation lists more ───────

# AWS_REGION=us-east-1
# AWS_PROFILE=
# AWS_ACCESS_KEY_ID=
# AWS_SECRET_ACCESS_KEY=
# AWS_SESSION_TOKEN=
# AWS_ENDPOINT_URL=
"""


def main() -> int:
    """Write or compare; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if stale")
    check = parser.parse_args().check
    stale = [
        path
        for path, text in ((EXAMPLE, env_example()), (README, readme(README.read_text())))
        if not path.exists() or path.read_text() != text
    ]
    if not check:
        EXAMPLE.write_text(env_example())
        README.write_text(readme(README.read_text()))
        return 0
    for path in stale:
        print(f"{path.name} is out of date: run `make env-example`", file=sys.stderr)
    return 1 if stale else 0


def env_example() -> str:
    """The text of playground.env.example."""
    parts = [HEAD, SHARED, AWS, LISTS]
    for prefix, model in SECTIONS.items():
        parts.append(_section(prefix, model))
        stage = prefix.strip("_").lower()
        if stage in TABLES:
            for name, options in engine_options(stage):  # type: ignore[arg-type]
                parts.append(f"# With {prefix}ENGINE={name}:\n\n" + _fields(prefix, options))
    for prefix, server, title in (
        ("SERVE_WHISPER_", WhisperSettings, "The Whisper server (python -m model_servers.whisper)"),
        ("SERVE_TTS_", SpeechSettings, "The speech server (python -m model_servers.tts)"),
        ("SERVE_LLM_", ChatSettings, "The language model's server (python -m model_servers.llm)"),
        (
            "SERVE_TRANSLATE_",
            TranslateSettings,
            "The translation server (python -m model_servers.translate)",
        ),
    ):
        parts.append(f"{_rule(title)}\n\n{_fields(prefix, server)}")
    return "\n".join(parts)


def readme(text: str) -> str:
    """README.md with its generated tables brought up to date."""
    rows = ["| stage | engine | speaks to | needs |", "|---|---|---|---|"]
    for stage, table in TABLES.items():
        rows += [f"| {stage.upper()} | `{n}` | {e.summary} | {e.needs} |" for n, e in table.items()]
    text = _replace(text, "engines", "\n".join(rows))
    lines = ["| command | what it does |", "|---|---|"]
    lines += [f"| `rejoinder {name}` | {summary} |" for name, (_, summary) in COMMANDS.items()]
    return _replace(text, "commands", "\n".join(lines))


def _replace(text: str, name: str, body: str) -> str:
    pattern = re.compile(rf"(<!-- {name}:[^>]*-->\n).*?(<!-- /{name} -->)", re.S)
    return pattern.sub(lambda m: f"{m[1]}{body}\n{m[2]}", text)


def _section(prefix: str, model: type[BaseModel]) -> str:
    title = (model.__doc__ or prefix).strip().rstrip(".")
    return f"{_rule(title)}\n\n{_fields(prefix, model)}"


def _rule(title: str) -> str:
    lines = textwrap.wrap(title, 90)
    return "\n".join([f"# ── {lines[0]} ".ljust(96, "─"), *(f"#    {line}" for line in lines[1:])])


def _fields(prefix: str, model: type[BaseModel]) -> str:
    return "".join(_field(variable(prefix, n), f) for n, f in model.model_fields.items())


def _field(name: str, field: FieldInfo) -> str:
    text = field.description or ""
    other = fallback_of(field)
    if other:
        text += f"; default: {other}"
    if is_of_all(field):
        text += "; of a list, for all engines"
    comment = "\n".join(f"# {line}" for line in textwrap.wrap(text, 94))
    return f"{comment}\n# {name}={_default(field)}\n"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple | dict):
        return ",".join(str(item) for item in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text}"' if re.search(r"\s", text) else text


def setting_names(text: str) -> Iterator[str]:
    """The variables that an env file names, commented out or not."""
    yield from re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.M)


if __name__ == "__main__":
    sys.exit(main())
