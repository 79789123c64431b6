"""Whole calls with features, on virtual time: the caller comes by telephone, or by a page.

    call = hold(Line("Goodbye.", 1.0, 2.0), replies={"Goodbye.": …})
    assert call.said == [(3.4, "Good bye.")]

Between the caller's sound and the agent's track is the product: session, wiring, features. Room and
engines are stood in for (`agent.call.written_room`, `scripted_engines`), and so is the service
that would send a telephone elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, ConversationItemAddedEvent, llm

from agent.call import features as table
from agent.call.features import Features, Surroundings
from agent.call.presence import Serve
from agent.call.recorded import Recorded
from agent.call.refer import Outcome
from agent.call.reply import OUTPUT_RATE_HZ
from agent.call.session import build_listener, build_session
from agent.call.wiring import Wiring
from agent.call.written_room import WrittenCaller, WrittenRoom
from agent.hearing.caller_input import CallerInput
from agent.hearing.ear import HOP, HOP_S, RATE_HZ
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.personas.chosen import shelf_of
from agent.playout.floor import AgentFloor
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.settings.load import load
from agent.survival.heartbeat import Heartbeat
from agent.tasks import CallTasks
from agent.turns.observer import UNOBSERVED
from agent.wording.reader import Reader
from tests.fakes import caller_sound, virtual_time
from tests.fakes.caller_sound import Vocabulary
from tests.fakes.playing import Captions, Source
from tests.fakes.scripted_engines import Model, Recogniser, Reply, Voice, parts_of
from tests.fakes.whole_talk import Microphone

THEM = "sip_caller"


_HELD: "list[PhoneTalk]" = []


@dataclass(frozen=True)
class Line:
    """Words of the caller, in seconds from the beginning of the call."""

    what: str
    begins_s: float
    ends_s: float


@dataclass(frozen=True)
class Mumble:
    """A voice in which the recogniser knows no word."""

    begins_s: float
    ends_s: float


@dataclass(frozen=True)
class Tone:
    """A sound of one frequency from the caller's side."""

    hz: float
    begins_s: float
    ends_s: float


@dataclass(frozen=True)
class Does:
    """Something that happens at a moment."""

    what: "Callable[[PhoneTalk], object]"
    at_s: float


@dataclass
class PhoneTalk:
    """What one call came to. Times are seconds from its beginning."""

    model: Model
    voice: Voice
    source: Source
    room: WrittenRoom = field(init=False)
    said: list[tuple[float, str]] = field(default_factory=list)
    """What was heard of the agent, and when it was over."""
    began: list[float] = field(default_factory=list)
    """When the agent began to speak, each time."""
    sent: list[tuple[float, str]] = field(default_factory=list)
    """When the caller's telephone was to be sent elsewhere, and where to."""
    ended: float | None = None
    """When the agent has ended the call."""
    surroundings: Surroundings | None = None
    """What features found around them."""
    features: Features | None = None
    session: AgentSession[None] | None = None
    failures: int = 0
    """Of features."""

    @property
    def texts(self) -> list[str]:
        """What was heard of the agent."""
        return [text for _, text in self.said]

    @property
    def heard(self) -> str:
        """The words that the caller heard, in order."""
        return " ".join(self.voice.words_in(self.source.heard()))

    @property
    def asked(self) -> list[str]:
        """What the model was asked."""
        return [request.text for request in self.model.asked]

    def mute(self, muted: bool) -> None:
        """The telephone's track is muted, or no longer."""
        track: Any = mock.Mock(kind=rtc.TrackKind.KIND_AUDIO)
        caller = self.room.remote_participants[THEM]
        self.room.emit("track_muted" if muted else "track_unmuted", caller, track)

    def label(self, **attributes: str) -> None:
        """Attributes of the telephone change, `sip_callStatus` for `sip.callStatus`."""
        changed = {name.replace("_", ".", 1): value for name, value in attributes.items()}
        caller = self.room.remote_participants[THEM]
        self.room.emit("participant_attributes_changed", changed, caller)


def hold(
    *script: Line | Mumble | Tone | Does,
    replies: Mapping[str, Reply | str] | None = None,
    otherwise: Reply | str = "I see.",
    features: Sequence[str] = (),
    telephone: bool = True,
    attributes: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    metadata: JobMetadata | None = None,
    outcome: Outcome = "through",
    rings_s: float = 2.0,
    lasts_s: float = 60.0,
) -> PhoneTalk:
    """Hold one call until the agent ends it, or for `lasts_s`.

    Args:
        script: what the caller does, and what happens.
        replies: the model's answer to each text that it is asked.
        otherwise: its answer to any other.
        features: that go along, by dotted path.
        telephone: whether the caller comes by one.
        attributes: of the caller.
        settings: of the product, as in its environment; it does not greet if they say nothing.
        metadata: that the job is told.
        outcome: what comes of sending the telephone elsewhere.
        rings_s: how long that takes.
        lasts_s: until the caller hangs up.
    """
    call = PhoneTalk(Model(replies or {}, otherwise), Voice(), Source())
    caller = WrittenCaller(THEM, attributes=attributes or {}, telephone=telephone)
    told = metadata or JobMetadata()
    stage = _Stage(call, caller, {"AGENT_GREETING": "", **(settings or {})}, told)

    async def refer(identity: str, address: str) -> Outcome:
        assert identity == THEM
        call.sent.append((asyncio.get_running_loop().time(), address))
        await asyncio.sleep(rings_s)
        return outcome

    with mock.patch.object(table, "FEATURES", (*features, __name__)):
        _HELD.append(call)
        virtual_time.run(stage.run(script, refer, lasts_s))
        _HELD.remove(call)
    return call


