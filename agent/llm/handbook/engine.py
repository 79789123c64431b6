"""Engine `handbook`, the embedded default: a hotline over a folder of documents.

It needs no model and no network. Before the first sentence of an answer comes a chunk whose
`delta.extra["rejoinder.source"]` tells where the answer was found:
`{"title": heading, "path": file relative to the folder}`.
"""

import asyncio
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    NotGivenOr,
    llm,
    utils,
)

from agent.errors import EngineUnavailable
from agent.llm.handbook.hotline import Answer, Hotline, Turn
from agent.llm.handbook.options import Options
from agent.llm.handbook.passages import SUFFIXES, PassageIndex, documents, load_passages
from agent.llm.handbook.small_talk import is_chinese
from agent.llm.marks import SOURCE
from agent.llm.sight import CannotSee, has_pictures

SHIPPED = Path(__file__).parent / "pages"
"""The handbook of this project."""


def build(options: Options) -> llm.LLM[Any]:
    """Make the component; the documents are read at `prewarm`, or at the first question."""
    return HandbookLLM(options)


def check(options: Options) -> None:
    """See that there are documents; they are not read.

    Raises:
        EngineUnavailable: the folder cannot be read or holds no document.
    """
    folder = options.folder or SHIPPED
    try:
        if next(documents(folder), None) is None:
            raise ValueError("no documents")
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(folder, error)) from error


def warm_up(engine: "HandbookLLM") -> None:
    """Index the documents; blocking."""
    try:
        engine.hotline()
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(engine._options.folder or SHIPPED, error)) from error


async def probe(options: Options) -> str:
    """Read the documents and say what there is.

    Raises:
        EngineUnavailable: the folder cannot be read or holds no document.
    """
    folder = options.folder or SHIPPED
    began = time.perf_counter()
    try:
        index = await asyncio.to_thread(_index_of, folder)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(folder, error)) from error
    took = time.perf_counter() - began
    return (
        f"{len(index.pages)} documents with {len(index.passages)} passages in {folder}, "
        f"read in {took:.2f} s"
    )


def _trouble(folder: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{folder} cannot be read ({error.strerror}); set LLM_FOLDER to a readable folder"
    return f"{folder} holds no text; put {' or '.join(SUFFIXES)} files there or set LLM_FOLDER"


_loading = threading.Lock()


def _index_of(folder: Path) -> PassageIndex:
    """The process's index of a folder. Blocks while it is built, once."""
    with _loading:
        return _cached_index(folder.resolve())


@lru_cache(maxsize=4)
def _cached_index(folder: Path) -> PassageIndex:
    return PassageIndex(load_passages(folder))


class HandbookLLM(llm.LLM[Any]):
    """Answers the last message of the caller. All instances of a process share the index."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options
        self._hotline: Hotline | None = None

    @property
    def model(self) -> str:
        """Name of the folder that is answered from."""
        return self._options.folder.name if self._options.folder else "handbook"

    @property
    def provider(self) -> str:
        """Always `rejoinder`: it runs in the worker's process."""
        return "rejoinder"

    async def _prewarm_impl(self) -> None:
        await asyncio.to_thread(self.hotline)

    def hotline(self) -> Hotline:
        """The documents, ready to answer. Blocks at the first call.

        Raises:
            OSError: the folder cannot be read.
            ValueError: it holds no document.
        """
        if self._hotline is None:
            self._hotline = Hotline(
                _index_of(self._options.folder or SHIPPED),
                max_sentences=self._options.max_sentences,
                min_match=self._options.min_match,
            )
        return self._hotline

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> "HandbookStream":
        """Answer, a sentence a chunk. Instructions and tools are ignored."""
        return HandbookStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class HandbookStream(llm.LLMStream):
    """One answer."""

    async def _run(self) -> None:
        engine = self._llm
        assert isinstance(engine, HandbookLLM)
        if has_pictures(self._chat_ctx):
            raise CannotSee
        try:
            answer = await asyncio.to_thread(_answer, engine, _turns(self._chat_ctx))
        except (OSError, ValueError) as error:
            folder = engine._options.folder or SHIPPED
            raise APIConnectionError(_trouble(folder, error), retryable=False) from error
        answer_id = utils.shortuuid("handbook_")
        if answer.source is not None:
            source = {"title": answer.source.title, "path": answer.source.path}
            self._send(answer_id, llm.ChoiceDelta(role="assistant", extra={SOURCE: source}))
        for i, sentence in enumerate(answer.sentences):
            gap = "" if i == 0 or is_chinese(sentence) else " "
            self._send(answer_id, llm.ChoiceDelta(role="assistant", content=gap + sentence))

    def _send(self, answer_id: str, delta: llm.ChoiceDelta) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id=answer_id, delta=delta))


def _answer(engine: HandbookLLM, turns: list[Turn]) -> Answer:
    return engine.hotline().answer(turns)


def _turns(chat_ctx: llm.ChatContext) -> list[Turn]:
    turns: list[Turn] = []
    for item in chat_ctx.items:
        if item.type != "message" or item.role not in ("user", "assistant"):
            continue
        role: Any = item.role
        turns.append(Turn(role, item.text_content or "", item.interrupted))
    return turns
