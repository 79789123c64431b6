"""The translation server without a model: requests, sentences, languages, batches."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from model_servers.serving.errors import BadRequest, StartError
from model_servers.serving.tickets import Priority
from model_servers.translate import loading
from model_servers.translate.batches import Batches, Order
from model_servers.translate.multilingual import Multilingual
from model_servers.translate.sentences import MOST_CHARS, joined, sentences
from model_servers.translate.settings import TranslateSettings
from model_servers.translate.tags import flores_tags, nearest
from model_servers.translate.translate_request import pair, parse
from model_servers.translate.translator import Stopped
from tests.fakes import tiny_translator


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Good morning.", ["Good morning."]),
        ("Who is it? It's me! Come in.", ["Who is it?", "It's me!", "Come in."]),
        ("Dr. Smith lives at No. 4. He is out.", ["Dr. Smith lives at No. 4.", "He is out."]),
        ("你好。今天好吗？好。", ["你好。", "今天好吗？", "好。"]),
        ("One\n\ntwo", ["One", "two"]),
        ("  indented. Yes", ["", "indented.", "Yes"]),
        ("", []),
    ],
)
def test_texts_are_cut_into_sentences(text: str, cut: list[str]) -> None:
    parts = list(sentences(text))
    assert [part.text for part in parts] == cut
    assert "".join(part.text + part.gap for part in parts) == text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5 * MOST_CHARS,
        "word " * MOST_CHARS,
        "a clause that is rather long, " * 60,
        "  \n Blanks.   And\n\n lines.\n",
        "这是一个句子，" * 200,
    ],
)
def test_cut_texts_are_whole_and_no_sentence_is_too_long(text: str) -> None:
    parts = list(sentences(text))
    assert "".join(part.text + part.gap for part in parts) == text
    assert max(len(part.text) for part in parts) <= MOST_CHARS


@pytest.mark.parametrize(
    "text", ["a" + " " * 200_000 + "b", "A. " * 70_000, "a." + "\x27" * 200_000]
)
def test_a_text_that_is_made_to_take_long_is_cut_as_soon_as_others(text: str) -> None:
    assert "".join(part.text + part.gap for part in sentences(text)) == text


def test_a_translation_has_the_lines_of_its_text() -> None:
    parts = list(sentences("  Hello there.\nWho?  Me."))
    assert joined(parts, [p.text.upper() for p in parts]) == "  HELLO THERE.\nWHO?  ME."


def test_sentences_that_touched_get_a_blank_in_a_script_that_has_them() -> None:
    parts = list(sentences("你好。再见。"))
    assert joined(parts, ["Hello.", "Bye."]) == "Hello. Bye."
    assert joined(parts, ["你好。", "再见。"]) == "你好。再见。"


CODES = ("eng_Latn", "por_Latn", "zho_Hans", "zho_Hant", "nob_Latn", "ace_Arab", "ace_Latn", "junk")


def test_codes_of_flores_become_tags() -> None:
    assert flores_tags(CODES) == {
        "en": "eng_Latn",
        "pt": "por_Latn",
        "zh-Hans": "zho_Hans",
        "zh-Hant": "zho_Hant",
        "nb": "nob_Latn",
        "ace-Arab": "ace_Arab",
        "ace-Latn": "ace_Latn",
    }


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", "en"),
        ("EN_us", "en"),
        ("pt-BR", "pt"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("cmn", "zh-Hans"),
        ("no", "nb"),
        ("ace-latn", "ace-Latn"),
        ("de", None),
        ("english", None),
        ("", None),
    ],
)
def test_tags_find_the_nearest_language(tag: str, found: str | None) -> None:
    assert nearest(tag, flores_tags(CODES)) == found


def test_a_region_is_preferred_and_not_needed() -> None:
    assert nearest("pt-BR", ["pt-PT", "pt-BR"]) == "pt-BR"
    assert nearest("pt", ["en", "pt-BR"]) == "pt-BR"


def request(**fields: Any) -> bytes:
    return json.dumps({"q": "Hello", "source": "en", "target": "pt", **fields}).encode()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"nonsense", None),
        (b"[]", None),
        (b"[" * 100_000, None),
        (b'{"q": "\\ud800", "source": "en", "target": "pt"}', None),
        (b'{"source": "en", "target": "pt"}', "q"),
        (request(q=[]), "q"),
        (request(q=["a", 7]), "q"),
        (request(q="a" * 101), "q"),
        (request(q=["a"] * 300), "q"),
        (request(source=None), "source"),
        (request(target="x" * 99), "target"),
        (request(format="html"), "format"),
        (request(priority="urgent"), "priority"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as error:
        parse(body, max_chars=100 if b"a" * 101 in body else 1000, priority_header=None)
    assert error.value.param == param


def test_the_priority_is_in_the_body_or_in_the_header() -> None:
    def priority(header: str | None, **fields: Any) -> str:
        return parse(request(**fields), max_chars=100, priority_header=header).priority

    assert [priority(None), priority("interim"), priority("interim", priority="final")] == [
        "final",
        "interim",
        "final",
    ]


def test_a_form_is_read_as_libretranslates_own_client_sends_it() -> None:
    def read(body: bytes) -> tuple[Sequence[str], bool, str]:
        found = parse(body, is_form=True, max_chars=100, priority_header=None)
        return found.texts, found.is_list, found.target

    assert read(b"q=Ol%C3%A1%2C+mundo&source=pt&target=en") == (["Ol\u00e1, mundo"], False, "en")
    assert read(b"q=a&q=b&source=pt&target=en") == (["a", "b"], True, "en")
    assert read(request()) == (["Hello"], False, "pt"), "curl calls JSON a form"
    with pytest.raises(BadRequest):
        read(b"q=%ff&source=pt&target=en")


def test_a_pair_that_there_is_not_is_said_with_those_there_are() -> None:
    pairs = {"en": ("pt-BR",), "pt-BR": ("en",)}

    def found(**fields: Any) -> tuple[str, str]:
        return pair(parse(request(**fields), max_chars=100, priority_header=None), pairs)

    assert found() == ("en", "pt-BR")
    assert found(source="pt-PT", target="en-GB") == ("pt-BR", "en")
    with pytest.raises(BadRequest, match="source 'de' is not one of en, pt-BR") as error:
        found(source="de")
    assert error.value.code == "unknown_language"
    with pytest.raises(BadRequest, match="target 'auto' is not one of pt-BR"):
        found(target="auto")


@dataclass
class Shouting:
    """Translates into capitals, notes its batches; waits until it is let go; fails at FAIL."""

    name: str = "shouting"
    device: str = "cpu"
    at_once: int = 4
    pairs: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"en": ("pt", "de")})
    batches: list[list[str]] = field(default_factory=list)

    def translate(
        self, sentences: Sequence[str], source: str, target: str, stopped: Stopped
    ) -> list[str]:
        self.batches.append(list(sentences))
        if "FAIL" in sentences:
            raise RuntimeError
        return [] if stopped() else [sentence.upper() for sentence in sentences]


def entered(
    batches: Batches, *sentences: str, target: str = "pt", priority: Priority = "final"
) -> Order:
    """An order from English that may be taken along; each is another client's."""
    order = Order("en", target, sentences, priority, client=repr(sentences))
    batches.enter(order)
    return order


