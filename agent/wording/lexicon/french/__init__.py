"""French."""

from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.french.figures import French

FRENCH = Lexicon(
    code="fr",
    figures=French(),
    greeting="Bonjour ! Posez-moi toutes vos questions sur ce projet.",
    back="Me revoilà. Continuez, je vous en prie.",
    filler="Un instant.",
    apologies={
        "stt": "Pardon, je n'ai pas compris. Répétez, s'il vous plaît.",
        "llm": "Pardon, je ne trouve pas de réponse pour l'instant. Réessayez, s'il vous plaît.",
        "tts": (
            "Ma voix vient de me lâcher ; ce que je n'ai pas pu dire est dans le texte, "
            "entre parenthèses."
        ),
        "session": (
            "Pardon, quelque chose est tombé en panne de mon côté. Patientez un instant, ou "
            "rappelez, s'il vous plaît."
        ),
    },
    spare_voice="Ma voix vient de me lâcher ; une autre parle à sa place.",
)
