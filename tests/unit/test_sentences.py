"""Where a reply is cut into sentences. In the tables `|` marks a cut."""

import random

import pytest

from agent.wording.boundaries import MAX_UNITS, is_wide
from agent.wording.clauses import CUTS, Cut
from agent.wording.sentences import SentenceTokenizer, Splitter


def sentences(text: str, *cuts: Cut) -> list[str]:
    """All pieces of a whole text, sentences unless `cuts` say otherwise."""
    splitter = Splitter(*cuts)
    return [*splitter.push(text), *splitter.flush()]


SENTENCES = [
    # Plain sentences; white space leads the next piece.
    "Hello there.| How can I help?| Good!",
    "One.|  Two spaces.|\tA tab.",
    "Yes!| No?| Maybe…| Sure.",
    "What?!| Really!!| Yes.",
    "No terminator at the end",
    "Hello .| A stray space.",
    # Numbers.
    "Pi is 3.14 and e is 2.718.| That is all.",
    "It costs $1,000.50 or 1.000,50 euros.| Fine.",
    "At 10:30.| Version v1.13.5 is out.| Good.",
    "You have 3.| I have 12.| She has 2024.",
    "From 192.168.0.1 to 10.0.0.1.| Done.",
    # Abbreviations, initials, acronyms.
    "Dr. Smith met Mrs. Jones and Prof. Li.| They talked.",
    "Use a tool, e.g. a hammer, i.e. this one.| Good.",
    "No. 5 is alive.| No.| I am not.| See Fig. 3 and p. 12.| Vol. 2 is out.",
    "In the U.S. it is legal.| In the E.U. too.",
    "J. R. R. Tolkien wrote it.| George W. Bush read it.",
    "It was you and I.| We know.",
    "Acme Ltd. is here, and Foo Inc. too.| Acme Ltd.| It is old.",
    "Apples, pears, etc. are fruit.| Apples, pears, etc.| Then bread.",
    "We open at 9 a.m. on weekdays.| We close at 5 p.m.| What else?",
    "I don't.| You can't.| It's 'No.'| Fine.",
    "Sr. García vive en EE.UU. desde enero.| La Sra. López no.",
    "Das ist z.B. gut, d.h. nicht schlecht.| Er kommt am 3. Oktober.| Gut.",
    "Der 1. Preis ging an Dr. Weber.| Usw.",
    # Addresses and names of files.
    "See https://example.com/a?x=1.2&y=3 now.| Or www.example.com.| Bye.",
    "Write to a.b@example.co.uk.| We answer.",
    "Edit livekit.yaml and app.py.| Then run node.js.| Done.",
    # Pauses.
    "Well...| I think so.| Wait... what?| Hmm… okay.| Hmm…| Okay.",
    "And . . . then nothing.| Right.",
    # Quotes and brackets that close after the mark.
    'He said "Stop!" and left.| "I know." she said.| "Really?"| They nodded.',
    "(It works.)| [Truly.]| It does.",
    "« Bonjour. »| Il part.| Ça va ?| Oui !",
    "„Hallo.“| Sie winkt.",
    # Lines and lists.
    "A title|\nA line|\n\nA paragraph.|\n",
    "1. Open the file.| Close it.|\n2. Save|\n- one|\n- two|\r\n* three",
    # Chinese and Japanese: at once, without white space.
    "你好。|今天天气很好！|你想去哪里？|都行；|走吧。",
    "他说：“你好。|我是小明。”|然后走了。|「はい。」|と言った。",
    "他说：“你好。”|（真的。）|《书。》|好。",
    '"你好。"|他说。',
    "こんにちは。|元気ですか？|はい！",
    "안녕하세요.| 반갑습니다.| 네!",
    "嗯……我想想。|好。",
    # Chinese with Latin in it.
    "用 Python 3.11 写的。|很好。",
    "Node.js是好的。|OK!|好的。|版本3.我们用它。",
    "我们用livekit.yaml配置v1.13.5，没问题。|See you.| 再见。",
    "价格是1,000.50元。|时间是10:30。",
    # Other scripts.
    "नमस्ते।| आप कैसे हैं?| ठीक।",
    "مرحبا؟| نعم.| شكرا",
    # Nothing to say is not a piece of its own.
    "... Well.| !!! Yes.",
    "??",
]


