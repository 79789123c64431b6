"""Whether the web search works, for `rejoinder check`."""

import asyncio
import time

from livekit.agents import APIError

from agent.errors import EngineUnavailable
from agent.options.web_search import WebSearchOptions
from agent.websearch.search import open_search

_QUERY = "weather"


async def probe(options: WebSearchOptions) -> str:
    """Search for a word and say what came of it; a hosted engine counts it as a search.

    Raises:
        EngineUnavailable: the search does not work; the message says what to do.
    """
    search = await asyncio.to_thread(open_search, options)
    began = time.perf_counter()
    try:
        found = await search.search(_QUERY, limit=options.results)
    except APIError as error:
        raise EngineUnavailable(error.message) from error
    finally:
        await search.aclose()
    if not found:
        raise EngineUnavailable(
            f"{search.name} at {search.provider} finds nothing, not even for “{_QUERY}”: see "
            "which engines it asks"
        )
    took_s = time.perf_counter() - began
    pages = "; pages are read from here" if options.read_pages else ""
    return f"{search.name} at {search.provider}: {len(found)} results after {took_s:.2f} s{pages}"
