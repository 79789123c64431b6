"""An STT engine that breaks other parts of the worker process it is loaded into.

`STT_ENGINE=tests.fakes.faults`; it is the `openai` engine otherwise. The file that
`STT_FAULT_FILE` names says what is broken, and can be changed during a call: `messages` (the room
takes no text streams), `turns` (the turn logic raises), or `turns-once` and `detector-once`, which
break it once, while the caller speaks.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import stt
from livekit.rtc.data_stream import StreamError

from agent.hearing.ear import Ear
from agent.stt.openai import engine as openai
from agent.stt.openai.options import Options as OpenAIHttpOptions
from agent.turns.turn_taker import TurnTaker

_SAID = "what the caller said"
"""Never in a log; apart, because tracebacks show the lines that raise."""
_MID_SENTENCE = 10
"""Hops that the turn logic has listened for, in which a fault costs the utterance."""


class Options(OpenAIHttpOptions):
    """The engine's, and the file of faults."""

    fault_file: str


probe = openai.probe


def build(options: Options) -> stt.STT[str]:
    faults = Path(options.fault_file)
    listened = 0

    def fail(name: str, error: Exception) -> None:
        with contextlib.suppress(FileNotFoundError):
            wanted = faults.read_text()
            if wanted == name:
                raise error
            if wanted == f"{name}-once" and listened >= _MID_SENTENCE:
                faults.unlink()
                raise error

    def turns(taker: TurnTaker) -> None:
        nonlocal listened
        listened = listened + 1 if taker.listening else 0
        fail("turns", ZeroDivisionError(_SAID))

    _before(rtc.LocalParticipant, "send_text", lambda _: fail("messages", StreamError("lost")))
    _before(TurnTaker, "step", turns)
    _before(Ear, "push", lambda _: fail("detector", ZeroDivisionError(_SAID)))
    return openai.build(OpenAIHttpOptions(**options.model_dump(exclude={"fault_file"})))


def _before(owner: type, name: str, do: Callable[[Any], None]) -> None:
    whole = getattr(owner, name)

    def wrapped(self: Any, *args: Any, **named: Any) -> Any:
        do(self)
        return whole(self, *args, **named)

    setattr(owner, name, wrapped)
