"""What a client asks for: the form of `/v1/audio/transcriptions`, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from model_servers.serving.errors import BadRequest
from model_servers.serving.form import flag
from model_servers.serving.tickets import Priority

Task = Literal["transcribe", "translate"]
Format = Literal["json", "text", "verbose_json", "srt", "vtt"]

_LONGEST_VALUE, _LONGEST_PROMPT = 100, 10_000
"""Characters of a field's value; a model reads the prompt's last few hundred."""
_GRANULARITIES = frozenset({"segment", "word"})

_FIELDS = frozenset({"language", "prompt", "temperature", "response_format", "stream", "priority"})


@dataclass(frozen=True, slots=True)
class Wish:
    """One request without its audio."""

    task: Task = "transcribe"
    language: str = ""
    """As the client wrote it; empty: not given."""
    prompt: str = ""
    """Text before the audio, or words to expect."""
    temperature: float = 0.0
    format: Format = "json"
    words: bool = False
    """Whether word time stamps are wanted."""
    stream: bool = False
    priority: Priority = "final"

    @property
    def timestamps(self) -> bool:
        """Whether the model has to produce time stamps, which takes it a little longer."""
        return self.words or self.format in ("verbose_json", "srt", "vtt")

    @classmethod
    def parse(
        cls,
        task: Task,
        fields: Mapping[str, str],
        granularities: Sequence[str],
        priority_header: str | None,
    ) -> "Wish":
        """Check the text fields of a form.

        Args:
            task: from the route.
            fields: form fields by name; unknown ones are ignored, as OpenAI's clients
                add fields that other servers know.
            granularities: values of `timestamp_granularities[]`.
            priority_header: `X-Priority`, used when there is no field `priority`.

        Raises:
            BadRequest: a field has a value that is not allowed.
        """
        for name, value in fields.items():
            most = _LONGEST_PROMPT if name == "prompt" else _LONGEST_VALUE
            if name in _FIELDS and len(value) > most:
                raise BadRequest(f"{name} is longer than {most} characters", param=name)
        if any(len(value) > _LONGEST_VALUE for value in (*granularities, priority_header or "")):
            raise BadRequest(f"a value is longer than {_LONGEST_VALUE} characters")
        unknown = sorted(set(granularities) - _GRANULARITIES)
        if unknown:
            raise BadRequest(
                f"timestamp_granularities must be segment or word, not {unknown[0]!r}",
                param="timestamp_granularities",
            )
        return cls(
            task=task,
            language=fields.get("language", "").strip(),
            prompt=fields.get("prompt", "").strip(),
            temperature=_temperature(fields.get("temperature", "")),
            format=_one_of("response_format", fields.get("response_format") or "json", Format),
            words="word" in granularities,
            stream=flag("stream", fields.get("stream", "")),
            priority=_one_of(
                "priority", fields.get("priority") or priority_header or "final", Priority
            ),
        )


def _one_of(name: str, value: str, choices: Any) -> Any:
    allowed = get_args(choices)
    if value not in allowed:
        raise BadRequest(f"{name} must be one of {', '.join(allowed)}, not {value!r}", param=name)
    return value


def _temperature(value: str) -> float:
    try:
        number = float(value or 0)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise BadRequest(f"temperature must be from 0 to 1, not {value!r}", param="temperature")
    return number
