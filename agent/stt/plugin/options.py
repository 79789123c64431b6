"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from agent.options.fields import setting
from agent.remote.plugins.options import PluginOptions
from agent.stt.language import Language


class Options(PluginOptions):
    """Which plug-in, and what it is made with."""

    language: Language = setting(
        "",
        "spoken language, BCP-47, for example zh or pt-BR: for a plug-in that takes one and has "
        "none among its options; empty: its own",
        of_all=True,
    )
