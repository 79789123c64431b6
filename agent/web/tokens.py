"""Join tokens: what a client may ask for, and the least that it is given.

The body is LiveKit's TokenSource.endpoint request. Unknown fields at its top are ignored, as
every SDK may send newer ones and they have no effect here. Inside `room_config`, which acts on
the room, everything but this worker's own dispatch is refused.

Source: https://docs.livekit.io/frontends/authentication/tokens/endpoint/
"""

import secrets
from datetime import timedelta
from typing import Annotated, Any

from livekit import api
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.functional_validators import BeforeValidator

from agent.settings import Settings

MAX_ATTRIBUTES = 16
RESERVED_ATTRIBUTES = ("lk.", "rejoinder.", "sip.")
"""Attribute prefixes that say who a participant is; a client may not claim them."""

_RANDOM_BYTES = 12
"""96 random bits in a name, so that a room cannot be guessed."""


class RequestError(Exception):
    """The client asked for something that it may not have; the message is the reason."""


def _unset(value: Any) -> Any:
    """Treat "" as not given: protobuf JSON does not tell them apart."""
    return None if value == "" else value


_Name = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]*$", max_length=128)
]
_Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._-]*$", max_length=64)]
_Value = Annotated[_Text, StringConstraints(max_length=512)]
_Metadata = Annotated[_Text, StringConstraints(max_length=2048)]


class _Dispatch(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    agent_name: str | None = None
    metadata: _Metadata | None = None
    deployment: Annotated[None, BeforeValidator(_unset)] = None


class _RoomConfig(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    agents: Annotated[list[_Dispatch], Field(max_length=1)] | None = None


class TokenRequest(BaseModel):
    """A valid request; None where the client leaves the choice to us."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    room_name: Annotated[_Name | None, BeforeValidator(_unset)] = None
    participant_name: Annotated[_Text, StringConstraints(max_length=128)] | None = None
    participant_identity: Annotated[_Name | None, BeforeValidator(_unset)] = None
    participant_metadata: _Metadata | None = None
    participant_attributes: (
        Annotated[dict[_Key, _Value], Field(max_length=MAX_ATTRIBUTES)] | None
    ) = None
    room_config: _RoomConfig | None = None

    @property
    def job_metadata(self) -> str:
        """What the agent's job receives as its metadata."""
        agents = (self.room_config and self.room_config.agents) or []
        return (agents[0].metadata or "") if agents else ""


def parse(body: Any, *, agent_name: str) -> TokenRequest:
    """Check a decoded JSON body.

    Raises:
        RequestError: a field has the wrong type, length or characters, or may not be set.
    """
    if not isinstance(body, dict):
        raise RequestError("the body must be a JSON object")
    try:
        request = TokenRequest.model_validate(body)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in fault["loc"] if part != "[key]")
        reason = "may not be set" if fault["type"] == "extra_forbidden" else fault["msg"]
        raise RequestError(f"{field}: {reason}") from None
    for key in request.participant_attributes or {}:
        if key.startswith(RESERVED_ATTRIBUTES):
            raise RequestError(f"participant_attributes: {key} may not be set")
    agents = (request.room_config and request.room_config.agents) or []
    if agents and (agents[0].agent_name or "") not in {"", agent_name}:
        raise RequestError("room_config.agents.0.agent_name: this endpoint serves another agent")
    return request


def mint(request: TokenRequest, settings: Settings) -> tuple[str, str]:
    """Sign a token for one microphone in one room.

    The holder may join that room, publish a microphone and data (typed messages), and listen;
    nothing else. With a configured agent name the room, when it is created by this join,
    dispatches that agent; otherwise LiveKit dispatches every unnamed worker by itself.

    Returns:
        The room's name and the token.
    """
    live = settings.livekit
    room = request.room_name or f"call-{secrets.token_hex(_RANDOM_BYTES)}"
    token = (
        api.AccessToken(live.api_key, live.api_secret.get_secret_value() if live.api_secret else "")
        .with_identity(request.participant_identity or f"caller-{secrets.token_hex(_RANDOM_BYTES)}")
        .with_ttl(timedelta(seconds=settings.talk.token_ttl_s))
        .with_grants(
            api.VideoGrants(
                room_join=True,
                room=room,
                can_publish=True,
                can_publish_sources=["microphone"],
                can_publish_data=True,
                can_subscribe=True,
                can_update_own_metadata=False,
            )
        )
    )
    if request.participant_name:
        token = token.with_name(request.participant_name)
    if request.participant_metadata:
        token = token.with_metadata(request.participant_metadata)
    if request.participant_attributes:
        token = token.with_attributes(request.participant_attributes)
    if settings.agent.name or request.job_metadata:
        dispatch = api.RoomAgentDispatch(
            agent_name=settings.agent.name, metadata=request.job_metadata
        )
        token = token.with_room_config(api.RoomConfiguration(agents=[dispatch]))
    return room, token.to_jwt()