def test_whose_turn_it_is_takes_along_what_waits_for_the_same_pair() -> None:
    batches, model = Batches(), Shouting()
    first = entered(batches, "a", "b")
    other = entered(batches, "x", target="de")
    second = entered(batches, "c", "d", "e")
    assert list(batches.work(first, model)) == ["batch", "done"]
    assert model.batches == [["a", "b", "c", "d"]]
    assert list(batches.work(second, model)) == ["batch", "done"]
    assert list(batches.work(other, model)) == ["batch", "done"]
    assert model.batches == [["a", "b", "c", "d"], ["e"], ["x"]]
    assert [o.results for o in (first, second, other)] == [["A", "B"], ["C", "D", "E"], ["X"]]


def test_no_guess_makes_a_finals_batch_longer_and_finals_go_first_with_a_guess() -> None:
    batches, model = Batches(), Shouting()
    guess = entered(batches, "g", priority="interim")
    final = entered(batches, "f")
    list(batches.work(final, model))
    assert model.batches == [["f"]]
    other, later = entered(batches, "h", priority="interim"), entered(batches, "l")
    list(batches.work(guess, model))
    assert model.batches[1:] == [["g", "l", "h"]]
    assert other.is_done
    assert later.is_done


def test_clients_take_turns_in_what_is_taken_along() -> None:
    batches, model = Batches(), Shouting()
    first = entered(batches, "a")
    for text in ("b", "c", "d"):
        batches.enter(Order("en", "pt", [text], client="many"))
    batches.enter(Order("en", "pt", ["e"], client="few"))
    list(batches.work(first, model))
    assert model.batches == [["a", "b", "e", "c"]]


def test_who_was_taken_along_is_told_and_has_nothing_left_to_do() -> None:
    batches, model = Batches(), Shouting()
    first, second = entered(batches, "a"), entered(batches, "b")
    told: list[str] = []
    second.tell = lambda: told.append("second")
    next(batches.work(first, model))
    assert told == ["second"]
    assert list(batches.work(second, model)) == ["done"]
    assert len(model.batches) == 1


def test_who_has_left_is_not_taken_along() -> None:
    batches, model = Batches(), Shouting()
    first, second = entered(batches, "a"), entered(batches, "b")
    batches.withdraw(second)
    batches.withdraw(second)
    list(batches.work(first, model))
    assert model.batches == [["a"]]
    assert list(batches.work(second, model)) == []


