"""The tool by which a model searches the web."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from livekit.agents import APIError, APITimeoutError, llm

from agent.options.web_search import WebSearchOptions
from agent.tasks import fault
from agent.websearch.pages import PageReader
from agent.websearch.result import WebResult, plain
from agent.websearch.search import WebSearch
from agent.websearch.telling import source_cards, told

logger = logging.getLogger(__name__)

SLOW = "The web search takes too long. Tell the caller: I can't look that up quickly enough now."
FAILED = "The web search does not work. Tell the caller: I can't search the web at the moment."
EMPTY = "The query is empty: give the words to search for."

ShowSources = Callable[[list[dict[str, str]]], None]
"""Takes the sources of one search, best first: `title`, `url`, `extract` each."""


def search_tool(
    search: WebSearch,
    options: WebSearchOptions,
    *,
    pages: PageReader | None = None,
    language: str = "",
    on_sources: ShowSources | None = None,
) -> llm.FunctionTool[..., Any]:
    """A tool `search_web` for the model of one call; who made `search` closes it.

    A search that fails is told to the model with a sentence that it can say, and written to the
    log without a word of it.

    Args:
        search: what is asked.
        options: how many results, and how much of them.
        pages: reads the page of the first result; None: its extract has to do.
        language: BCP-47 tag of the language that results are to have; empty: any.
        on_sources: told of what was found, before the model is.
    """

    @llm.function_tool
    async def search_web(query: str) -> str:
        """Look up in the web what is new, local or exact, or what you do not know for certain.

        That is news, weather, prices, opening hours, results, people, products. Do not use it for
        small talk, or for what the caller has said already. Search once, twice if the first time
        was no good. The answer should name its source in words, such as "according to the BBC";
        never read a URL aloud.

        Args:
            query: The words to search for, as one would type them: short, complete without the
                conversation, in the language of the caller.
        """
        if not query.strip():
            raise llm.ToolError(EMPTY)
        try:
            found = await search.search(query, language=language, limit=options.results)
        except APITimeoutError as error:
            logger.warning("a web search took too long", extra=fault(error))
            raise llm.ToolError(SLOW) from None
        except APIError as error:
            status = getattr(error, "status_code", None)
            logger.warning("a web search failed", extra={**fault(error), "status": status})
            raise llm.ToolError(FAILED) from None
        if pages is not None and found:
            found[0] = await _with_page(found[0], pages)
        if on_sources is not None and found:
            on_sources(source_cards(found))
        return told(found, most_chars=options.chars)

    return search_web


async def _with_page(result: WebResult, pages: PageReader) -> WebResult:
    text = plain(await pages.read(result.url))
    # What the engine took from the page is what the question was about.
    return replace(result, extract=f"{result.extract} … {text}") if text else result
