"""The page of a result, read from this machine: public addresses, a few hundred kB, in seconds."""

import asyncio
import logging
from collections.abc import Callable

import httpx

from agent.options.web_search import WebSearchOptions
from agent.remote.bounded_body import body_up_to
from agent.remote.public_address import public_client
from agent.tasks import fault
from agent.websearch.html_text import text_of_html, text_of_plain

logger = logging.getLogger(__name__)

_HTML = ("text/html", "application/xhtml+xml")
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; rejoinder)",
    "Accept": "text/html, application/xhtml+xml, text/plain;q=0.8",
}


def open_pages(options: WebSearchOptions) -> "PageReader | None":
    """What reads pages, if the settings want that.

    It reads the certificate store, which takes 0.1 s: call it off the event loop.
    """
    if not options.read_pages:
        return None
    trust = httpx.create_ssl_context()
    return PageReader(options, lambda: public_client(trust))


class PageReader:
    """Pages may be read side by side."""

    def __init__(self, options: WebSearchOptions, client: Callable[[], httpx.AsyncClient]) -> None:
        """Read as much, and for as long, as `options` say; `client` makes one for each page."""
        self._most_bytes = options.page_kb * 1000
        self._timeout_s = options.page_timeout_s
        self._client = client

    async def read(self, url: str) -> str:
        """The text of a page, a paragraph a line; empty if it cannot be had, or is no text.

        Cancelling closes the connection.
        """
        try:
            async with asyncio.timeout(self._timeout_s), self._client() as client:
                return await self._text(client, url)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            logger.info("a page was not read", extra=fault(error))
            return ""

    async def _text(self, client: httpx.AsyncClient, url: str) -> str:
        async with client.stream("GET", url, headers=_HEADERS) as response:
            kind, _, _ = response.headers.get("content-type", "").partition(";")
            kind = kind.strip().lower()
            if response.status_code != 200 or kind not in (*_HTML, "text/plain"):
                return ""
            body, _ = await body_up_to(response, self._most_bytes)
        read = text_of_plain if kind == "text/plain" else text_of_html
        return await asyncio.to_thread(read, body, encoding=response.charset_encoding)
