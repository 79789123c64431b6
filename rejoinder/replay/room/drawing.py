"""Shapes of a picture as SVG. What it holds was said by strangers: all text is escaped."""

import re
from xml.sax.saxutils import escape, quoteattr

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file may hold."""


class Drawing:
    """A picture in progress. Places and sizes are pixels, y down; classes are the style's."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: list[str] = []

    def box(
        self, x: float, y: float, width: float, height: float, look: str, *, title: str = ""
    ) -> None:
        """A rectangle; `title` is shown to who points at it."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="{height:.1f}"'
        self._parts.append(f'<rect {place} rx="2" class="{look}">{_title(title)}</rect>')

    def dot(self, x: float, y: float, radius: float, look: str, *, title: str = "") -> None:
        """A filled circle."""
        place = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"'
        self._parts.append(f'<circle {place} class="{look}">{_title(title)}</circle>')

    def path(self, places: str, look: str) -> None:
        """A line or an area, as SVG writes them."""
        self._parts.append(f'<path d="{places}" class="{look}"/>')

    def text(
        self, x: float, y: float, text: str, look: str, *, within: float | None = None
    ) -> None:
        """A line of text that begins at `x`, its foot at `y`; `within`: what is longer is cut."""
        said = f'class="{look}">{_text(text)}</text>'
        if within is None:
            self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {said}')
        elif within > _LEAST_TEXT:
            room = f'x="{x:.1f}" y="{y - _ASCENT:.1f}" width="{within:.1f}" height="{_LINE}"'
            self._parts.append(f'<svg {room}><text x="0" y="{_ASCENT}" {said}</svg>')

    def document(self, width: float, height: float, *, name: str, style: str) -> str:
        """The whole file."""
        size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f"aria-label={quoteattr(_clean(name))}>"
        )
        paper = '<rect width="100%" height="100%" class="paper"/>'
        return "\n".join([head, f"<style>{style}</style>", paper, *self._parts, "</svg>", ""])


_ASCENT, _LINE = 11, 15
_LEAST_TEXT = 8.0


def _title(text: str) -> str:
    return f"<title>{_text(text)}</title>" if text else ""


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