@pytest.mark.parametrize("marked", SENTENCES)
def test_sentences_end_where_the_table_says(marked: str) -> None:
    assert sentences(marked.replace("|", "")) == marked.split("|")


CERTAIN = [
    # What was pushed, and what came out at once.
    ("Hello there. ", ["Hello there."]),
    ("Hello there.", []),
    ("Hello! How", ["Hello!"]),
    ("你好。", ["你好。"]),
    ("你好！", ["你好！"]),
    ("你好；", ["你好；"]),
    ("你好，", []),
    ("“你好。", []),
    ("“你好。”", ["“你好。”"]),
    ("It is 3.", []),
    ("It is 3. ", ["It is 3."]),
    ("See No. ", []),
    ("See No. 5", []),
    ("No. I", ["No."]),
    ("Wait... ", []),
    ("Wait... W", ["Wait..."]),
    ("One line\n", ["One line"]),
    ("Dr. ", []),
    ("Is it?", []),
    ("OK!好", ["OK!"]),
]


@pytest.mark.parametrize(("pushed", "emitted"), CERTAIN)
def test_a_piece_comes_out_as_soon_as_its_end_is_certain(pushed: str, emitted: list[str]) -> None:
    assert Splitter().push(pushed) == emitted


def test_a_decimal_point_waits_for_the_digits_of_the_next_chunk() -> None:
    splitter = Splitter()
    assert splitter.push("It is 3.") == []
    assert splitter.push("14 today. ") == ["It is 3.14 today."]
    assert splitter.flush() == [" "]


def test_flush_emits_everything_and_begins_anew() -> None:
    splitter = Splitter()
    assert splitter.push("“Unfinished") == []
    assert splitter.flush() == ["“Unfinished"]
    assert splitter.push("你好。") == ["你好。"], "the quote of the flushed text is forgotten"
    assert splitter.flush() == []


LONG_CHINESE = (
    "因为那时候不太热而且人也比较少停车也方便所以我觉得下午三点出发比较合适"
    "，如果你愿意的话我们可以先去公园走一走然后再去河边的那家小饭馆吃晚饭"
    "，最后坐地铁回家"
)


def test_a_long_chinese_sentence_is_cut_at_its_commas() -> None:
    pieces = sentences(LONG_CHINESE)
    assert [piece[-1] for piece in pieces[:-1]] == ["，", "，"]
    assert all(len(piece) <= 40 for piece in pieces)


def test_chinese_is_never_held_back_for_more_than_forty_characters() -> None:
    for text in (LONG_CHINESE, LONG_CHINESE.replace("，", ""), "我们" * 60):
        splitter, held = Splitter(), ""
        for char in text:
            held += char
            for piece in splitter.push(char):
                held = held.removeprefix(piece)
            assert len(held) <= MAX_UNITS // 5


def test_a_chinese_comma_between_digits_does_not_cut() -> None:
    text = "我们今天一共收到了来自全国各地的读者来信大约1，000封，谢谢。"
    assert sentences(text) == [
        "我们今天一共收到了来自全国各地的读者来信大约1，000封，",
        "谢谢。",
    ]


def test_chinese_without_punctuation_is_cut_between_characters_not_inside_latin_words() -> None:
    text = "我们" * 18 + "Kubernetes" + "容器" * 30
    pieces = sentences(text)
    assert "".join(pieces) == text
    assert sum("Kubernetes" in piece for piece in pieces) == 1
    assert all(sum(5 if is_wide(char) else 1 for char in p) <= MAX_UNITS for p in pieces)


