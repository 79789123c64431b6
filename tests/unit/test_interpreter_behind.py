"""What is done about a voice that has fallen behind, on virtual time: it is shortened or left out,
and told."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent.interpreting.listeners import VoiceOf
from agent.interpreting.shortening import LEFT_OUT, LONG_S, MOST_S, SUMMARISING, Shortening
from agent.interpreting.speech_queue import Saying, SpeechQueue
from agent.tasks import CallTasks
from tests.fakes import virtual_time
from tests.fakes.scripted_engines import Model, Reply

CLAUSE = "Then we walked home along the river, and the rain did not stop."
LISTENERS = ("bob",)


@dataclass(eq=False)
class Line:
    """A voice that says nothing: all of it waits."""

    of: VoiceOf = VoiceOf("en")
    queue: SpeechQueue = field(default_factory=SpeechQueue)

    @property
    def behind_s(self) -> float:
        return self.queue.waiting_s

    def fill(self, seconds: float) -> int:
        count = 0
        while self.behind_s <= seconds:
            self.queue.add(Saying("ann", str(count), CLAUSE, float(count)))
            count += 1
        return count


@dataclass
class Messages:
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def notice(self, text: str, *, to: tuple[str, ...], **how: Any) -> None:
        self.told.append((text, to))


def looked_at(line: Line, model: Model | None) -> list[tuple[str, tuple[str, ...]]]:
    """What the listeners are told when this is looked at twice, once the model has answered."""
    messages = Messages()

    async def look() -> None:
        async with CallTasks() as tasks:
            shortening = Shortening(tasks, messages, model)  # type: ignore[arg-type]
            shortening.look(line, LISTENERS)  # type: ignore[arg-type]
            shortening.look(line, LISTENERS)  # type: ignore[arg-type]
            await asyncio.sleep(0.5)

    virtual_time.run(look())
    return messages.told


def test_a_model_makes_one_short_text_of_what_waits() -> None:
    line = Line()
    line.fill(LONG_S)
    told = looked_at(line, Model({}, Reply("We walked home in the rain.", first_s=0.01)))
    assert told == [(SUMMARISING, LISTENERS)]
    assert [one.text for one in line.queue.waiting_of("ann")] == ["We walked home in the rain."]


def test_what_a_model_fails_at_is_said_whole() -> None:
    line = Line()
    count = line.fill(LONG_S)
    assert looked_at(line, Model({}, Reply("no", first_s=0.01, fails_after=0))) == [
        (SUMMARISING, LISTENERS)
    ]
    assert len(line.queue.waiting_of("ann")) == count


@pytest.mark.parametrize("seconds", [LONG_S - 4, LONG_S + 4], ids=["a little", "far"])
def test_without_a_model_nothing_is_shortened(seconds: float) -> None:
    line = Line()
    count = line.fill(seconds)
    assert looked_at(line, None) == []
    assert len(line.queue.waiting_of("ann")) == count


def test_the_oldest_is_left_out_in_the_end_and_told() -> None:
    line = Line()
    line.fill(MOST_S)
    assert looked_at(line, None) == [(LEFT_OUT, LISTENERS)]
    assert line.behind_s <= MOST_S
    assert line.queue.waiting_of("ann")[0].segment == "1"
