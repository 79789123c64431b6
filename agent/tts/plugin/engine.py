"""Engine `plugin`: a voice of any livekit-agents plug-in that is installed.

TTS_ENGINE=plugin
TTS_PLUGIN=elevenlabs.TTS
TTS_PLUGIN_OPTIONS={"voice_id": "…", "model": "eleven_flash_v2_5"}
ELEVEN_API_KEY=...
"""

import asyncio
import time
from typing import Any

from livekit.agents import APIConnectOptions, tts

from agent.remote.plugins.classes import VOICE
from agent.remote.plugins.classes import find as find_class
from agent.remote.plugins.plugin import Plugin
from agent.remote.plugins.probing import explained
from agent.tts.plugin.options import Options
from agent.tts.plugin.voice import PluginSpeech

PROBE_TIMEOUT_S = 15.0
"""A local server may still be loading its voice when it is asked for the first time."""


def build(options: Options) -> tts.TTS[Any]:
    """Make the component; nothing is contacted yet. Blocks while the plug-in is imported.

    Raises:
        EngineUnavailable: the package is missing, or the plug-in does not want to be made.
        ConfigError: there is no such class, or it does not take what is set.
    """
    return PluginSpeech(Plugin(VOICE, options), stall_s=options.stall_s)


def check(options: Options) -> None:
    """See that it can be made, and how it may be loaded; on the main thread.

    Raises:
        EngineUnavailable, ConfigError: as for `build`.
    """
    Plugin(VOICE, options).check()


def preload_for(options: Options) -> None:
    """Import the plug-in, on the main thread."""
    if options.plugin_preload:
        find_class(VOICE, options.plugin)


async def probe(options: Options) -> str:
    """Have it say "Hi." and say which voice answered and when.

    Raises:
        EngineUnavailable: it cannot be made, its service cannot be reached, or refuses.
        ConfigError: there is no such class, or it does not take what is set.
    """
    plugin = await asyncio.to_thread(Plugin, VOICE, options)
    await asyncio.to_thread(plugin.check_loading)
    engine = await asyncio.to_thread(PluginSpeech, plugin, stall_s=options.stall_s)
    began = time.perf_counter()
    try:
        limits = APIConnectOptions(max_retry=0, timeout=PROBE_TIMEOUT_S)
        async with engine.synthesize("Hi.", conn_options=limits) as stream:
            first = await anext(stream)
        waited = time.perf_counter() - began
    except Exception as error:  # noqa: BLE001 - somebody else's code raises what it likes
        raise await asyncio.to_thread(explained, plugin, error) from error
    finally:
        await engine.aclose()
    return (
        f"{engine.model} of {engine.provider} ({plugin.name}): first audio after {waited:.2f} s, "
        f"{first.frame.sample_rate} Hz"
    )
