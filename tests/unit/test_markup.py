"""What is for the eye leaves the text or is annotated, and no words wait for it."""

import random
from collections.abc import AsyncIterator

import pytest

from agent.wording.annotation import (
    ANCHOR,
    Kind,
    Shorthand,
    Stretch,
    annotate,
    stretches,
    without_annotations,
)
from agent.wording.blocks import MOST_HELD
from agent.wording.markup import Markup, without_markup

PLAIN = (
    "Certainly, that is easy. It costs 5 - 3 = 2 dollars, or #1; is that right?",
    "当然可以，这个很容易解释。你说话的时候，系统在工作。",
    "One line.\nAnother line.\n  A third one, indented.",
    "",
)
SHOWN = [
    # As it is written, and as it is shown.
    ("This is **very** important, and `code` too.", "This is very important, and code too."),
    ("# A title\nAnd a sentence.", "A title\nAnd a sentence."),
    ("It is #1 of ##2.", "It is #1 of ##2."),
    ("A list:\n- one\n  * two\n+ three\n\nAll.", "A list:\none\n  two\nthree\n\nAll."),
    ("- [x] done\n- [ ] to do", " done\n to do"),
    ("1. First\n2. Second", "1. First\n2. Second"),
    ("Use snake_case, 2 * 3 * 4, not *this*.", "Use snake_case, 2 * 3 * 4, not this."),
    ("2**3 and 5*3 and a__b__ and file_name_", "2**3 and 5*3 and a__b__ and file_name_"),
    ("It is cold: \n-5 degrees. _Really_ cold.", "It is cold: \n-5 degrees. Really cold."),
    ("请看**这里**，然后打开`设置`页面。", "请看这里，然后打开设置页面。"),
    ("***Both*** and **_nested_ marks**.", "Both and nested marks."),
    ("---\nA line above.\n* * *\n", "\nA line above.\n\n"),
    ("> quoted\n> > twice\nnot quoted, 5 > 3", "quoted\ntwice\nnot quoted, 5 > 3"),
    ("The ~~old~~ new one, ~20 of them.", "The  new one, ~20 of them."),
    ("A lone ` mark, `int *p`, and * too.", "A lone  mark, int *p, and * too."),
    ("[1] and [note] and array[0]", "[1] and [note] and array[0]"),
    ("<b>Bold</b><br>New<br/>line<p>x</p>", "Bold\nNew\nline\nx\n"),
    ('<a href="https://e.org/?a=1">this</a> <!-- no --> one', "this  one"),
    ("if a < b and c<d then x <y", "if a < b and c<d then x <y"),
    ("Salt &amp; pepper&nbsp;&lt;3 &bogus; AT&T & co", "Salt & pepper\u00a0<3 &bogus; AT&T & co"),
    (r"Write \*this\* or C:\temp", r"Write *this* or C:\temp"),
    ("That costs $5 or $$6.", "That costs $5 or $$6."),
]
ANNOTATED = [
    (
        "See [the page](https://example.org/a_b) for more.",
        [
            ("See the page", None),
            (" (", ""),
            ("https://example.org/a_b)", ""),
            (" for more.", None),
        ],
    ),
    ("![a cat](c.png)", [("a cat", None), (" (", ""), ("c.png)", "")]),
    (
        "So:\n```python\nimport os\n\nprint(1)\n```\nDone.",
        [("So:\n", None), ("import os", "code"), ("\n\n", None), ("print(1)", "")]
        + [("\n\nDone.", None)],
    ),
    ("Run ```ls -l``` now.", [("Run ", None), ("ls -l", "code"), (" now.", None)]),
    (
        "| a | b |\n|---|---|\n| 1 | 2 |\nDone.",
        [("| a | b |", "table"), ("\n", None), ("|---|---|", ""), ("\n", None)]
        + [("| 1 | 2 |", ""), ("\nDone.", None)],
    ),
    (r"So \(x^2\) is.", [("So ", None), (r"\(x^2\)", "math"), (" is.", None)]),
    ("$$E=mc^2$$", [("$$E=mc^2$$", "math")]),
    (
        r"\[" + "x+" * 60 + r"y\] So.",
        [(r"\[", ""), ("x+" * 40, "formula"), ("x+" * 20 + r"y\]", ""), (" So.", None)],
    ),
    (
        "*laughs* Oh. **sighing softly** No.",
        [("*laughs*", ""), (" Oh. ", None), ("**sighing softly**", ""), (" No.", None)],
    ),
    ("[clears throat] Well.", [("[clears throat]", ""), (" Well.", None)]),
    ("*Laughter* is *pause*d.", [("Laughter is pause*d.", None)]),
]


