"""The whole way of a reply's text to the voice, in pieces of any size: markup, cuts, words."""

import random
import time

import pytest

from agent.wording.annotation import without_annotations
from agent.wording.clauses import CUTS
from agent.wording.markup import Markup
from agent.wording.reader import Reader, preload_words
from agent.wording.sentences import Splitter

preload_words()

REPLIES = [
    "Certainly! It costs $49.95 a month, **or** [less](https://e.org/a_b), e.g. 5-10 % off.",
    "On May 5, 2024, at 10:30 p.m., `int *p` was 3.14. # no title\n# A title\n- one\n- two",
    "So:\n```python\nimport os\nprint(1)\n```\n*laughs* That is it, \\(x^2\\) and $5.",
    "| a | b |\n|---|---|\n| 1 | 2 |\nThat was the table. <b>Done</b>&nbsp;&amp; dusted 😀",
    "价格是$49.95，时间是10:30。请看**这里**，然后打开`设置`页面，2个苹果。",
    "Das kostet 1.500 €, z.B. am 3. Oktober um 10:30 Uhr. Mehr unter www.beispiel.de.",
    "int *p = a[0]; and a lone ` or [ or < or ~ or $ sign, and so on, for ever and ever.",
]


def spoken(chunks: list[str]) -> list[tuple[str, str]]:
    """Pieces as they are shown and as they are said."""
    markup, splitter, reader = Markup(), Splitter(*CUTS), Reader("en")
    pieces = [piece for chunk in chunks for piece in splitter.push(markup.push(chunk))]
    pieces += splitter.push(markup.flush()) + splitter.flush()
    return [(without_annotations(piece), reader.say(piece)) for piece in pieces]


@pytest.mark.parametrize("reply", REPLIES)
def test_every_way_of_cutting_says_the_same(reply: str) -> None:
    whole = spoken([reply])
    for at in range(len(reply)):
        assert spoken([reply[:at], reply[at:]]) == whole
    rng = random.Random(reply)
    for _ in range(20):
        cuts = sorted(rng.sample(range(len(reply)), k=min(len(reply), 12)))
        assert (
            spoken([reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)])
            == whole
        )


@pytest.mark.parametrize(
    "reply",
    [
        "Yes, of course. The train leaves at nine, as ever.",
        "The weather today is sunny with a light breeze from the west, and it stays dry.",
        "It costs $1,000.50 per month. That includes everything.",
        "Wait... what? No! I mean it - really, 5 > 3 & 2 < 4. That's all.",
        "好的，没问题。请稍等，一下。我们可以在下午三点半开会，大约需要三十分钟左右。",
        "Das ist z.B. gut, d.h. nicht schlecht, für uns. Er kommt am 3. Oktober.",
        "Use **two** words, or *one*, of `code` in it. And go on.",
    ],
)
def test_no_piece_waits_for_marks_that_may_come(reply: str) -> None:
    """Nothing is released later than of plain text, but for the character after a mark."""
    markup, splitter, plain = Markup(), Splitter(*CUTS), Splitter(*CUTS)
    bare = reply.replace("*", "").replace("`", "")
    released: list[int] = []
    for at, char in enumerate(reply):
        released += [at - reply[: at + 1].count("*") - reply[: at + 1].count("`")] * len(
            splitter.push(markup.push(char))
        )
    before = [at for at, char in enumerate(bare) for _ in plain.push(char)]
    assert len(released) == len(before)
    assert all(now - then <= 1 for now, then in zip(released, before, strict=True))


HOSTILE = [
    *("1," * 500, "1 000 " * 170, "a." * 500, "$" * 1000, "1-" * 500, "(" * 1000, "a@" * 500),
    *("[1" * 500, "555 " * 250, "I " * 500, "https://" * 120, "a_" * 500, "$a" * 500, "é" * 1000),
    *("0" * 1000, "1h " * 300, "e.g. " * 200, "Jan 1 " * 160, "中1" * 500, "X" * 1000, ". " * 500),
]


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_a_hostile_text_takes_no_long_time(language: str) -> None:
    """A piece is a thousand characters at most, the square of that would take seconds."""
    for text in HOSTILE:
        began = time.thread_time()
        Reader(language).say(text)
        assert time.thread_time() - began < 1.0


def test_one_piece_is_read_in_a_few_milliseconds() -> None:
    text = "The train at 10:30 costs $49.95, which is 20% less than in 2019, at 22 °C or more."
    reader = Reader("en")
    reader.say(text)
    began = time.thread_time()
    for at in range(20):
        reader.say(f"{text} {at}")
    assert time.thread_time() - began < 20 * 0.02


PIECES = [
    *"0123456789.,:;/-–~$€£¥%°#@&+*=<>()[]{}'\"^_|\\ \n²³½→×٣１Ⅷ中あ가яéa",
    *("II", "XIV", "am", "pm", "km/h", "kg", "May", "Oktober", "de", "3/4", "1st", "10:30", "2025"),
    *(
        "https://",
        "a@b.co",
        "www.",
        "No.",
        "e.g.",
        "z.B.",
        "万",
        "年",
        "Uhr",
        "h",
        "mil",
        "M",
        "Mio.",
    ),
    *(
        "1,234.5",
        "1.234,5",
        "007",
        "99",
        "$1",
        "5%",
        "-",
        "the ",
        "der ",
        "el ",
        "😀",
        "\ufff9",
        "x",
    ),
]


@pytest.mark.parametrize("seed", range(4))
def test_any_text_is_read_and_shown_as_it_is_written(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(30):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 25)))
        for language in ("en", "zh", "es", "pt", "fr", "de", "ja", "it", "ko", "ru"):
            reader = Reader(language)
            shown = "".join(part.written for part in reader.read(text))
            assert shown == without_annotations(text)
            assert not set("[]{}\\|") & set(reader.say(text))
