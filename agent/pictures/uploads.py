"""A picture that arrives as a byte stream, read to a limit."""

import asyncio

from livekit import rtc
from livekit.rtc.data_stream import StreamError

from agent.pictures.reading import NotTaken

UPLOAD_S = 60.0
"""Longest time that a picture may take to arrive, seconds."""


async def read_upload(reader: rtc.ByteStreamReader, *, most_bytes: int) -> bytes:
    """All bytes of a stream; it is closed then, whatever happens.

    Raises:
        NotTaken: `too_large`: it has, or says that it will have, more than `most_bytes`;
            `unfinished`: its sender gave it up, or it took longer than `UPLOAD_S`.
    """
    data = bytearray()
    try:
        if (reader.info.size or 0) > most_bytes:
            raise NotTaken("too_large")
        async with asyncio.timeout(UPLOAD_S):
            async for piece in reader:
                data += piece
                if len(data) > most_bytes:
                    raise NotTaken("too_large")
    except (StreamError, TimeoutError) as error:
        raise NotTaken("unfinished") from error
    finally:
        reader.close()
    return bytes(data)
