"""A call that is written: what the caller says comes as text, and so does each reply.

It is the call of `agent.call.call` (persona, features, tools, notices, what is told to clients)
without room, sound and network of its own: the model is asked as in any other call. Features are
told of words that are `typed`.

    async with WrittenCall(settings, parts, metadata) as call:
        heard = await call.say("When are you open?")
        assert "nine" in heard.text
"""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from livekit.agents import (
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    SpeechCreatedEvent,
    llm,
)
from livekit.agents.voice import SpeechHandle

from agent.call.parts import Parts
from agent.call.presence import Serve
from agent.call.recorded import Recorded
from agent.call.session import build_written_session
from agent.call.wiring import Wiring
from agent.call.written_room import SentText, WrittenCaller, WrittenRoom
from agent.errors import RejoinderError
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.room_protocol import SET_PERSONA, TOPIC_NOTICE, TOPIC_SOURCE, TOPIC_TURN
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat
from agent.tasks import CallTasks
from agent.wording.reader import Reader

_ROOM = "written"


class CallOver(RejoinderError):
    """The call has ended: nobody answers."""


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool that the model has called."""

    name: str
    arguments: dict[str, Any]
    """Empty where they were no JSON object."""
    output: str
    failed: bool
    allowed: bool = True
    """Whether the persona may use it; else nothing was done."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one turn."""

    text: str
    """The reply, as it is written; empty: nothing was said."""
    persona: str
    """Who speaks after it, by name; empty: as the settings have it."""
    first_word_s: float | None
    """From the caller's text to the model's first word, seconds; None: no model was asked."""
    tools: tuple[CalledTool, ...] = ()
    sent: tuple[SentText, ...] = ()
    """What clients were told, by topic."""
    over: bool = False
    """Whether the call has ended with it."""

    @property
    def sources(self) -> tuple[dict[str, Any], ...]:
        """Where the reply was found (`rejoinder.source`)."""
        return self._told(TOPIC_SOURCE)

    @property
    def notices(self) -> tuple[dict[str, Any], ...]:
        """What the caller was shown (`rejoinder.notice`)."""
        return self._told(TOPIC_NOTICE)

    def _told(self, topic: str) -> tuple[dict[str, Any], ...]:
        return tuple(json.loads(sent.text) for sent in self.sent if sent.topic == topic)


