"""The part of the HTTP application that all model servers share."""

import logging

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from model_servers.serving.connection import CLIENT_GONE_STATUS
from model_servers.serving.errors import (
    ApiError,
    BadRequest,
    NotFound,
    WorkFailed,
    answer_error,
)
from model_servers.serving.gate import Gate
from model_servers.serving.metrics import MEDIA_TYPE, Metrics
from model_servers.serving.readiness import Readiness
from model_servers.serving.settings import ServerSettings
from model_servers.serving.work_queue import WorkQueue

logger = logging.getLogger(__name__)


def make_app(
    *,
    settings: ServerSettings,
    readiness: Readiness,
    queue: WorkQueue,
    metrics: Metrics,
) -> FastAPI:
    """An application with `/health`, `/ready`, `/metrics`, the gate and OpenAI's errors.

    It has no documentation pages: theirs load scripts from other sites.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Gate, settings=settings, metrics=metrics)
    app.add_exception_handler(ApiError, answer_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_unexpected)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        status, body = readiness.answer()
        return JSONResponse(body, status)

    async def numbers(request: Request) -> Response:
        return PlainTextResponse(metrics.render(queue), media_type=MEDIA_TYPE)

    app.add_route("/health", health, ["GET"])
    app.add_route("/ready", ready, ["GET"])
    app.add_route("/metrics", numbers, ["GET"])
    return app


async def no_such_route(request: Request) -> Response:
    """Endpoint for the rest of `/v1`, so that a mounted page does not answer there.

    Raises:
        NotFound: always.
    """
    raise NotFound(f"there is no route {request.method} {request.url.path}")


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: unknown routes, malformed forms."""
    if not isinstance(error, HTTPException):
        raise error
    shape: type[ApiError] = NotFound if error.status_code == 404 else BadRequest
    body = shape(str(error.detail)).body()
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


async def _answer_nobody(request: Request, error: Exception) -> Response:
    """The client left in the middle of its upload."""
    return Response(status_code=CLIENT_GONE_STATUS)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    """A mistake of ours. By type only: messages may quote what was said."""
    facts = {"kind": type(error).__name__, "route": request.url.path}
    logger.error("a mistake of the server", extra=facts)
    logger.debug("traceback", exc_info=error)
    return WorkFailed(f"the server made a mistake ({type(error).__name__})").response()