def feature(surroundings: Surroundings) -> None:
    """No feature: keeps what features of the call find around them."""
    _HELD[-1].surroundings = surroundings


class _Stage:
    def __init__(
        self,
        call: PhoneTalk,
        caller: WrittenCaller,
        settings: Mapping[str, str],
        metadata: JobMetadata,
    ) -> None:
        self.call = call
        self.caller = caller
        self.settings = load(environ=settings, env_file=None)
        self.metadata = metadata
        shelf_of(self.settings.personas)  # as a worker does when it starts: it blocks
        self.cast = Cast(self.settings, metadata.persona)
        self.vocabulary = Vocabulary()

    async def run(
        self,
        script: Sequence[Line | Mumble | Tone | Does],
        refer: Callable[[str, str], Awaitable[Outcome]],
        lasts_s: float,
    ) -> None:
        call, settings = self.call, self.settings
        self.now = asyncio.get_running_loop().time
        call.room = WrittenRoom("line")
        over = asyncio.Event()
        recogniser = Recogniser(self.vocabulary, delay_s=0.2)
        parts = parts_of(settings, recogniser, call.model, call.voice, Voice())
        track = VoiceTrack(rate_hz=OUTPUT_RATE_HZ, source=call.source)  # type: ignore[arg-type]
        playout = Playout(voice=track, text=Captions())
        cast = self.cast
        reader = Reader("en")
        floor = AgentFloor(track)
        listener = build_listener(parts, settings, floor=floor, observer=UNOBSERVED, clock=self.now)
        session = call.session = build_session(
            parts, settings, listener, track=track, reader=reader
        )
        floor.take(session)

        def hang_up() -> None:
            call.ended = self.now()
            over.set()

        async with CallTasks(clock=self.now) as tasks:
            wiring = Wiring(
                call.room, session, tasks, parts, settings, cast, reader,
                Heartbeat(call.room, tasks, dispatch="", seal=None),
                recorded=Recorded(None), apology=parts.spare_tts,
                served=lambda: self.caller.identity, over=over.set, hang_up=hang_up, refer=refer,
            )  # fmt: skip
            call.features = wiring.features
            wiring.add_features(self.metadata)
            session.on("conversation_item_added", self._on_item)
            session.on("agent_state_changed", self._on_state)
            microphone = Microphone()

            def hear(frame: rtc.AudioFrame) -> None:
                listener.push(frame)
                wiring.features.heard(frame)

            session.input.audio = CallerInput(microphone, hear)
            session.output.audio, session.output.transcription = playout.audio, playout.text
            for run in (listener.run, track.run, playout.run):
                tasks.carry(run, name="part", lost=over.set)
            track.start()
            await session.start(wiring.agent())
            wiring.happenings.began()
            call.room.enter(self.caller)
            await wiring.serve(Serve(self.caller.identity))
            for line in script:
                self._play(line, microphone)
            with suppress(TimeoutError):
                async with asyncio.timeout(lasts_s):
                    await over.wait()
            await wiring.close()
            call.failures = wiring.features.faults
        await track.aclose()

    def _play(self, line: Line | Mumble | Tone | Does, microphone: Microphone) -> None:
        match line:
            case Line(what, begins_s, ends_s):
                microphone.put(self.vocabulary.sound(what, ends_s - begins_s), at_s=begins_s)
            case Mumble(begins_s, ends_s):
                hops = round((ends_s - begins_s) / HOP_S)
                microphone.put([caller_sound.VOICE] * hops, at_s=begins_s)
            case Tone(hz, begins_s, ends_s):
                at = np.arange(round((ends_s - begins_s) * RATE_HZ)) / RATE_HZ
                pcm = (3000 * np.sin(2 * np.pi * hz * at)).astype(np.int16)
                pieces = [pcm[n : n + HOP] for n in range(0, len(pcm) - HOP + 1, HOP)]
                microphone.play(pieces, at_s=begins_s)
            case Does(what, at_s):
                asyncio.get_running_loop().call_at(at_s, what, self.call)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant":
            self.call.said.append((self.now(), event.item.text_content or ""))

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self.call.began.append(self.now())
