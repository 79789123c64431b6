"""What goes along with a call: each feature is told what happens and does its own part.

A feature is a module with a function `feature(call) -> Feature | None` and a line in `FEATURES`, or
a module of somebody's own that `AGENT_FEATURES` names. It is asked once per call; None: this call
does without it. Features are told in the order of the table, then in that of the setting; one that
fails is counted and the call goes on, and one that fails too often is told nothing more.
"""

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType

from livekit import rtc
from livekit.agents import AgentSession, llm

from agent.call.notices import Notices
from agent.call.parts import Parts
from agent.call.refer import Outcome
from agent.call.sources import Sources
from agent.costs.bill import Bill
from agent.errors import ConfigError
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.personas.persona import Persona
from agent.settings.load import Settings
from agent.tasks import CallTasks, fault

logger = logging.getLogger(__name__)

FEATURES: tuple[str, ...] = (
    "agent.features.limits",
    "agent.features.telephone",
    "agent.features.press_keys",
    "agent.features.steering",
    "agent.features.silence",
    "agent.features.voicemail",
    "agent.features.web_searching",
    "agent.features.remembering",
    "agent.features.end_call",
    "agent.features.send_text",
    "agent.features.module_tools",
    "agent.features.mcp_tools",
    "agent.features.pictures",
    "agent.features.documents",
)
"""Modules of the features that every call has, by dotted path."""

MOST_FAULTS = 10
"""A feature that has failed this often in one call is told nothing more."""

Answer = Callable[[rtc.RpcInvocationData], Awaitable[str]]
"""Answers one remote procedure call of the caller's client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a feature finds around it. The room is joined when `Feature.began` is called."""

    room: rtc.Room
    session: AgentSession[None]
    """Says things, begins answers, and has the history."""
    tasks: CallTasks
    """Whatever a feature begins belongs here."""
    notices: Notices
    """Tells clients: notices, topics of the feature's own, participant attributes."""
    cast: Cast
    """Who the agent is now, and can be."""
    parts: Parts
    """The engines."""
    sources: Sources
    """Told to clients with the next reply: where its answer was found."""
    settings: Settings
    metadata: JobMetadata
    """What the dispatch told this job; `text` is all of it."""
    bill: Callable[[], Bill]
    """What the call has cost so far."""
    end: Callable[[], None]
    """Ends the call and closes the room; what is being said is cut off."""
    tools_changed: Callable[[], None]
    """Tells that the feature has other tools than when it was asked last; once the call began."""
    ask: Callable[[str], None]
    """Begins the answer to a text as if who is served had typed it; features are not told."""
    transfer: Callable[[str], Awaitable[Outcome]] | None = None
    """Puts a caller by telephone through to whom the operator has listed under a name, and tells
    them so. Returns `through`, or why not, which they have been told too. None: nobody can."""
    transferring: Callable[[], bool]
    """Whether a caller is being put through: nothing is to be said."""
    recast: Callable[[], None]
    """Tells that `cast` has who speaks otherwise than before, as in another language."""

    async def part(self, farewell: str) -> None:
        """Say a last sentence, which cannot be interrupted, and end the call."""
        with suppress(RuntimeError):  # the session may be closing
            await self.session.interrupt(force=True)
            if farewell:
                last = self.session.say(farewell, allow_interruptions=False)
                await last.wait_for_playout()
        self.end()


