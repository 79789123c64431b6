"""Who hears which voice track. Pure.

There is one for each language that somebody wants to hear. Who speaks another language than they
hear gets one of their own in which they are not spoken for: nobody hears themselves translated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.interpreting.languages import same


@dataclass(frozen=True, slots=True)
class VoiceOf:
    """A voice track, by what it is for."""

    language: str
    """BCP-47 tag."""
    without: str = field(default="", repr=False)
    """Identity of who is not spoken for in it; empty: everybody is."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What is known of somebody; tags are BCP-47, empty: none, or not known."""

    speaks: str
    hears: str
    phone: bool = False


def voices_for(
    listeners: Mapping[str, Listener], *, translated: Mapping[str, frozenset[str]]
) -> dict[VoiceOf, tuple[str, ...]]:
    """The voice tracks that are wanted, each with the identities of who hears it.

    Args:
        listeners: who is in the room, by identity.
        translated: into which languages somebody's words were translated before: what they
            speak may not be known, or not be what they said they speak.
    """
    found: dict[VoiceOf, list[str]] = {}
    for identity, listener in listeners.items():
        if not listener.hears:
            continue
        language = _known(listener.hears, found)
        own = (listener.speaks and not same(listener.speaks, language)) or any(
            same(language, into) for into in translated.get(identity, ())
        )
        found.setdefault(VoiceOf(language, identity if own else ""), []).append(identity)
    return {voice: tuple(identities) for voice, identities in found.items()}


def _known(language: str, found: Mapping[VoiceOf, object]) -> str:
    """The tag under which a language is spoken already, if it is."""
    return next((voice.language for voice in found if same(voice.language, language)), language)
