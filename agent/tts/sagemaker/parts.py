"""Which files a reply names, in the order in which they are to be played.

A container that puts speech into a bucket says where each part is, in one JSON value a part, one
after the other without anything between them; SageMaker passes that on in pieces of any length.
Wrappers of such containers number the parts, mark the first and the last one, and repeat the last
one with its mark.

Source: qingyuan18/GPT-SoVITS, api.py (`{"result": "s3://…"}`), and the article that it belongs to
(`first_chunk`, `last_chunk`, `index`).
"""

import codecs
import json
from typing import Any

_LONGEST = 64 * 1024
"""Characters of a value; a longer one is no address."""
_ADDRESS = ("result", "uri", "s3uri", "output_s3uri")
_BETWEEN = " \t\r\n,"
_FIRST = ("first_chunk", "is_first")
_LAST = ("last_chunk", "is_last")


class NoPart(ValueError):
    """The reply says something else than where a part is; the message says what is wrong."""


class Parts:
    """Bytes in, addresses out: each part once, in order."""

    def __init__(self) -> None:
        """Begin before the first byte."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._named: set[str] = set()
        self._early: dict[int, str] = {}
        """Parts that came before those that are played before them."""
        self._next = 0
        self._last: int | None = None
        self.begun = self.ended = False
        """Whether a part was given out, and the one that is marked as the last."""

    def feed(self, data: bytes) -> list[str]:
        """Take in bytes and give the addresses of parts that are next.

        Raises:
            NoPart: there is something else.
        """
        self._held += self._decoder.decode(data)
        ready: list[str] = []
        while (value := self._value()) is not None:
            ready += self._part(value)
        self.begun = self.begun or bool(ready)
        if len(self._held) > _LONGEST:
            raise NoPart("the reply is not a list of files")
        return ready

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            NoPart: it ends in the middle, or parts are missing.
        """
        if self._held.strip(_BETWEEN):
            raise NoPart("the reply breaks off")
        if self._early or (self._last is not None and self._next <= self._last):
            raise NoPart("parts are missing in the reply")

    def _value(self) -> Any:
        self._held = self._held.lstrip(_BETWEEN)
        if not self._held:
            return None
        if self._held[0] not in '{"':
            raise NoPart("the reply is not JSON")
        try:
            value, end = json.JSONDecoder().raw_decode(self._held)
        except json.JSONDecodeError:
            return None
        self._held = self._held[end:]
        return value

    def _part(self, value: Any) -> list[str]:
        if isinstance(value, str) and value.startswith("{"):
            # Some containers write JSON into a JSON text.
            try:
                value = json.loads(value)
            except ValueError:
                raise NoPart("the reply is not JSON") from None
        told: dict[str, Any] = value if isinstance(value, dict) else {"result": value}
        address = next((told[key] for key in _ADDRESS if isinstance(told.get(key), str)), "")
        if not address.startswith("s3://"):
            raise NoPart("the reply names no file in a bucket")
        index = told.get("index")
        last = any(told.get(mark) is True for mark in _LAST)
        if not isinstance(index, int) or isinstance(index, bool):
            return self._once(address, last=last)
        if any(told.get(mark) is True for mark in _FIRST):
            self._next = max(self._next, index)
        if last:
            self._last = index
        if index >= self._next:
            self._early.setdefault(index, address)
        return self._in_order()

    def _once(self, address: str, *, last: bool) -> list[str]:
        self.ended = self.ended or last
        if address in self._named:
            return []
        self._named.add(address)
        return [address]

    def _in_order(self) -> list[str]:
        ready: list[str] = []
        while self._next in self._early:
            ready.append(self._early.pop(self._next))
            self._next += 1
        self.ended = self._last is not None and self._next > self._last
        return ready
