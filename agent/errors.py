"""Errors a person sees.

    RejoinderError              what is wrong, where, what to do
    ├── ConfigError             a setting is missing, misspelt or impossible
    ├── EngineUnavailable       an engine cannot serve: package missing, server down
    ├── MetadataError           a job was asked for what there is not
    └── StartupError            a part of the demo could not be started

Inside engines only livekit-agents' own family (`APIConnectionError`, `APIStatusError`,
`APITimeoutError`) is raised: the framework's retries and fallbacks depend on it.
"""

from agent.masking import masked_text


class RejoinderError(Exception):
    """Base of all errors of this project. The message says what, where and what to do.

    Passwords and keys in it, such as an address has, are masked.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(masked_text(arg) if isinstance(arg, str) else arg for arg in args))


class ConfigError(RejoinderError):
    """One or more settings are missing, misspelt or impossible; the message lists all."""


class EngineUnavailable(RejoinderError):
    """An engine cannot serve; the message names the package or server and the remedy."""


class MetadataError(RejoinderError):
    """A job's metadata ask for what there is not; the message holds nothing of their content."""


class StartupError(RejoinderError):
    """A process that this command started did not become ready."""
