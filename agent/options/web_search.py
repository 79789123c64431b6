"""The web search, and its table of engines.

An engine is a line of `ENGINES` and a module with `WIRE`, an `agent.websearch.wire.Wire`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import Section, setting

OFF = "off"


@dataclass(frozen=True, slots=True)
class SearchEngine:
    """One line of the table."""

    module: str
    """Dotted path of the module with its wire."""
    url: str = ""
    """Its address without a path; empty: everybody has their own."""
    keys: str = ""
    """Where a key is to be had; empty: it takes none."""


ENGINES: Mapping[str, SearchEngine] = {
    "searxng": SearchEngine("agent.websearch.searxng"),
    "serper": SearchEngine(
        "agent.websearch.serper", "https://google.serper.dev", "https://serper.dev"
    ),
    "tavily": SearchEngine(
        "agent.websearch.tavily", "https://api.tavily.com", "https://app.tavily.com"
    ),
}


class WebSearchOptions(Section):
    """Web search: what the model may look up during a call (docs/web-search.md)."""

    web_search: str = setting(
        OFF,
        f"who searches the web for the model: {OFF}, {', '.join(ENGINES)}; what callers ask about "
        "is then sent there",
    )
    url: str | None = setting(
        None,
        "its address, without /search; of searxng your own server's, which may be private; others "
        "have theirs",
        pattern=r"^https?://\S+$",
        validate_default=True,
    )
    api_key: SecretStr | None = setting(
        None, "key for it; searxng takes none", validate_default=True
    )
    results: int = setting(4, "results that the model is given", ge=1, le=10)
    chars: int = setting(
        2400, "characters that the model is given of all results", ge=400, le=20_000
    )
    timeout_s: float = setting(6.0, "longest time for a search, seconds", gt=0, le=60)
    read_pages: bool = setting(
        False,
        "whether the page of the first result is read too, from this machine; private addresses "
        "are refused",
    )
    page_kb: int = setting(400, "what is read of a page, kilobytes", ge=16, le=2000)
    page_timeout_s: float = setting(3.0, "longest time for a page, seconds", gt=0, le=30)

    @property
    def on(self) -> bool:
        """Whether there is a web search."""
        return self.web_search != OFF

    @property
    def address(self) -> str:
        """Where the engine is asked."""
        return self.url or ENGINES[self.web_search].url

    @field_validator("web_search")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in (OFF, *ENGINES):
            raise PydanticCustomError("engine", f"should be {OFF}, {' or '.join(ENGINES)}")
        return name

    @field_validator("url")
    @classmethod
    def _addressed(cls, url: str | None, info: ValidationInfo) -> str | None:
        engine = ENGINES.get(info.data.get("web_search", OFF))
        if url is None and engine is not None and not engine.url:
            raise PydanticCustomError(
                "missing", "must be set: the address of your server, such as http://127.0.0.1:8080"
            )
        return url

    @field_validator("api_key")
    @classmethod
    def _keyed(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        engine = ENGINES.get(info.data.get("web_search", OFF))
        # Behind an address of one's own there may be a proxy that has the key.
        if key is None and engine is not None and engine.keys and info.data.get("url") is None:
            raise PydanticCustomError("missing", f"must be set: a key from {engine.keys}")
        if key is not None and not all("!" <= sign <= "~" for sign in key.get_secret_value()):
            raise PydanticCustomError("key", "has a space or a character that no key has")
        return key
