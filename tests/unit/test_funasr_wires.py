"""What FunASR's servers are told and tell, message by message."""

import json
from typing import Any

import pytest
from livekit.agents import APIError

from agent.stt.funasr.nano_wire import NanoWire
from agent.stt.funasr.options import Options
from agent.stt.funasr.runtime_wire import RuntimeWire
from agent.stt.funasr.wire import Result, Wire

URL = "ws://127.0.0.1:10095"


def runtime(**settings: Any) -> RuntimeWire:
    return RuntimeWire(Options(url=URL, **settings))


def nano(language: str = "", **settings: Any) -> NanoWire:
    return NanoWire(Options(url=URL, protocol="nano", **settings), language=language)


def heard(wire: Wire, *messages: dict[str, Any]) -> list[Result]:
    return [
        result
        for message in messages
        for result in wire.heard(json.dumps(message, ensure_ascii=False))
    ]


def told(wire: Wire, *messages: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(result.text, result.final) for result in heard(wire, *messages)]


def online(text: str, **more: Any) -> dict[str, Any]:
    return {"mode": "2pass-online", "text": text, "wav_name": "w", "is_final": False} | more


def offline(text: str, **more: Any) -> dict[str, Any]:
    return {"mode": "2pass-offline", "text": text, "wav_name": "w", "is_final": True} | more


def test_the_configuration_is_of_the_settings() -> None:
    wire = runtime(
        hotwords="阿里巴巴:30, Big Ben", itn=False, rate_hz=8000, chunk_size="8,8,4",
        chunk_interval=8,
    )  # fmt: skip
    [opening] = wire.opening()
    hello = json.loads(opening)
    assert hello.pop("wav_name").startswith("rejoinder-")
    # A string that holds JSON, not an object.
    assert json.loads(hello.pop("hotwords")) == {"阿里巴巴": 30, "Big Ben": 20}
    assert hello == {
        "mode": "2pass", "wav_format": "pcm", "audio_fs": 8000, "is_speaking": True,
        "chunk_size": [8, 8, 4], "chunk_interval": 8, "itn": False,
    }  # fmt: skip
    assert "hotwords" not in json.loads(runtime().opening()[0])


@pytest.mark.parametrize(
    ("settings", "samples"),
    [
        ({}, 960),
        ({"rate_hz": 8000}, 480),
        ({"chunk_size": "[5, 10, 5]", "chunk_interval": 5}, 1920),
        ({"chunk_size": "8,8,4"}, 768),
    ],
)
def test_a_message_has_so_many_samples(settings: dict[str, Any], samples: int) -> None:
    assert Options(url=URL, **settings).piece == samples


def test_increments_are_appended_and_a_final_result_replaces_them() -> None:
    assert told(
        runtime(),
        online("今天"),
        online("天器"),
        online(""),
        offline("今天天气很好。"),
        online("明"),
        online("天呢"),
        offline("明天呢？"),
    ) == [
        ("今天", False),
        ("今天天器", False),
        ("今天天气很好。", True),
        ("明", False),
        ("明天呢", False),
        ("明天呢？", True),
    ]


@pytest.mark.parametrize(
    "message",
    [
        offline("好。", is_final=False),
        offline("好。", timestamp="[[10,200]]", stamp_sents=[]),
        offline("好。", timestamp=[[10, 200]], spk_name="unknown", spk_score=0.1),
        {"mode": "offline", "text": "好。"},
    ],
)
def test_a_result_is_final_by_its_mode(message: dict[str, Any]) -> None:
    assert told(runtime(), online("号"), message) == [("号", False), ("好。", True)]


def test_tags_of_sensevoice_are_no_words_and_tell_the_language() -> None:
    [result] = heard(runtime(), offline("<|yue|><|NEUTRAL|><|Speech|><|woitn|>你好"))
    assert (result.text, result.language) == ("你好", "yue")


@pytest.mark.parametrize(
    "empty", [{"text": "", "wav_name": "w", "is_final": True}, offline("", is_final=False)]
)
def test_an_end_of_speech_without_words_is_answered_and_once(empty: dict[str, Any]) -> None:
    wire = runtime()
    assert told(wire, empty) == []
    assert [json.loads(order) for order in wire.flushing()] == [{"is_speaking": False}]
    assert wire.flushing() == ()
    assert told(wire, empty, empty) == [("", True)]


def test_increments_that_are_not_recognised_again_stay() -> None:
    wire = runtime()
    assert told(wire, online("嗯"), offline("")) == [("嗯", False)]
    wire.flushing()
    assert told(wire, offline("")) == [("嗯", True)]
    assert told(wire, online("好")) == [("好", False)]
    assert [(left.text, left.final) for left in wire.rest()] == [("好", True)]
    assert wire.rest() == ()


def test_it_says_that_somebody_speaks_again_before_audio_alone() -> None:
    wire = runtime()
    assert wire.resuming() == ()
    wire.flushing()
    assert [json.loads(order) for order in wire.resuming()] == [{"is_speaking": True}]
    assert wire.resuming() == ()
    assert [json.loads(order) for order in wire.ending()] == [
        {"is_speaking": False, "is_end": True}
    ]


def test_the_end_is_told_by_is_end_alone() -> None:
    wire = runtime()
    wire.ending()
    assert told(wire, offline("好。")) == [("好。", True)]
    assert not wire.ended
    last = {"mode": "2pass-offline", "wav_name": "w", "is_final": True, "is_end": True}
    assert told(wire, last) == []
    assert wire.ended


