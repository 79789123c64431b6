"""Spanish."""

from agent.wording.lexicon.consent import Consent
from agent.wording.lexicon.entry import Lexicon
from agent.wording.lexicon.picture_words import PictureWords
from agent.wording.lexicon.spanish.figures import Spanish
from agent.wording.lexicon.spanish.help import HELP
from agent.wording.lexicon.spanish.line import LINE
from agent.wording.lexicon.spanish.pieces import PIECES
from agent.wording.lexicon.spanish.turns import TURNS
from agent.wording.lexicon.spanish.yes_no import YES_NO
from agent.wording.lexicon.turn_words import spaced

SPANISH = Lexicon(
    code="es",
    figures=Spanish(),
    turns=TURNS,
    pieces=PIECES,
    common=spaced(
        """
        el la los las de que y en un una es por con para no se su al del lo como más pero sus le
        está son muy cuesta hay tiene este esta sí usted puedo gracias hoy son
        """
    ),
    letters="ñ¿¡",
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
    stand_by="Uno de mis motores no responde; otro ocupa su lugar.",
    may_remember="¿Puedo recordar esto, y lo que hablamos, para la próxima vez?",
    recorded="Esta llamada se graba.",
    farewell="Tengo que terminar aquí nuestra llamada. Adiós.",
    help=HELP,
    line=LINE,
    pictures=PictureWords(
        blind="Lo siento, no puedo ver imágenes. Dígame con palabras qué hay en ella.",
        unwanted="En esta llamada no miro imágenes.",
        unreadable="No puedo abrirlo como imagen. Envíe un JPEG, PNG, WebP o GIF.",
        too_large="La imagen es demasiado grande: acepto hasta {mb} MB y {mp} megapíxeles.",
        too_many="Miro {most} imágenes por pregunta. Pregunte primero por estas.",
        unfinished="La imagen no llegó entera. Envíela otra vez.",
    ),
    consent=Consent(
        sentence="Acepto que el intérprete hable con mi voz.",
        core="acepto",
        against=("no", "nunca", "jamás", "tampoco", "ni", "rechazo", "si", "acaso"),
    ),
    yes_no=YES_NO,
)
