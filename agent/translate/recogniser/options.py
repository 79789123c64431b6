"""What a person may set for this translator: nothing."""

from agent.options.fields import EngineOptions


class Options(EngineOptions):
    """The recogniser's settings say into what: STT_TARGET_LANGUAGE, or English by STT_TASK."""
