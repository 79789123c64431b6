"""What `rejoinder check` says of a plug-in that does not answer."""

from livekit.agents import APIError, APIStatusError, APITimeoutError

from agent.errors import EngineUnavailable
from agent.remote.openai_errors import reason_of
from agent.remote.plugins.faults import fault_of
from agent.remote.plugins.plugin import Plugin

_OF_THE_OPTIONS = (400, 404, 410, 422)


def explained(plugin: Plugin, error: Exception) -> EngineUnavailable:
    """An error that says what a person can do. Blocks for milliseconds: it reads the source."""
    fault = error if isinstance(error, APIError) else fault_of(error)
    return EngineUnavailable(plugin.without_secrets(f"{plugin.name} {_what(plugin, fault)}"))


def _what(plugin: Plugin, fault: APIError) -> str:
    setting = f"{plugin.kind.stage}_PLUGIN_OPTIONS"
    said = reason_of(fault)
    if isinstance(fault, APITimeoutError):
        return (
            f"gave no answer in time; look at the address and the proxy, if any ({setting}, "
            f"HTTPS_PROXY), or at the service's own status page"
        )
    if not isinstance(fault, APIStatusError):
        return (
            f"cannot use its service: {fault.message}: {said}; is it running, and is its address "
            f"right ({setting})?"
        )
    status = fault.status_code
    refused = f"is refused with status {status}: {said}"
    if status in (401, 403):
        variables = " or ".join(plugin.key_variables()) or "the plug-in's own variable"
        return f"{refused}; set {variables}, or its argument in {setting}, to a key of that service"
    if status in _OF_THE_OPTIONS:
        named = ", ".join(plugin.arguments) or "none"
        return f"{refused}; look at the model and the other arguments in {setting} (set: {named})"
    if status == 429:
        return f"{refused}; the quota is used up or the service is busy"
    return f"{refused}; see the service's own log or status page"
