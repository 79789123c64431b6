"""Errors a person sees.

    RejoinderError              what is wrong, where, what to do
    ├── ConfigError             a setting is missing, misspelt or impossible
    ├── EngineUnavailable       an engine cannot serve: package missing, server down
    └── StartupError            a part of the demo could not be started

Inside engines only livekit-agents' own family (`APIConnectionError`, `APIStatusError`,
`APITimeoutError`) is raised: the framework's retries and fallbacks depend on it.
"""


class RejoinderError(Exception):
    """Base of all errors of this project. The message says what, where and what to do."""


class ConfigError(RejoinderError):
    """One or more settings are missing, misspelt or impossible; the message lists all."""


class EngineUnavailable(RejoinderError):
    """An engine cannot serve; the message names the package or server and the remedy."""


class StartupError(RejoinderError):
    """A process that this command started did not become ready."""
