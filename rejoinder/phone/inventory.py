"""What LiveKit knows of telephones: its trunks and dispatch rules, and its refusals in words."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
from livekit import api

from agent.errors import ConfigError, EngineUnavailable, RejoinderError
from agent.options.livekit import LiveKitOptions

ANSWER_S = 10.0
_NO_REDIS = "redis required"
"""In livekit-server's refusal of whatever is about telephones."""


class NoRedisError(RejoinderError):
    """The server knows no telephones, as it has no redis."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All trunks and rules of a server, whoever made them."""

    inbound: tuple[api.SIPInboundTrunkInfo, ...] = ()
    outbound: tuple[api.SIPOutboundTrunkInfo, ...] = ()
    rules: tuple[api.SIPDispatchRuleInfo, ...] = ()


@asynccontextmanager
async def open_livekit(options: LiveKitOptions) -> AsyncIterator[api.LiveKitAPI]:
    """The API of the server of the settings.

    Raises:
        ConfigError: it is not set, or its address is none.
        EngineUnavailable: it cannot be reached, or refuses the key.
        NoRedisError: it was asked for telephones and has no redis.
        RejoinderError: it refuses what it was asked for.
    """
    if not (options.url and options.api_key and options.api_secret):
        raise ConfigError(
            "set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to those of the server that "
            "your SIP service is connected to"
        )
    limits = aiohttp.ClientTimeout(total=ANSWER_S)
    secret = options.api_secret.get_secret_value()
    with refusals(str(options.url)):
        async with api.LiveKitAPI(
            str(options.url), options.api_key, secret, timeout=limits
        ) as livekit:
            yield livekit


async def take_stock(livekit: api.LiveKitAPI) -> Inventory:
    """List all that there is."""
    inbound = await livekit.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
    outbound = await livekit.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())
    rules = await livekit.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
    return Inventory(tuple(inbound.items), tuple(outbound.items), tuple(rules.items))


def has_no_redis(error: api.ServerError) -> bool:
    """Whether a server refuses because it has no redis."""
    return _NO_REDIS in error.message


def reason(error: api.ServerError) -> str:
    """What a server says, without what its libraries put before it."""
    return error.message.removeprefix("twirp error unknown: ") or error.code


@contextmanager
def refusals(url: str) -> Iterator[None]:
    """Say a server's refusals as a person is told them."""
    try:
        yield
    except api.ServerError as error:
        if has_no_redis(error):
            raise NoRedisError(
                f"{url} knows no telephones, as it has no redis: start one, put "
                "`redis: {address: HOST:6379}` into the configurations of livekit-server and "
                "livekit-sip, and restart both"
            ) from error
        if error.status in (401, 403):
            raise EngineUnavailable(
                f"{url} refuses the key: {reason(error)}; check LIVEKIT_API_KEY and "
                "LIVEKIT_API_SECRET"
            ) from error
        raise RejoinderError(f"{url} refuses: {reason(error)}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise EngineUnavailable(
            f"{url} cannot be reached ({error or type(error).__name__}); check LIVEKIT_URL"
        ) from error
