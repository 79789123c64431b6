"""The web server."""

from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from agent.metadata import FIELDS
from agent.options.fields import Section, ServerAddress, setting


def _job_fields(names: str) -> str:
    wrong = {name.strip() for name in names.split(",") if name.strip()} - set(FIELDS)
    if wrong:
        raise PydanticCustomError("fields", f"should be a comma list of {', '.join(FIELDS)}")
    return names


class TalkOptions(Section):
    """The web server of the talk page and the token endpoint."""

    host: str = setting("127.0.0.1", "address to listen on; beyond loopback a secret is demanded")
    port: int = setting(8100, "TCP port; 0 takes a free one", ge=0, le=65535)
    secret: SecretStr | None = setting(
        None, "shared secret that a token request must carry as `Authorization: Bearer …`"
    )
    trusted_header: str | None = setting(
        None, "header set by your own proxy that names the signed-in user, for example X-User"
    )
    allowed_origins: str = setting(
        "", "comma list of other web origins that may ask for tokens; * for all; empty: none"
    )
    shared_rooms: bool = setting(
        False,
        "whether a client may join any room whose name it knows; otherwise a room that it names "
        "gets an ending of its own, and only who opened it comes back to it",
    )
    job_fields: Annotated[str, AfterValidator(_job_fields)] = setting(
        "",
        "comma list of what clients may ask of their call in its metadata (docs/room-protocol.md): "
        f"{', '.join(FIELDS)}; instructions are the system prompt; empty: nothing",
    )
    token_ttl_s: int = setting(600, "life of a join token, seconds", ge=30, le=86400)
    tokens_per_minute: int = setting(30, "token requests per client address", ge=1, le=10000)
    agent_wait_s: float = setting(
        6.0,
        "time for an agent to join a room before it is dispatched again, seconds; LiveKit lists an "
        "accepted job up to 5 s late, so less has no effect",
        gt=0,
        le=60,
    )
    public_url: ServerAddress | None = setting(
        None, "LiveKit address given to browsers, when it differs from LIVEKIT_URL"
    )
