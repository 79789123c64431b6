"""Reading no more of an answer than is wanted, whatever the server sends."""

import httpx

AS_IT_IS = {"Accept-Encoding": "identity"}
"""Headers of a request whose answer is read here: a few kilobytes may unpack to gigabytes."""


async def body_up_to(response: httpx.Response, most: int) -> tuple[bytes, bool]:
    """The first `most` bytes of an unread body, and whether that is all of it.

    Close the response afterwards; cancelling is safe.

    Raises:
        httpx.DecodingError: it is packed, though that was not asked for.
        httpx.TransportError: the connection broke.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise httpx.DecodingError("the answer is packed", request=response.request)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            return bytes(body[:most]), False
    return bytes(body), True
