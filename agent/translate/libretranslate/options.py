"""What a person may set for this translator, by `TRANSLATE_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pydantic import SecretStr

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """Which server."""

    url: str = setting(
        "http://127.0.0.1:8104",
        "address of the translation server, without /translate",
        pattern=r"^https?://\S+$",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server: sent as a bearer token, and as LibreTranslate's api_key"
    )
