"""What every request passes first: the key, the size limit, the count."""

import base64
import binascii
import hmac
from typing import Any

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model_servers.serving.errors import TooLarge, Unauthorized
from model_servers.serving.metrics import Metrics

OPEN_PATHS = frozenset({"/health", "/ready"})
"""Answered without a key, for supervisors and load balancers."""


class Gate:
    """ASGI middleware: 401 without the key, 413 for a large upload, one count per answer.

    The key is accepted as `Authorization: Bearer KEY`, and as the password of HTTP Basic,
    which lets a browser open the page.

    Args:
        app: the application behind it.
        api_key: None: no key is asked for.
        max_upload_bytes: largest request body; one without a length is counted as it comes.
        metrics: where answers are counted.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        api_key: SecretStr | None,
        max_upload_bytes: int,
        metrics: Metrics,
    ) -> None:
        self._app = app
        self._key = api_key.get_secret_value().encode() if api_key else b""
        self._max_upload_bytes = max_upload_bytes
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        counted = self._counted(scope, send)
        if scope["path"] not in OPEN_PATHS and not self._may_enter(headers):
            refusal: Any = Unauthorized(
                "the API key is missing or wrong: send Authorization: Bearer KEY",
                code="invalid_api_key",
                headers={"WWW-Authenticate": 'Basic realm="model server", charset="UTF-8"'},
            )
            await refusal.response()(scope, receive, counted)
            return
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_upload_bytes:
            await self._too_large().response()(scope, receive, counted)
            return
        await self._app(scope, self._limited(receive), counted)

    def _may_enter(self, headers: Headers) -> bool:
        if not self._key:
            return True
        scheme, _, value = headers.get("authorization", "").partition(" ")
        given = value.strip().encode("latin-1")  # as it was on the wire
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given, self._key)

    def _too_large(self) -> TooLarge:
        megabytes = self._max_upload_bytes / 2**20
        return TooLarge(f"the request is larger than this server's limit of {megabytes:g} MiB")

    def _limited(self, receive: Receive) -> Receive:
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_upload_bytes:
                raise self._too_large()
            return message

        return limited

    def _counted(self, scope: Scope, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_answer(scope["path"], message["status"])
            await send(message)

        return counted
