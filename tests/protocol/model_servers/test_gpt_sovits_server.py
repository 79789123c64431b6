"""The container of GPT-SoVITS: SageMaker's contract, recordings and files in S3, its faults."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from rejoinder.stand_ins.aws_server import AwsBehaviour, AwsStandIn
from tests.fakes.aws_thread import aws_apart
from tests.protocol.model_servers.sovits_container import (
    ANNA,
    OTTO,
    Container,
    container,
    recording,
    said,
)

pytestmark = [pytest.mark.timeout(120), pytest.mark.idle]

STORE = "s3://speech/out/"


@pytest.fixture(scope="module")
def amazon_of_module() -> Iterator[AwsStandIn]:
    with aws_apart() as standin:
        yield standin


@pytest.fixture(scope="module")
def container_of_module(
    amazon_of_module: AwsStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("sovits")
    flags = ("--reference-fresh-s", "0", "--queue-size", "2", "--output-prefixes", STORE)
    with container(amazon_of_module, folder, *flags) as running:
        yield running


@pytest.fixture
def sovits(container_of_module: Container) -> Container:
    amazon = container_of_module.amazon
    amazon.store = AwsBehaviour()
    amazon.objects["voices/anna.wav"] = recording(ANNA)
    amazon.requests.clear()
    return container_of_module


def error(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()["error"]
    return body


def wait_until(condition: Any, what: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"never: {what}")


def parts(answer: httpx.Response) -> list[dict[str, Any]]:
    """JSON values with nothing between them."""
    found, text = [], answer.text
    while text:
        value, end = json.JSONDecoder().raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


class TestSamples:
    def test_a_text_is_spoken_in_the_voice_of_a_recording_in_s3(self, sovits: Container) -> None:
        answer = sovits.ask("one two three")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/raw")
        assert answer.headers["x-sample-rate"] == "32000"
        assert said(answer.content) == [ANNA, "one", "two", "three"]
        assert said(sovits.ask("four", voice="otto").content) == [OTTO, "four"]

    def test_a_text_is_cut_at_the_marks_that_are_named(self, sovits: Container) -> None:
        answer = sovits.ask("one two. three.", cut_punc=".")
        assert said(answer.content) == [ANNA, "one", "two", ANNA, "three"]

    def test_who_accepts_wav_gets_its_header(self, sovits: Container) -> None:
        answer = sovits.ask("one", accept="audio/wav")
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.content[:4] == b"RIFF"
        assert int.from_bytes(answer.content[24:28], "little") == 32000
        assert said(answer.content[44:]) == [ANNA, "one"]

    def test_a_text_with_nothing_to_say_is_a_moment_of_silence(self, sovits: Container) -> None:
        answer = sovits.ask("…")
        assert answer.status_code == 200
        assert not any(answer.content)
        assert 0 < len(answer.content) <= 0.1 * 32000 * 2

    def test_speed_shortens_it(self, sovits: Container) -> None:
        normal, fast = sovits.ask("one two three four"), sovits.ask("one two three four", speed=2)
        assert len(fast.content) < 0.7 * len(normal.content)

    def test_texts_at_the_same_time_keep_their_voices(self, sovits: Container) -> None:
        def ask(number: int) -> list[str | int]:
            voice = ("anna", "otto")[number % 2]
            return said(sovits.ask("one. busy two.", cut_punc=".", voice=voice).content)

        with ThreadPoolExecutor(4) as pool:
            heard = list(pool.map(ask, range(4)))
        for number, words in enumerate(heard):
            voice = (ANNA, OTTO)[number % 2]
            assert words == [voice, "one", voice, "two"]


class TestRecordings:
    def test_it_is_fetched_once_and_then_asked_whether_it_has_changed(
        self, sovits: Container
    ) -> None:
        sovits.amazon.objects["voices/new.wav"] = recording(31)
        assert said(sovits.ask("one", voice="new").content) == [31, "one"]
        assert said(sovits.ask("one", voice="new").content) == [31, "one"]
        first, second = sovits.amazon.of("store")
        assert "If-None-Match" not in first.headers
        assert second.headers["If-None-Match"]
        assert second.chunks == 0
        sovits.amazon.objects["voices/new.wav"] = recording(32)
        assert said(sovits.ask("one", voice="new").content) == [32, "one"]

    def test_one_that_was_found_good_is_not_asked_for_again_for_a_while(
        self, amazon_of_module: AwsStandIn, tmp_path: Path
    ) -> None:
        amazon_of_module.store = AwsBehaviour()
        with container(amazon_of_module, tmp_path, SERVE_GPT_SOVITS_DEVICES="cpu") as other:
            amazon_of_module.objects["voices/anna.wav"] = recording(ANNA)
            amazon_of_module.requests.clear()
            for _ in range(3):
                assert other.ask("one").status_code == 200
            assert len(amazon_of_module.of("store")) == 1

    def test_a_file_of_the_model_archive_can_be_named(self, sovits: Container) -> None:
        assert said(sovits.ask("one", refer_wav_path="anna.wav").content) == [ANNA, "one"]
        assert not sovits.amazon.of("store")

    @pytest.mark.parametrize(
        "path", ["../../x.wav", "/etc/passwd", "nobody.wav", ".", "a\0b.wav", "a" * 2000]
    )
    def test_no_other_file_can(self, sovits: Container, path: str) -> None:
        answer = sovits.ask("one", refer_wav_path=path)
        assert (answer.status_code, error(answer)["code"]) == (400, "not_there")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (recording(ANNA, length_s=2.4), "is 2.4 s long; GPT-SoVITS takes 3 to 10 s"),
            (recording(ANNA, length_s=12.0), "is 12.0 s long"),
            (b"no sound at all", "is neither WAV nor FLAC, MP3 or Ogg"),
            (b"RIFF and no sound", "no sound that can be decoded"),
        ],
    )
    def test_one_that_the_model_does_not_take_is_refused_with_the_reason(
        self, sovits: Container, content: bytes, reason: str
    ) -> None:
        sovits.amazon.objects["voices/bad.wav"] = content
        answer = sovits.ask("one", voice="bad")
        assert answer.status_code == 400
        assert reason in error(answer)["message"]
        assert error(answer)["param"] == "refer_wav_path"

    def test_one_that_is_taken_in_by_half_does_not_spoil_the_next(self, sovits: Container) -> None:
        sovits.amazon.objects["voices/spoilt.wav"] = recording(39)
        for _ in range(3):
            assert said(sovits.ask("one").content) == [ANNA, "one"]
            assert sovits.ask("one", voice="spoilt").status_code == 500

    def test_one_that_is_at_hand_is_used_while_s3_does_not_answer(self, sovits: Container) -> None:
        assert sovits.ask("one").status_code == 200
        sovits.amazon.store.status = 503
        assert said(sovits.ask("one").content) == [ANNA, "one"]

    def test_as_many_are_fetched_at_once_as_requests_may_be_read(self, sovits: Container) -> None:
        for number in range(10):
            sovits.amazon.objects[f"voices/{number}.wav"] = recording(ANNA)
        all_asked = threading.Event()

        async def until_all_asked(_: Any) -> None:
            while not all_asked.is_set():
                await asyncio.sleep(0.02)

        sovits.amazon.store.work = until_all_asked
        with ThreadPoolExecutor(10) as pool:
            asked = [pool.submit(sovits.ask, "one", voice=str(number)) for number in range(10)]
            try:
                refused = [answer.result() for answer in islice(as_completed(asked), 6)]
                fetched = len(sovits.amazon.of("store"))
            finally:
                all_asked.set()
        assert [answer.status_code for answer in refused] == [429] * 6
        assert fetched <= 4
        assert sorted(answer.result().status_code for answer in asked) == [200] * 4 + [429] * 6

    def test_what_can_be_no_bucket_is_refused(self, sovits: Container) -> None:
        answer = sovits.ask("one", refer_wav_path="s3://My Bucket/x.wav")
        assert (answer.status_code, error(answer)["param"]) == (400, "refer_wav_path")

    def test_one_that_is_too_large_is_not_read_to_its_end(self, sovits: Container) -> None:
        sovits.amazon.objects["voices/huge.wav"] = bytes(21 * 2**20)
        answer = sovits.ask("one", voice="huge")
        assert (answer.status_code, error(answer)["param"]) == (400, "refer_wav_path")
        assert "larger than" in error(answer)["message"]

    def test_its_text_is_needed(self, sovits: Container) -> None:
        answer = sovits.ask("one", prompt_text=None)
        assert (answer.status_code, error(answer)["param"]) == (400, "prompt_text")

    def test_without_any_the_setting_is_named(self, sovits: Container) -> None:
        answer = sovits.ask("one", refer_wav_path=None)
        assert answer.status_code == 400
        assert "SERVE_GPT_SOVITS_REFERENCE" in error(answer)["message"]

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [(404, "not_there", 400), (403, "not_allowed", 400), (503, "store_unavailable", 503)],
    )
    def test_what_s3_says_is_passed_on(
        self, sovits: Container, status: int, code: str, expected: int
    ) -> None:
        name = f"fresh-{status}"
        if status != 404:
            sovits.amazon.objects[f"voices/{name}.wav"] = recording(ANNA)
            sovits.amazon.store.status = status
        answer = sovits.ask("one", voice=name)
        assert (answer.status_code, error(answer)["code"]) == (expected, code)


class TestFiles:
    def test_each_piece_becomes_a_file_that_is_named_when_it_is_there(
        self, sovits: Container
    ) -> None:
        answer = sovits.ask("one two. three. four.", cut_punc=".", output_s3uri=f"{STORE}a/")
        assert answer.headers["content-type"] == "application/json"
        told = parts(answer)
        assert [part["index"] for part in told] == [0, 1, 2]
        assert [part["first_chunk"] for part in told] == [True, False, False]
        assert [part["last_chunk"] for part in told] == [False, False, True]
        stored = [sovits.amazon.objects[part["result"].removeprefix("s3://")] for part in told]
        assert [said(wav[44:])[1:] for wav in stored] == [["one", "two"], ["three"], ["four"]]
        assert int.from_bytes(stored[0][40:44], "little") == len(stored[0]) - 44
        assert len({part["result"] for part in told}) == 3

    def test_two_answers_do_not_overwrite_each_other(self, sovits: Container) -> None:
        first, second = (sovits.ask("one", output_s3uri=STORE) for _ in range(2))
        assert parts(first)[0]["result"] != parts(second)[0]["result"]

    @pytest.mark.parametrize("uri", ["s3://elsewhere/x/", "/tmp/x/", "s3://speech/outside/"])
    def test_they_are_put_where_the_server_allows_it(self, sovits: Container, uri: str) -> None:
        answer = sovits.ask("one", output_s3uri=uri)
        assert (answer.status_code, error(answer)["param"]) == (400, "output_s3uri")

    def test_a_bucket_that_may_not_be_written_to_is_named(self, sovits: Container) -> None:
        assert sovits.ask("one").status_code == 200  # the recording is there

        async def refuse_files(record: Any) -> None:
            sovits.amazon.store.status = 403 if record.route == "stored" else 200

        sovits.amazon.store.work = refuse_files
        answer = sovits.ask("one", output_s3uri=STORE)
        assert (answer.status_code, error(answer)["code"]) == (400, "not_allowed")
        assert "s3:PutObject" in error(answer)["message"]


class TestFaults:
    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ({"text": ""}, "text"),
            ({"text": "a" * 2001}, "text"),
            ({"text_language": "tlh"}, "text_language"),
            ({"prompt_language": "tlh"}, "prompt_language"),
            ({"speed": 9}, "speed"),
            ({"cut_punc": 7}, "cut_punc"),
        ],
    )
    def test_a_wrong_request_is_refused_and_the_field_named(
        self, sovits: Container, fields: dict[str, Any], param: str
    ) -> None:
        body = sovits.body("one") | fields
        answer = httpx.post(f"{sovits.url}/invocations", json=body)
        assert (answer.status_code, error(answer)["param"]) == (400, param)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 500_000])
    def test_a_body_that_is_no_json_object_is_refused(self, sovits: Container, body: bytes) -> None:
        answer = httpx.post(f"{sovits.url}/invocations", content=body)
        assert answer.status_code == 400

    def test_a_model_that_fails_at_once_is_a_failure_and_no_second_of_silence(
        self, sovits: Container
    ) -> None:
        assert sovits.ask("broken").status_code == 500
        assert said(sovits.ask("one").content) == [ANNA, "one"]

    def test_a_model_that_fails_later_cuts_the_body(self, sovits: Container) -> None:
        heard: list[bytes] = []
        url, body = f"{sovits.url}/invocations", sovits.body("one. broken.", cut_punc=".")
        with httpx.stream("POST", url, json=body, timeout=60) as answer:
            chunks = answer.iter_raw()
            with pytest.raises(httpx.RemoteProtocolError):
                heard.extend(chunks)
        assert said(b"".join(heard)) == [ANNA, "one"]

    def test_nothing_of_what_is_said_is_in_the_log(self, sovits: Container) -> None:
        sovits.ask("seven eight nine")
        with pytest.raises(httpx.RemoteProtocolError):
            sovits.ask("seven. broken.", cut_punc=".")
        log = sovits.server.log
        assert "a request failed in the model kind=RuntimeError" in log
        for word in ("seven", "broken", "Traceback", "This is what I say"):
            assert word not in log

    def test_ping_answers_while_the_model_works(self, sovits: Container) -> None:
        text = "busy busy one"
        with ThreadPoolExecutor(2) as pool:
            busy = [pool.submit(sovits.ask, text) for _ in range(2)]
            pings = 0
            while not all(one.done() for one in busy):
                assert sovits.ping().status_code == 200  # within 2 s, or httpx raises
                pings += 1
        assert pings > 2
        assert [said(one.result().content) for one in busy] == [[ANNA, "one"]] * 2

    def test_more_than_may_wait_are_refused_and_told_when_to_come_again(
        self, sovits: Container
    ) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: sovits.ask("busy one"), range(8)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {answer.status_code for answer in answers} == {200, 429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert sovits.ping().status_code == 200

    def test_who_leaves_frees_the_model(self, sovits: Container) -> None:
        # Minutes of work, if nobody stops it.
        text = "one. " + "busy. " * 200
        url, body = f"{sovits.url}/invocations", sovits.body(text, cut_punc=".")
        with httpx.stream("POST", url, json=body, timeout=60) as answer:
            next(answer.iter_raw())
        wait_until(lambda: sovits.metric("queue_running") == 0, "the worker is free")

    def test_a_lost_gpu_is_told_to_sagemaker(
        self, amazon_of_module: AwsStandIn, tmp_path: Path
    ) -> None:
        amazon_of_module.store = AwsBehaviour()
        with container(amazon_of_module, tmp_path, SERVE_GPT_SOVITS_DEVICES="cpu") as other:
            assert other.ping().status_code == 200
            assert other.ask("lost").status_code == 500
            assert other.ping().status_code == 503
            assert "CUDA error" in other.ping().json()["reason"]
            assert other.ask("one").status_code == 503
            ready = httpx.get(f"{other.url}/ready")
            assert (ready.status_code, ready.json()["status"]) == (503, "broken")


def test_one_text_at_a_time_is_in_a_model(sovits: Container) -> None:
    # The stand-in's pipeline asserts it; here as many as may wait are sent at the same moment.
    begin = threading.Barrier(4)

    def ask(_: int) -> int:
        begin.wait()
        return sovits.ask("one two").status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [200] * 4
