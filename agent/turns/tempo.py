"""The pace of a turn: every number that was searched for over recorded voices, in one place.

They were fitted on one set of voices and are reported on another that none of them has seen:
docs/decisions/0012-tempo.md says how, docs/latency.md what each does at 30 % more and less.
`python -m benchmarks.tempo` measures both sets again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tempo:
    """When to ask, when to guess, how long to wait. Seconds, decibels, factors."""

    # Asking the recogniser.

    fall: float = 0.9
    """The voice may be about to end when it has fallen by this share of the way from the loudest of
    its last half second to the level at which it is over (`least_voice_db`): between words it
    mostly falls less. Searched: 0.1 to 0.9, for a voice of the usual level 5 to 32 dB."""
    first_s: float = 1.5
    """An utterance seldom ends sooner, and a silence tells it when it does: until then nothing is
    asked while the voice goes on. Searched: 0.6 to 2.1 s."""
    after_pause: float = 0.6
    """Share of `first_s` after a pause: what follows one is shorter. Searched: 0.5 to 1.3."""
    dip_s: float = 0.06
    """Silence after which all words are asked for; closures of consonants are shorter, or cost a
    request. Searched: 0.03 to 0.1 s."""
    dearer: float = 1.2
    """Each request after a turn's second makes the next silence, and the time to the next request,
    so many times as long: a turn of a minute is not asked about two hundred times. Searched: 1 to
    1.5."""
    first_words_s: float = 0.3
    """Sound over the agent whose words tell what it is: Whisper tiny.en knew "okay" and "right" of
    four voices at 0.33 s."""
    pauses_dip_s: float = 0.12
    """`dip_s` with TURN_EAGERNESS=pauses: longer than closures, shorter than pauses."""
    patient_dip_s: float = 0.35
    """`dip_s` with TURN_EAGERNESS=patient: longer than most pauses inside sentences."""

    # What is done with the words.

    late_s: float = 0.32
    """Words of audio that lacks this much of the last voice may be all of them: Whisper tiny.en
    knew the last word of 28 sentences when 80 to 320 ms of it were missing."""
    lead_s: float = 0.45
    """An answer to an unfinished sentence is begun this long before its pause becomes the end: what
    model and voice take."""
    pause_s: float = 0.2
    """Shorter silences are closures of consonants and gaps between words."""
    habit: float = 1.3
    """A caller who pauses for 0.6 s inside sentences is given this many times as much."""
    dictation: float = 1.6
    """TURN_MAX_DELAY_S is so many times as long while digits are dictated: the pauses between
    groups are longer than those between words."""


TEMPO = Tempo()
