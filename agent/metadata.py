"""What a dispatch may tell a job: the object `rejoinder` in the job's metadata.

    {"rejoinder": {"kind": "call", "persona": {"voice": "nova", "languages": ["de"]}}, "order": 7}
    {"rejoinder": {"persona": "receptionist"}}
    {"rejoinder": {"voicemail": {"leave": "Your parcel is here."}}}
    {"mode": "captions", "to": ["pt", "zh"]}

The last is short for `{"rejoinder": {"kind": "captions", "to": ["pt", "zh"]}}`. Everything
beside it belongs to whoever dispatches and is handed to the features of a call as it came.
Whoever dispatches holds LiveKit's API secret, so what a job is told is what its operator wants;
what a browser may ask the token endpoint for is a setting of its own (`rejoinder.web.tokens`).

Pure data: the web server reads it too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from agent.errors import MetadataError
from agent.wording.lexicon.entry import Fault

KEY = "rejoinder"
MOST_CHARS = 65_536
"""Longest metadata that are looked at, characters."""

_Sentence = Annotated[str, StringConstraints(max_length=1000)]
_Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PersonaWishes(_Strict):
    """How the agent of one job differs from the worker's settings; None: it does not."""

    name: Annotated[str, StringConstraints(max_length=64)] | None = None
    """A persona of the worker's folder, in place of `AGENT_PERSONA`; empty: none. What else is
    wished for differs from it."""
    instructions: Annotated[str, StringConstraints(max_length=32_000)] | None = None
    """System prompt, in place of `LLM_INSTRUCTIONS`."""
    greeting: _Sentence | None = None
    """In place of `AGENT_GREETING`; empty: the caller speaks first."""
    back_text: _Sentence | None = None
    """In place of `AGENT_BACK_TEXT`."""
    filler: _Sentence | None = None
    """In place of `LLM_FILLER`; empty: nothing."""
    farewell: _Words | None = None
    """Last words of a call that reaches a limit."""
    apologies: dict[Fault, _Words] | None = None
    """What is said when a stage fails."""
    languages: Annotated[list[_Tag], Field(max_length=16)] | None = None
    """Tags such as `de-DE`, the most likely one first."""
    voice: Annotated[str, StringConstraints(max_length=128)] | None = None
    """A voice by the name that the chosen engine knows it by, in place of `TTS_VOICE`."""
    speed: Annotated[float, Field(ge=0.5, le=2)] | None = None
    """Speaking speed beside what the worker is set to; 1 is the same."""


class LeftMessage(_Strict):
    """What is said to a voicemail."""

    leave: _Words
    """After its beep; then the agent hangs up."""


Voicemail = Literal["hangup", "talk"] | LeftMessage
"""What is done of a call out that a voicemail has taken."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


_Languages = Annotated[list[_Tag], Field(max_length=32)]


class _Asked(_Strict):
    kind: Annotated[str, StringConstraints(max_length=64)] | None = None
    persona: Annotated[PersonaWishes, BeforeValidator(_named)] = PersonaWishes()
    voicemail: Voicemail | None = None
    spoken: _Tag | None = None
    to: _Languages | None = None


class _Short(BaseModel):
    """The form for captions and interpreting, without an envelope."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    mode: Annotated[str, StringConstraints(max_length=64)] | None = None
    spoken: _Tag | None = None
    to: _Languages | None = None


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    rejoinder: _Asked | None = None


FIELDS = ("kind", "spoken", "to", "voicemail", *PersonaWishes.model_fields)
"""All that can be asked for, by name."""


@dataclass(frozen=True, slots=True)
class JobMetadata:
    """The metadata of one job."""

    kind: str = ""
    """Who serves it: a line of `agent.job.kinds`; empty: what `AGENT_MODE` says."""
    persona: PersonaWishes = field(default=PersonaWishes(), repr=False)
    spoken: str | None = None
    """Language that people speak who say nothing else, in place of `INTERPRET_SPOKEN`."""
    to: tuple[str, ...] | None = None
    """Languages that are wanted, in place of `INTERPRET_TO`."""
    voicemail: Voicemail | None = field(default=None, repr=False)
    """Of a call out: what is done when a voicemail takes it; None: nobody looks for one."""
    text: str = field(default="", repr=False)
    """All of it, as it came; private, as it may name people."""

    @property
    def asked(self) -> frozenset[str]:
        """Which of `FIELDS` are asked for."""
        others = {
            "kind": self.kind,
            "spoken": self.spoken,
            "to": self.to,
            "voicemail": self.voicemail,
        }
        given = {name for name, value in others.items() if value}
        return frozenset(given | self.persona.model_fields_set)


def read(text: str) -> JobMetadata:
    """Read a job's metadata. What is no JSON object, or has no `rejoinder` in it, asks for a call.

    Raises:
        MetadataError: `rejoinder` is there and malformed.
    """
    if len(text) > MOST_CHARS:
        raise MetadataError(f"the job's metadata have more than {MOST_CHARS} characters")
    if not text.lstrip().startswith("{"):
        return JobMetadata(text=text)
    try:
        if f'"{KEY}"' in text:
            asked = _Envelope.model_validate_json(text).rejoinder or _Asked()
        elif _MODE.search(text):
            short = _Short.model_validate_json(text)
            asked = _Asked(kind=short.mode, spoken=short.spoken, to=short.to)
        else:
            asked = _Asked()
    except ValidationError as error:
        reasons = "; ".join(_reasons(error))
        raise MetadataError(f"the job's metadata are malformed: {reasons}") from None
    wanted = None if asked.to is None else tuple(asked.to)
    return JobMetadata(asked.kind or "", asked.persona, asked.spoken, wanted, asked.voicemail, text)


def _reasons(error: ValidationError) -> Iterator[str]:
    """What is wrong, without a name or a value that is not ours."""
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        path: list[Any] = [part for part in fault["loc"] if part != "[key]"]
        if fault["type"] == "json_invalid":
            yield "they are no JSON"
        elif fault["type"] == "extra_forbidden":
            yield f"{'.'.join(map(str, path[:-1]))}: a field that there is not"
        else:
            known = [str(part) for part in path[:4] if isinstance(part, int) or part in _NAMES]
            yield f"{'.'.join(known)}: {fault['msg']}"


_MODE = re.compile(r'"mode"\s*:\s*"(captions|interpret)"')
"""By this the short form is told from metadata that are somebody's own."""

_NAMES = {KEY, *_Asked.model_fields, *PersonaWishes.model_fields, "stt", "llm", "tts", "session"}
