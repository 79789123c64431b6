"""What goes wrong in a plug-in, in the words that a call understands.

Plug-ins raise what they like: livekit-agents' errors with the service's text, which may repeat what
a caller said, or whatever the library below them raises.
"""

import ssl

from livekit.agents import APIConnectionError, APIError, APITimeoutError

from agent.remote.openai_errors import BrokenOff, Refused, TimedOut, one_line, reason

_PASSING = (408, 409, 425, 429)
"""Statuses below 500 that another try may change."""
_MISUNDERSTOOD = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What code raises that is given something else than it expects."""
_CHAIN = 10


def fault_of(error: Exception, *, begun: bool = False) -> APIError:
    """The error to raise in place of a plug-in's.

    Its text holds nothing of the plug-in's; `reason` has that, for `rejoinder check`.

    Args:
        error: what was raised.
        begun: whether part of the answer was passed on, so that nothing may be tried again.
    """
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if any(isinstance(one, TimeoutError | APITimeoutError) for one in _chain(error)):
        return TimedOut("the plug-in's service did not answer in time", retryable=not begun)
    said = _reason(error)
    status = _status(error)
    if status:
        return Refused(
            f"the plug-in's service refuses with status {status}",
            reason=said,
            status_code=status,
            retryable=(status in _PASSING or status >= 500) and not begun,
        )
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return BrokenOff("the service's certificate is not valid", reason=said, retryable=False)
    if isinstance(root, _MISUNDERSTOOD) and not isinstance(root, OSError):
        return BrokenOff(
            "the plug-in does not understand the answer of its service",
            reason=said,
            retryable=False,
        )
    passing = getattr(error, "retryable", True) and not begun
    return BrokenOff("the connection of the plug-in broke", reason=said, retryable=bool(passing))


def _status(error: Exception) -> int:
    """The HTTP status of a refusal; 0: it is none. Websockets' codes of closing are none."""
    for one in _chain(error):
        for name in ("status_code", "status", "code"):
            status = getattr(one, name, None)
            if isinstance(status, int) and 400 <= status < 600:
                return status
    return 0


def _reason(error: Exception) -> str:
    """What the service says, on one line."""
    root = _root(error)
    for one in (error, root):
        said = reason(getattr(one, "body", None))
        if said:
            return said
    # The text of aiohttp's errors has the whole address, with what is asked for, its message not.
    for one in (error, root):
        message = getattr(one, "message", "")
        if isinstance(message, str) and message and not isinstance(one, APIConnectionError):
            return one_line(message)
    return one_line(str(root) or type(root).__name__)


def _root(error: BaseException) -> BaseException:
    return _chain(error)[-1]


def _chain(error: BaseException) -> list[BaseException]:
    """An error, what caused it, and so on."""
    chain = [error]
    while len(chain) < _CHAIN:
        last = chain[-1]
        if isinstance(last, BaseExceptionGroup):
            cause: BaseException | None = last.exceptions[0]
        else:
            cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in chain:
            break
        chain.append(cause)
    return chain
