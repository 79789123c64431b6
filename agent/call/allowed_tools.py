"""Which tools the model may call: those that the persona lists, whatever anybody says."""

from collections.abc import Iterable

from livekit.agents import llm

from agent.personas.persona import Persona


def allowed(tools: Iterable[llm.Tool], persona: Persona) -> list[llm.Tool]:
    """The tools of a call that `persona` may use; one without a name of its own is nobody's."""
    return [tool for tool in tools if persona.choice_of(tool.id) is not None]
