"""Documents as passages: reading, parting, ranking, finding a place again."""

import difflib
import random
from pathlib import Path

import pytest

from agent.documents.building import read_all
from agent.documents.passage import Passage
from agent.documents.plain_words import markdown_sections, plain, split_sentences, text_sections
from agent.documents.ranking import PassageIndex
from agent.documents.search_terms import Vocabulary, search_terms, stem
from agent.documents.store import Store
from agent.llm.handbook.places import Places
from agent.options.documents import DocumentsOptions


def sections(text: str) -> list[tuple[str, list[list[str]]]]:
    return [(s.title, s.paragraphs) for s in markdown_sections(text)[1]]


def index(**texts: str) -> PassageIndex:
    """Passages of one page; by title."""
    return PassageIndex(
        [
            Passage(title, "Page", "page.md", tuple(split_sentences(text)))
            for title, text in texts.items()
        ]
    )


def load_passages(folder: Path) -> list[Passage]:
    built = read_all((folder,), DocumentsOptions(), Store(folder / ".store"), lambda _: None)
    return [passage for document in built.documents for passage in document.passages]


def found(passages: PassageIndex, question: str) -> str | None:
    match = passages.best(passages.query(question), length=3)
    return passages.passages[match.number].title if match else None


class TestMarkdown:
    def test_headings_part_a_page(self) -> None:
        text = "# Page\n\nIntro.\n\n## One\n\nFirst. Second.\n\nThird\n\nTwo\n---\nLast."
        assert markdown_sections(text)[0] == "Page"
        assert sections(text) == [
            ("Page", [["Intro."]]),
            ("One", [["First.", "Second."], ["Third."]]),
            ("Two", [["Last."]]),
        ]

    def test_a_list_item_is_a_sentence_with_its_continuation(self) -> None:
        text = "- one thing\n  and more\n- [x] two\n1. three!\n"
        assert sections(text) == [("", [["one thing and more."], ["two."], ["three!"]])]

    def test_code_comments_images_and_front_matter_are_left_out(self) -> None:
        text = (
            "---\ntitle: x\n---\nKept.\n\n```sh\nrm -rf\n```\n\n    indented code\n\n"
            "<!-- a\n\nb -->\n![picture](a.png)\n\n[ref]: http://x.y\n\n***\n\nAlso kept."
        )
        assert sections(text) == [("", [["Kept."], ["Also kept."]])]

    def test_a_fence_is_closed_by_its_own_kind_only(self) -> None:
        text = "````\n```\nhidden\n```\n````\n\nShown."
        assert sections(text) == [("", [["Shown."]])]

    def test_a_table_row_becomes_a_sentence(self) -> None:
        text = (
            "| Plan | Price | Term |\n|---|:--:|---|\n| Basic | 5 euros | a month |\n| Free | | |"
        )
        assert sections(text) == [("", [["Basic: Price 5 euros, Term a month."], ["Free."]])]

    @pytest.mark.parametrize(
        ("markup", "words"),
        [
            ("a **bold** and *soft* _word_", "a bold and soft word"),
            ("`make demo` now", "make demo now"),
            ("see [the docs](https://x.y/z) or [this][1]", "see the docs or this"),
            ("at https://docs.livekit.io/agents/start.", "at docs.livekit.io."),
            ("<b>loud</b> &amp; clear[^1]", "loud & clear"),
            ("2 * 3 * 4 and STT_URL", "2 * 3 * 4 and STT_URL"),
            (r"a \* star", "a * star"),
        ],
    )
    def test_markup_leaves_its_words(self, markup: str, words: str) -> None:
        assert plain(markup) == words


