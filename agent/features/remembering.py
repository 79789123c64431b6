"""Who is on the line is known again in their next call, if they have said yes to it.

Here is what a call does with `agent.memory`: it loads what is known when somebody is served, tells
the model, asks the caller for permission in fixed words, and sums the talk up at its end. What the
model may do is in `agent.features.memory_tools`, what a page may do in
`agent.features.memory_page`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import llm

from agent.call.briefing import tell
from agent.call.features import Answer, Feature, Surroundings
from agent.features.memory_page import MemoryPage
from agent.features.memory_tools import RECALL, REMEMBER, MemoryTools
from agent.memory.asking import Asking
from agent.memory.caller_memory import CallerMemory
from agent.memory.known import Refusal, told
from agent.memory.person import known_by
from agent.memory.summary import LEAST_TURNS, summary_of
from agent.personas.persona import Persona
from agent.room_protocol import MEMORY
from agent.survival.history import Message
from agent.tasks import fault
from agent.wording.lexicon import LEXICONS, code_of, lexicon_of

logger = logging.getLogger(__name__)

_LOADED_S = 2.0
"""Who speaks before the greeting is over may be quicker than the database, seconds."""
_WITHOUT_MODEL = "handbook"
"""The engine that finds answers in documents and writes none."""


def feature(call: Surroundings) -> Feature | None:
    """None: nobody is remembered."""
    return Remembering(call) if call.settings.memory.memory == "on" else None


@dataclass
class _Served:
    """One person, from the moment they are served."""

    memory: CallerMemory | None
    """None: they are known by nothing, such as a telephone that hides its number."""
    language: str
    """Tag of the language that they are asked in: the one that they spoke last."""
    asking: Asking = field(default_factory=Asking)
    talk: list[Message] = field(default_factory=list)
    """What was said, as it was heard."""


class Remembering(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        self._call = call
        self._served = _Served(None, "")
        self._identity = ""
        self._due: asyncio.Queue[tuple[Callable[[], Awaitable[object]], asyncio.Event]]
        self._due = asyncio.Queue()
        """What is to be loaded; the database may be slow on a busy machine."""
        self._loaded = asyncio.Event()
        memory, asking = lambda: self._served.memory, lambda: self._served.asking
        self._tools = MemoryTools(memory, asking)
        self._page = MemoryPage(memory, asking, state=lambda: self._state)

    async def run(self) -> None:
        """Load what is known of who is served, however long the database takes."""
        while True:
            load, loaded = await self._due.get()
            try:
                await load()
            except Exception as error:  # noqa: BLE001 - the next person's is another matter
                logger.warning("the memory did not serve", extra=fault(error))
            finally:
                loaded.set()

    def tools(self) -> Sequence[llm.Tool]:
        """For the model."""
        return self._tools.all()

    def methods(self) -> Mapping[str, Answer]:
        """For the caller's page."""
        return self._page.methods()

    async def brief(self, history: llm.ChatContext) -> None:
        """Tell what is known; the first reply waits a moment for it, others wait for nothing."""
        memory = self._served.memory
        loaded = self._loaded
        if memory is not None and not loaded.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOADED_S):
                    await loaded.wait()
            loaded.set()
        if memory is None or not memory.agreed or not self._may(RECALL):
            return
        tell(history, told(memory.known))

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Begin with another person, or go on with the same one."""
        if caller.identity == self._identity:
            return
        self._sum_up()
        self._identity = caller.identity
        known_as, memory = known_by(caller), None
        if known_as:
            options = self._call.settings.memory
            memory = CallerMemory(options, known_as, changed=self._tell)
            self._loaded = asyncio.Event()
            self._due.put_nowait((memory.load, self._loaded))
        self._served = _Served(memory, self._call.cast.persona.language)
        self._tell()

    def became(self, persona: Persona) -> None:
        """Another persona may have no memory."""
        self._tell()

    def turn(self, text: str, *, language: str) -> None:
        """They have said something: the answer, if they were asked."""
        asked_in = self._served.language
        if code_of(language) in LEXICONS:
            self._served.language = language
        self._hear(text, {asked_in, self._served.language})

    def typed(self, text: str) -> None:
        """The same, in writing."""
        self._hear(text, {self._served.language})

    def reply(self, text: str, *, interrupted: bool) -> None:
        """A reply is over; now they can be asked."""
        if text:
            self._served.talk.append(Message("assistant", text))
        asks = self._served.asking.reply_ended(text, interrupted=interrupted)
        if asks and self._may(REMEMBER):
            question = lexicon_of(self._served.language).may_remember
            with suppress(RuntimeError):  # the session may be closing
                self._call.session.say(question)
                self._served.asking.saying(question)

    def gone(self) -> None:
        """The call is over: sum it up."""
        self._sum_up()

    def _hear(self, text: str, languages: Collection[str]) -> None:
        self._served.talk.append(Message("user", text))
        if self._served.asking.answered(text, languages):
            self._agreed()

    def _agreed(self) -> None:
        """They have said yes, or clicked it: what has waited for that is stored."""
        served = self._served
        if served.memory is not None:
            facts = served.asking.agreed()
            # Who hangs up right after their yes is remembered all the same.
            self._call.tasks.inform(_store(served.memory, facts), name="store-memory")

    def _sum_up(self) -> None:
        served, model = self._served, self._call.session.llm
        turns = sum(message.role == "user" for message in served.talk)
        if served.memory is None or not served.memory.agreed or turns < LEAST_TURNS:
            return
        if not isinstance(model, llm.LLM) or not self._has_model or not self._may(REMEMBER):
            return
        self._call.tasks.inform(_summarise(model, served.memory, served.talk), name="sum-call-up")

    @property
    def _has_model(self) -> bool:
        return self._call.settings.llm[0].engine != _WITHOUT_MODEL

    def _may(self, tool: str) -> bool:
        return self._call.cast.persona.choice_of(tool) is not None

    @property
    def _state(self) -> str:
        """What the agent's attribute says."""
        memory = self._served.memory
        if memory is None or not memory.loaded or not (self._may(REMEMBER) or self._may(RECALL)):
            return "off"
        return "on" if memory.agreed else "ask"

    def _tell(self) -> None:
        self._call.notices.announce({MEMORY: self._state})


async def _store(memory: CallerMemory, facts: Sequence[str]) -> None:
    await memory.agree()
    for fact in facts:
        try:
            await memory.remember(fact)
        except Refusal as refusal:
            logger.info("a fact was not stored", extra={"code": refusal.code})


async def _summarise(model: llm.LLM[Any], memory: CallerMemory, talk: Sequence[Message]) -> None:
    try:
        summary = await summary_of(model, talk, memory.known)
        if summary:
            await memory.summarise(summary)
    except Refusal:
        return  # they have taken their yes back meanwhile
    except Exception as error:  # noqa: BLE001 - facts are stored all the same
        logger.info("a call was not summed up", extra=fault(error))