async def pieces(text: str, size: int) -> AsyncIterator[str]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


def shown(text: str) -> str:
    return without_annotations("".join(passed(text)))


def passed(*chunks: str) -> list[str]:
    markup = Markup()
    return [*(markup.push(chunk) for chunk in chunks), markup.flush()]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("text", PLAIN)
async def test_plain_pieces_pass_as_they_come(text: str, size: int) -> None:
    out = [piece async for piece in without_markup(pieces(text, size))]
    assert out == [piece async for piece in pieces(text, size)]


@pytest.mark.parametrize(("text", "expected"), SHOWN)
def test_marks_are_taken_out(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(("text", "expected"), ANNOTATED)
def test_what_is_not_read_stays_and_is_annotated(
    text: str, expected: list[tuple[str, str | None]]
) -> None:
    found = [
        (found.text, found.kind if found.kind is None else str(found.kind))
        for found in stretches("".join(passed(text)))
    ]
    assert found == expected


NASTY = [
    *"*_`~[]()!<>&\\$#>-+|.\n \"'1aZ你，",
    *(
        "**",
        "***",
        "```",
        "~~",
        "](",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "<br>",
        "</",
        "<a href=",
        "<!--",
    ),
    *(
        "&amp;",
        "&",
        "laughs",
        "word ",
        "- ",
        "# ",
        "| a ",
        "http://e.org/",
        "x" * 90,
        "int *p",
        "👍",
    ),
]


@pytest.mark.parametrize("seed", range(40))
def test_every_way_of_cutting_gives_the_same_and_holds_little(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        text = "".join(rng.choice(NASTY) for _ in range(rng.randint(1, 60)))
        whole = "".join(passed(text))
        for _ in range(4):
            cuts = sorted(rng.sample(range(len(text) + 1), k=rng.randint(0, len(text))))
            chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
            assert "".join(passed(*chunks)) == whole
        markup = Markup()
        for char in text:
            markup.push(char)
            assert markup.held <= MOST_HELD + 2


@pytest.mark.parametrize(
    "begun",
    ["int *p = new int[3]; ", "A lone ` backtick ", "an open [ bracket ", "x < y ", "**bold ",
     "_a ", "2 * 3 ", "~~", "$x ", "<bx ", "& ", "(laughs ", "*the ", "[^"],
)  # fmt: skip
def test_an_unpaired_mark_does_not_hold_the_words_after_it(begun: str) -> None:
    markup = Markup()
    markup.push(begun)
    rest = "and then come the words of a very ordinary sentence, one after the other. "
    for word in rest.split():
        markup.push(word + " ")
    late = markup.held
    assert late <= 1, markup.flush()


async def test_a_plain_word_is_there_before_the_next_has_come() -> None:
    async def reply() -> AsyncIterator[str]:
        yield "当然"
        assert out == ["当然"]
        yield "可以，**好**"

    out: list[str] = []
    async for piece in without_markup(reply()):
        out.append(piece)
    assert "".join(out) == "当然可以，好"


def test_a_model_cannot_annotate() -> None:
    assert "".join(passed(annotate("secret", Kind.UNSPOKEN))) == "secret"


def test_a_shorthand_gives_back_what_it_took() -> None:
    text = "a" + annotate("b c", Kind.CODE) + "\n" + annotate("d", Kind.UNSPOKEN) + "\ufffce\u2060"
    for size in (1, 3, 50):
        short, long = Shorthand(), ""
        for at in range(0, len(text), size):
            part = short.shorten(text[at : at + size])
            assert ANCHOR not in part
            long += short.restore(part)
        assert long + short.rest() == text
    assert list(stretches(text))[1] == Stretch("b c", Kind.CODE)
