"""What a person may set for this translator, by `TRANSLATE_*`."""

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """How the model of LLM_ENGINE is asked."""

    style: str = setting(
        "",
        "what the model is told about its style, for example: formal, as in a court",
        empty=True,
    )
