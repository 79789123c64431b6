"""One scene through the real turn taker, on the clock of its audio."""

from dataclasses import dataclass
from typing import Any

from agent.hearing.ear import HOP_S, RATE_HZ, Hop
from agent.options.turns import TurnOptions
from agent.turns.actions import Attend, Ended, Forget, GoOn, Guess, Hold, Stop
from agent.turns.asking import Abandon, Asking, Recognise, Request
from agent.turns.recogniser import Words
from agent.turns.schedule import Schedule
from agent.turns.tempo import Tempo
from agent.turns.turn_taker import TurnTaker
from agent.turns.words import same_words, tokens
from benchmarks.cost import Cost
from benchmarks.tempo.recogniser import Engine, Knowledge
from benchmarks.tempo.scenes import OVER_AGENT, Scene

IN_S, OUT_S = 0.047, 0.058
"""From the caller to the worker's ear and back: the path of docs/latency.md."""
ANSWER_S = 0.015 + 0.25 + 0.05 + 0.15
"""From the words to the answer's first sound: to the model, first token, first clause, voice."""
REACT_S = 0.045
"""From a hold to silence at the caller: what is on its way."""
AGAIN_S = 0.065
"""The same until the reply is heard again."""


@dataclass(slots=True)
class Outcome:
    """What came of a scene. Times in seconds, at the caller; None: it did not happen."""

    scene: Scene
    requests: int = 0
    guesses: int = 0
    """Answers begun."""
    thrown: int = 0
    """Of these, thrown away."""
    answer_s: float | None = None
    """Last voiced sample until the answer's first sound."""
    words_s: float | None = None
    """The same until the words of the answer were known."""
    cut_off: bool = False
    """The turn ended before the caller had."""
    whole: bool = False
    """One message, and nothing of it lost."""
    stop_s: float | None = None
    """First voiced sample until the agent is silent."""
    took_floor: bool = False
    gap_s: float = 0.0
    """The longest silence of a reply that went on."""


def replay(
    scene: Scene,
    heard: list[Hop],
    known: Knowledge,
    cost: Cost,
    tempo: Tempo,
) -> Outcome:
    """Play a scene to a new turn taker and a schedule of this tempo."""
    taker = TurnTaker(TurnOptions(), tempo=tempo)
    asking = Asking(Schedule(tempo=tempo))
    engine = Engine(cost)
    sent: dict[int, tuple[float, bool]] = {}
    out = Outcome(scene)
    playing = busy = scene.kind in OVER_AGENT
    guess: tuple[str, float] | None = None
    ended: list[tuple[float, str]] = []
    held: float | None = None

    def ask(requests: list[Request]) -> None:
        for request in requests:
            match request:
                case Recognise(number, pcm):
                    out.requests += 1
                    engine.ask(number, known.text(taker.now), upload_s=len(pcm) / RATE_HZ)
                    sent[number] = (taker.now, not sent)
                case Abandon(number):
                    engine.abandon(number)
                    sent.pop(number, None)

    def answer(number: int, text: str | None) -> None:
        asked = sent.pop(number, None)
        if asked is None:
            return
        began, alone = asked
        if text is None:
            lost_upto, words = asking.failed(number)
            taker.unheard(lost_upto)
        else:
            words = asking.answered(number, text, took_s=taker.now - began, alone=alone)
        if words is not None:
            do(taker.words(Words(*words)))

    def do(actions: list[Any]) -> None:
        nonlocal playing, busy, guess, held
        for action in actions:
            now = taker.now
            match action:
                case Attend(onset):
                    asking.begin(onset)
                case Forget():
                    ask(asking.abandon())
                case Guess(text):
                    out.guesses += 1
                    guess = (text, now)
                case Ended(text) if text:
                    kept = guess is not None and same_words(guess[0], text)
                    began = guess[1] if kept and guess is not None else now
                    out.guesses += not kept
                    out.thrown += out.guesses - 1
                    out.cut_off = out.cut_off or now < scene.last
                    ended.append((now, text))
                    out.words_s = began - scene.last + IN_S
                    out.answer_s = max(now, began + ANSWER_S) + IN_S + OUT_S - scene.last
                    guess, out.guesses, busy = None, 0, True
                case Hold():
                    held = now
                    if out.stop_s is None:
                        out.stop_s = now - scene.first + IN_S + REACT_S
                case GoOn():
                    if held is not None:
                        out.gap_s = max(out.gap_s, now - held + AGAIN_S - REACT_S)
                    held = None
                case Stop():
                    playing = busy = False
                    out.took_floor = True

    for hop in heard:
        if ended and taker.now > scene.last:
            break
        do(taker.step(hop, playing=playing, busy=busy))
        if taker.voice is not None:
            ask(asking.hear(hop, taker.voice))
        for number, text in engine.work(HOP_S):
            answer(number, text)
    everything = tokens(known.text(1e9) or "")
    out.whole = len(ended) == 1 and tokens(ended[0][1]) == everything
    return out
