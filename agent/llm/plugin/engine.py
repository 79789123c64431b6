"""Engine `plugin`: a language model of any livekit-agents plug-in that is installed.

LLM_ENGINE=plugin
LLM_PLUGIN=groq.LLM
LLM_PLUGIN_OPTIONS={"model": "llama-3.3-70b-versatile"}
GROQ_API_KEY=...
"""

import asyncio
from typing import Any

from livekit.agents import llm

from agent.llm.plugin.model import PluginLLM
from agent.llm.plugin.options import Options
from agent.llm.probing import first_answer
from agent.remote.plugins.classes import MODEL
from agent.remote.plugins.classes import find as find_class
from agent.remote.plugins.plugin import Plugin
from agent.remote.plugins.probing import explained


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; nothing is contacted yet. Blocks while the plug-in is imported.

    Raises:
        EngineUnavailable: the package is missing, or the plug-in does not want to be made.
        ConfigError: there is no such class, or it does not take what is set.
    """
    return PluginLLM(Plugin(MODEL, options))


def check(options: Options) -> None:
    """See that it can be made, and how it may be loaded; on the main thread.

    Raises:
        EngineUnavailable, ConfigError: as for `build`.
    """
    Plugin(MODEL, options).check()


def preload_for(options: Options) -> None:
    """Import the plug-in, on the main thread."""
    if options.plugin_preload:
        find_class(MODEL, options.plugin)


async def probe(options: Options) -> str:
    """Ask for a word, as a call does, and say which model answered and when.

    Raises:
        EngineUnavailable: it cannot be made, its service cannot be reached, or refuses.
        ConfigError: there is no such class, or it does not take what is set.
    """
    plugin = await asyncio.to_thread(Plugin, MODEL, options)
    await asyncio.to_thread(plugin.check_loading)
    engine = await asyncio.to_thread(PluginLLM, plugin)
    try:
        waited = await first_answer(engine)
    except Exception as error:  # noqa: BLE001 - somebody else's code raises what it likes
        raise await asyncio.to_thread(explained, plugin, error) from error
    what = f"{engine.model} of {engine.provider} ({plugin.name})"
    return f"{what}: first token after {waited:.2f} s"
