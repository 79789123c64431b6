"""An STT engine that breaks other parts of the worker process it is loaded into.

`STT_ENGINE=tests.fakes.faults`; it is the `openai` engine otherwise. The file that
`STT_FAULT_FILE` names says what is broken, and can be changed during a call: `messages` (the room
takes no text streams), `turns` (the turn logic raises), `turns-once`, `detector-once`,
`voice-once` (the play-out raises).
"""

import contextlib
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import stt
from livekit.rtc.data_stream import StreamError

from agent.hearing.ear import Ear
from agent.playout.voice_track import VoiceTrack
from agent.stt.openai import engine as openai
from agent.stt.openai.options import Options as OpenAIHttpOptions
from agent.turns.turn_taker import TurnTaker


class Options(OpenAIHttpOptions):
    """The engine's, and the file of faults."""

    fault_file: str


probe = openai.probe


def build(options: Options) -> stt.STT[str]:
    faults = Path(options.fault_file)

    def active(name: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            if name == faults.read_text():
                return True
            if f"{name}-once" == faults.read_text():
                faults.unlink()
                return True
        return False

    _break(rtc.LocalParticipant, "send_text", lambda: active("messages"), StreamError("lost"))
    _break(TurnTaker, "step", lambda: active("turns"), ZeroDivisionError("what the caller said"))
    _break(Ear, "push", lambda: active("detector"), ZeroDivisionError("what the caller said"))
    _break(VoiceTrack, "_send", lambda: active("voice"), ZeroDivisionError("what the agent said"))
    return openai.build(OpenAIHttpOptions(**options.model_dump(exclude={"fault_file"})))


def _break(owner: type, name: str, active: Any, error: Exception) -> None:
    whole = getattr(owner, name)

    def broken(*args: Any, **named: Any) -> Any:
        if active():
            raise error
        return whole(*args, **named)

    setattr(owner, name, broken)