def test_a_long_latin_sentence_is_cut_after_its_last_comma() -> None:
    first = "The fox, which had been asleep for a very long time under the old tree by the river,"
    rest = " woke up" + " as the farmer came nearer" * 6
    pieces = sentences(first + rest)
    assert pieces[0] == first
    assert "".join(pieces) == first + rest


def test_a_long_latin_sentence_without_commas_is_cut_before_a_conjunction() -> None:
    text = "the small dog ran " * 8 + "because the large cat jumped " + "over the garden wall " * 5
    pieces = sentences(text)
    assert pieces[1].startswith(" because")


def test_a_sentence_without_any_place_but_spaces_is_cut_between_words() -> None:
    text = "word" + " word" * 99
    pieces = sentences(text)
    assert all(len(piece) <= MAX_UNITS for piece in pieces)
    assert all(set(piece.split()) == {"word"} for piece in pieces)


def test_grouped_digits_and_abbreviations_stay_whole_when_a_long_sentence_is_cut() -> None:
    text = "x" * 60 + " 1 000 000 Dr. Wu" * 20
    pieces = sentences(text)
    assert len(pieces) > 1
    assert sum(piece.count("1 000 000") for piece in pieces) == 20
    assert not any(piece.endswith("Dr.") for piece in pieces)


def test_an_endless_word_is_cut_in_the_end() -> None:
    pieces = sentences("x" * 5000)
    assert len(pieces) == 5
    assert "".join(pieces) == "x" * 5000


def test_a_long_address_is_not_cut_before_its_end() -> None:
    address = "https://example.com/" + "a/" * 150
    assert sentences(f"See {address} now.") == [f"See {address}", " now."]


NASTY = [
    *"...!?…。！？；，、：;:,()“”\"'«»「」（） \n\r\t\u00a0\u200d*-–—",
    *("Dr", "No", "e.g", "U.S", "etc", "a.m", "3", "14", "1,000", "am", "I", "x" * 90),
    *("Hello", "word ", "and ", "because ", "你好", "我们今天", "ー", "カタ", "안녕", "नमस्ते", "।"),
    *("😀", "👩\u200d💻", "e\u0301", "https://a.b/c?d=1.2", "3.14", "\u2028", "。”", ". ", "。\n"),
]


def random_text(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return rng.choice(SENTENCES).replace("|", "") + rng.choice(["", " ", "\n", "Dr."])
    return "".join(rng.choice(NASTY) for _ in range(rng.randint(1, 120)))


def chunks(text: str, rng: random.Random) -> list[str]:
    largest = rng.choice([1, 2, 5, 30])
    found = []
    while text:
        size = rng.randint(1, largest)
        found.append(text[:size])
        text = text[size:]
    return found


@pytest.mark.parametrize("cuts", [(), CUTS], ids=["sentences", "clauses first"])
@pytest.mark.parametrize("seed", range(20))
def test_any_chunking_gives_the_same_pieces_and_loses_nothing(
    seed: int, cuts: tuple[Cut, ...]
) -> None:
    rng = random.Random(seed)
    for _ in range(15):
        text = random_text(rng)
        whole = sentences(text, *cuts)
        assert "".join(whole) == text
        assert all(whole)
        for _ in range(3):
            splitter = Splitter(*cuts)
            pieces = [p for chunk in chunks(text, rng) for p in splitter.push(chunk)]
            assert pieces + splitter.flush() == whole


async def test_the_stream_gives_pieces_as_they_become_certain_and_then_ends() -> None:
    stream = SentenceTokenizer().stream()
    stream.push_text("One. Tw")
    assert (await anext(stream)).token == "One."
    stream.push_text("o. Three")
    first_segment = (await anext(stream)).segment_id
    stream.flush()
    stream.push_text("Four.")
    stream.end_input()
    rest = [event async for event in stream]
    assert [event.token for event in rest] == [" Three", "Four."]
    assert rest[0].segment_id == first_segment != rest[1].segment_id
    await stream.aclose()
    await stream.aclose()


async def test_a_closed_stream_refuses_text() -> None:
    stream = SentenceTokenizer().stream()
    await stream.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        stream.push_text("late")
