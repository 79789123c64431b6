"""Writes one page that needs nothing else: no network, no server, no other file.

What is in it was said by strangers: it stands in the page as JSON in which no tag can begin, and
the page's script puts it on the screen as text. A policy forbids all scripts but that one.
"""

import base64
import hashlib
import json
from importlib.resources import files

from rejoinder.replay.story import Story

_STATIC = files("rejoinder.replay") / "static"
SCRIPTS = ("axis.js", "drawing.js", "lanes.js", "turns.js", "sound.js", "hands.js")
"""In this order they are the page's script."""


def page(story: Story) -> str:
    """The HTML of a story."""
    style, script = _read("page.css"), "\n".join(map(_read, SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; "
        "media-src blob:; base-uri 'none'; form-action 'none'"
    )
    parts = {"policy": policy, "style": style, "script": script, "story": _harmless(story)}
    html = _read("page.html")
    for name, text in parts.items():
        before, mark, after = html.partition("{{" + name + "}}")
        assert mark, name
        html = before + text + after
    return html


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _harmless(story: Story) -> str:
    """JSON without a character that means something to HTML."""
    text = json.dumps(story, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
