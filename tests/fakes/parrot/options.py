"""What a person may set for this language model, by `LLM_*`."""

from agent.options import EngineOptions, setting


class Options(EngineOptions):
    """How it repeats."""

    times: int = setting(1, "how often it says what it heard", ge=1, le=9)
