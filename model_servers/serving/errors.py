"""Errors that a client sees, in OpenAI's shape, and the one that ends the process.

    ApiError                    an answer with a status and a reason
    ├── BadRequest              400  the request is wrong; the same one fails again
    ├── Unauthorized            401  the key is missing or wrong
    ├── Forbidden               403  a page of another site asks, or under a foreign host name
    ├── NotFound                404  no such route
    ├── TooLarge                413  the upload is larger than the server takes
    ├── Unclear                 422  too little was said for a quick answer; ask when it is whole
    ├── QueueFull               429  too many requests wait; Retry-After says when
    ├── WorkFailed              500  the model failed on this request
    ├── NotReady                503  the model is still being loaded, or the server stops
    └── TimedOut                504  the answer took longer than the server allows
    StartError                  the server cannot start; says why and what to do

Source: https://platform.openai.com/docs/guides/error-codes (`{"error": {message, type,
param, code}}`).
"""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class StartError(Exception):
    """The server cannot start or cannot go on. The message says why and what to do."""


class ApiError(Exception):
    """An answer other than success.

    Attributes:
        status: HTTP status.
        headers: further headers of the answer.
    """

    status = 500
    kind = "server_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The answer's JSON: message, type, param and code under `error`."""
        return {
            "error": {
                "message": str(self),
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }

    def response(self) -> Response:
        """The answer itself."""
        return JSONResponse(self.body(), self.status, self.headers)

    def event(self) -> bytes:
        """The same error as a server-sent event, for a stream that has begun."""
        return f"data: {json.dumps(self.body())}\n\n".encode()


class BadRequest(ApiError):
    """The request is wrong; `param` names the field."""

    status = 400
    kind = "invalid_request_error"


class Unauthorized(ApiError):
    """The key is missing or wrong."""

    status = 401
    kind = "invalid_request_error"


class Forbidden(ApiError):
    """A page of another site asks, or the request came under a name that is not the server's."""

    status = 403
    kind = "invalid_request_error"


class NotFound(ApiError):
    """There is no such route."""

    status = 404
    kind = "invalid_request_error"


class TooLarge(ApiError):
    """The upload is larger than the server takes."""

    status = 413
    kind = "invalid_request_error"


class Unclear(ApiError):
    """A quick look at the beginning of an utterance showed no words to rely on."""

    status = 422
    kind = "invalid_request_error"

    def __init__(self) -> None:
        super().__init__(
            "no clear words yet; send the utterance again when it is whole", code="unclear_interim"
        )


class QueueFull(ApiError):
    """All workers are busy and all waiting places are taken."""

    status = 429
    kind = "rate_limit_error"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "all workers are busy and the queue is full; try again later",
            code="queue_full",
            headers={"Retry-After": str(retry_after_s)},
        )


class WorkFailed(ApiError):
    """The model failed on this request; the server's log has the kind of failure."""


class NotReady(ApiError):
    """The model is still being loaded, or the server is stopping."""

    status = 503

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message, code="not_ready", headers={"Retry-After": str(retry_after_s)})


class TimedOut(ApiError):
    """The answer took longer than the server allows."""

    status = 504

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"no complete answer within {timeout_s:g} s", code="timeout")


async def answer_error(request: Request, error: Exception) -> Response:
    """Exception handler for `ApiError`, to be registered with the application."""
    if not isinstance(error, ApiError):
        raise error
    return error.response()
