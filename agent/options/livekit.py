"""The LiveKit server."""

from pathlib import Path

from pydantic import SecretStr

from agent.options.fields import Section, ServerAddress, setting


class LiveKitOptions(Section):
    """Which LiveKit server the worker registers with, and how a local one is found."""

    url: ServerAddress | None = setting(
        None, "ws:// or wss:// address of the LiveKit server; empty: the demo starts one"
    )
    api_key: str | None = setting(None, "API key of that server")
    api_secret: SecretStr | None = setting(None, "API secret of that server")
    server_bin: Path | None = setting(
        None, "path of a livekit-server binary that the demo and the tests use"
    )
    server_base_url: str | None = setting(
        None,
        "folder on a web server that livekit-server's release archive is fetched from; "
        "empty: the official one",
        pattern=r"^https?://",
    )
