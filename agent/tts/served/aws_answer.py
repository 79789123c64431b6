"""What a service of AWS says, as the chunks of a spoken answer."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from agent.remote.aws.clients import Service
from agent.remote.aws.errors import WIRE_ERRORS, Asked, api_error, spread_out
from agent.remote.aws.request_thread import Reply
from agent.tts.served.wire import BrokeOff

T = TypeVar("T")


async def chunks_of(
    service: Service, ask: Callable[[Any], Reply[T]], asked: Asked, *, begun: bool = False
) -> AsyncGenerator[T, None]:
    """Make a request and give what comes; closing the iterator closes the request.

    Args:
        service: who is asked.
        ask: see `Service.asked`.
        asked: for what, for messages.
        begun: whether something was given of the same text before.

    Raises:
        APIError: nothing came of the text at all.
        BrokeOff: something came, and not all of it.
    """
    try:
        with service.asked(ask) as chunks:
            async for chunk in chunks:
                begun = True
                yield chunk
    except WIRE_ERRORS as error:
        failed = api_error(error, asked, retryable=not begun)
        if begun:
            raise BrokeOff from failed
        await spread_out(failed)
        raise failed from error
