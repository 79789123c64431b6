"""Engine `handbook`, the embedded default: a hotline over a folder of documents.

It needs no model and no network. Before the first sentence of an answer comes a chunk whose
`delta.extra["rejoinder.source"]` tells where the answer was found:
`{"title": heading, "path": file relative to the folder}`.
"""

import asyncio
import time
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

from agent.documents.library import Library, open_library
from agent.documents.small_talk import is_chinese
from agent.documents.sources import LeftOut, listed
from agent.errors import EngineUnavailable
from agent.llm.handbook.hotline import Hotline, Turn
from agent.llm.handbook.options import Options
from agent.llm.handbook.wishes import wished
from agent.llm.marks import DOCUMENTS, SOURCE
from agent.llm.sight import CannotSee, has_pictures
from agent.masking import masked_text
from agent.options.documents import DocumentsOptions

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
    try:
        _look(options)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(options, error)) from error


def warm_up(engine: "HandbookLLM") -> None:
    """Index the documents; blocking."""
    try:
        engine.hotline()
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(engine._options, error)) from error


async def probe(options: Options) -> str:
    """Read the documents and say what there is.

    Raises:
        EngineUnavailable: the folder cannot be read or holds no document.
    """
    began = time.perf_counter()
    try:
        library = await asyncio.to_thread(_library_of, options)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(_trouble(options, error)) from error
    took = time.perf_counter() - began
    passages = sum(len(document.passages) for document in library.documents)
    left_out = (
        f"; {len(library.left_out)} left out: rejoinder documents" if library.left_out else ""
    )
    return (
        f"{len(library.documents)} documents with {passages} passages in {_where(options)}, "
        f"read in {took:.2f} s{left_out}"
    )


def _sources(options: Options) -> tuple[str | Path, ...]:
    if options.folder is not None:
        return (options.folder.resolve(),)
    return options.documents or (SHIPPED,)


def _where(options: Options) -> str:
    named = (options.folder,) if options.folder else _sources(options)
    return masked_text(", ".join(map(str, named)))


def _trouble(options: Options, error: Exception) -> str:
    where = _where(options)
    if isinstance(error, OSError):
        return f"{where} cannot be read ({error.strerror}); set LLM_FOLDER to a readable folder"
    return f"{where} holds no text; put .md or .txt files there or set LLM_FOLDER"


def _look(options: Options) -> None:
    """See that the folder can be read and that something is in it.

    Raises:
        OSError: the folder cannot be read.
        ValueError: there is no document.
    """
    if options.folder is not None:
        next(options.folder.iterdir(), None)
    if all(isinstance(item, LeftOut) for item in listed(_sources(options))):
        raise ValueError("no documents")


def _library_of(options: Options, sources: tuple[str, ...] = ()) -> Library:
    """The process's library of some documents, or those of the options; blocks while it is built.

    Raises:
        OSError: the folder cannot be read.
        ValueError: there is no text.
    """
    listed = sources or options.documents
    settings = DocumentsOptions(documents=listed, cache=options.documents_cache)
    library = open_library(sources or _sources(options), settings)
    if library.index is None:
        _look(options)
        raise ValueError("no documents")
    return library


class HandbookLLM(llm.LLM[Any]):
    """Answers the last message of the caller. All instances of a process share the index."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._options = options
        self._hotlines: dict[tuple[str, ...], Hotline] = {}

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

    def hotline(self, sources: tuple[str, ...] = ()) -> Hotline:
        """Some documents, or those of the settings, ready to answer. Blocks at the first call.

        Raises:
            OSError: the folder cannot be read.
            ValueError: it holds no document.
        """
        if sources not in self._hotlines:
            index = _library_of(self._options, sources).index
            assert index is not None
            self._hotlines[sources] = Hotline(
                index,
                max_sentences=self._options.max_sentences,
                min_match=self._options.min_match,
            )
        return self._hotlines[sources]

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
        """Answer, a sentence a chunk. Instructions are ignored, and tools but those of wishes."""
        return HandbookStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class HandbookStream(llm.LLMStream):
    """One answer."""

    async def _run(self) -> None:
        engine = self._llm
        assert isinstance(engine, HandbookLLM)
        if has_pictures(self._chat_ctx):
            raise CannotSee
        answer_id = utils.shortuuid("handbook_")
        turns = _turns(self._chat_ctx)
        if self._is_asked and (call := wished(turns[-1].text, self._tools)) is not None:
            delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
            self._send(answer_id, delta)
            return
        try:
            hotline = await asyncio.to_thread(engine.hotline, _sources_in(self._chat_ctx))
            answer = await asyncio.to_thread(hotline.answer, turns)
        except (OSError, ValueError) as error:
            raise APIConnectionError(_trouble(engine._options, error), retryable=False) from error
        if answer.source is not None:
            source = {"title": answer.source.title, "path": answer.source.path}
            self._send(answer_id, llm.ChoiceDelta(role="assistant", extra={SOURCE: source}))
        for i, sentence in enumerate(answer.sentences):
            gap = "" if i == 0 or is_chinese(sentence) else " "
            self._send(answer_id, llm.ChoiceDelta(role="assistant", content=gap + sentence))

    @property
    def _is_asked(self) -> bool:
        """Whether the caller has spoken last, not a tool."""
        last = self._chat_ctx.items[-1] if self._chat_ctx.items else None
        return isinstance(last, llm.ChatMessage) and last.role == "user"

    def _send(self, answer_id: str, delta: llm.ChoiceDelta) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id=answer_id, delta=delta))


def _sources_in(chat_ctx: llm.ChatContext) -> tuple[str, ...]:
    """What the persona that is asked answers from; nothing: the engine's own documents."""
    told = (message.extra.get(DOCUMENTS) for message in reversed(chat_ctx.messages()))
    return tuple(next((listed for listed in told if listed), ()))


def _turns(chat_ctx: llm.ChatContext) -> list[Turn]:
    turns: list[Turn] = []
    for item in chat_ctx.items:
        if item.type != "message" or item.role not in ("user", "assistant"):
            continue
        if DOCUMENTS in item.extra:
            continue
        role: Any = item.role
        turns.append(Turn(role, item.text_content or "", item.interrupted))
    return turns
