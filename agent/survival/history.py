"""What was said in a call: kept short for the model, and sealed for a job that takes the call over.

The sealed history stands in the agent's participant metadata, where livekit-server keeps it for
about 20 s after the job's process was killed, and in a redis where one is set
(`agent.survival.history_copy`). Who is in the room, or reads the server's webhooks, sees it; only a
worker with the same LIVEKIT_API_SECRET can open it.
"""

import hmac
import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Literal

from livekit.agents import llm
from pydantic import SecretStr

SEALED_CHARS = 12_000
"""Newest words that are sealed, characters: some 10 KB with the seal, 53 KB at the very worst, of
the 64 KB that livekit-server allows for all attributes of a participant."""
_KEPT = 0.75
"""What is left of a history that was too long: it is not cut in every turn, so that a model's
cache of its beginning holds for a while."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as it was heard."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What a job that takes a call over must know."""

    served: str
    """Identity of the caller."""
    said: tuple[Message, ...]
    persona: str = ""
    """Who the agent was, by name; empty: as the settings have it."""


def preload() -> None:
    """Load what seals need, before processes part."""
    with suppress(ModuleNotFoundError):
        import_module("cryptography.fernet")


def seal_for(secret: SecretStr | None, *, room: str) -> "Seal | None":
    """The seal of a room; None without a secret, or without the package that seals."""
    if secret is None or find_spec("cryptography") is None:
        return None
    return Seal(secret=secret.get_secret_value(), room=room)


class Seal:
    """Seals and opens the memory of the calls in one room."""

    def __init__(self, *, secret: str, room: str) -> None:
        """Derive the key from LiveKit's API secret; what is sealed opens in this room alone."""
        from cryptography.fernet import Fernet
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        def derived(purpose: bytes) -> bytes:
            kdf = HKDF(SHA256(), length=32, salt=None, info=purpose + b"\0" + room.encode())
            key: bytes = kdf.derive(secret.encode())
            return key

        self._fernet = Fernet(urlsafe_b64encode(derived(b"rejoinder history")))
        self._names = derived(b"rejoinder history name")

    def name(self, agent: str) -> str:
        """What the history of one agent in the room is called where anybody may read it.

        A room's own name can have a telephone's number in it.
        """
        return hmac.digest(self._names, agent.encode(), "sha256").hex()

    def close(self, memory: Memory) -> str:
        """Seal a memory as printable ASCII."""
        plain = [memory.served, [[s.role, s.text] for s in memory.said], memory.persona]
        sealed: bytes = self._fernet.encrypt(zlib.compress(json.dumps(plain).encode()))
        return sealed.decode()

    def open(self, sealed: str) -> Memory | None:
        """Open it again; None when it was sealed with another secret or in another room."""
        from cryptography.fernet import InvalidToken

        try:
            served, said, persona = json.loads(zlib.decompress(self._fernet.decrypt(sealed)))
            messages = tuple(Message(role, str(text)) for role, text in said)
            return Memory(str(served), messages, str(persona))
        except (InvalidToken, zlib.error, ValueError, TypeError):
            return None


def said(items: Iterable[llm.ChatItem]) -> list[Message]:
    """The words of both sides, oldest first; tool calls and instructions left out."""
    return [
        Message(item.role, item.text_content)
        for item in items
        if isinstance(item, llm.ChatMessage)
        and item.role in ("user", "assistant")
        and item.text_content
    ]


def newest(messages: Sequence[Message], *, chars: int) -> tuple[Message, ...]:
    """The newest messages that fit into `chars`; the oldest of them is cut at its beginning."""
    kept: list[Message] = []
    for message in reversed(messages):
        if chars <= 0:
            break
        kept.append(Message(message.role, message.text[-chars:]))
        chars -= len(message.text)
    return tuple(reversed(kept))


def recalled(memory: Memory) -> llm.ChatContext:
    """A memory as the history of a new session."""
    history = llm.ChatContext.empty()
    for message in memory.said:
        history.add_message(role=message.role, content=message.text)
    return history


def shortened(history: llm.ChatContext, *, chars: int) -> llm.ChatContext | None:
    """The history without its oldest turns; None when it is within `chars`.

    Instructions stay, the newest message stays, and what is left begins with a turn of the
    caller's: a tool's answer without its call is refused by most models.
    """
    weights = [_weight(item) for item in history.items]
    if sum(weights) <= chars:
        return None
    left, first = int(chars * _KEPT), len(weights) - 1
    left -= weights[first]
    while first > 0 and left >= weights[first - 1]:
        first -= 1
        left -= weights[first]
    while first < len(weights) - 1 and not _is(history.items[first], "user"):
        first += 1
    system = [item for item in history.items[:first] if is_instruction(item)]
    return llm.ChatContext([*system, *history.items[first:]])


def is_instruction(item: llm.ChatItem) -> bool:
    """Whether it tells the model how to be, and is no part of the talk."""
    return _is(item, "system") or _is(item, "developer")


def _is(item: llm.ChatItem, role: str) -> bool:
    return isinstance(item, llm.ChatMessage) and item.role == role


def _weight(item: llm.ChatItem) -> int:
    match item:
        case llm.ChatMessage(role="system" | "developer"):
            return 0
        case llm.ChatMessage():
            return len(item.text_content or "")
        case llm.FunctionCall():
            return len(item.arguments)
        case llm.FunctionCallOutput():
            return len(item.output)
        case _:
            return 0
