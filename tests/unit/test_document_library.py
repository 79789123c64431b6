"""Folders of documents as a library: what is read, what is kept, what is found."""

import asyncio
import multiprocessing
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.documents.building import Progress, read_all
from agent.documents.library import Library, open_library
from agent.documents.store import Store
from agent.options.documents import DocumentsOptions

FILES = Path(__file__).parents[1] / "fakes" / "documents"
HOURS = "# Shop\n\n## Opening hours\n\nWe open at nine. We close at six.\n"
RETURNS = "# Returns\n\n## Sending back\n\nBring it within thirty days. Keep the receipt.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two documents."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "hours.md").write_text(HOURS, encoding="utf-8")
    (tmp_path / "docs" / "returns.md").write_text(RETURNS, encoding="utf-8")
    return tmp_path / "docs"


@pytest.fixture
def options(tmp_path: Path) -> DocumentsOptions:
    """Settings with a store of their own."""
    return DocumentsOptions(cache=tmp_path / "store")


def opened(options: DocumentsOptions, *sources: Path | str) -> Library:
    """As another process would open it: what this one has is not used."""
    return open_library(sources, _fresh(options))


_runs = iter(range(10**6))


def _fresh(options: DocumentsOptions) -> DocumentsOptions:
    """Other settings, so that the process's own library is not taken."""
    return options.model_copy(update={"page_max_age_s": float(next(_runs))})


def left_out(library: Library) -> dict[str, str]:
    return {item.path: item.why for item in library.left_out}


async def titles(library: Library, question: str, **how: object) -> list[str]:
    return [found.title for found in await library.search(question, **how)]  # type: ignore[arg-type]


