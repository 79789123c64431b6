"""What a persona's file wishes for, beside what the settings say."""

from typing import Any

from agent.metadata import PersonaWishes
from agent.personas.persona_file import PersonaFile
from agent.personas.texts import said_in


def wishes_of(file: PersonaFile, languages: tuple[str, ...]) -> PersonaWishes:
    """In one call, whose `languages` (BCP-47 tags) are expected, the most likely one first."""
    texts = {
        "instructions": file.instructions,
        "greeting": file.greeting,
        "back_text": file.back,
        "filler": file.filler,
        "farewell": file.farewell,
    }
    said = {
        name: said_in(by_language, languages)
        for name, by_language in texts.items()
        if by_language is not None
    }
    told: dict[str, Any] = {**said}
    if file.languages:
        told["languages"] = file.languages
    voice = said_in(file.voice, languages)
    if voice is not None:
        told |= {"voice": voice.name, "speed": voice.speed}
    apologies = {fault: said_in(by, languages) for fault, by in file.apologies.items()}
    return PersonaWishes(**told, apologies=apologies)


def beside(wishes: PersonaWishes, others: PersonaWishes) -> PersonaWishes:
    """Both; where both say something, it is as `wishes` say."""
    own = {name: getattr(wishes, name) for name in wishes.model_fields_set}
    told = {name: wish for name, wish in own.items() if wish is not None}
    if wishes.apologies and others.apologies:
        told["apologies"] = {**others.apologies, **wishes.apologies}
    return others.model_copy(update=told)
