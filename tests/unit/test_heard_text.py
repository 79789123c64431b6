"""From the engine's audio to the history: never a word that the caller has not heard begin."""

import math
import random

import pytest

from rejoinder.stand_ins import tones
from tests.fakes.scripted_engines import Reply, Voice
from tests.fakes.whole_talk import Says, Stops, WholeTalk, play

TEXT = (
    "Certainly, that is easy to explain. Every part of the system works while you speak, so "
    "that the answer is ready when you are. You may interrupt me whenever you like, and I will "
    "stop. Is it not so? "
)


def stopped(reply: str, *, seed: int, voice: Voice) -> tuple[WholeTalk, str, int]:
    """A reply that is stopped somewhere, unless `seed` is 0.

    Returns:
        The talk, what is kept of the reply, and how many spoken words of it had begun.
    """
    at_s = random.Random(seed).uniform(0.0, 13.0)
    lines = [Says("Please tell me.", 0.3, 0.9), *([Stops("", at_s, over=1)] if seed else [])]
    talk = play(*lines, otherwise=Reply(reply, word_s=0.01), voice=voice)
    [_, (_, kept)] = talk.messages
    # A gap in the play-out, of an engine that is late, is no audio of the reply.
    begun = math.ceil(talk.heard_s / tones.WORD_S - 0.01)
    return talk, kept.removesuffix("…"), begun


@pytest.mark.parametrize("rate_hz", [24000, 22050])
@pytest.mark.parametrize("pace", [0.1, 0.8])
@pytest.mark.parametrize("seed", range(8))
def test_no_word_is_kept_that_had_not_begun(seed: int, pace: float, rate_hz: int) -> None:
    voice = Voice(rate_hz=rate_hz, pace=pace)
    talk, kept, begun = stopped(TEXT, seed=seed, voice=voice)
    assert TEXT.startswith(kept)
    assert len(kept.split()) <= begun
    if pace < 0.5:
        assert len(kept.split()) >= begun - 1
    assert talk.captions.text.startswith(kept)


FIGURES = (
    "Certainly, it costs $49.95 a month, or [less](https://example.org/less) by 24/7 use.\n"
    "```python\nimport os\n```\nThe train at 10:30 pm runs 120 km/h 😀 for you. Is it not so? "
)
SHOWN = (
    "Certainly, it costs $49.95 a month, or less (https://example.org/less) by 24/7 use.\n"
    "import os\n\nThe train at 10:30 pm runs 120 km/h 😀 for you. Is it not so? "
)
WORDS = (
    "Certainly, it costs forty-nine dollars and ninety-five cents a month, or less by twenty-four "
    "seven use. The code is on the page. The train at ten thirty PM runs one hundred twenty "
    "kilometers per hour for you. Is it not so?"
)
WHOLE = ("$49.95", "10:30 pm", "120 km/h", "24/7", "(https://example.org/less)", "import os")


@pytest.mark.parametrize("seed", range(8))
def test_what_is_shown_and_kept_is_written_while_the_voice_says_words(seed: int) -> None:
    voice = Voice()
    talk, kept, begun = stopped(FIGURES, seed=seed, voice=voice)
    assert SHOWN.startswith(kept)
    for whole in WHOLE:
        assert whole in kept or not any(
            kept.rstrip().endswith(whole[:cut]) for cut in range(2, len(whole))
        )
    # No more than one written word, whose words are up to seven, before it is whole.
    assert len(kept.split()) <= begun
    if not seed:
        assert " ".join(voice.said).split() == WORDS.split()
        assert kept == SHOWN.strip()
        assert talk.captions.text == SHOWN
