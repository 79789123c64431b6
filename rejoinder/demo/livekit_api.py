"""Whether a LiveKit server is there and takes our key."""

import aiohttp
from livekit import api

from agent.errors import RejoinderError

ANSWER_S = 8.0


async def list_rooms(url: str, api_key: str, api_secret: str) -> str:
    """Ask a LiveKit server for its rooms: that shows that it is there and takes the key.

    Raises:
        RejoinderError: it cannot be reached or refuses the key.
    """
    limits = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with api.LiveKitAPI(url, api_key, api_secret, timeout=limits) as server:
            rooms = (await server.room.list_rooms(api.ListRoomsRequest())).rooms
    except (api.ServerError, api.TwirpError) as error:
        raise RejoinderError(
            f"{url} refuses: {error.message}; check LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        ) from error
    except ValueError as error:
        raise RejoinderError(
            f"{url} is no address of a LiveKit server ({error}); check LIVEKIT_URL"
        ) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise RejoinderError(
            f"{url} cannot be reached ({error or type(error).__name__}); check LIVEKIT_URL"
        ) from error
    return f"{url} takes the key, {len(rooms)} rooms now"