class TestReading:
    def test_each_kind_in_a_folder_is_read(self, folder: Path, options: DocumentsOptions) -> None:
        shutil.copy(FILES / "guide.pdf", folder)
        shutil.copy(FILES / "guide.docx", folder)
        (folder / "tips.csv").write_text("Tip,Why\nCall early,we are busy at noon\n")
        (folder / "page.html").write_text("<h1>Parking</h1><p>Behind the house.</p>")
        library = opened(options, folder)
        assert [document.path for document in library.documents] == [
            "guide.docx", "guide.pdf", "hours.md", "page.html", "returns.md", "tips.csv"
        ]  # fmt: skip
        assert not library.left_out

    def test_what_cannot_be_read_is_named_and_the_others_are_there(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        shutil.copy(FILES / "locked.pdf", folder)
        (folder / "broken.docx").write_bytes(b"nonsense")
        (folder / "slides.pptx").write_bytes(b"x")
        (folder / "photo.png").write_bytes(b"x")
        library = opened(options, folder)
        assert left_out(library) == {
            "broken.docx": "it is broken, or no Word file",
            "locked.pdf": "it is protected by a password",
            "slides.pptx": "files .pptx are not read; save it as .docx, .pdf or .md",
        }
        assert len(library.documents) == 2

    def test_a_huge_file_is_left_out_without_being_read(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        with (folder / "sales.csv").open("wb") as file:
            file.truncate(100_000_000)
        assert left_out(opened(options, folder)) == {
            "sales.csv": "it has 100 MB, more than DOCUMENTS_MAX_FILE_MB=20"
        }

    def test_links_in_a_circle_end(self, folder: Path, options: DocumentsOptions) -> None:
        (folder / "inner").mkdir()
        (folder / "inner" / "up").symlink_to(folder, target_is_directory=True)
        (folder / "inner" / "self").symlink_to(folder / "inner", target_is_directory=True)
        (folder / "nowhere.md").symlink_to(folder / "gone.md")
        (folder / "inner" / "extra.md").write_text("# Extra\n\nMore to say here.")
        library = opened(options, folder)
        assert [document.path for document in library.documents] == [
            "hours.md", "inner/extra.md", "returns.md"
        ]  # fmt: skip

    def test_a_linked_folder_is_read(
        self, folder: Path, tmp_path: Path, options: DocumentsOptions
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "far.md").write_text("# Far\n\nIt is far away.")
        (folder / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        assert "linked/far.md" in [d.path for d in opened(options, folder).documents]

    def test_a_pipe_is_not_waited_for(self, folder: Path, options: DocumentsOptions) -> None:
        os.mkfifo(folder / "pipe.md")
        assert len(opened(options, folder).documents) == 2

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_named(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        (folder / "hours.md").chmod(0)
        assert left_out(opened(options, folder)) == {
            "hours.md": "it cannot be read (Permission denied)"
        }

    def test_the_same_content_is_there_once(self, folder: Path, options: DocumentsOptions) -> None:
        shutil.copy(folder / "hours.md", folder / "zz-copy.md")
        assert left_out(opened(options, folder)) == {"zz-copy.md": "it is the same as hours.md"}

    def test_several_sources_are_told_apart(
        self, folder: Path, tmp_path: Path, options: DocumentsOptions
    ) -> None:
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "hours.md").write_text("# Café\n\nThe café opens at ten.")
        single = tmp_path / "single.md"
        single.write_text("# Single\n\nA page alone.")
        library = opened(options, folder, tmp_path / "more", single, tmp_path / "gone.md")
        assert [document.path for document in library.documents] == [
            "docs/hours.md", "docs/returns.md", "more/hours.md", "single.md"
        ]  # fmt: skip
        assert left_out(library) == {"gone.md": "it cannot be read (No such file or directory)"}

    async def test_nothing_at_all_finds_nothing(
        self, tmp_path: Path, options: DocumentsOptions
    ) -> None:
        (tmp_path / "empty").mkdir()
        library = await asyncio.to_thread(opened, options, tmp_path / "empty")
        assert library.index is None
        assert await library.search("when do you open") == []


class TestStore:
    def test_a_changed_file_alone_is_read_anew(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        assert opened(options, folder).changed == 2
        assert opened(options, folder).changed == 0
        (folder / "hours.md").write_text(HOURS.replace("nine", "eight"), encoding="utf-8")
        os.utime(folder / "returns.md")
        library = opened(options, folder)
        assert library.changed == 1
        assert "eight" in library.documents[0].passages[0].text

    def test_a_file_that_cannot_be_read_is_not_tried_again_until_it_changes(
        self, folder: Path, options: DocumentsOptions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copy(FILES / "locked.pdf", folder / "guide.pdf")
        first = left_out(opened(options, folder))
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "pypdf", None)  # whoever tries now is told another reason
            assert left_out(opened(options, folder)) == first
        shutil.copy(FILES / "guide.pdf", folder)
        assert left_out(opened(options, folder)) == {}

    def test_a_missing_package_is_looked_for_again(
        self, folder: Path, options: DocumentsOptions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copy(FILES / "guide.pdf", folder)
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "pypdf", None)
            assert "uv sync --extra documents" in left_out(opened(options, folder))["guide.pdf"]
        assert left_out(opened(options, folder)) == {}

    def test_a_renamed_file_is_not_read_anew(self, folder: Path, options: DocumentsOptions) -> None:
        opened(options, folder)
        (folder / "hours.md").rename(folder / "times.md")
        library = opened(options, folder)
        assert library.changed == 0
        assert library.documents[1].path == "times.md"

    def test_what_is_kept_is_for_this_user_alone(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        opened(options, folder)
        assert options.cache is not None
        kept = [path for path in options.cache.rglob("*") if path.is_file()]
        assert len(kept) == 3
        assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in kept)

    @pytest.mark.parametrize(
        "rubbish",
        [b"", b"{", b"[]", b'{"page": 1}', b'{"page": null, "sections": []}', b"\xff\xfe", b"null"],
    )
    def test_a_damaged_store_costs_time_alone(
        self, folder: Path, options: DocumentsOptions, rubbish: bytes
    ) -> None:
        before = opened(options, folder)
        assert options.cache is not None
        for path in options.cache.rglob("*"):
            if path.is_file():
                path.write_bytes(rubbish)
        after = opened(options, folder)
        assert after.changed == 2
        assert after.documents == before.documents
        assert opened(options, folder).changed == 0

    def test_a_store_that_cannot_be_written_costs_time_alone(
        self, folder: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        library = opened(DocumentsOptions(cache=tmp_path / "file" / "store"), folder)
        assert len(library.documents) == 2

    def test_what_nothing_has_used_for_long_is_deleted(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        opened(options, folder)
        assert options.cache is not None
        for path in options.cache.rglob("*"):
            os.utime(path, (1.0, 1.0))
        (folder / "returns.md").unlink()
        opened(options, folder)
        assert len(list(options.cache.glob("texts/*/*"))) == 1

    @pytest.mark.timeout(60)
    def test_two_processes_may_build_at_once(self, folder: Path, options: DocumentsOptions) -> None:
        for i in range(60):
            (folder / f"page{i}.md").write_text(f"# Page {i}\n\n" + f"Sentence {i} is here. " * 40)
        context = multiprocessing.get_context("spawn")
        with context.Pool(2) as pool:
            built = pool.starmap(_read, [(folder, options)] * 4, chunksize=1)
        assert built == [62] * 4
        assert opened(options, folder).changed == 0

    def test_an_interrupted_build_is_gone_on_with(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        def stop(progress: Progress) -> None:
            if progress.done == 1:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            open_library([folder], _fresh(options), report=stop)
        assert opened(options, folder).changed == 1


def _read(folder: Path, options: DocumentsOptions) -> int:
    return len(read_all([folder], options, Store(options.cache), lambda _: None).documents)


class TestProcess:
    def test_a_library_is_built_once_in_a_process(
        self, folder: Path, options: DocumentsOptions
    ) -> None:
        libraries: list[Library] = []

        def open_one() -> None:
            libraries.append(open_library([folder], options))

        threads = [threading.Thread(target=open_one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, libraries))) == 1

    def test_progress_is_told_to_its_end(self, folder: Path, options: DocumentsOptions) -> None:
        told: list[Progress] = []
        open_library([folder], _fresh(options), report=told.append)
        assert told[0] == Progress("reading", 0, 2)
        assert told[-1] == Progress("reading", 2, 2)


class TestSearch:
    @pytest.fixture
    async def library(self, folder: Path, options: DocumentsOptions) -> Library:
        (folder / "voices.md").write_text(
            "# Settings\n\n## How do I change the voice?\n\nSet the voice in the menu.\n\n"
            "## How do I change the greeting?\n\nSet the greeting in the menu.\n",
            encoding="utf-8",
        )
        (folder / "营业.md").write_text("# 商店\n\n## 停车\n\n门口有停车场。", encoding="utf-8")
        return await asyncio.to_thread(opened, options, folder)

    async def test_the_passage_is_told_with_its_place(self, library: Library) -> None:
        first = (await library.search("when do you open"))[0]
        assert (first.title, first.page, first.path) == ("Opening hours", "Shop", "hours.md")
        assert first.text == "We open at nine. We close at six."
        assert 0 < first.match <= 1

    async def test_a_misheard_word_is_led_back(self, library: Library) -> None:
        assert (await titles(library, "sennding something"))[0] == "Sending back"

    async def test_chinese_is_found(self, library: Library) -> None:
        assert await titles(library, "请问附近有停车场吗") == ["停车"]

    @pytest.mark.parametrize(
        "said",
        ["hello", "Thanks a lot!", "okay, goodbye", "你好", "", "   ", "?!", "stop", "um", "go on"],
    )
    async def test_small_talk_finds_nothing(self, library: Library, said: str) -> None:
        assert await library.search(said) == []

    @pytest.mark.parametrize(
        "asked", ["who won the football game", "do you like elephants", "x" * 100_000]
    )
    async def test_other_topics_find_nothing(self, library: Library, asked: str) -> None:
        assert await library.search(asked) == []

    async def test_what_refers_to_the_last_answer_is_found_with_it(self, library: Library) -> None:
        for topic in ("voice", "greeting"):
            context = f"Where is the {topic}? The {topic} is in the menu."
            found = await titles(library, "how do I change it", context=context)
            assert found[0] == f"How do I change the {topic}?"

    async def test_a_whole_question_does_not_need_the_last_answer(self, library: Library) -> None:
        context = "The greeting is in the menu."
        assert (await titles(library, "when do you open", context=context))[0] == "Opening hours"

    async def test_no_more_are_found_than_were_asked_for(self, library: Library) -> None:
        assert len(await library.search("how do I change the voice", limit=1)) == 1

    async def test_searches_at_once_do_not_disturb_each_other(self, library: Library) -> None:
        questions: Sequence[str] = ["when do you open", "where do I need the receipt"] * 10
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(titles(library, question)) for question in questions]
        assert [task.result()[0] for task in tasks] == ["Opening hours", "Sending back"] * 10


def test_the_readers_of_heavy_kinds_are_not_imported_for_texts(folder: Path) -> None:
    code = (
        "import sys; from agent.documents.library import open_library;"
        "from agent.options.documents import DocumentsOptions as O; from pathlib import Path;"
        f"open_library([{str(folder)!r}], O(cache=Path({str(folder.parent / 's')!r})));"
        "print(sorted({'pypdf', 'mammoth', 'bs4', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
