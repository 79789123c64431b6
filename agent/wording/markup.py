"""Takes what is for the eye alone out of a reply while it is being written.

Marks of emphasis, headings, lists and HTML are gone from voice and captions alike. Code, tables,
formulas, addresses behind links and stage directions stay in the text and are annotated
(`agent.wording.annotation`), so that the voice leaves them out.

livekit-agents' `filter_markdown` pairs marks before it lets text go: a lone `*`, `[` or backtick
holds back all that follows until the end of its line, or of the reply. Here each mark is judged
by its neighbours. Of running text nothing waits but a mark and the character after it.
"""

import html
import re
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping

from agent.wording.annotation import Kind, annotate, without_characters
from agent.wording.blocks import MOST_HELD, Block
from agent.wording.stage_directions import MOST_CHARS, is_stage_direction, may_become_one

_LINK_TEXT = 48
_STRUCK = 40
_READ_FORMULA = 64
"""Longer formulas are not read."""
_CODE_SPAN = 80
"""A backtick without its second one means nothing after so many characters."""

_PLAIN = re.compile(r"[^*_`~\[!<&\\$\n]+")
_IN_SPAN = re.compile(r"[^`\n]+")
_LEADS = "#>-+*_|"
_ESCAPED = frozenset("\\`*_{}#+-.!|~>$%&")
_MAY_OPEN = frozenset("\"'“‘«„([<`*_~$¿¡「『《【（")
"""What emphasised text may begin with, besides letters and digits."""
_RULE = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*)*")
_INFO = re.compile(r"[\w+#.-]{0,20}[ \t]{0,2}(\n?)")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,7}|#\d{1,6}|#[xX][0-9A-Fa-f]{1,5});")
_BEGUN_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{0,7}|#\d{0,6}|#[xX][0-9A-Fa-f]{0,5})?")
_NEW_LINE = "br|p|div|li|ul|ol|tr|table|hr|h[1-6]|blockquote|section|pre"
_TAG_NAME = (
    f"(?:{_NEW_LINE}|a|b|i|u|s|em|strong|small|big|mark|del|ins|sub|sup|code|kbd|span|font|center|"
    "img|td|th|thead|tbody|details|summary|speak|break|prosody|emphasis|voice|say-as|audio)"
)
_TAG = re.compile(rf"</?({_TAG_NAME})[ \t]?/?>", re.IGNORECASE)
_TAG_WITH_MORE = re.compile(rf"<{_TAG_NAME}[ \t]{{1,3}}[a-z:-]{{1,20}}=|<!--", re.IGNORECASE)
_BEGUN_TAG = re.compile(
    rf"</?(?:[a-z][a-z1-6-]{{0,9}}|{_TAG_NAME}[ \t]?/?)?"
    rf"|<{_TAG_NAME}[ \t]{{1,3}}[a-z:-]{{0,20}}|<!-?",
    re.IGNORECASE,
)
_STARTS_LINE = re.compile(_NEW_LINE, re.IGNORECASE)
_LATINATE = re.compile(r"[^\W\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3130-\u9fff\uac00-\uffff]")
"""A word's character in a script with spaces: a star between two of them is no mark."""

_Step = tuple[int, str] | None
"""Characters used up and what stands for them; None: what follows decides."""
_NOTHING = (0, "")


