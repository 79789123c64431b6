"""The events of llama.cpp's answer, as clients of OpenAI know them.

Source: llama.cpp's tools/server/README.md (`return_progress`), server-task.cpp.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from model_servers.serving.errors import ApiError, BadRequest, NotReady, WorkFailed

DONE = b"data: [DONE]\n\n"
_DATA = b"data:"
_END = b"[DONE]"
_TOO_LONG = "exceed_context_size_error"


def events(lines: Iterable[bytes], *, model: str) -> Iterator[bytes]:
    """Yield server-sent events with the chunks of an answer, without the end mark.

    Reports on how much of the conversation has been read are left out.

    Args:
        lines: of a server-sent stream.
        model: what the chunks are to call it.

    Raises:
        ApiError: llama.cpp says that it failed.
        WorkFailed: the stream ended without its end mark.
    """
    first = True
    for line in lines:
        if not line.startswith(_DATA):
            continue
        data = line.removeprefix(_DATA).strip()
        if data == _END:
            return
        chunk = json.loads(data)
        if "error" in chunk:
            raise refusal(int(chunk["error"].get("code", 500)), chunk["error"])
        if chunk.pop("prompt_progress", None) is not None and not _says_something(chunk):
            continue
        if first and chunk.get("choices"):
            chunk["choices"][0]["delta"].setdefault("role", "assistant")
            first = False
        yield f"data: {json.dumps(named(chunk, model))}\n\n".encode()
    raise WorkFailed("llama.cpp broke off in the midst of its answer")


def named(answer: dict[str, Any], model: str) -> dict[str, Any]:
    """An answer, or a chunk of one, under the model's name here instead of its path."""
    return answer | {"model": model}


def refusal(status: int, error: Any) -> ApiError:
    """What llama.cpp's refusal becomes.

    Args:
        status: HTTP status, or the code in the error.
        error: what its JSON has under `error`; anything.
    """
    told = error if isinstance(error, dict) else {}
    said = str(told.get("message", "")) or f"llama.cpp answered {status}"
    if told.get("type") == _TOO_LONG:
        return BadRequest(said, param="messages", code="context_length_exceeded")
    if status == 503:
        return NotReady(said)
    # It answers 500 where its template knows no such role or order, and to values of a wrong type.
    if 400 <= status < 500 or "template" in said.lower() or "json.exception" in said:
        return BadRequest(said)
    return WorkFailed(said)


def _says_something(chunk: dict[str, Any]) -> bool:
    deltas = [choice.get("delta") or {} for choice in chunk.get("choices") or ()]
    return any(value for delta in deltas for name, value in delta.items() if name != "role")
