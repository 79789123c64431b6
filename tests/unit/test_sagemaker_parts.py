"""What is read out of a reply that names files, in whatever pieces it comes."""

import json
from typing import Any

import pytest

from agent.tts.sagemaker.parts import NoPart, Parts

A, B, C = "s3://b/p/1.wav", "s3://b/p/2.wav", "s3://b/p/ü 3.wav"


def read(data: bytes, size: int = 10**6) -> list[str]:
    parts = Parts()
    found = [uri for at in range(0, len(data), size) for uri in parts.feed(data[at : at + size])]
    parts.end()
    return found


def written(*values: Any, between: str = "") -> bytes:
    return between.join(json.dumps(v, ensure_ascii=False) for v in values).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 50, 10**6])
@pytest.mark.parametrize("between", ["", "\n", ", "])
def test_values_without_anything_between_them_are_told_apart(size: int, between: str) -> None:
    data = written({"result": A}, {"result": B}, {"result": C}, between=between)
    assert read(data, size) == [A, B, C]


def test_bare_addresses_and_json_in_json_are_understood() -> None:
    assert read(written(A, json.dumps({"result": B}))) == [A, B]


def test_an_address_is_given_out_as_soon_as_it_is_there() -> None:
    parts = Parts()
    first, second = written({"result": A}), written({"result": B})
    assert parts.feed(first + second[:5]) == [A]
    assert parts.feed(second[5:]) == [B]


def test_each_part_is_given_out_once() -> None:
    assert read(written({"result": A}, {"result": A}, {"result": B})) == [A, B]


def test_numbers_decide_the_order_and_the_repeated_last_one_is_no_new_part() -> None:
    told = [
        {"uri": B, "index": 1, "is_first": False, "is_last": False},
        {"uri": A, "index": 0, "is_first": True, "is_last": False},
        {"uri": C, "index": 2, "is_first": False, "is_last": False},
        {"uri": C, "index": 2, "is_first": False, "is_last": True},
    ]
    assert read(written(*told)) == [A, B, C]


def test_numbers_may_begin_where_the_first_mark_is() -> None:
    told = [{"uri": A, "index": 1, "is_first": True}, {"uri": B, "index": 2, "is_last": True}]
    assert read(written(*told)) == [A, B]


@pytest.mark.parametrize(
    "data",
    [
        b'{"result": "s3://b/1.wav"',
        b"<html>",
        b'{"message": "no"}',
        b'{"result": "/tmp/1.wav"}',
        b'"{broken"',
        written({"uri": A, "index": 0}, {"uri": C, "index": 2}),
        written({"uri": A, "index": 0}, {"uri": C, "index": 2, "is_last": True}),
        b'{"result": "' + b"a" * 70000,
    ],
)
def test_what_is_no_list_of_files_is_refused(data: bytes) -> None:
    with pytest.raises(NoPart):
        read(data)
