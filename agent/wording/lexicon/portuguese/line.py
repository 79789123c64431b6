"""What is said about the line, in Portuguese."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="Ainda está aí?",
    putting_through="Vou transferir a chamada. Um momento, por favor.",
    busy="A linha está ocupada, por isso continua comigo. Em que mais posso ajudar?",
    unanswered="Ninguém atende, por isso continua comigo. Em que mais posso ajudar?",
    not_through=(
        "Não consegui transferir a chamada, por isso continua comigo. Em que mais posso ajudar?"
    ),
    no_telephone="Só posso transferir quem liga por telefone.",
    wait=phrases(
        """
        um momento, um momentinho, só um momento, só um momentinho, um instante, só um instante,
        um segundo, só um segundo, um segundinho, um minuto, só um minuto, um minutinho,
        só um minutinho, espere, espera, espere um momento, espera um momento, espere um pouco,
        espera um pouco, espere um minuto, espera um minuto, espera aí, espere aí, peraí,
        aguarde, aguarde um momento, aguarde na linha, não desligue, já volto, volto já,
        pode esperar, pode aguardar, me dê um minuto, me dá um minuto, dê-me um momento,
        deixe-me ver, deixa eu ver, deixa-me ver
        """
    ),
    beside=phrases(
        """
        por favor, sim, está bem, tá, tá bom, ok, okay, bom, ah, oh, hum, desculpe, desculpa,
        com licença, obrigado, obrigada, só
        """
    ),
)