async def without_markup(text: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """Pass a reply on; a text transform for livekit-agents.

    Args:
        text: pieces of any size; what comes out, joined, does not depend on them.
    """
    markup = Markup()
    async for piece in text:
        if passed := markup.push(piece):
            yield passed
    if rest := markup.flush():
        yield rest


class Markup:
    """The state of one reply."""

    def __init__(self) -> None:
        """Begin at the start of a line."""
        self._held = ""
        self._final = False
        self._before = "\n"
        """What was passed on last."""
        self._leads = True
        """Only white space and marks have come in this line."""
        self._open: set[str] = set()
        """Marks of emphasis that a second one will close."""
        self._span = 0
        """Characters in which the second backtick may still come; 0: no code span is open."""
        self._block: Block | None = None
        self._info = False
        """Where a block of code may name its language."""
        self._in_table = False
        """The line before was a row of a table."""
        self._inline: Mapping[str, Callable[[], _Step]] = {
            "*": self._emphasis,
            "_": self._emphasis,
            "`": self._backticks,
            "~": self._struck,
            "[": self._bracket,
            "!": self._exclamation,
            "<": self._tag,
            "&": self._entity,
            "\\": self._backslash,
            "$": self._dollar,
        }

    @property
    def held(self) -> int:
        """How many characters wait for what follows them."""
        return len(self._held)

    def push(self, text: str) -> str:
        """Take in text and return what is now certain."""
        self._held += without_characters(text)
        return self._take()

    def flush(self) -> str:
        """Return all that was held back; nothing may follow."""
        self._final = True
        return self._take()

    def _take(self) -> str:
        passed: list[str] = []
        while self._held:
            step = self._in_block(self._block) if self._block is not None else self._in_line()
            if step is None:
                break
            used, out = step
            self._held = self._held[used:]
            self._span = max(0, self._span - used)
            self._pass(out)
            passed.append(out)
        return "".join(passed)

    def _pass(self, out: str) -> None:
        if not out:
            return
        if "\n" in out:
            self._open.clear()
            self._span = 0
            self._leads = True
        if out.rpartition("\n")[2].strip():
            self._leads = False
        self._before = out[-1]

    def _in_block(self, block: Block) -> _Step:
        if self._info:
            info = _INFO.match(self._held)
            assert info is not None
            if info.end() == len(self._held) and not info[1] and not self._final:
                return None
            self._info = False
            return (info.end(), "") if info[1] else _NOTHING
        taken = block.take(self._held, final=self._final)
        if taken is None:
            return None
        used, out, ended = taken
        if ended:
            self._block = None
        return used, out

    def _in_line(self) -> _Step:
        held = self._held
        char = held[0]
        if char == "\n":
            return 1, char
        if self._leads and not char.isspace():
            self._in_table = self._in_table and char == "|"
            if char in _LEADS:
                lead = self._lead(char)
                if lead != _NOTHING or self._block is not None:
                    return lead
        if self._span and char != "`":
            inside = _IN_SPAN.match(held, 0, self._span)
            assert inside is not None
            return inside.end(), inside[0]
        if char in self._inline:
            return self._inline[char]()
        plain = _PLAIN.match(held)
        assert plain is not None
        # Only the start of a line makes a mark of some characters.
        used = 1 if self._leads else plain.end()
        return used, held[:used]

    def _lead(self, char: str) -> _Step:
        """A mark with which a line begins; `_NOTHING` if it is none, or begins a block."""
        held = self._held
        if char == "|":
            kind = Kind.UNSPOKEN if self._in_table else Kind.TABLE
            self._block, self._in_table = Block("\n", kind=kind), True
            return _NOTHING
        if char == "#":
            run = self._run(char)
            if run == len(held) and run <= 6 and not self._final:
                return None
            return (run + 1, "") if run <= 6 and held[run : run + 1] in (" ", "\t") else _NOTHING
        if char in "-*_":
            rule = _RULE.match(held, 0, MOST_HELD)
            assert rule is not None
            whole = rule.end() == len(held)
            if whole and not self._final and len(held) < MOST_HELD:
                return None
            line_ends = (whole and self._final) or held[rule.end() : rule.end() + 1] == "\n"
            if line_ends and rule[0].count(char) >= 3:
                return rule.end(), ""
        if char == "_":
            return _NOTHING
        if len(held) == 1 and not self._final:
            return None
        if char == ">" and held[1:2] in ("", "\n", ">"):
            return 1, ""
        return (2, "") if held[1:2] in (" ", "\t") else _NOTHING

    def _emphasis(self) -> _Step:
        char = self._held[0]
        run = self._run(char)
        if run == len(self._held) and not self._final:
            return None if run < MOST_HELD else (run, self._held)
        after = self._held[run : run + 1] or " "
        inside = _is_latinate(self._before) and (_is_latinate(after) or after == char)
        if char in self._open and not self._before.isspace() and (run >= 2 or not inside):
            self._open.discard(char)
            return run, ""
        opens = after.isalnum() or after in _MAY_OPEN
        if run > 3 or not opens or _is_latinate(self._before):
            return run, self._held[:run]
        direction = self._held[run : run + MOST_CHARS + 1]
        end = direction.find(char)
        if end >= 0:
            if is_stage_direction(direction[:end], bracketed=False):
                closing = self._held[run + end : run + end + run]
                if len(closing) < run and not self._final:
                    return None
                used = run + end + len(closing) - len(closing.lstrip(char))
                return used, annotate(self._held[:used], Kind.UNSPOKEN)
        elif may_become_one(direction) and not self._final:
            return None
        self._open.add(char)
        return run, ""

    def _backticks(self) -> _Step:
        run = self._run("`")
        if run == len(self._held) and not self._final and run < MOST_HELD:
            return None
        if run >= 3:
            self._block, self._info, self._span = Block("```", kind=Kind.CODE), True, 0
        else:
            opens = not (self._span or self._held[run : run + 1].isspace())
            self._span = run + _CODE_SPAN if opens else 0
        return run, ""

    def _struck(self) -> _Step:
        run = self._run("~")
        if run == len(self._held) and not self._final and run < MOST_HELD:
            return None
        if run == 1:
            return 1, "~"
        if run >= 3 and self._leads:
            self._block, self._info = Block("~~~", kind=Kind.CODE), True
            return run, ""
        struck = self._held[run : run + _STRUCK]
        end, line = struck.find("~~"), struck.find("\n")
        if end >= 0 and (line < 0 or end < line):
            return run + end + 2, ""
        if line < 0 and len(struck) < _STRUCK and not self._final:
            return None
        return run, ""

    def _bracket(self) -> _Step:
        held = self._held
        text = re.match(r"\[([^\[\]\n]*)", held[: _LINK_TEXT + 1])
        assert text is not None
        end = text.end()
        if held[end : end + 1] != "]":
            return None if end == len(held) <= _LINK_TEXT and not self._final else (1, "[")
        if self._leads and text[1] in (" ", "x", "X"):
            return end + 1, ""
        if is_stage_direction(text[1], bracketed=True):
            return end + 1, annotate(held[: end + 1], Kind.UNSPOKEN)
        if len(held) == end + 1 and not self._final:
            return None
        if held[end + 1 : end + 2] != "(":
            return 1, "["
        self._block = Block(")", one_line=True, keeps_end=True)
        shown = re.sub(r"[*_`~]", "", text[1])
        return end + 2, shown + annotate(" (", Kind.UNSPOKEN)

    def _exclamation(self) -> _Step:
        if len(self._held) == 1 and not self._final:
            return None
        return 1, "" if self._held[1:2] == "[" else "!"

    def _tag(self) -> _Step:
        held = self._held
        tag = _TAG.match(held)
        if tag is not None:
            apart = _STARTS_LINE.fullmatch(tag[1]) and not self._leads
            return tag.end(), "\n" if apart else ""
        more = _TAG_WITH_MORE.match(held)
        if more is not None:
            self._block = Block("-->" if more[0] == "<!--" else ">", shown=False)
            return more.end(), ""
        if _BEGUN_TAG.fullmatch(held) and not self._final:
            return None
        return 1, "<"

    def _entity(self) -> _Step:
        entity = _ENTITY.match(self._held)
        if entity is not None:
            return entity.end(), without_characters(html.unescape(entity[0]))
        if _BEGUN_ENTITY.fullmatch(self._held) and not self._final:
            return None
        return 1, "&"

    def _backslash(self) -> _Step:
        if len(self._held) == 1 and not self._final:
            return None
        following = self._held[1:2]
        if following in ("(", "["):
            return self._formula("\\)" if following == "(" else "\\]")
        if following in (")", "]"):
            return 2, annotate(self._held[:2], Kind.UNSPOKEN)
        return (2, following) if following in _ESCAPED else (1, "\\")

    def _dollar(self) -> _Step:
        if len(self._held) == 1 and not self._final:
            return None
        return self._formula("$$") if self._held[1:2] == "$" else (1, "$")

    def _formula(self, close: str) -> _Step:
        window = self._held[: _READ_FORMULA + 2]
        end = window.find(close, 2)
        if end >= 0:
            return end + 2, annotate(self._held[: end + 2], Kind.MATH)
        if len(window) < _READ_FORMULA + 2 and not self._final:
            return None
        if close != "\\)":
            self._block = Block(close, kind=Kind.FORMULA, keeps_end=True)
        return 2, annotate(self._held[:2], Kind.UNSPOKEN)

    def _run(self, char: str) -> int:
        """How often a character comes at the beginning."""
        return len(self._held) - len(self._held.lstrip(char))


def _is_latinate(char: str) -> bool:
    return _LATINATE.fullmatch(char) is not None
