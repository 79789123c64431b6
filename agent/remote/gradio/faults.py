"""What goes wrong with a Gradio server, in livekit-agents' terms."""

import concurrent.futures

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agent.remote.gradio.jobs import Abandoned
from agent.remote.openai_errors import BrokenOff, Refused, one_line


def explain(error: Exception) -> APIError:
    """What gradio_client raised, in livekit-agents' terms.

    Worth another try are: no connection, a connection that broke, a full queue, a server
    error, a model that failed. Not worth one: a refused login, an unknown endpoint or
    language, an answer that is not Gradio's.
    """
    from gradio_client.exceptions import AppError, AuthenticationError, ValidationError
    from gradio_client.utils import QueueError

    text = one_line(str(error))
    match error:
        case APIError():
            return error
        case httpx.TimeoutException() | TimeoutError():
            return APITimeoutError("the Gradio server did not answer in time")
        case httpx.HTTPStatusError(response=response):
            status = response.status_code
            retryable = status == 429 or status >= 500
            return Refused(
                f"the Gradio server refuses with status {status}",
                reason=response.reason_phrase,
                status_code=status,
                retryable=retryable,
            )
        case httpx.ConnectError():
            return APIConnectionError("the Gradio server cannot be reached")
        case httpx.HTTPError() | concurrent.futures.CancelledError():
            return APIConnectionError("the connection broke before the result")
        case QueueError():
            return APIStatusError("the server's queue is full", status_code=503)
        case AuthenticationError():
            return APIStatusError("the server wants a login", status_code=401)
        case ValidationError():
            return Refused("the server refuses the request", reason=text, status_code=422)
        case AppError() if "not in the list of choices" in text:
            return Refused("the server lacks what is asked for", reason=text, status_code=422)
        case AppError():
            return Refused("the server's model failed", reason=text, status_code=500)
        case ValueError() if text.startswith("Could not login"):
            return APIStatusError("the server refuses the login", status_code=401)
        case ValueError() if text.startswith("Could not fetch"):
            # A proxy in front of it, or the server itself while it loads its model.
            return APIStatusError("the server is not ready", status_code=503)
        case ValueError() if text.startswith("Did not receive"):
            return APIConnectionError("the connection ended before the result")
        case Abandoned():
            return APIConnectionError("given up", retryable=False)
        case _:
            return BrokenOff(
                "not the answer of such a Gradio server",
                reason=text or type(error).__name__,
                retryable=False,
            )
