"""Turn-taking."""

from typing import Literal

from agent.options.fields import Section, setting


class TurnOptions(Section):
    """When the caller's turn is over and when the agent stops."""

    min_speech_s: float = setting(
        0.05, "voiced audio before speech is declared, seconds", ge=0.03, le=1.0
    )
    eagerness: Literal["auto", "eager", "pauses", "patient"] = setting(
        "auto",
        "latency against engine requests; eager: recognise while the caller speaks and begin the "
        "answer at the first dip of the voice; pauses: recognise and begin at each pause; patient: "
        "only when the turn seems over; auto: eager with a recogniser of your own, else pauses",
    )
    min_silence_s: float = setting(
        0.6, "silence that ends a turn when the words tell nothing, seconds", ge=0.1, le=3.0
    )
    min_delay_s: float = setting(
        0.25, "least silence that ends a turn, seconds: words that are surely complete", ge=0, le=5
    )
    max_delay_s: float = setting(
        1.2, "silence that ends a turn in the middle of a sentence, seconds", ge=0.1, le=10
    )
    model: Literal["none", "v1-mini"] = setting(
        "none",
        "end-of-turn model that shortens or lengthens the wait by how the voice sounds; v1-mini: "
        "the one in livekit-agents, on this machine, 14 languages, 110 MB more per process",
    )
    vad_threshold: float = setting(0.5, "speech probability that counts as speech", gt=0, lt=1)
    barge_in: bool = setting(True, "whether speaking over the agent stops it")
    barge_in_min_s: float = setting(
        0.1,
        "least speech over the agent that can stop it, seconds; shorter sounds are noise",
        ge=0.03,
        le=2.0,
    )