class TestSentences:
    @pytest.mark.parametrize(
        ("text", "sentences"),
        [
            ("One. Two! Three?", ["One.", "Two!", "Three?"]),
            ("It costs 3.50 euros. Really.", ["It costs 3.50 euros.", "Really."]),
            ("Ask e.g. Mr. Smith. He knows.", ["Ask e.g. Mr. Smith.", "He knows."]),
            ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
            ("你好。我是语音助手！你呢", ["你好。", "我是语音助手！", "你呢。"]),
            ("no end", ["no end."]),
            ("three ways:", ["three ways:"]),
            ("  ", []),
        ],
    )
    def test_a_text_is_parted_at_the_ends_of_its_sentences(
        self, text: str, sentences: list[str]
    ) -> None:
        assert split_sentences(text) == sentences

    def test_a_short_line_of_a_text_file_is_a_heading(self) -> None:
        page, found = text_sections("Opening hours\n\nWe open at nine. We\nclose at five.\n")
        assert page == "Opening hours"
        assert [(s.title, s.paragraphs) for s in found] == [
            ("Opening hours", [["We open at nine.", "We close at five."]])
        ]


class TestTerms:
    @pytest.mark.parametrize(
        "words",
        [
            "stop stops stopped stopping",
            "interrupt interrupts interrupted interrupting interruption",
            "setting settings",
            "change changes changed changing",
            "licence license licences licensed",
            "recognise recognize recognised recognizing",
            "configure configuration configured",
            "colour color colours",
            "reply replies",
            "switch switches",
        ],
    )
    def test_forms_and_spellings_of_a_word_meet(self, words: str) -> None:
        assert len({stem(word) for word in words.split()}) == 1

    def test_words_that_say_nothing_are_left_out(self) -> None:
        assert search_terms("Um, so can you please tell me what that is?") == []

    def test_chinese_becomes_pairs_of_characters(self) -> None:
        assert search_terms("请问怎么打断你") == ["打断"]
        assert search_terms("语音助手") == ["语音", "音助", "助手"]

    def test_a_compound_is_also_one_word(self) -> None:
        assert set(search_terms("barge-in")) == {"bargein", "barg"}

    @pytest.mark.parametrize(
        ("heard", "term"),
        [
            ("live kit", "livekit"),
            ("re joiner", "rejoinder"),
            ("rejoiner", "rejoinder"),
            ("bargain", "bargein"),
            ("silaro", "silero"),
            ("G P U", "gpu"),
            ("v l l m", "vllm"),
        ],
    )
    def test_a_misheard_word_is_led_back(self, heard: str, term: str) -> None:
        known = Vocabulary(["livekit", "rejoinder", "bargein", "silero", "gpu", "vllm", "voic"])
        assert term in known.heard(f"what is {heard}?")[0]

    def test_the_nearest_is_the_one_that_a_comparison_with_all_finds(self) -> None:
        letters = random.Random(7)
        terms = sorted(
            {"".join(letters.choices("abkmptu", k=letters.randint(4, 9))) for _ in range(900)}
        )
        known = Vocabulary(terms)
        for _ in range(300):
            word = "".join(letters.choices("abkmptu", k=letters.randint(4, 9)))
            same = [term for term in terms if term[0] == word[0]]
            near = difflib.get_close_matches(word, same, n=1, cutoff=0.83)
            expected = word if word in terms else (near[0] if near else None)
            assert known.heard(word)[0] == [expected or word]

    def test_a_word_that_is_not_near_any_stays(self) -> None:
        assert Vocabulary(["livekit", "silero"]).heard("what is football")[0] == ["football"]

    def test_guesses_are_told_apart(self) -> None:
        terms, guesses = Vocabulary(["silero", "voic"]).heard("silaro voice")
        assert set(terms) == {"silero", "voic"}
        assert guesses == {"silero"}


