"""What a person reads of an HTML page: no script, no menu, and nothing that is hidden."""

from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html

_LEFT_OUT = frozenset(
    (
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "head", "nav",
        "header", "footer", "aside", "form", "button", "select", "textarea", "dialog", "canvas",
        "audio", "video",
    )
)  # fmt: skip
_BREAKS = frozenset(
    (
        "p", "div", "section", "article", "main", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr",
        "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "br", "hr", "pre", "blockquote", "figure",
        "figcaption", "body",
    )
)  # fmt: skip
_LEAST = 200
"""Characters; a page whose article has less has its text elsewhere."""


def text_of_html(page: bytes, *, encoding: str | None = None) -> str:
    """The text of a page, a paragraph a line; empty where there is none.

    Blocks: 50 ms for 400 kB, seconds for hostile pages, most of it without the interpreter's lock.
    What is nested deeper than 256 has no text.

    Args:
        page: the whole page, or its beginning.
        encoding: as the server says; None, or one that nobody knows: as the page says.
    """
    try:
        root = lxml_html.document_fromstring(page, parser=_parser(encoding))
    except (etree.LxmlError, LookupError, ValueError):
        return ""
    best = ""
    for place in (*root.iter("article", "main"), root):
        text = _text(place)
        if len(text) >= _LEAST:
            return text
        best = max(best, text, key=len)
    return best


def text_of_plain(page: bytes, *, encoding: str | None = None) -> str:
    """The text of a page that is nothing else; without an encoding that anybody knows: UTF-8."""
    try:
        return page.decode(encoding or "utf-8", "replace")
    except (LookupError, ValueError):
        return page.decode("utf-8", "replace")


def _parser(encoding: str | None) -> lxml_html.HTMLParser:
    try:
        return lxml_html.HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True)
    except (LookupError, ValueError):
        return _parser(None)


def _text(root: etree._Element) -> str:
    lines = "".join(_pieces(root)).split("\n")
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _pieces(root: etree._Element) -> Iterator[str]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        breaks = element.tag in _BREAKS
        if event == "start":
            if element.tag in _LEFT_OUT or _is_hidden(element):
                walk.skip_subtree()
                continue
            yield "\n" if breaks else ""
            yield " ".join((element.text or "").split("\n"))
        elif breaks:
            yield "\n"
        if event == "end" and element is not root:
            yield " ".join((element.tail or "").split("\n"))


def _is_hidden(element: etree._Element) -> bool:
    style = "".join((element.get("style") or "").lower().split())
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or "display:none" in style
        or "visibility:hidden" in style
    )