class Feature:
    """Told what happens in one call, on the event loop and in order; nothing here may block.

    What takes time is begun in `Surroundings.tasks`, or done in `run`. Names, attributes and texts
    come from clients: they are to be trusted as far as these are. None may go into a log.
    """

    def tools(self) -> Sequence[llm.Tool]:
        """What the model may call, if the persona that speaks lists it (`agent.call.tool_use`).

        Asked at the beginning, whenever another persona takes over, and after
        `Surroundings.tools_changed`.
        """
        return ()

    async def brief(self, history: llm.ChatContext) -> None:
        """Add what the model should know beside the history, which is a copy.

        The model is asked next, perhaps on a guess of what the caller says: the reply waits for
        this, and nothing may be done here that is wrong if the guess is. Cancelled with the reply.
        """

    def unseen(self) -> None:
        """The model that was asked takes no pictures; it is asked without them, or not at all."""

    def became(self, persona: Persona) -> None:
        """Another persona has taken over, whose first words come next, or one is not as it was."""

    def methods(self) -> Mapping[str, Answer]:
        """Remote procedures for the client of who is served, by name; others are refused."""
        return {}

    async def run(self) -> None:
        """Work for as long as the call goes on; started afresh when it fails."""

    def began(self) -> None:
        """The room is joined and the session has started; nobody is served yet."""

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """This person is served from now on; `back`: in the same talk as before.

        They were away, or somebody else had the turn. Told before the greeting. A telephone is of
        the kind SIP, and its `attributes` have `sip.phoneNumber` and the like.
        """

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """Attributes of who is served have changed; `attributes` has the new values."""

    def left(self, identity: str) -> None:
        """The client of who was served has gone; they may come back until the call is over."""

    def typed(self, text: str) -> None:
        """Who is served has typed this; the answer to it is begun next."""

    def key(self, key: str) -> None:
        """Who is served has pressed a key of their telephone: 0-9, *, #, A-D."""

    def turn(self, text: str, *, language: str) -> None:
        """Who is served has said this; `language`: the tag that the recogniser heard, or empty."""

    def heard(self, frame: rtc.AudioFrame) -> None:
        """The next 10 ms of the caller's sound, 16 kHz mono: a hundred times a second."""

    def takes(self, text: str) -> bool:
        """Whether the turn of who is served, just told, is the feature's own: no model is asked."""
        return False

    def speaking(self) -> None:
        """The first sample of a reply was handed to the room."""

    def reply(self, text: str, *, interrupted: bool) -> None:
        """A reply is over, the greeting too; `text` is what was heard of it, as it is written."""

    def tool(self, call: llm.FunctionCall, output: llm.FunctionCallOutput) -> None:
        """The model has called a tool, and this came of it."""

    def gone(self) -> None:
        """The call is over; what is begun in the call's tasks now has 5 s."""


def load_features(settings: Settings) -> list[ModuleType]:
    """Import the modules of all features.

    Raises:
        ConfigError: one that `AGENT_FEATURES` names is not there, or is none.
    """
    own = [name.strip() for name in settings.agent.features.split(",") if name.strip()]
    modules = []
    for name in (*FEATURES, *own):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ConfigError(f"AGENT_FEATURES: {name} cannot be imported: {error}") from error
        if not callable(getattr(module, "feature", None)):
            raise ConfigError(f"AGENT_FEATURES: {name} has no function feature(call)")
        modules.append(module)
    return modules


