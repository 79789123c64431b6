"""Engine `gradio`: the endpoint `/t2tt` of SeamlessM4T's demo, or of our server for it.

Source: facebookresearch/seamless_communication, demo/m4tv2/app.py.
"""

import asyncio
import time
from urllib.parse import urlsplit

from livekit.agents import APIConnectionError, APIError

from agent.errors import EngineUnavailable
from agent.remote.gradio.calls import GradioCalls
from agent.remote.gradio.jobs import PendingJob
from agent.remote.gradio.m4t_languages import UnknownLanguage, display_name
from agent.remote.gradio.server import GradioServer
from agent.remote.openai_errors import TimedOut, reason_of
from agent.translate.gradio.options import Options
from agent.translate.translator import Wish

__all__ = ["Options", "build", "probe"]

_ENDPOINT = "/t2tt"
_MOST_CALLS = 4
_PROBE_S = 8.0


def build(options: Options) -> "GradioTranslator":
    """Make the translator; nothing is contacted yet."""
    return GradioTranslator(options)


async def probe(options: Options) -> str:
    """Look for the endpoint, translate a word, and say how fast that was.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or has no such endpoint.
    """
    engine = GradioTranslator(options)
    try:
        names = await engine.endpoints()
        if _ENDPOINT not in names:
            raise EngineUnavailable(
                f"{options.url} has no {_ENDPOINT}; it has {', '.join(sorted(names)) or 'nothing'}"
            )
        began = time.perf_counter()
        await engine.translate(Wish("one", "en", "fr"), timeout_s=_PROBE_S)
        took_s = time.perf_counter() - began
    except APIError as error:
        raise EngineUnavailable(
            f"{options.url} does not translate: {reason_of(error)}; is the server running, and is "
            "TRANSLATE_URL its address?"
        ) from error
    finally:
        await engine.aclose()
    return f"{_ENDPOINT} at {engine.provider}: answer after {took_s:.2f} s"


class GradioTranslator:
    """`agent.translate.translator.Translator`; four requests at the same time, others wait."""

    model = "seamless-m4t-v2 /t2tt"

    def __init__(self, options: Options) -> None:
        self._options = options
        password = options.password.get_secret_value() if options.password else ""
        server = GradioServer(
            options.url,
            token=options.api_key.get_secret_value() if options.api_key else None,
            login=(options.username, password) if options.username else None,
        )
        self._calls = GradioCalls(server, most=_MOST_CALLS, name="translate-gradio")

    @property
    def provider(self) -> str:
        """Host and port of the server, or the name of the Space."""
        return urlsplit(self._options.url).netloc.rpartition("@")[2] or self._options.url

    def prewarm(self) -> None:
        """Connect in a thread; returns at once."""
        self._calls.prewarm()

    async def endpoints(self) -> list[str]:
        """Names of the endpoints that the server has.

        Raises:
            APIError: it cannot be reached or refuses.
        """
        return await self._calls.endpoints()

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """The text in the wanted language; see `Translator.translate`."""
        try:
            languages = display_name(wish.source), display_name(wish.target)
        except UnknownLanguage as error:
            raise APIConnectionError(str(error), retryable=False) from error
        try:
            async with asyncio.timeout(timeout_s):
                call = PendingJob(_ENDPOINT, None, (wish.text, *languages))
                result = await self._calls.run(call)
        except TimeoutError as error:
            raise TimedOut(f"no translation within {timeout_s:g} s") from error
        if not isinstance(result, str):
            raise APIConnectionError("the answer is not a translation", retryable=False)
        return result.strip()

    async def aclose(self) -> None:
        """Cancel all jobs and close all connections. May be called more than once."""
        await self._calls.aclose()
