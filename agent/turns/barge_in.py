"""What a sound over the agent's speech is: a noise, a sign of listening, or a barge-in.

The play-out is held at the first voiced frames (`agent.turns.turn_taker`); this decides what
follows. What a voice is its words tell, not its length: the agent is silent meanwhile. Pure.
"""

from dataclasses import dataclass
from enum import Enum

from agent.hearing.ear import is_sure
from agent.turns.words import is_backchannel, takes_the_floor

NOISE_S = 0.13
"""A sound without speech in it is a noise after this time, seconds."""
QUIET_S = 0.10
"""Silence after which a short utterance is taken to be over, seconds."""
LONG_S = 0.75
"""A sign of listening as long as this, seconds of voice, may be the beginning of more: it counts
once its last words are known."""
DRAWN_OUT_S = 1.6
"""Not even a drawn-out "mm-hmm" or "sure, go ahead" is as long as this, seconds of voice."""
PATIENCE_S = 2.0
"""Longest wait for the recogniser's opinion, seconds of silence."""
_LEAST_VOICE_S = 0.09
"""Less voice than this, three windows of the detector, is a click or a cough."""
_LEAST_UNSURE_S = 0.25
"""Less voice than this, of which the detector was never sure, is a cough."""
_COUGH_OVER_S = 0.06
"""Silence after which a cough is over, seconds."""


class Verdict(Enum):
    """What to do with the held reply."""

    WAIT = "wait"
    STOP = "stop"
    """The caller takes the floor: the reply is over."""
    GO_ON = "go_on"
    """Go on with the reply, from the sample where it was held."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of the sound so far. Durations in seconds."""

    held_s: float
    """Since the play-out was held."""
    voiced_s: float
    """Speech, by the detector."""
    peak_probability: float
    """Highest probability of speech in it."""
    silence_s: float
    """Since the last speech or sound."""
    text: str | None
    """Newest words recognised; None: no answer of the recogniser yet."""
    complete: bool
    """Whether `text` is of all that was said so far."""


def judge(overlap: Overlap, *, least_speech_s: float) -> Verdict:
    """Decide about a held reply.

    Args:
        overlap: what is known.
        least_speech_s: voice that the person wants to count as a barge-in at all.
    """
    silent = overlap.silence_s >= QUIET_S
    sure = is_sure(overlap.peak_probability)
    least_s = _LEAST_VOICE_S if sure else _LEAST_UNSURE_S
    if overlap.voiced_s < max(least_s, least_speech_s):
        # A noise: short, or long and without speech in it.
        over = overlap.silence_s >= (QUIET_S if sure else _COUGH_OVER_S)
        patient = overlap.held_s < NOISE_S or (overlap.voiced_s > 0 and not over)
        return Verdict.WAIT if patient else Verdict.GO_ON
    text = overlap.text or ""
    if takes_the_floor(text, complete=overlap.complete):
        return Verdict.STOP
    listening = is_backchannel(text)
    if overlap.voiced_s >= DRAWN_OUT_S:
        return Verdict.STOP
    if not silent:
        return Verdict.WAIT
    if listening and (overlap.complete or overlap.voiced_s < LONG_S):
        # Known before its last sound was recognised: "yeah" stays "yeah", unless much follows.
        return Verdict.GO_ON
    if overlap.complete:
        return Verdict.GO_ON  # no words in it, or nobody can tell
    if overlap.silence_s < PATIENCE_S:
        return Verdict.WAIT
    # A recogniser this slow will have words of what was too long for a sign of listening.
    unknown = overlap.voiced_s >= LONG_S and not text
    return Verdict.STOP if unknown else Verdict.GO_ON