def spans(wire: RuntimeWire, *messages: dict[str, Any]) -> list[Any]:
    return [(result.words, result.span) for result in heard(wire, *messages) if result.final]


def test_times_are_counted_from_the_last_end_of_speech() -> None:
    wire = runtime()
    wire.sent(2.0)
    first = offline("你好 world。", is_final=False, timestamp="[[500,700],[700,900],[900,1400]]")
    assert spans(wire, first) == [
        ((("你", (0.5, 0.7)), ("好", (0.7, 0.9)), ("world", (0.9, 1.4))), (0.5, 1.4))
    ]
    wire.flushing()
    wire.sent(1.0)
    # What was asked for is answered by the old clock, and what comes then told by the new one.
    answer = {"text": "再见。", "mode": "2pass-offline", "is_final": True}
    assert spans(wire, answer | {"timestamp": "[[1500,1600],[1600,1900]]"}) == [
        ((("再", (1.5, 1.6)), ("见", (1.6, 1.9))), (1.5, 1.9))
    ]
    assert spans(wire, offline("好。", is_final=False, timestamp="[[100,400]]")) == [
        ((("好", (2.1, 2.4)),), (2.1, 2.4))
    ]


def test_written_figures_have_one_time_for_all() -> None:
    wire = runtime()
    wire.sent(2.0)
    told = offline(
        "25块。", is_final=False, timestamp="[[500,700],[700,900],[900,1000],[1000,1400]]"
    )
    assert spans(wire, told) == [((), (0.5, 1.4))]


@pytest.mark.parametrize(
    "stamp",
    [
        [[500, 900]],  # Python's: nobody tells where its segment began
        "[[500,9000]]",  # later than all audio
        "[[900,500]]",
        "[[500,900]][[1000,1100]]",
        "[]",
        "x",
        7,
        "[1, 2]",
    ],
)
def test_times_that_cannot_be_are_not_used(stamp: object) -> None:
    wire = runtime()
    wire.sent(2.0)
    assert spans(wire, offline("好。", timestamp=stamp)) == [((), None)]


def test_times_of_a_segment_in_place_of_the_stream_are_not_used() -> None:
    wire = runtime()
    wire.sent(20.0)
    told = offline("好。", is_final=False, timestamp="[[500,900]]")
    assert spans(wire, online("好"), told) == [((), None)]


@pytest.mark.parametrize(
    "message",
    ["", "what?", "[]", "7", "{}", '{"text": 7, "mode": "2pass-online"}', '{"mode": "other"}',
     '{"mode": 7, "text": "x"}', '{"hello": "there"}'],
)  # fmt: skip
@pytest.mark.parametrize("wire", [runtime(), nano()])
def test_what_is_no_result_is_a_fault_that_stays(wire: Wire, message: str) -> None:
    with pytest.raises(APIError) as caught:
        wire.heard(message)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("wire", "message", "retryable"),
    [
        (runtime(), {"mode": "2pass-offline", "is_end": True, "error": "what I said"}, True),
        (runtime(), {"text": "ERROR. what I said", "is_final": True}, False),
        (nano(), {"event": "error", "error": "what I said"}, False),
    ],
)
def test_an_error_of_the_server_keeps_its_words_to_itself(
    wire: Wire, message: dict[str, Any], retryable: bool
) -> None:
    with pytest.raises(APIError) as caught:
        wire.heard(json.dumps(message))
    assert caught.value.retryable is retryable
    assert "what I said" not in f"{caught.value} {caught.value!r}"


def nano_told(*sentences: str, partial: str = "", final: bool = False) -> dict[str, Any]:
    listed = [{"text": text, "start": 0, "end": 900} for text in sentences]
    return {
        "sentences": listed, "partial": partial, "partial_start_ms": 0, "duration_ms": 900,
        "is_final": final,
    }  # fmt: skip


def test_nano_is_told_in_words() -> None:
    wire = nano("zh-CN", hotwords="阿里巴巴:30,Big Ben")
    assert wire.opening() == ["HOTWORDS:阿里巴巴,Big Ben", "LANGUAGE:中文", "START"]
    assert wire.resuming() == ()
    assert wire.flushing() == ["STOP"]
    assert wire.flushing() == ()
    assert wire.resuming() == ["START"]
    assert nano("xx").opening() == ["START"]


def test_nano_tells_all_sentences_again_and_each_is_told_once() -> None:
    wire = nano()
    wire.opening()
    assert told(
        wire,
        {"event": "started"},
        nano_told(partial="你"),
        nano_told(partial="你好"),
        nano_told("你好。"),
        nano_told("你好。", partial="再"),
    ) == [("你", False), ("你好", False), ("你好。", True), ("再", False)]
    wire.flushing()
    wire.resuming()
    last = nano_told("你好。", "再见。", "Bye.", final=True)
    assert told(wire, last, {"event": "stopped"}, {"event": "started"}) == [("再见。 Bye.", True)]
    assert told(wire, nano_told("你好。")) == [("你好。", True)]


def test_nano_answers_an_end_of_speech_without_words() -> None:
    wire = nano()
    wire.opening()
    wire.flushing()
    assert told(wire, {"event": "stopped"}) == [("", True)]
    wire.resuming()
    wire.ending()
    assert told(wire, nano_told(final=True), {"event": "stopped"}) == [("", True)]
    assert wire.ended
