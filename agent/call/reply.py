"""The replies of one call: the model's text, what it costs, and how it is spoken and shown."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from contextlib import aclosing

from livekit import rtc
from livekit.agents import (
    NOT_GIVEN,
    Agent,
    APIConnectOptions,
    ModelSettings,
    StopResponse,
    llm,
    utils,
)
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, FlushSentinel, TimedString

from agent.audio.marks import Mute
from agent.audio.streams import at_rate
from agent.call.parts import Parts
from agent.call.sources import Sources
from agent.call.timeline import Timeline
from agent.llm.length import within_words
from agent.llm.marks import SOURCE
from agent.llm.reply_filter import filtered_reply
from agent.llm.sight import (
    MARK,
    CannotSee,
    asks_about_pictures,
    question_of,
    without_pictures,
)
from agent.options.stages import ModelOptions
from agent.personas.cast import Cast
from agent.playout.caption import Caption
from agent.remote.hedging import hedged_stream, with_filler
from agent.wording.lexicon import code_of, lexicon_of
from agent.wording.reader import Reader
from agent.wording.tongues import language_of

OUTPUT_RATE_HZ = 24000
"""What most voices speak at; Opus carries it whole."""


class CallAgent(Agent):
    """The agent of one call: marks where each stage begins and gives its first result."""

    def __init__(
        self,
        *,
        cast: Cast,
        reply: ModelOptions,
        limits: APIConnectOptions,
        timeline: Timeline,
        sources: Sources,
        on_failure: Callable[[Exception], None],
        on_turn_over: Callable[[], None],
        reader: Reader,
        parts: Parts,
        tools: Sequence[llm.Tool] = (),
        brief: Callable[[llm.ChatContext], Awaitable[None]] | None = None,
        on_unseen: Callable[[], None] = lambda: None,
        taken: Callable[[str], bool] = lambda text: False,
        most_words: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Answer as who speaks in `cast`, as `reply` has it; `limits` are of each request.

        Time goes to `timeline`, where answers were found to `sources`. `brief` adds to a copy of
        the history what the model should know beside it, before it is asked; `on_unseen` is told
        that it takes no pictures.
        `on_failure` is told of replies that fail, once each, guesses too; `on_turn_over` is
        called before a guess is taken up. A turn that is `taken` is not answered. A request that is
        slower than nineteen of twenty is repeated, if that is allowed. A reply ends at `most_words`
        where these are fewer than the persona's.
        """
        super().__init__(instructions=cast.persona.instructions, tools=list(tools))
        self._cast = cast
        self._reply = reply
        self._limits = limits
        self._timeline = timeline
        self._sources = sources
        self._on_failure = on_failure
        self._on_turn_over = on_turn_over
        self._reader = reader
        self._parts = parts
        self._brief = brief
        self._on_unseen = on_unseen
        self._taken = taken
        self._most_words = most_words

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        """Now the framework takes up the guess, if there is one, or begins an answer.

        Raises:
            StopResponse: nobody is to answer; the history does not have the turn either.
        """
        if self._taken(new_message.text_content or ""):
            raise StopResponse
        self._on_turn_over()

    async def llm_node(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        """Pass the reply on; the source of an answer goes to the page, not to the voice.

        A reply that fails ends here: what was said of it stays said.
        """
        chunks = self._chunks(chat_ctx, tools, model_settings)
        if words := self._cast.persona.filler:
            filler = f"{words} "
            chunks = with_filler(chunks, filler, after_s=self._reply.filler_after_s)
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        except Exception as error:  # noqa: BLE001 - an engine's fault ends the reply, not the call
            self._on_failure(error)

    async def _chunks(
        self,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        model_settings: ModelSettings,
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        self._timeline.begin("llm")
        if not chat_ctx.items or chat_ctx.items[-1].type == "message":
            self._sources.clear()  # not a model that goes on after a tool
        if self._brief is not None:
            # In the reply's own step: a reply that is begun on a guess has it too, and is kept.
            chat_ctx = chat_ctx.copy()
            await self._brief(chat_ctx)
        pace = self._parts.llm_pace
        stream = hedged_stream(
            lambda: filtered_reply(
                self._asked(chat_ctx, tools, model_settings),
                tools=[] if _may_call_none(model_settings) else tools,
                model=self._parts.llm.model,
                habit=self._parts.llm_habit,
                stall_s=self._parts.llm_stall_s,
            ),
            after_s=pace.late_s if pace is not None else None,
            pace=pace,
        )
        limits = (self._cast.persona.limits.words, self._most_words())
        most = min((words for words in limits if words is not None), default=None)
        whole = within_words(stream, most) if most is not None else stream
        async with aclosing(whole) as chunks:
            async for chunk in chunks:
                delta = chunk.delta if isinstance(chunk, llm.ChatChunk) else None
                if delta is not None and delta.extra and SOURCE in delta.extra:
                    self._sources.add(delta.extra.pop(SOURCE))
                    if not (delta.content or delta.tool_calls or delta.extra):
                        continue
                if isinstance(chunk, str) or (delta is not None and delta.content):
                    self._timeline.end("llm")
                yield chunk

    async def _asked(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk, None]:
        """Ask the model; one that takes no pictures is asked without them.

        A question that a picture was sent with is answered by a sentence that says so instead: the
        model would make something up.
        """
        try:
            async with aclosing(self._sent(chat_ctx, tools, model_settings)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except CannotSee:
            self._on_unseen()
            if asks_about_pictures(chat_ctx):
                yield self._says_blind(chat_ctx)
                return
            words = without_pictures(chat_ctx)
            async with aclosing(self._sent(words, tools, model_settings)) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _says_blind(self, chat_ctx: llm.ChatContext) -> llm.ChatChunk:
        """That the model sees no pictures, in the language of the question."""
        question = question_of(chat_ctx)
        asked = (question.text_content if question is not None else "") or ""
        language = language_of(asked.replace(MARK, ""), code_of(self._cast.persona.language))
        said = lexicon_of(language).pictures.blind
        return llm.ChatChunk(
            id=utils.shortuuid("blind_"), delta=llm.ChoiceDelta(role="assistant", content=said)
        )

    async def _sent(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk, None]:
        """Ask the model as the framework would, and as the persona wishes."""
        wishes = self._cast.persona.model.model_dump(exclude_none=True)
        if "name" in wishes:
            wishes["model"] = wishes.pop("name")
        async with self._parts.llm.chat(
            chat_ctx=chat_ctx,
            tools=tools,
            tool_choice=model_settings.tool_choice,
            conn_options=self._limits,
            extra_kwargs=wishes or NOT_GIVEN,
        ) as stream:
            async for chunk in stream:
                if chunk.delta is not None and _may_call_none(model_settings):
                    # Called in vain: a reply of this alone is one without a word.
                    chunk.delta.tool_calls = []
                yield chunk

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak the reply."""
        spoken = Agent.default.tts_node(self, self._timed(text), model_settings)
        async with aclosing(at_rate(spoken, OUTPUT_RATE_HZ)) as frames:
            async for frame in frames:
                self._timeline.end("tts")
                if texts := frame.userdata.get(USERDATA_TIMED_TRANSCRIPT):
                    frame.userdata[USERDATA_TIMED_TRANSCRIPT] = [self._shown(t) for t in texts]
                yield frame

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncGenerator[str | TimedString, None]:
        """Show the reply as it is written; what was said for it goes along, for the ledger."""
        async for piece in text:
            yield piece if isinstance(piece, TimedString) else Caption(self._reader.read(piece))

    def _shown(self, text: TimedString) -> TimedString:
        """A piece, or a mark of one, as captions show it."""
        if isinstance(text, Mute):
            return Mute("".join(part.written for part in self._reader.read(text.piece)), text.at_s)
        return Caption(self._reader.read(text), text.start_time) if text else text

    async def _timed(self, text: AsyncIterable[str]) -> AsyncGenerator[str, None]:
        first = True
        async for piece in text:
            if first and piece.strip():
                first = False
                self._timeline.begin("tts")
            yield piece


def _may_call_none(settings: ModelSettings) -> bool:
    """Whether this reply must be words: all rounds of tools are used up."""
    return settings.tool_choice == "none"
