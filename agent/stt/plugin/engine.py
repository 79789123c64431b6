"""Engine `plugin`: a recogniser of any livekit-agents plug-in that is installed.

    STT_ENGINE=plugin
    STT_PLUGIN=deepgram.STT
    STT_PLUGIN_OPTIONS={"model": "nova-3"}
    DEEPGRAM_API_KEY=...

One that streams is given a stream a call, any other one whole utterances: its capabilities tell
(`agent.turns.recognisers`).
"""

import asyncio
import time

from livekit.agents import stt

from agent.remote.plugins.classes import RECOGNISER
from agent.remote.plugins.classes import find as find_class
from agent.remote.plugins.plugin import Plugin
from agent.remote.plugins.probing import explained
from agent.stt.plugin.options import Options
from agent.stt.plugin.recogniser import PluginSpeechToText
from agent.stt.probing import PROBE_OPTIONS, hear_a_tone, probe_tone


def build(options: Options) -> stt.STT[str]:
    """Make the component; nothing is contacted yet. Blocks while the plug-in is imported.

    Raises:
        EngineUnavailable: the package is missing, or the plug-in does not want to be made.
        ConfigError: there is no such class, or it does not take what is set.
    """
    return PluginSpeechToText(_plugin(options))


def check(options: Options) -> None:
    """See that it can be made, and how it may be loaded; on the main thread.

    Raises:
        EngineUnavailable, ConfigError: as for `build`.
    """
    _plugin(options).check()


def preload_for(options: Options) -> None:
    """Import the plug-in, on the main thread."""
    if options.plugin_preload:
        find_class(RECOGNISER, options.plugin)


async def probe(options: Options) -> str:
    """Let it hear a short tone and say when it has answered.

    Raises:
        EngineUnavailable: it cannot be made, its service cannot be reached, or refuses.
        ConfigError: there is no such class, or it does not take what is set.
    """
    plugin = await asyncio.to_thread(_plugin, options)
    await asyncio.to_thread(plugin.check_loading)
    engine = await asyncio.to_thread(PluginSpeechToText, plugin)
    try:
        if engine.capabilities.streaming:
            how = await hear_a_tone(engine)
        else:
            began = time.perf_counter()
            await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
            how = f"answer after {time.perf_counter() - began:.2f} s"
    except Exception as error:  # noqa: BLE001 - somebody else's code raises what it likes
        raise await asyncio.to_thread(explained, plugin, error) from error
    finally:
        await engine.aclose()
    return f"{engine.model} of {engine.provider} ({plugin.name}): {how}"


def _plugin(options: Options) -> Plugin:
    unless_set = {"language": options.language} if options.language else {}
    return Plugin(RECOGNISER, options, unless_set=unless_set)
