"""Spanish."""

from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.spanish.figures import Spanish

SPANISH = Lexicon(
    code="es",
    figures=Spanish(),
    greeting="¡Hola! Pregúnteme lo que quiera sobre este proyecto.",
    back="Ya estoy de vuelta. Siga, por favor.",
    filler="Un momento.",
    apologies={
        "stt": "Perdone, no lo he entendido. ¿Puede repetirlo, por favor?",
        "llm": "Perdone, ahora mismo no se me ocurre una respuesta. Inténtelo otra vez, por favor.",
        "tts": (
            "Me ha fallado la voz; lo que no he podido decir está en el texto, entre paréntesis."
        ),
        "session": (
            "Perdone, algo ha fallado por mi parte. Espere un momento o vuelva a llamar, por favor."
        ),
    },
    spare_voice="Me ha fallado la voz; otra habla en su lugar.",
)