class TestFolder:
    def test_markdown_and_text_below_a_folder_are_read_in_order(self, tmp_path: Path) -> None:
        (tmp_path / "b.md").write_text("# Bee\n\n## Honey\n\nSweet.", encoding="utf-8")
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "opening-hours.txt").write_text("We open at nine. Come in.")
        (tmp_path / "a.markdown").write_text("No heading here.")
        (tmp_path / ".hidden.md").write_text("# Hidden\n\nNo.")
        (tmp_path / "data.json").write_text("{}")
        (tmp_path / "empty.md").write_text("")
        assert [(p.path, p.page, p.title, p.sentences) for p in load_passages(tmp_path)] == [
            ("a.markdown", "A", "A", ("No heading here.",)),
            ("b.md", "Bee", "Honey", ("Sweet.",)),
            (
                "sub/opening-hours.txt",
                "Opening hours",
                "Opening hours",
                ("We open at nine.", "Come in."),
            ),
        ]

    def test_bytes_that_are_no_text_do_no_harm(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf# T\xff\n\nBody \xfe.")
        [passage] = load_passages(tmp_path)
        assert passage.title.startswith("T")

    def test_a_long_section_becomes_several_passages(self, tmp_path: Path) -> None:
        paragraphs = "\n\n".join(
            f"Sentence {i} a. Sentence {i} b. Sentence {i} c." for i in range(9)
        )
        (tmp_path / "long.md").write_text(f"# Long\n\n{paragraphs}")
        passages = load_passages(tmp_path)
        assert len(passages) > 3
        assert {p.title for p in passages} == {"Long"}
        assert sum(len(p.sentences) for p in passages) == 27
        assert all(len(p.sentences) <= 8 for p in passages)

    def test_no_passages_are_no_index(self) -> None:
        with pytest.raises(ValueError, match="no passages"):
            PassageIndex([])


class TestRanking:
    def test_a_heading_worded_like_the_question_wins(self) -> None:
        passages = index(
            **{
                "How do I change the voice?": "Set it.",
                "Where does my voice go?": "It stays here.",
                "Why is the voice so low?": "Look at the volume.",
            }
        )
        assert found(passages, "where does my voice go") == "Where does my voice go?"
        assert found(passages, "why is your voice low") == "Why is the voice so low?"

    def test_coverage_is_the_share_of_the_question_that_is_answered(self) -> None:
        passages = index(Cats="Cats purr.", Dogs="Dogs bark.")
        whole = passages.best(passages.query("do cats purr"), length=3)
        half = passages.best(passages.query("do cats play chess with astronauts"), length=3)
        assert whole is not None
        assert half is not None
        assert whole.coverage == 1.0
        assert half.coverage < 0.3
        assert passages.best(passages.query("chess astronauts"), length=3) is None

    def test_an_answer_may_begin_in_the_middle_of_a_passage(self) -> None:
        passages = index(
            Animals="There are many. Cats purr. They sleep. Birds sing. Whales dive. They eat.",
            Plants="Trees grow.",
        )
        match = passages.best(passages.query("which animal can dive, do whales"), length=2)
        assert match is not None
        assert passages.passages[match.number].sentences[match.start] == "Birds sing."

    def test_a_guess_counts_only_where_a_heading_has_it(self) -> None:
        passages = index(Silero="A model.", Storage="It is stored in silence.")
        assert found(passages, "what is silaro") == "Silero"
        assert found(passages, "tell me a silance") is None


class TestPlaces:
    PLACES = Places(
        index(
            First="Set a variable. Write it down. Start again.",
            Second="Set a variable. Wait a little. Go home.",
            Third="Yes. It works.",
        ).passages
    )

    @pytest.mark.parametrize(
        ("said", "place"),
        [
            ("Set a variable. Write it down.", (0, 0, 2)),
            ("set a variable wait", (1, 0, 1)),
            ("Write it down. Start again.", (0, 1, 3)),
            ("Write it", (0, 1, 1)),
            ("Second. Set a variable. Wait a little.", (1, 0, 2)),
            ("Third.", (2, 0, 0)),
        ],
    )
    def test_a_reply_is_found_again(self, said: str, place: tuple[int, int, int]) -> None:
        where = self.PLACES.place_of(said)
        assert where is not None
        assert (where.number, where.first, where.next) == place

    @pytest.mark.parametrize(
        "said", ["", "Okay.", "Set", "Set a variable.", "I know nothing about that."]
    )
    def test_other_words_are_no_place(self, said: str) -> None:
        assert self.PLACES.place_of(said) is None
