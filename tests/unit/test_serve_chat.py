"""The language model's server without a model: requests, events, contexts, weights."""

import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from model_servers.llm import weights
from model_servers.llm.chat_request import parse
from model_servers.llm.events import events, refusal
from model_servers.llm.settings import ChatSettings
from model_servers.llm.slots import Slots
from model_servers.serving.errors import BadRequest, NotReady, StartError, WorkFailed

HELLO = [{"role": "user", "content": "Hello"}]


def request(**fields: Any) -> bytes:
    return json.dumps({"messages": HELLO, **fields}).encode()


def test_fields_that_name_slots_and_files_are_not_passed_on() -> None:
    body = request(temperature=0.2, id_slot=3, cache_prompt=False, lora=[], n_predict=9, top_p=None)
    assert parse(body, max_tokens=50).fields == {
        "messages": HELLO,
        "temperature": 0.2,
        "max_tokens": 50,
    }


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({}, 50),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7000}, 50),
        ({"max_completion_tokens": 9}, 9),
        ({"max_completion_tokens": 9, "max_tokens": 7}, 9),
    ],
)
def test_no_answer_is_longer_than_the_server_allows(fields: dict[str, int], limit: int) -> None:
    assert parse(request(**fields), max_tokens=50).fields["max_tokens"] == limit


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"nonsense", None),
        (b"[1]", None),
        (b"{}", "messages"),
        (b'{"messages": []}', "messages"),
        (b'{"messages": ["a"]}', "messages"),
        (b'{"messages": [{"role": "king", "content": "a"}]}', "messages"),
        (b'{"messages": [{"role": [], "content": "a"}]}', "messages"),
        (b"[" * 100_000, None),
        (b"\xff{}", None),
        (b'{"messages": [{"role": "user", "content": "\\ud83d"}]}', None),
        (b'{"messages": [{"role": "user", "content": 7}]}', "messages"),
        (request(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), "messages"),
        (request(stream="yes"), "stream"),
        (request(n=2), "n"),
        (request(tools=7), "tools"),
        (request(response_format="json"), "response_format"),
        (request(max_tokens=0), "max_tokens"),
        (request(max_tokens=True), "max_tokens"),
        (request(max_completion_tokens="9"), "max_completion_tokens"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as error:
        parse(body, max_tokens=50)
    assert error.value.param == param


def chunk(delta: dict[str, Any], **more: Any) -> bytes:
    body = {"model": "/a/path.gguf", "choices": [{"index": 0, "delta": delta}], **more}
    return f"data: {json.dumps(body)}\n".encode()


def heard(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    found = [e.decode() for e in events(lines, model="small")]
    assert all(e.startswith("data: ") and e.endswith("\n\n") for e in found)
    return [json.loads(e.removeprefix("data: ")) for e in found]


def test_reports_of_progress_are_no_chunks_and_the_first_chunk_says_the_role() -> None:
    lines = [
        chunk({"role": "assistant", "content": None}, prompt_progress={"processed": 1}),
        b"\n",
        b": a comment\n",
        chunk({}, prompt_progress={"processed": 2}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        b"data: [DONE]\n",
    ]
    found = heard(lines)
    assert [c["choices"][0]["delta"] for c in found] == [
        {"content": "Hel", "role": "assistant"},
        {"content": "lo"},
    ]
    assert {c["model"] for c in found} == {"small"}


def test_an_answer_that_ends_without_its_mark_has_failed() -> None:
    with pytest.raises(WorkFailed, match="broke off"):
        heard([chunk({"content": "Hel"})])


def test_an_error_in_the_midst_of_an_answer_is_one() -> None:
    error = b'data: {"error": {"code": 500, "message": "no memory", "type": "server_error"}}\n'
    with pytest.raises(WorkFailed, match="no memory"):
        heard([chunk({"content": "Hel"}), error])


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (
            400,
            {"message": "too long", "type": "exceed_context_size_error"},
            BadRequest,
            "context_length_exceeded",
        ),
        (400, {"message": "wrong", "type": "invalid_request_error"}, BadRequest, None),
        (500, {"message": "Jinja template: roles must alternate"}, BadRequest, None),
        (503, {"message": "Loading model"}, NotReady, "not_ready"),
        (500, {"message": "[json.exception.type_error.302] type must be string"}, BadRequest, None),
        (500, {"message": "decode failed"}, WorkFailed, None),
        (500, None, WorkFailed, None),
    ],
)
def test_refusals_of_llama_cpp_keep_their_meaning(
    status: int, error: Any, kind: type[Exception], code: str | None
) -> None:
    found = refusal(status, error)
    assert type(found) is kind
    assert found.code == code


def test_a_client_gets_the_context_that_has_read_its_conversation() -> None:
    slots = Slots(2)
    with slots.taken("anna") as of_anna, slots.taken("bert") as of_bert:
        assert {of_anna, of_bert} == {0, 1}
    for client, own in (("bert", of_bert), ("anna", of_anna), ("anna", of_anna), ("bert", of_bert)):
        with slots.taken(client) as slot:
            assert slot == own


def test_a_newcomer_gets_the_context_that_was_not_used_for_longest() -> None:
    slots = Slots(2)
    with slots.taken("anna") as of_anna, slots.taken("bert"):
        pass
    with slots.taken("bert"):
        pass
    with slots.taken("cleo") as slot:
        assert slot == of_anna


def test_one_who_asks_twice_at_once_gets_two_contexts() -> None:
    slots = Slots(2)
    with slots.taken("anna") as first, slots.taken("anna") as second:
        assert first != second


def test_who_asks_again_waits_for_its_own_context_to_be_let_go() -> None:
    slots = Slots(2)
    found: list[int] = []

    def again() -> None:
        with slots.taken("anna") as slot:
            found.append(slot)

    with slots.taken("anna") as own:
        slots.give_up(own)
        thread = threading.Thread(target=again)
        thread.start()
        thread.join(0.05)
        assert found == [], "the other context is free, but would read all again"
    thread.join(10)
    assert found == [own]


def model(folder: Path, name: str = "tiny.gguf", content: bytes = b"GGUF and so on") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def find(said: list[str] | None = None, **settings: Any) -> weights.Weights:
    lines: list[str] = [] if said is None else said
    return weights.find(ChatSettings(**settings), lines.append)


def test_a_file_or_the_folder_around_it_is_the_model(tmp_path: Path) -> None:
    path = model(tmp_path)
    for given in (path, tmp_path):
        assert find(model=str(given)) == weights.Weights("tiny", path)


def test_a_files_hash_is_checked(tmp_path: Path) -> None:
    path = model(tmp_path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    said: list[str] = []
    assert find(said, model=str(path), sha256=right).path == path
    assert said == ["checking tiny.gguf"]
    with pytest.raises(StartError, match=f"its SHA-256 is {right}, not {'0' * 64}"):
        find(model=str(path), sha256="0" * 64)


@pytest.mark.parametrize(
    ("content", "given", "reason"),
    [
        (b"GGML", "tiny.gguf", "is not a GGUF file"),
        (b"GGUF", "nowhere.gguf", "there is no model"),
        (b"GGUF", "nobody/nothing", "there is no model"),
    ],
)
def test_what_is_no_model_is_said(tmp_path: Path, content: bytes, given: str, reason: str) -> None:
    model(tmp_path, content=content)
    path = given if "/" in given else str(tmp_path / given)
    with pytest.raises(StartError, match=reason):
        find(model=path)


def test_a_folder_with_two_models_wants_a_choice(tmp_path: Path) -> None:
    model(tmp_path, "a.gguf")
    model(tmp_path, "b.gguf")
    with pytest.raises(StartError, match=r"found: a\.gguf, b\.gguf"):
        find(model=str(tmp_path))


def test_a_hash_beside_a_named_model_is_a_mistake() -> None:
    with pytest.raises(StartError, match="leave --sha256 .* out"):
        find(model="qwen2.5-0.5b", sha256="0" * 64)


def test_named_models_are_pinned_to_a_commit_and_a_hash() -> None:
    for file in weights.NAMED.values():
        assert len(file.revision) == 40
        assert len(file.sha256) == 64