def test_a_model_that_gains_nothing_by_it_gets_one_sentence_at_a_time() -> None:
    batches, model = Batches(), Shouting(at_once=1)
    first, _ = entered(batches, "a", "b"), entered(batches, "c")
    assert list(batches.work(first, model)) == ["batch", "batch", "done"]
    assert model.batches == [["a"], ["b"]]


def test_one_whose_sentence_fails_does_not_fail_the_others() -> None:
    batches, model = Batches(), Shouting()
    first, second, third = entered(batches, "a"), entered(batches, "FAIL"), entered(batches, "c")
    assert list(batches.work(first, model))[-1] == "done"
    assert first.results == ["A"]
    with pytest.raises(RuntimeError):
        list(batches.work(second, model))
    assert list(batches.work(third, model))[-1] == "done"
    assert third.results == ["C"]
    assert model.batches == [["a", "FAIL", "c"], ["a"], ["FAIL"], ["c"]]


def test_one_whose_sentence_fails_is_not_taken_along_again() -> None:
    batches, model = Batches(), Shouting()
    first, _, later = entered(batches, "a"), entered(batches, "FAIL"), entered(batches, "c")
    list(batches.work(first, model))
    fresh = entered(batches, "d")
    list(batches.work(fresh, model))
    assert model.batches[-1] == ["d"]
    assert not later.is_done, "it may be why, too"


def test_a_batch_is_counted_once_whoever_is_in_it() -> None:
    worked: list[float] = []
    batches, model = Batches(worked.append), Shouting()
    first, second = entered(batches, "a"), entered(batches, "b")
    list(batches.work(first, model))
    list(batches.work(second, model))
    assert len(worked) == 1


def test_two_threads_share_the_sentences_and_both_are_told() -> None:
    class Slow(Shouting):
        def translate(self, *args: Any) -> list[str]:
            begun.set()
            assert go_on.wait(10)
            return super().translate(*args)

    batches, model = Batches(), Slow()
    begun, go_on = threading.Event(), threading.Event()
    first, second = entered(batches, "a"), entered(batches, "b")
    threads = [
        threading.Thread(target=lambda o=order: list(batches.work(o, model)))
        for order in (first, second)
    ]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert (first.results, second.results) == (["A"], ["B"])
    assert model.batches == [["a", "b"]]


@pytest.fixture(params=[tiny_translator.NLLB, tiny_translator.MADLAD], ids=["NLLB", "MADLAD"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Multilingual:
    folder = tiny_translator.make(tmp_path / "tiny", request.param)
    settings = TranslateSettings(model=str(folder), device="cpu", batch_size=8)
    found = loading.load(settings, lambda text: None)
    assert isinstance(found, Multilingual)
    return found


def test_a_multilingual_model_translates_each_language_into_each_other(tiny: Multilingual) -> None:
    assert {"en", "pt"} < set(tiny.pairs)
    assert all(set(targets) == set(tiny.pairs) - {tag} for tag, targets in tiny.pairs.items())
    alone = [tiny.translate([text], "en", "pt", lambda: False) for text in ("a cat", "a dog")]
    together = tiny.translate(["a cat", "a dog"], "en", "pt", lambda: False)
    assert together == [text for (text,) in alone]
    assert not any(mark in text for text in together for mark in ("_Latn", "<", "▁"))
    assert tiny.translate(["a cat"], "pt", "en", lambda: False) != alone[0]


def test_a_translation_that_nobody_waits_for_stops(tiny: Multilingual) -> None:
    steps = iter(range(100))

    def stopped() -> bool:
        return next(steps) >= 2

    tiny.translate(["a cat " * 20], "en", "pt", stopped)
    assert next(steps) < 10


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("model.bin", "it has no model.bin"),
        ("tokenizer.json", "has no tokenizer"),
        ("shared_vocabulary.json", "it has no vocabulary"),
    ],
)
def test_what_a_folder_lacks_is_said(tmp_path: Path, missing: str, reason: str) -> None:
    folder = tiny_translator.make(tmp_path / "tiny", tiny_translator.NLLB)
    (folder / missing).unlink()
    with pytest.raises(StartError, match=reason):
        loading.load(TranslateSettings(model=str(folder)), lambda text: None)


def test_a_model_without_language_codes_is_refused(tmp_path: Path) -> None:
    folder = tiny_translator.make(tmp_path / "tiny", ())
    with pytest.raises(StartError, match="no language codes"):
        loading.load(TranslateSettings(model=str(folder)), lambda text: None)


@pytest.mark.parametrize("model", ["./nowhere", "nowhere", "a/b/c"])
def test_a_folder_that_is_not_there_is_said(model: str) -> None:
    with pytest.raises(StartError, match="there is no folder"):
        loading.load(TranslateSettings(model=model), lambda text: None)
