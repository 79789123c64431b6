"""German."""

from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.german.figures import German

GERMAN = Lexicon(
    code="de",
    figures=German(),
    greeting="Hallo! Fragen Sie mich, was Sie über dieses Projekt wissen möchten.",
    back="Da bin ich wieder. Sprechen Sie bitte weiter.",
    filler="Einen Moment.",
    apologies={
        "stt": "Entschuldigung, das habe ich nicht verstanden. Bitte sagen Sie es noch einmal.",
        "llm": (
            "Entschuldigung, mir fällt gerade keine Antwort ein. Bitte versuchen Sie es noch "
            "einmal."
        ),
        "tts": (
            "Meine Stimme hat gerade versagt; was ich nicht sagen konnte, steht in Klammern "
            "im Text."
        ),
        "session": (
            "Entschuldigung, bei mir ist etwas kaputtgegangen. Bitte warten Sie einen "
            "Moment, oder rufen Sie noch einmal an."
        ),
    },
    spare_voice="Meine Stimme hat gerade versagt; eine andere spricht an ihrer Stelle.",
)
