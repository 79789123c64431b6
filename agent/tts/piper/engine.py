"""Engine `piper`: Piper on a server of its own, asked over HTTP or over Wyoming.

Piper is GPL: it runs in that server, not here. This project's own speech server is asked by the
engine `openai`.

Source: `agent.tts.piper.http_wire`, `agent.tts.piper.wyoming_wire`.
"""

import asyncio
from functools import partial

import httpx
from livekit.agents import APIError, APIStatusError

from agent.errors import EngineUnavailable
from agent.remote.http_client import preload as preload
from agent.remote.openai_errors import reason_of
from agent.tts.piper.http_wire import PiperHttpWire, PiperServer
from agent.tts.piper.options import Options
from agent.tts.piper.wyoming_wire import WyomingServer, WyomingWire
from agent.tts.served.probing import PROBE_TIMEOUT_S, built, have_a_word_said, word_in
from agent.tts.served.refusals import explained
from agent.tts.served.speech_body import MalformedBody
from agent.tts.served.voice import ServedVoice
from agent.tts.served.wire import BrokeOff, Unreachable, Wire

_SHOWN = 12
"""Names of voices in a message."""


def build(options: Options) -> ServedVoice:
    """Make the component; nothing is contacted yet."""
    return ServedVoice(_wire(options))


async def probe(options: Options) -> str:
    """Look for the voice, have a word spoken, and say when it came.

    Raises:
        EngineUnavailable: the server cannot be reached, refuses, has no such voice, or does not
            send speech.
    """
    engine = await built(partial(build, options))
    try:
        voices = await _voices(engine.wire, options)
        if options.voice and voices and options.voice not in voices:
            more = f" and {len(voices) - _SHOWN} more" if len(voices) > _SHOWN else ""
            raise EngineUnavailable(
                f"{options.url} has no voice {options.voice} and would use its usual one: set "
                f"TTS_VOICE to one of {', '.join(voices[:_SHOWN])}{more}"
            )
        first = await have_a_word_said(
            engine,
            address=options.url,
            refused=partial(explained, options.url),
            running="is it Piper's server? See its log",
            word=word_in(options.voice.replace("_", "-")),
        )
    finally:
        await engine.aclose()
    return f"{engine.model} (of {len(voices) or 1}) at {engine.provider}: {first}"


def _wire(options: Options) -> Wire:
    if options.url.startswith("tcp:"):
        return WyomingWire(options, WyomingServer(options.url))
    return PiperHttpWire(options, PiperServer(options))


async def _voices(wire: Wire, options: Options) -> list[str]:
    server = wire.server
    assert isinstance(server, PiperServer | WyomingServer)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            return await server.voices()
    except APIStatusError as error:
        raise EngineUnavailable(explained(options.url, error)) from error
    except (httpx.HTTPError, APIError, Unreachable, OSError) as error:
        raise EngineUnavailable(
            f"{options.url} cannot be reached: {reason_of(error) or 'no answer'}; is "
            "`python -m piper.http_server` or wyoming-piper running there?"
        ) from error
    except (BrokeOff, EOFError, MalformedBody) as error:
        raise EngineUnavailable(f"{options.url} does not speak Wyoming; is it the port?") from error
