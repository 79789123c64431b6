"""What a person may set for this language model, by `LLM_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from agent.options.fields import setting
from agent.remote.plugins.options import PluginOptions


class Options(PluginOptions):
    """Which plug-in, and what it is made with."""

    plugin: str = setting(
        ...,
        "class of a plug-in that is installed, MODULE.CLASS of livekit.plugins or its whole dotted "
        "path; for example groq.LLM",
        pattern=r"^\w+(\.\w+)+$",
    )
