"""The body of `/translate`, checked.

Source: https://docs.libretranslate.com/api/operations/translate/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import parse_qs

from model_servers.serving.errors import BadRequest
from model_servers.serving.json_body import read_object
from model_servers.serving.tickets import Priority
from model_servers.translate.sentences import Sentence, sentences
from model_servers.translate.tags import nearest

_MOST_TEXTS = 256
_LONGEST_TAG = 35
_MOST_FIELDS = _MOST_TEXTS + 20


@dataclass(frozen=True, slots=True)
class TranslateRequest:
    """What a client asks for."""

    texts: Sequence[str]
    is_list: bool
    """Whether it gave a list, and gets one."""
    source: str
    """As the client wrote it."""
    target: str
    priority: Priority

    def cut(self) -> list[list[Sentence]]:
        """The sentences of each text."""
        return [list(sentences(text)) for text in self.texts]


def parse(
    body: bytes, *, is_form: bool = False, max_chars: int, priority_header: str | None
) -> TranslateRequest:
    """Check a request's body.

    Args:
        body: JSON, or a form as LibreTranslate's own client sends it.
        is_form: whether it is called one.
        max_chars: longest text, all texts together.
        priority_header: `X-Priority`, used when there is no field `priority`.

    Raises:
        BadRequest: it is neither, lacks a field or has a value that is not allowed.
    """
    # curl calls JSON a form too, unless it is told otherwise.
    given = _form(body) if is_form and body.lstrip()[:1] != b"{" else read_object(body)
    asked = given.get("q")
    texts: list[Any] = asked if isinstance(asked, list) else [asked]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise BadRequest("q must be a text or a list of texts", param="q")
    if len(texts) > _MOST_TEXTS:
        raise BadRequest(f"q has more than {_MOST_TEXTS} texts", param="q")
    chars = sum(map(len, texts))
    if chars > max_chars:
        raise BadRequest(
            f"q has {chars} characters; this server's limit is {max_chars}",
            param="q",
            code="string_above_max_length",
        )
    if given.get("format", "text") != "text":
        raise BadRequest("format must be text: marks would be translated too", param="format")
    priority: Any = given.get("priority") or priority_header or "final"
    if priority not in get_args(Priority):
        raise BadRequest("priority must be final or interim", param="priority")
    return TranslateRequest(
        texts, isinstance(asked, list), _tag(given, "source"), _tag(given, "target"), priority
    )


def pair(request: TranslateRequest, pairs: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Source and target as the model names them.

    Raises:
        BadRequest: the model does not translate that; says what it does.
    """
    source = nearest(request.source, pairs)
    if source is None:
        raise _unknown("source", request.source, pairs)
    target = nearest(request.target, [*pairs[source], source])
    if target is None:
        raise _unknown("target", request.target, pairs[source])
    return source, target


def _form(body: bytes) -> dict[str, Any]:
    """The first value of each field; several texts are a list."""
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise BadRequest("the body is not a form in UTF-8") from None
    given: dict[str, Any] = {name: values[0] for name, values in fields.items()}
    if len(fields.get("q", ())) > 1:
        given["q"] = fields["q"]
    return given


def _tag(given: Mapping[str, Any], name: str) -> str:
    tag = given.get(name)
    if not isinstance(tag, str) or not tag or len(tag) > _LONGEST_TAG:
        raise BadRequest(f"{name} must be a language tag such as en or pt-BR", param=name)
    return tag


def _unknown(name: str, tag: str, known: Mapping[str, Any] | Sequence[str]) -> BadRequest:
    shown = [*known]
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return BadRequest(
        f"{name} {tag!r} is not one of {', '.join(shown[:10])}{more}; GET /languages lists all",
        param=name,
        code="unknown_language",
    )
