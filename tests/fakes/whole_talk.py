"""Whole talks: livekit-agents' own session with all our faces, on virtual time, from a script.

    talk = play(
        Says("What is the weather like today?", 0.5, 2.1),
        Says("No, wait, what about tomorrow?", 1.0, 2.4, over=1),
        replies={"What is the weather like today?": "It is sunny all day long, and warm."},
    )
    assert talk.messages == [...]

The caller's sound, the engines and the room's ear are scripted (`caller_sound`,
`scripted_engines`, `playing`); what lies between them is the product and the framework. A talk
of a minute takes one or two seconds.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    llm,
    tts,
)
from livekit.agents.voice import io
from numpy.typing import NDArray

from agent.call.costs import Costs
from agent.call.guesses import Guesses
from agent.call.recorded import Recorded
from agent.call.reply import OUTPUT_RATE_HZ, CallAgent
from agent.call.session import build_listener, build_session, limits_of
from agent.call.sources import Sources
from agent.call.timeline import Timeline, TurnReport
from agent.call.tool_use import ToolUse
from agent.costs.bill import Bill
from agent.costs.prices import Prices
from agent.hearing.caller_input import CallerInput
from agent.hearing.ear import HOP, HOP_S, RATE_HZ
from agent.metadata import PersonaWishes
from agent.personas.cast import Cast
from agent.pictures.album import Album
from agent.playout.floor import AgentFloor
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.recorder.recorder import Recorder
from agent.settings.load import Settings, load
from agent.wording.reader import Reader, preload_words
from tests.fakes import caller_sound, virtual_time
from tests.fakes.caller_sound import Vocabulary
from tests.fakes.playing import Captions, Source
from tests.fakes.scripted_engines import Model, Recogniser, Reply, Voice, parts_of
from tests.fakes.streaming_engine import StreamingEngine

_SETTLE_S = 0.6
"""The talk is over when neither side has had the floor or made a sound for this long."""
_LONGEST_S = 300.0
_SILENCE = caller_sound.hop(caller_sound.SILENCE)

preload_words()


@dataclass(frozen=True)
class Line:
    """One line of a script: something that the caller does."""

    what: str
    begins_s: float
    """From the beginning of the talk; with `over` or `after` from that moment."""
    ends_s: float = 0.0
    over: int = 0
    """Count from where the agent's n-th speech begins to sound (a greeting is the first)."""
    after: int = 0
    """Count from where it has ended."""


class Says(Line):
    """Words of equal length."""


class Hums(Line):
    """A voice that the recogniser knows as these words, all of them from its first third on."""


class Mumbles(Line):
    """A voice in which the recogniser knows no word."""


class Knocks(Line):
    """A loud sound that is no voice."""


class Types(Line):
    """A message in the chat, at `begins_s`."""


class Stops(Line):
    """At `begins_s` the agent is stopped, as a barge-in does it."""


