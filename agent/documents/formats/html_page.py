"""Web pages: what people read of them, by markdownify (and Beautiful Soup beneath it)."""

from agent.documents.formats.parsed import Parsed, Unreadable
from agent.documents.plain_words import markdown_sections

_NOT_READ = (
    "head, title, script, style, noscript, template, svg, iframe, object, nav, footer, aside, "
    "form, button, select, [hidden], [aria-hidden=true]"
)


def read(content: bytes, charset: str | None) -> Parsed:
    """Part a page at its headings; menus, scripts and what is hidden are left out.

    Args:
        content: the page; its encoding is told by itself where `charset` does not.
        charset: as the server named it.
    """
    import warnings

    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
    from markdownify import MarkdownConverter

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            soup = BeautifulSoup(content, "html.parser", from_encoding=charset)
        heading = soup.h1.get_text(" ", strip=True) if soup.h1 else ""
        title = soup.title.get_text(" ", strip=True) if soup.title else ""
        for part in soup.select(_NOT_READ):
            part.decompose()
        converter = MarkdownConverter(heading_style="ATX", strip=["img"], table_infer_header=True)
        markdown = converter.convert_soup(soup.main or soup.body or soup)
    except RecursionError:
        raise Unreadable("its parts are nested too deep") from None
    page, sections = markdown_sections(markdown)
    return Parsed(page or " ".join((heading or title).split()) or None, sections)
