"""What every request passes first: names, the key, the size limit, the count."""

import base64
import binascii
import hmac
import logging
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model_servers.serving.errors import ApiError, TooLarge, Unauthorized
from model_servers.serving.metrics import Metrics
from model_servers.serving.origins import Origins
from model_servers.serving.settings import ServerSettings

logger = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/health", "/ready", "/ping"})
"""Answered without a key, for supervisors, load balancers and SageMaker."""


class Gate:
    """ASGI middleware: 403 for pages of other sites, 401 without the key, 413 for a large upload.

    It counts each answer. The key is accepted as `Authorization: Bearer KEY`, and as the
    password of HTTP Basic, which lets a browser open the page.

    Args:
        app: the application behind it.
        settings: the key, the names, the largest request body; one without a length is
            counted as it comes.
        metrics: where answers are counted.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings, metrics: Metrics) -> None:
        self._app = app
        key = settings.api_key
        self._key = key.get_secret_value().encode() if key else b""
        self._origins = Origins(settings)
        self._max_upload_bytes = int(settings.max_upload_mb * 2**20)
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            shared = self._check(scope, headers)
        except ApiError as refusal:
            logger.info("a request was refused", extra={"kind": type(refusal).__name__})
            await refusal.response()(scope, receive, self._counted(scope, send, {}))
            return
        counted = self._counted(scope, send, shared)
        if shared and scope["method"] == "OPTIONS":
            allowed = Response(status_code=204, headers=dict(self._origins.preflight()))
            await allowed(scope, receive, counted)
            return
        await self._app(scope, self._limited(receive), counted)

    def _check(self, scope: Scope, headers: Headers) -> Mapping[str, str]:
        """Headers of the answer.

        Raises:
            ApiError: the request goes no further.
        """
        if scope["path"] in OPEN_PATHS:
            return {}
        shared = self._origins.check(scope["method"], headers)
        asks_first = scope["method"] == "OPTIONS" and shared
        if not asks_first and not self._may_enter(headers):
            raise Unauthorized(
                "the API key is missing or wrong: send Authorization: Bearer KEY",
                code="invalid_api_key",
                headers={"WWW-Authenticate": 'Basic realm="model server", charset="UTF-8"'},
            )
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_upload_bytes:
            raise self._too_large()
        return shared

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

    def _counted(self, scope: Scope, send: Send, further: Mapping[str, str]) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_answer(scope["path"], message["status"])
                if further:
                    MutableHeaders(scope=message).update(further)
            await send(message)

        return counted