@dataclass
class WholeTalk:
    """What one talk came to. Times are seconds from its beginning."""

    recogniser: Recogniser | StreamingEngine
    model: Model
    voice: Voice
    source: Source
    captions: Captions
    messages: list[tuple[str, str]] = field(default_factory=list)
    """The history: role and text; what was interrupted ends with "…"."""
    replies: list[tuple[float, float]] = field(default_factory=list)
    """When each thing that the agent said began to sound and ended."""
    failures: list[str] = field(default_factory=list)
    """Stages that failed in the caller's ear: the call would apologise."""
    replaced: int = 0
    """How often the caller was told that another voice speaks."""
    turns: list[TurnReport] = field(default_factory=list)
    costs: list[dict[str, Any]] = field(default_factory=list)
    """What the room is told of them."""
    bill: Bill | None = None
    """The last one."""
    spoken: list[tuple[float, float]] = field(default_factory=list)
    """When the caller made each sound."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """What the room is told of tools."""
    results: list[tuple[str, str]] = field(default_factory=list)
    """Of tools, as the history has them: name and text."""

    @property
    def heard(self) -> str:
        """The words that the caller heard, in order; one that was held inside is one."""
        return " ".join(self.voice.words_in(self.source.heard()))

    @property
    def heard_s(self) -> float:
        """How long the agent was heard in all."""
        return len(self.source.heard()) / OUTPUT_RATE_HZ

    @property
    def spans(self) -> list[tuple[float, float]]:
        """When the agent was heard: each without a gap."""
        spans: list[tuple[float, float]] = []
        for begins, pcm in self.source.pieces:
            ends = begins + len(pcm) / OUTPUT_RATE_HZ
            if spans and begins < spans[-1][1] + HOP_S / 2:
                spans[-1] = (spans[-1][0], ends)
            else:
                spans.append((begins, ends))
        return spans

    @property
    def asked(self) -> list[str]:
        """What the model was asked."""
        return [request.text for request in self.model.asked]


def play(
    *lines: Line,
    replies: Mapping[str, Reply | str] | None = None,
    otherwise: Reply | str = "I see. Go on, if you like.",
    greeting: str = "",
    recognised_s: float = 0.2,
    deaf: bool = False,
    streams: bool = False,
    voice: Voice | None = None,
    spare: Voice | None = None,
    settings: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
    prices: Prices | None = None,
    tools: Sequence[llm.Tool] = (),
    persona: str = "",
    album: Album | None = None,
    taken: Mapping[str, str] | None = None,
) -> WholeTalk:
    """Hold one talk to its end.

    Args:
        lines: what the caller does.
        replies: the model's answer to each text that it is asked.
        otherwise: its answer to any other.
        greeting: said by the agent at the beginning.
        recognised_s: how long the recogniser takes for each request.
        deaf: whether all of its requests fail.
        streams: whether it listens all the time instead, and tells a word after `recognised_s`.
        voice: the engine that speaks; by default a quick one.
        spare: the one that says what the first does not; by default another such.
        settings: of the product, as in its environment.
        recorder: is told what the turn taker and the requests are and do.
        prices: of the engines, which are somebody else's; by default none is known.
        tools: that there are in the call.
        persona: name of the one that speaks, of those that `settings` have.
        album: pictures that the caller has sent before the talk.
        taken: turns that no model answers, and what is said instead.
    """
    vocabulary = Vocabulary()
    talk = WholeTalk(
        StreamingEngine(vocabulary, delay_s=recognised_s)
        if streams
        else Recogniser(vocabulary, delay_s=recognised_s, fails=deaf),
        Model(replies or {}, otherwise),
        voice or Voice(),
        Source(),
        Captions(),
    )
    chosen = load(environ=settings or {}, env_file=None)
    stage = _Stage(
        talk, vocabulary, chosen, lines, greeting, spare, Recorded(recorder), prices or Prices(),
        tools, PersonaWishes(name=persona or None),
        album, taken or {},
    )  # fmt: skip
    virtual_time.run(stage.run())
    return talk


class Microphone(io.AudioInput):
    """The caller's track: silence, and what is put over it."""

    def __init__(self) -> None:
        super().__init__(label="caller")
        self._hops = 0
        self._sound: dict[int, NDArray[np.int16]] = {}

    def put(self, amplitudes: Sequence[int], *, at_s: float) -> None:
        self.play([caller_sound.hop(amplitude) for amplitude in amplitudes], at_s=at_s)

    def play(self, hops: Sequence[NDArray[np.int16]], *, at_s: float) -> None:
        """Any sound, in pieces of 10 ms."""
        self._sound.update(enumerate(hops, round(at_s / HOP_S)))

    async def __anext__(self) -> rtc.AudioFrame:
        due = (self._hops + 1) * HOP_S
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        pcm = self._sound.pop(self._hops, _SILENCE)
        self._hops += 1
        return rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP)


