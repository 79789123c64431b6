"""How callers ask for a human being or for help in an emergency, and what they are told."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HelpWords:
    """Of one language. Phrases are as they are written; capitals and signs make no difference."""

    human: tuple[str, ...]
    """Each alone asks for a human being."""
    asking: tuple[str, ...]
    """What may stand around one of these, in any number: "I want to talk to", "please"."""
    emergency: tuple[str, ...]
    """Anywhere in what somebody says each tells of an emergency."""
    nobody: str
    """Who asked for a human being is told that nobody can be reached."""
    no_help: str
    """In an emergency: the agent cannot call for help; `{number}` is what is to be dialled."""
    own_number: str
    """Stands there for a number that the settings do not have."""