class WrittenCall:
    """`async with` holds it; everything in it is called in the task that entered."""

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        metadata: JobMetadata | None = None,
        *,
        caller: WrittenCaller | None = None,
    ) -> None:
        """Prepare a call that `metadata` ask for; of `parts`, which stay open, the model serves.

        Raises:
            ConfigError: there is no such persona.
        """
        self._settings = settings
        self._parts = parts
        self._metadata = metadata or JobMetadata()
        self._caller = caller or WrittenCaller()
        self._cast = Cast(settings, self._metadata.persona)
        self._over = asyncio.Event()
        self._stack = AsyncExitStack()
        self._speeches: list[SpeechHandle] = []
        self._texts: list[str] = []
        self._tools: list[CalledTool] = []
        self._usable: set[str] = set()
        """Names of the tools that the persona has, or had when the turn began."""
        self._sent = 0
        """How much of what was sent belongs to earlier turns."""
        self.greeting = Heard("", "", None)
        """The agent's first words."""

    async def __aenter__(self) -> "WrittenCall":
        """Begin: the caller is there and has been greeted."""
        self._tasks = await self._stack.enter_async_context(CallTasks())
        self._room = WrittenRoom(_ROOM)
        self._session = build_written_session(self._parts, self._settings)
        self._wiring = Wiring(
            self._room,
            self._session,
            self._tasks,
            self._parts,
            self._settings,
            self._cast,
            Reader(self._cast.persona.language),
            Heartbeat(self._room, self._tasks, dispatch="", seal=None),
            recorded=Recorded(None),
            apology=self._parts.spare_tts,
            served=lambda: self._caller.identity,
            over=self._end,
            hang_up=self._end,
        )
        self._wiring.add_features(self._metadata)
        self._session.on("speech_created", self._on_speech)
        self._session.on("conversation_item_added", self._on_item)
        self._session.on("function_tools_executed", self._on_tools)
        self._stack.push_async_callback(self._wiring.close)
        try:
            await self._session.start(self._wiring.agent())
            self._wiring.reports.announce()
            self._wiring.happenings.began()
            self._room.enter(self._caller)
            await self._wiring.serve(Serve(self._caller.identity))
            self.greeting = await self._heard()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Hang up; features have 5 s to end what they keep."""
        if isinstance(error, asyncio.CancelledError):
            await self._stack.__aexit__(kind, error, at)
        else:
            # What the block raises is no failure of the call's tasks, which would wrap it.
            await self._stack.aclose()

    @property
    def faults(self) -> int:
        """How often a feature has failed; the log says which."""
        return self._wiring.features.faults

    async def say(self, text: str) -> Heard:
        """Say something, and hear the reply to its end.

        Raises:
            CallOver: the call has ended before.
        """
        self._need_call()
        self._usable = self._tools_now()
        await self._wiring.answer_typed(text)
        return await self._heard()

    async def press(self, keys: str) -> Heard:
        """Press keys of the caller's telephone, one after the other, and hear what comes of it.

        Takes `PHONE_KEYS_PAUSE_S`, after which the agent takes them to be complete.

        Raises:
            CallOver: the call has ended before.
        """
        self._need_call()
        self._usable = self._tools_now()
        for key in keys:
            self._room.press(self._caller.identity, key)
        await asyncio.sleep(self._settings.phone.keys_pause_s)
        return await self._heard()

    @property
    def pressed(self) -> str:
        """The keys that the agent has pressed in this call (the tool `press_keys`)."""
        return self._room.pressed

    async def hand_over(self, caller: WrittenCaller) -> Heard:
        """Hang up, and let somebody else be served who has waited; returns their greeting."""
        self._need_call()
        left, self._caller = self._caller, caller
        self._wiring.features.left(left.identity)
        self._room.leave(left.identity)
        self._room.enter(caller)
        await self._wiring.serve(Serve(caller.identity))
        return await self._heard()

    async def choose(self, name: str) -> Heard:
        """Ask for another persona, as a page with a picker does; returns its greeting.

        Raises:
            RpcError: callers cannot choose it.
        """
        self._need_call()
        await self.request(SET_PERSONA, json.dumps({"name": name}))
        return await self._heard()

    async def request(self, method: str, payload: str = "") -> str:
        """Call a remote procedure of the agent as the caller's client does.

        Raises:
            RpcError: there is none, or it refuses.
        """
        return await self._room.request(self._caller.identity, method, payload)

    async def send_file(self, data: bytes, *, topic: str, name: str, mime_type: str) -> bool:
        """Send the agent a file; returns whether anything in this call takes it."""
        here = self._caller.identity
        taken = self._room.send_file(here, data, topic=topic, name=name, mime_type=mime_type)
        await self._tasks.informed()
        return taken

    async def _heard(self) -> Heard:
        """Wait until nothing more is said or told, and take what was."""
        while True:
            for speech in [speech for speech in self._speeches if not speech.done()]:
                await speech
            await self._wiring.changes.settled()
            await self._tasks.informed()
            if all(speech.done() for speech in self._speeches):
                break
        sent = tuple(self._room.sent[self._sent :])
        heard = Heard(
            text=" ".join(self._texts),
            persona=self._cast.persona.name,
            first_word_s=_first_word_s(sent),
            tools=tuple(self._tools),
            sent=sent,
            over=self._over.is_set(),
        )
        self._sent = len(self._room.sent)
        for told in (self._texts, self._tools, self._speeches):
            told.clear()
        return heard

    def _tools_now(self) -> set[str]:
        return set(llm.ToolContext(self._session.current_agent.tools).function_tools)

    def _need_call(self) -> None:
        if self._over.is_set():
            raise CallOver("the agent has hung up")

    def _end(self) -> None:
        self._over.set()
        with suppress(RuntimeError):  # the session may be closing
            self._session.interrupt(force=True)

    def _on_speech(self, event: SpeechCreatedEvent) -> None:
        self._speeches.append(event.speech_handle)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        self._wiring.conversation.remember()
        if isinstance(item, llm.ChatMessage) and item.role == "assistant" and item.text_content:
            self._texts.append(item.text_content.strip())

    def _on_tools(self, event: FunctionToolsExecutedEvent) -> None:
        usable = self._usable | self._tools_now()
        for call, output in event.zipped():
            self._tools.append(
                CalledTool(
                    call.name,
                    _arguments_of(call),
                    output.output if output is not None else "",
                    output is not None and output.is_error,
                    call.name in usable,
                )
            )


def _arguments_of(call: llm.FunctionCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _first_word_s(sent: tuple[SentText, ...]) -> float | None:
    reports = [json.loads(text.text) for text in sent if text.topic == TOPIC_TURN]
    return float(reports[0]["total_ms"]) / 1e3 if reports else None
