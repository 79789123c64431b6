"""One utterance to a server over HTTP, one answer; what goes wrong is livekit-agents' errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from livekit.agents import APIConnectionError

from agent.remote.certificates import is_certificate_fault, untrusted
from agent.remote.http_client import answer
from agent.remote.openai_errors import TimedOut

PASSING = (408, 425, 429)
"""Statuses below 500 that another try may change."""


@asynccontextmanager
async def in_time(limit_s: float) -> AsyncIterator[None]:
    """A block that may take so many seconds: all that is done for one transcript.

    Raises:
        APITimeoutError: it took longer.
    """
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise TimedOut(f"no transcript within {limit_s:g} s") from error


async def whole_answer(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    limit_s: float,
    verify_setting: str = "",
) -> httpx.Response:
    """Send a request and read all of the answer. Cancelling closes the connection.

    Args:
        client: of the engine.
        request: one that it built.
        limit_s: longest time that all of it may take, seconds.
        verify_setting: the variable that says whom to believe over TLS, where there is one.

    Raises:
        APITimeoutError: it took longer.
        APIConnectionError: there was no answer, or only a part of it.
    """
    if client.is_closed:
        raise APIConnectionError("this recogniser was closed", retryable=False)
    try:
        async with in_time(limit_s), answer(client, request) as response:
            await response.aread()
            return response
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if is_certificate_fault(error):
            host = request.url.netloc.decode()
            raise APIConnectionError(
                untrusted(host, setting=verify_setting)
                if verify_setting
                else f"the certificate of {host} is not trusted",
                retryable=False,
            ) from error
        raise APIConnectionError("the recognition server cannot be reached") from error
    except httpx.HTTPError as error:
        raise APIConnectionError("the connection broke before the transcript") from error
