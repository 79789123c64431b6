"""Personas: who the agent is."""

from pathlib import Path

from agent.options.fields import Section, setting


class PersonaOptions(Section):
    """Personas: a YAML file each (docs/personas.md)."""

    personas: Path | None = setting(
        None, "folder of the personas' files; empty: those that come with the package"
    )
    default: str = setting(
        "",
        "persona of a call for which nobody chooses another one; empty: none, the agent is as the "
        "other settings have it",
    )