class _Stage:
    """Connects the parts as `agent.call.call` does, without a room."""

    def __init__(
        self,
        talk: WholeTalk,
        vocabulary: Vocabulary,
        settings: Settings,
        lines: Sequence[Line],
        greeting: str,
        spare: Voice | None,
        recorded: Recorded,
        prices: Prices,
        tools: Sequence[llm.Tool],
        wishes: PersonaWishes,
        album: Album | None,
        taken: Mapping[str, str],
    ) -> None:
        self.taken = taken
        self.recorded = recorded
        self.talk = talk
        self.vocabulary = vocabulary
        self.settings = settings
        self.greeting = greeting
        self.waiting = list(lines)
        self.microphone = Microphone()
        self.parts = parts_of(settings, talk.recogniser, talk.model, talk.voice, spare or Voice())
        self.prices = prices
        self.tools = tools
        self.cast = Cast(settings, wishes)
        self.album = album
        self.busy_until = 0.0
        self.due = self.played = 0
        """Lines whose moment has come, and those that were played: emitters swallow errors."""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time
        track = VoiceTrack(rate_hz=OUTPUT_RATE_HZ, source=self.talk.source)  # type: ignore[arg-type]
        playout = Playout(voice=track, text=self.talk.captions)
        reader = Reader("en")
        floor = AgentFloor(track)
        listener = build_listener(
            self.parts, self.settings, floor=floor, observer=self, taker=self.recorded.taker,
            asking=self.recorded.asking, clock=loop.time,
        )  # fmt: skip
        self.session: AgentSession[None] = build_session(
            self.parts, self.settings, listener, track=track, reader=reader
        )
        floor.take(self.session)
        self.guesses = Guesses(self.session)
        self.costs = Costs(
            self.session, self.parts.meter, self.prices,
            publish=lambda topic, message: self.talk.costs.append(message),
            keep=self._keep_bill,
        )  # fmt: skip
        self.tool_use = ToolUse(
            self.session, self.cast, self.settings.tools,
            publish=lambda topic, message: self.talk.told.append(message),
        )  # fmt: skip
        self.timeline = Timeline(now=loop.time)
        self.session.on("agent_state_changed", self._on_state)
        self.session.on("conversation_item_added", self._on_item)
        self.session.on("user_input_transcribed", self._on_transcribed)
        self.session.on("error", self._on_error)
        playout.audio.on("playback_started", self._on_started)
        playout.audio.on("playback_finished", self._on_finished)
        self.session.input.audio = CallerInput(self.microphone, listener.push)
        self.session.output.audio, self.session.output.transcription = playout.audio, playout.text
        agent = CallAgent(
            cast=self.cast,
            reply=self.settings.reply,
            limits=limits_of(self.settings.llm),
            timeline=self.timeline,
            sources=Sources(),
            on_failure=lambda error: self._failed("llm", error),
            on_turn_over=self.guesses.turn_is_over,
            reader=reader,
            parts=self.parts,
            tools=self.tool_use.offered(self.tools),
            brief=self._brief,
            taken=self._take,
        )
        async with asyncio.TaskGroup() as group:
            carried = [
                group.create_task(part) for part in (listener.run(), track.run(), playout.run())
            ]
            self.group = group
            track.start()
            await self.session.start(agent)
            if self.greeting:
                self.session.say(self.greeting)
            self._play_lines()
            async with asyncio.timeout(_LONGEST_S):
                while not self._is_over():
                    await asyncio.sleep(0.1)
            self._keep_history()
            await self.session.aclose()
            self.costs.gone()
            for task in carried:
                task.cancel()
        await track.aclose()
        assert self.played == self.due, "a line of the script could not be played"

    # The caller.

    def _play_lines(self, *, over: int = 0, after: int = 0) -> None:
        """Play what waits for this moment."""
        due = [line for line in self.waiting if (line.over, line.after) == (over, after)]
        self.waiting = [line for line in self.waiting if line not in due]
        self.due += len(due)
        for line in due:
            self._play_line(line, self.now())

    def _play_line(self, line: Line, zero: float) -> None:
        begins, length = zero + line.begins_s, line.ends_s - line.begins_s
        match line:
            case Types():
                asyncio.get_running_loop().call_at(begins, self._type, line.what)
                length = 0.0
            case Stops():
                asyncio.get_running_loop().call_at(begins, self._stop)
                length = 0.0
            case Says():
                self.microphone.put(self.vocabulary.sound(line.what, length), at_s=begins)
            case Hums():
                sound = self.vocabulary.sound(line.what, length / 3)
                rest = [sound[0]] * (round(length / HOP_S) - len(sound))
                self.microphone.put(sound + rest, at_s=begins)
            case Mumbles():
                self.microphone.put([caller_sound.VOICE] * round(length / HOP_S), at_s=begins)
            case Knocks():
                self.microphone.put([caller_sound.NOISE] * round(length / HOP_S), at_s=begins)
        if length:
            self.talk.spoken.append((begins, begins + length))
        self.busy_until = max(self.busy_until, begins + length)
        self.played += 1

    async def _brief(self, history: llm.ChatContext) -> None:
        if self.album is not None:
            self.album.place(history)

    def _take(self, text: str) -> bool:
        if text not in self.taken:
            return False
        self.session.interrupt(force=True)
        self.session.say(self.taken[text])
        return True

    def _stop(self) -> None:
        self.session.interrupt(force=True)

    def _type(self, text: str) -> None:
        self.group.create_task(self._answer_typed(text))

    async def _answer_typed(self, text: str) -> None:
        await self.session.interrupt(force=True)
        self.timeline.typed()
        self.tool_use.typed(text)
        self.session.generate_reply(user_input=llm.ChatMessage(role="user", content=[text]))

    def _is_over(self) -> bool:
        session = self.session
        states = [message["state"] for message in self.talk.told]
        at_work = states.count("running") > states.count("done") + states.count("failed")
        speaks = session.current_speech is not None or session.agent_state == "thinking"
        if speaks or at_work or session.user_state == "speaking":
            self.busy_until = max(self.busy_until, self.now())
        return self.now() > self.busy_until + _SETTLE_S

    # What the session, the play-out and the turns tell.

    def _on_started(self, event: io.PlaybackStartedEvent) -> None:
        self.talk.replies.append((self.now(), self.now()))
        self._play_lines(over=len(self.talk.replies))

    def _on_finished(self, event: io.PlaybackFinishedEvent) -> None:
        self.busy_until = max(self.busy_until, self.now())
        replies = self.talk.replies
        if replies and replies[-1][0] == replies[-1][1]:
            replies[-1] = (replies[-1][0], self.now())
            self._play_lines(after=len(replies))

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.timeline.reply_began()

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "user" and self.album is not None:
            self.album.entered(item)
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            self.tool_use.reply(item.text_content or "", interrupted=item.interrupted)
            self.costs.reply(item.text_content or "", interrupted=item.interrupted)
            report = self.timeline.reply_ended(interrupted=item.interrupted)
            if report is not None:
                self.talk.turns.append(report)

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self.tool_use.turn(event.transcript, language=str(event.language or ""))

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        if not isinstance(error, tts.TTSError):
            return
        if error.recoverable:
            self.guesses.tell(self._replaced)
        else:
            self._failed("tts", error.error)

    def _replaced(self) -> None:
        self.talk.replaced += 1

    def _failed(self, stage: str, error: Exception) -> None:
        self.guesses.failed(error, lambda: self.talk.failures.append(stage))

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        self.timeline.utterance_ended(last_voiced=last_voiced, at=at)

    def recognised(self, *, asked: float, answered: float) -> None:
        self.timeline.recognised(asked=asked, answered=answered)

    def recognition_failed(self, *, error: Exception) -> None:
        self.talk.failures.append("stt")

    def _keep_bill(self, bill: Bill) -> None:
        self.talk.bill = bill

    def _keep_history(self) -> None:
        for item in self.session.history.items:
            if isinstance(item, llm.ChatMessage):
                text = (item.text_content or "").strip()
                self.talk.messages.append((item.role, text + "…" * item.interrupted))
            elif isinstance(item, llm.FunctionCallOutput):
                self.talk.results.append((item.name, item.output))
