"""llama.cpp's server, asked over loopback by the threads of the queue.

Over HTTP and not by a call, because a connection that closes is noticed there while a
conversation is still being read; a call cannot be broken off before its first token.

Source: llama.cpp's tools/server/README.md.
"""

import contextlib
import http.client
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from model_servers.llm.chat_request import ChatRequest
from model_servers.llm.events import events, named, refusal
from model_servers.llm.llama_process import Launch, LlamaProcess, LoadFailed
from model_servers.llm.settings import PREFIX, ChatSettings
from model_servers.llm.slots import Slots
from model_servers.serving.errors import StartError, WorkFailed

_LOOPBACK = "127.0.0.1"
_PATH = "/v1/chat/completions"
_SILENCE_S = 600.0
"""llama.cpp is not given up before the request's own time is over."""
_LONGEST_REFUSAL = 1 << 16


class Llama:
    """A loaded model. `ask` may be called anywhere; it blocks nowhere.

    Attributes:
        name: of the model.
        context_tokens: longest conversation with its answer.

    Raises:
        StartError: llama.cpp cannot load it.
    """

    def __init__(self, name: str, path: Path, settings: ChatSettings) -> None:
        self.name = name
        self.context_tokens = settings.context_tokens
        self.slots = Slots(settings.concurrency)
        """Its contexts."""
        self._key = secrets.token_urlsafe(16)
        launch = Launch(
            path=str(path),
            key=self._key,
            context_tokens=settings.context_tokens,
            contexts=settings.concurrency,
            max_tokens=settings.max_tokens,
            threads=settings.threads,
            prompt_threads=settings.prompt_threads,
            gpu_layers=settings.gpu_layers,
            debug=settings.debug,
        )
        try:
            self._process = LlamaProcess(launch)
        except LoadFailed as error:
            raise StartError(
                f"llama.cpp cannot load {path} ({error}): is it a language model, and is there "
                f"enough memory for it and {settings.context_tokens * settings.concurrency} tokens "
                f"({PREFIX}CONTEXT_TOKENS, {PREFIX}CONCURRENCY)? --debug shows what it says"
            ) from error
        address = urlsplit(self._process.address)
        self._address = (address.hostname or _LOOPBACK, address.port or 0)

    @property
    def ended(self) -> str:
        """How llama.cpp has ended by itself; empty: it runs."""
        return self._process.ended

    def close(self) -> None:
        """End llama.cpp; blocks for a moment. May be called twice."""
        self._process.close()

    def ask(self, request: ChatRequest, client: str) -> "Completion":
        """Prepare an answer; `Completion.parts` makes it."""
        return Completion(self, request, client)

    def warm_up(self, instructions: str, slots: int) -> None:
        """Let every context read how requests will begin, if that is known. Blocks.

        Raises:
            ApiError: llama.cpp refuses the instructions: they are too long, or its template of
                the model has no place for any.
        """
        system = [{"role": "system", "content": instructions}] if instructions else []
        messages = [*system, {"role": "user", "content": "Hello"}]
        request = ChatRequest(stream=False, fields={"messages": messages, "max_tokens": 1})
        for number in range(slots):
            for _ in self.ask(request, f"warm-up {number}").parts():
                pass

    def connect(self) -> http.client.HTTPConnection:
        """A connection to llama.cpp; blocks."""
        connection = http.client.HTTPConnection(*self._address, timeout=_SILENCE_S)
        connection.connect()
        return connection

    def headers(self) -> dict[str, str]:
        """Nobody else on this machine may ask it."""
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}


class Completion:
    """One answer, made in a thread and given up from any other."""

    def __init__(self, llama: Llama, request: ChatRequest, client: str) -> None:
        self._llama = llama
        self._request = request
        self._client = client
        self._lock = threading.Lock()
        self._slot: int | None = None
        self._socket: socket.socket | None = None
        self._given_up = False

    def parts(self) -> Iterator[bytes]:
        """Yield server-sent events, or one JSON answer. Blocks; ends early when given up.

        Raises:
            ApiError: llama.cpp refuses or fails.
        """
        with self._llama.slots.taken(self._client) as slot:
            with self._lock:
                self._slot = slot
            try:
                yield from self._asked(slot)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if not self._given_up:
                    raise WorkFailed("llama.cpp does not answer") from error
            finally:
                with self._lock:
                    self._slot = None

    def give_up(self) -> None:
        """Close the connection: llama.cpp stops at its next token or batch. In any thread."""
        with self._lock:
            self._given_up = True
            if self._slot is not None:
                self._llama.slots.give_up(self._slot)
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _asked(self, slot: int) -> Iterator[bytes]:
        stream = self._request.stream
        body: Mapping[str, Any] = {
            **self._request.fields,
            "stream": stream,
            "id_slot": slot,
            "cache_prompt": True,
            # An event after each batch that was read: only then is a closed connection noticed.
            "return_progress": stream,
        }
        with contextlib.closing(self._llama.connect()) as connection:
            with self._lock:
                if self._given_up:
                    return
                self._socket = connection.sock
            try:
                connection.request("POST", _PATH, json.dumps(body), self._llama.headers())
                answer = connection.getresponse()
                if answer.status != 200:
                    raise refusal(answer.status, _error(answer.read(_LONGEST_REFUSAL)))
                if stream:
                    yield from events(answer, model=self._llama.name)
                else:
                    yield json.dumps(named(json.loads(answer.read()), self._llama.name)).encode()
            finally:
                with self._lock:
                    self._socket = None


def _error(body: bytes) -> Any:
    try:
        return json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return None
