"""What is said about the line, in French."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="Vous êtes toujours là ?",
    putting_through="Je vous passe la ligne. Un instant, s'il vous plaît.",
    busy=(
        "La ligne est occupée, vous êtes donc toujours avec moi. Que puis-je faire "
        "d'autre pour vous ?"
    ),
    unanswered=(
        "Personne ne répond, vous êtes donc toujours avec moi. Que puis-je faire "
        "d'autre pour vous ?"
    ),
    not_through=(
        "Je n'ai pas pu transférer l'appel, vous êtes donc toujours avec moi. Que puis- "
        "je faire d'autre pour vous ?"
    ),
    no_telephone="Je ne peux transférer que les appels faits par téléphone.",
    wait=phrases(
        """
        un instant, un moment, un petit instant, un petit moment, une seconde,
        une petite seconde, une minute, une petite minute, deux secondes, deux minutes,
        attendez, attends, attendez un instant, attends un instant, attendez une seconde,
        attends une seconde, attendez une minute, attends une minute, attendez un moment,
        attends un moment, patientez, patientez un instant, ne quittez pas, ne quitte pas,
        ne raccrochez pas, je reviens, je reviens tout de suite, donnez-moi un instant,
        donnez-moi une minute, donnez-moi une seconde, je regarde, je vais voir,
        laissez-moi regarder, vous pouvez patienter, pouvez-vous patienter
        """
    ),
    beside=phrases(
        """
        s'il vous plaît, s'il te plaît, oui, d'accord, ok, okay, bon, alors, ah, oh, euh,
        pardon, excusez-moi, désolé, désolée, merci, juste
        """
    ),
)
