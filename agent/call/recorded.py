"""A call with a recorder: its parts that tell it something, and the feature that does the rest."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from typing import Any

from livekit import rtc
from livekit.agents import llm
from livekit.agents.voice import io

from agent.call.features import Feature
from agent.call.parts import Parts
from agent.call.reply import OUTPUT_RATE_HZ
from agent.call.session import eagerness
from agent.call.timeline import TurnReport
from agent.costs.bill import Bill
from agent.options.recording import RecordOptions
from agent.personas.persona import Persona
from agent.playout.voice_track import NATIVE_QUEUE_MS, VoiceTrack
from agent.recorder.outputs import RecordedCaptions, RecordedSource
from agent.recorder.recorder import Recorder
from agent.recorder.tap import RecordedAsking, RecordedTaker
from agent.recorder.writer import RecordingWriter
from agent.settings.load import Settings
from agent.turns.asking import Asking
from agent.turns.schedule import Schedule
from agent.turns.tempo import TEMPO
from agent.turns.turn_taker import TurnTaker
from agent.wording.lexicon import ENGLISH, lexicon_of


class Recorded(Feature):
    """Keeps what happens in one call in a file; without a recorder it does nothing."""

    def __init__(self, recorder: Recorder | None) -> None:
        """Tell `recorder`."""
        self._recorder = recorder

    # Parts of the call that tell it what they do.

    @property
    def taker(self) -> Callable[..., TurnTaker]:
        """Makes the turn taker."""
        return TurnTaker if self._recorder is None else partial(RecordedTaker, self._recorder)

    @property
    def asking(self) -> Callable[[Schedule], Asking]:
        """Makes what says when a recogniser of whole utterances is asked."""
        return Asking if self._recorder is None else partial(RecordedAsking, self._recorder)

    def track(self, rate_hz: int) -> VoiceTrack:
        """The agent's track."""
        if self._recorder is None:
            return VoiceTrack(rate_hz=rate_hz)
        source = RecordedSource(self._recorder, rate_hz, queue_ms=NATIVE_QUEUE_MS)
        return VoiceTrack(rate_hz=rate_hz, source=source)

    def captions(self, captions: io.TextOutput) -> io.TextOutput:
        """What shows the agent's words as they are heard."""
        return captions if self._recorder is None else RecordedCaptions(self._recorder, captions)

    def answered(self, report: TurnReport) -> None:
        """A turn was answered: where its time went."""
        self._tell("turn", **report.as_json())

    def cost(self, bill: Bill) -> None:
        """What the call has cost."""
        self._tell("cost", **bill.as_json())

    async def aclose(self) -> None:
        """End the file; takes two seconds at most."""
        if self._recorder is not None:
            self._recorder.end()
            await asyncio.to_thread(self._recorder.join)

    # What happens.

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """The greeting comes next, and says that the call is recorded."""
        self._tell("joined", back=back)
        if self._recorder is not None:
            self._recorder.announced()

    def left(self, identity: str) -> None:
        """They may come back."""
        self._tell("left")

    def typed(self, text: str) -> None:
        """Words, though not spoken."""
        self._tell("typed", text=text)

    def key(self, key: str) -> None:
        """Which one may be a digit of a card: that is not kept."""
        self._tell("key")

    def speaking(self) -> None:
        """A reply begins to sound."""
        self._tell("speaking")

    def reply(self, text: str, *, interrupted: bool) -> None:
        """What was heard of a reply."""
        self._tell("said", role="assistant", text=text, interrupted=interrupted)

    def tool(self, call: llm.FunctionCall, output: llm.FunctionCallOutput) -> None:
        """Which tool; what it was told and has said may be anybody's secret."""
        self._tell("tool", name=call.name)

    def gone(self) -> None:
        """The call is over."""
        self._tell("gone")

    def _tell(self, kind: str, **facts: Any) -> None:
        if self._recorder is not None:
            self._recorder.tell(kind, **facts)


def recorded(parts: Parts, settings: Settings) -> Recorded:
    """What is kept of a call, by the settings."""
    options = settings.record
    if options.record == "off":
        return Recorded(None)
    writer = RecordingWriter.for_job(options)
    facts = {
        "rejoinder": version("rejoinder"),
        "turn": settings.turn.model_dump(),
        "eagerness": eagerness(settings),
        "tempo": asdict(TEMPO),
        "end_model": parts.end_model is not None,
        "recogniser": "streaming" if parts.stt.capabilities.streaming else "batch",
        **{name.rpartition(".")[2]: label for name, label in parts.labels().items()},
    }
    sound = options.record == "audio"
    return Recorded(Recorder(writer, facts=facts, agent_hz=OUTPUT_RATE_HZ, sound=sound))


def with_notice(persona: Persona, options: RecordOptions) -> Persona:
    """A persona whose first words say that the call is recorded, if its sound is."""
    if options.record != "audio":
        return persona
    notice = options.notice
    if notice == ENGLISH.recorded:
        notice = lexicon_of(persona.language).recorded
    first, back = (f"{text} {notice}".strip() for text in (persona.greeting, persona.back_text))
    return replace(persona, greeting=first, back_text=back)
