"""The documents that the hotline reads: one's own, and the shipped pages."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from livekit.agents import APIConnectionError
from pydantic import BaseModel, ValidationError

from agent.errors import EngineUnavailable
from agent.llm.handbook import engine as handbook
from agent.settings.engines import TABLES
from agent.settings.load import SECTIONS, engine_options, load
from agent.settings.reading import variable
from model_servers.whisper.settings import WhisperSettings
from tests.unit.asking import CONN_OPTIONS, SHIPPED_PASSAGES, Said, ask, context, source


class TestOwnDocuments:
    async def test_chinese_documents_answer_chinese_questions(self, shop: Path) -> None:
        answer = await ask(("user", "请问你们几点开门？"), folder=shop)
        assert answer.text == "我们早上九点开门。晚上六点关门。周日休息。"
        assert source(answer) == {"title": "几点开门", "path": "营业时间.md"}
        assert source(await ask(("user", "附近有停车场吗"), folder=shop)) == {
            "title": "可以停车吗",
            "path": "营业时间.md",
        }

    async def test_an_unknown_topic_is_admitted_in_chinese(self, shop: Path) -> None:
        answer = await ask(("user", "月亮上有兔子吗"), folder=shop)
        assert answer.text == "这个我不知道。你可以问我：Returns、营业时间。"

    async def test_the_number_of_sentences_is_a_setting(self, shop: Path) -> None:
        answer = await ask(("user", "can I return something"), folder=shop, max_sentences=1)
        assert answer.text == "Yes."

    async def test_how_sure_it_must_be_is_a_setting(self, shop: Path) -> None:
        question: Said = ("user", "do I need a receipt for a bicycle from Amsterdam")
        assert source(await ask(question, folder=shop)) is None
        assert source(await ask(question, folder=shop, min_match=0.1)) is not None

    async def test_the_index_is_shared_in_the_process(self, shop: Path) -> None:
        first = handbook.HandbookLLM(handbook.Options(folder=shop))
        second = handbook.HandbookLLM(handbook.Options(folder=shop))
        await ask(("user", "hello"), folder=shop)
        (shop / "returns.md").unlink()
        for engine in (first, second):
            async with engine:
                chat = engine.chat(
                    chat_ctx=context([("user", "can I return something")]),
                    conn_options=CONN_OPTIONS,
                )
                assert source(await chat.collect()) is not None

    async def test_a_folder_without_documents_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(EngineUnavailable, match=r"holds no text; put \.md"):
            await handbook.probe(handbook.Options(folder=tmp_path))
        with pytest.raises(APIConnectionError, match="holds no text") as caught:
            await ask(("user", "hello"), folder=tmp_path)
        assert not caught.value.retryable

    def test_a_folder_that_is_not_there_is_an_impossible_setting(self, tmp_path: Path) -> None:
        with pytest.raises(ValidationError, match="does not point to a directory"):
            handbook.Options(folder=tmp_path / "nothing")

    async def test_the_documents_of_the_calls_are_taken_without_a_folder(
        self, shop: Path, tmp_path: Path
    ) -> None:
        (tmp_path / ".env").touch()
        environ = {"LLM_ENGINE": "handbook", "DOCUMENTS": str(shop)}
        settings = await asyncio.to_thread(load, environ=environ, env_file=tmp_path / ".env")
        chosen = settings.llm[0].options
        assert isinstance(chosen, handbook.Options)
        assert chosen.documents == (str(shop),)
        answer = await ask(("user", "can I return something"), documents=chosen.documents)
        assert answer.text.startswith("Yes.")


class TestShippedPages:
    PAGES = sorted(handbook.SHIPPED.glob("*.md"))

    def test_every_setting_that_is_named_exists(self) -> None:
        models: list[tuple[str, type[BaseModel]]] = [*SECTIONS.items()]
        models.append(("SERVE_WHISPER_", WhisperSettings))
        for stage in TABLES:
            models += [(f"{stage.upper()}_", options) for _, options in engine_options(stage)]
        known = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
        for prefix, model in models:
            known |= {variable(prefix, field) for field in model.model_fields}
        named = {
            name
            for page in self.PAGES
            for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", page.read_text(encoding="utf-8"))
        }
        assert len(named) > 20
        assert named <= known

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_a_page_has_one_title_and_short_sentences(self, page: Path) -> None:
        lines = page.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith("# ")] == lines[:1]
        passages = [p for p in SHIPPED_PASSAGES if p.path == page.name]
        assert len(passages) >= 3
        for passage in passages:
            assert len(passage.sentences[0].split()) <= 18, passage.sentences[0]
            assert all(len(sentence.split()) <= 32 for sentence in passage.sentences)

    @pytest.mark.parametrize("passage", SHIPPED_PASSAGES, ids=lambda passage: passage.title)
    async def test_every_section_is_found_by_its_own_heading(self, passage: Any) -> None:
        assert source(await ask(("user", passage.title))) == {
            "title": passage.title,
            "path": passage.path,
        }
