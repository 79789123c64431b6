"""What a person may set for this voice, by `TTS_*`.

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
        "path; for example elevenlabs.TTS",
        pattern=r"^\w+(\.\w+)+$",
    )
    stall_s: float = setting(
        5.0, "longest pause of the service in the middle of its answer, seconds", gt=0, le=120
    )
