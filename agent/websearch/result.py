"""One result of a search, and text of the web without its markup."""

import html
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.websearch.html_text import text_of_html

_LONGEST = 8000
"""Characters of a text that are looked at, on the event loop: milliseconds."""
# Each tries a character a bounded number of times: others write these texts.
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,600}\)")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\]\([^()\s]{0,600}\)")
_ADDRESS = re.compile(r"\bhttps?://\S{1,2000}")
_MARKS = re.compile(r"^[ \t]{0,3}(#{1,6} |>{1,4} |[-*+] |\|)|[*_|]{2,20}|`", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WebResult:
    """A page that was found. What it says is somebody else's, and may be anything."""

    title: str = field(repr=False)
    url: str = field(repr=False)
    """http or https, as the engine gave it."""
    extract: str = field(default="", repr=False)
    """Plain text, without addresses."""
    date: str = field(default="", repr=False)
    """When it was published, as the engine writes it; often empty."""

    @property
    def site(self) -> str:
        """The name of its site: the host without `www.`."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


def is_web_address(url: str) -> bool:
    """Whether a page may be linked to it: http or https, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def plain(text: str) -> str:
    """A text without the marks of HTML and Markdown, and without addresses, on one line."""
    text = text[:_LONGEST]
    if re.search(r"<[a-zA-Z!/]", text):
        text = text_of_html(text.encode("utf-8", "replace"), encoding="utf-8")
    text = html.unescape(text)
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    return " ".join(_MARKS.sub(" ", _ADDRESS.sub("", text)).split())