class Features(Feature):
    """All features of one call, as one."""

    def __init__(self, tasks: CallTasks, features: Sequence[Feature]) -> None:
        """Tell `features`, in this order; what they run belongs to `tasks`."""
        self._tasks = tasks
        self._features = list(features)
        self._failed: dict[Feature, int] = {}
        self._hearing = [feature for feature in features if _hears(feature)]

    @property
    def faults(self) -> int:
        """How often a feature has failed."""
        return sum(self._failed.values())

    def add(self, module: ModuleType, surroundings: Surroundings) -> None:
        """Ask a module for its feature of this call."""
        try:
            feature: Feature | None = module.feature(surroundings)
        except Exception as error:  # noqa: BLE001 - the call goes on without it
            feature = Feature()
            self._count(feature, error)
        if feature is not None:
            self._features.append(feature)
            if _hears(feature):
                self._hearing.append(feature)

    def tools(self) -> list[llm.Tool]:
        """The tools of all."""
        found: list[llm.Tool] = []
        self._each(lambda feature: found.extend(feature.tools()))
        return found

    async def brief(self, history: llm.ChatContext) -> None:
        """Ask all at once; each adds to the history as it is ready."""
        telling = [f for f in self._features if type(f).brief is not Feature.brief]
        if telling:
            await asyncio.gather(*(self._briefed(feature, history) for feature in telling))

    def unseen(self) -> None:
        """Tell all."""
        self._each(lambda feature: feature.unseen())

    def became(self, persona: Persona) -> None:
        """Tell all."""
        self._each(lambda feature: feature.became(persona))

    def methods(self) -> dict[str, Answer]:
        """The remote procedures of all; of those with one name the last."""
        found: dict[str, Answer] = {}

        def take(feature: Feature) -> None:
            for name, answer in feature.methods().items():
                found[name] = self._guarded(feature, answer)

        self._each(take)
        return found

    def began(self) -> None:
        """Tell all; start what they run."""
        for feature in self._features:
            if type(feature).run is not Feature.run:
                name = f"feature-{type(feature).__name__}"
                self._tasks.carry(feature.run, name=name, lost=lambda: None)
        self._each(lambda feature: feature.began())

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Tell all."""
        self._each(lambda feature: feature.joined(caller, back=back))

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """Tell all."""
        self._each(lambda feature: feature.changed(caller, attributes))

    def left(self, identity: str) -> None:
        """Tell all."""
        self._each(lambda feature: feature.left(identity))

    def typed(self, text: str) -> None:
        """Tell all."""
        self._each(lambda feature: feature.typed(text))

    def key(self, key: str) -> None:
        """Tell all."""
        self._each(lambda feature: feature.key(key))

    def turn(self, text: str, *, language: str) -> None:
        """Tell all."""
        self._each(lambda feature: feature.turn(text, language=language))

    def heard(self, frame: rtc.AudioFrame) -> None:
        """Tell those who listen."""
        for feature in self._hearing:
            self._tell(feature, lambda feature: feature.heard(frame))

    def takes(self, text: str) -> bool:
        """Ask all; one is enough."""
        taken: list[bool] = []
        self._each(lambda feature: taken.append(feature.takes(text)))
        return any(taken)

    def speaking(self) -> None:
        """Tell all."""
        self._each(lambda feature: feature.speaking())

    def reply(self, text: str, *, interrupted: bool) -> None:
        """Tell all."""
        self._each(lambda feature: feature.reply(text, interrupted=interrupted))

    def tool(self, call: llm.FunctionCall, output: llm.FunctionCallOutput) -> None:
        """Tell all."""
        self._each(lambda feature: feature.tool(call, output))

    def gone(self) -> None:
        """Tell all."""
        self._each(lambda feature: feature.gone())

    def _each(self, tell: Callable[[Feature], object]) -> None:
        for feature in self._features:
            self._tell(feature, tell)

    def _tell(self, feature: Feature, tell: Callable[[Feature], object]) -> None:
        if self._failed.get(feature, 0) < MOST_FAULTS:
            try:
                tell(feature)
            except Exception as error:  # noqa: BLE001 - a feature never ends the call
                self._count(feature, error)

    async def _briefed(self, feature: Feature, history: llm.ChatContext) -> None:
        if self._failed.get(feature, 0) < MOST_FAULTS:
            try:
                await feature.brief(history)
            except Exception as error:  # noqa: BLE001 - the model answers without it
                self._count(feature, error)

    def _guarded(self, feature: Feature, answer: Answer) -> Answer:
        async def answered(call: rtc.RpcInvocationData) -> str:
            try:
                return await answer(call)
            except rtc.RpcError:
                raise
            except Exception as error:  # noqa: BLE001 - told to the client by its code alone
                self._count(feature, error)
                failed = rtc.RpcError.ErrorCode.APPLICATION_ERROR
                raise rtc.RpcError(failed, rtc.RpcError.ErrorMessage[failed]) from None

        return answered

    def _count(self, feature: Feature, error: Exception) -> None:
        self._failed[feature] = self._failed.get(feature, 0) + 1
        logger.error("a feature failed", extra={"feature": type(feature).__name__, **fault(error)})


def _hears(feature: Feature) -> bool:
    return type(feature).heard is not Feature.heard
