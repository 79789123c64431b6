"""Lets the model search the web, where the settings name an engine."""

from collections.abc import Sequence

from livekit.agents import llm

from agent.call.features import Feature, Surroundings
from agent.websearch.search import WebSearch
from agent.websearch.tool import search_tool


def feature(call: Surroundings) -> Feature | None:
    """Nothing while no engine is chosen."""
    search = call.parts.web_search
    return None if search is None else WebSearching(call, search)


class WebSearching(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings, search: WebSearch) -> None:
        """Ask `search`; what was found is told with the answer."""
        self._call = call
        self._search = search

    def tools(self) -> Sequence[llm.Tool]:
        """`search_web`, for results in the language of who speaks."""
        return (
            search_tool(
                self._search,
                self._call.settings.web_search,
                pages=self._call.parts.pages,
                language=self._call.cast.persona.language,
                on_sources=self._show,
            ),
        )

    def _show(self, sources: list[dict[str, str]]) -> None:
        for source in sources:
            self._call.sources.add(source)
