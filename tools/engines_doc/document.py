"""The text of docs/engines.md."""

from collections.abc import Sequence

from agent.settings.engines import TABLES
from rejoinder.stand_ins.offers import OFFERS
from tools.engines_doc.settings import UNTRIED, Told

_HEAD = """\
# Engines: what was shown of each

Written by `make engines-doc` from a run of the tests and of `rejoinder check`; nothing here is
typed by hand. Real wires, no models: each engine was asked at a server that speaks its wire
([decision 15](decisions/0015-stand-ins-in-the-wheel.md)), which anybody can start:
`rejoinder stand-in NAME`. What was never tried against the real thing:
[unverified.md](unverified.md).
"""
_SETTINGS = """\
## Lines, and what the check says

For each engine the lines of `.env`, then what `rejoinder check` prints of them and of one mistake.
`TTS_VOICES` is a file of cloned voices ([cloned-voices.md](cloned-voices.md)); `rejoinder stand-in`
writes one.
"""
_STAGES = {
    "stt": "Recognisers",
    "llm": "Language models",
    "tts": "Voices",
    "translate": "Translators",
}


def document(matrix: str, told: Sequence[Told], faults: str) -> str:
    """All of it."""
    parts = [_HEAD, f"## The contract\n\n{matrix}\n", _SETTINGS]
    for stage, title in _STAGES.items():
        parts.append(f"### {title}: lines\n")
        parts += [_example(one) for one in told if one.example.stage == stage]
        for engine in TABLES[stage]:  # type: ignore[index]
            if why := UNTRIED.get((stage, engine)):
                parts.append(f"**`{engine}`**: not tried here, it needs {why}.\n")
    parts.append(faults)
    return "\n".join(parts).rstrip() + "\n"


def _example(told: Told) -> str:
    example = told.example
    started = ""
    if example.standin:
        way = example.way if example.way != OFFERS[example.standin].ways[0] else ""
        started = f", `rejoinder stand-in {example.standin}{f' --way {way}' if way else ''}`"
    lines = "\n".join(told.lines)
    return (
        f"**`{example.engine}`**: {example.what}{started}\n\n```ini\n{lines}\n```\n\n"
        f"```text\n{told.right}\n```\n\nWith `{told.wrong_line}`:\n\n```text\n{told.wrong}\n```\n"
    )
