"""Whether a voice that a server speaks works: it says a word."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError

from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.tts.served.voice import ServedVoice

PROBE_TIMEOUT_S = 18.0
"""A local server may still be loading its voice when it is asked for the first time; `rejoinder
check` waits 20 s."""
_WORDS = {"zh": "你好。", "yue": "你好。", "ja": "こんにちは。", "ko": "안녕하세요."}


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """What a probe has seen."""

    after_s: float
    rate_hz: int

    def __str__(self) -> str:
        """For people."""
        return f"first audio after {self.after_s:.2f} s, {self.rate_hz} Hz"


def word_in(language: str) -> str:
    """A word that a voice of this language can say; `language` is a BCP-47 tag, or empty."""
    return _WORDS.get(language.partition("-")[0].lower(), "Hello.")


async def have_a_word_said(
    engine: ServedVoice,
    *,
    address: str,
    refused: Callable[[APIStatusError], str],
    running: str,
    word: str = "Hello.",
    timeout_s: float = PROBE_TIMEOUT_S,
) -> FirstAudio:
    """Have a word spoken.

    Args:
        engine: it is not closed.
        address: of the server, for people.
        refused: what to do about a refusal, in a sentence that says what was asked for.
        running: what to do when no such server answers: `is api_v2.py running there?`.
        word: what is said.
        timeout_s: the longest wait for its first audio, seconds.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, or does not send speech.
    """
    began = time.perf_counter()
    try:
        limits = APIConnectOptions(max_retry=0, timeout=timeout_s)
        async with engine.synthesize(word, conn_options=limits) as stream:
            first = await anext(stream)
        return FirstAudio(time.perf_counter() - began, first.frame.sample_rate)
    except APIStatusError as error:
        raise EngineUnavailable(refused(error)) from error
    except APITimeoutError as error:
        raise EngineUnavailable(
            f"{address} sent no speech within {timeout_s:g} s; a local model may "
            "still be loading: try again, or set TTS_URL to a faster server"
        ) from error
    except APIError as error:
        raise EngineUnavailable(
            f"{address} does not serve speech: {reason_of(error)}; {running}"
        ) from error


async def built(make: Callable[[], ServedVoice]) -> ServedVoice:
    """Make a voice off the event loop: certificates and files are read for it."""
    return await asyncio.to_thread(make)
