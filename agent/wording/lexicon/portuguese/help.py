"""Asking for a human being, and for help, in Portuguese."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        um humano, humano, uma pessoa, pessoa, uma pessoa real, uma pessoa de verdade,
        um ser humano, um atendente, atendente, uma atendente, um agente, um operador, operador,
        uma operadora, um representante, atendimento humano, o atendimento, alguém de verdade
        """
    ),
    asking=phrases(
        """
        por favor, sim, não, olá, oi, bom, obrigado, obrigada, desculpe, agora, só, quero, queria,
        gostaria de, eu, eu quero, eu queria, eu gostaria de, preciso, preciso de, posso, poderia,
        pode, quero falar com, falar com, falar, com, me passe para, passe para, passe-me a,
        me transfira para, transfira-me para, me conecte com, me ligue com, tem, há, para, a
        """
    ),
    emergency=phrases(
        """
        é uma emergência, emergência médica, tenho uma emergência, chame uma ambulância,
        chama uma ambulância, preciso de uma ambulância, precisamos de uma ambulância,
        chame a polícia, chama a polícia, preciso da polícia, ligue para o 112, ligue para o 190,
        ligue para o 192, está pegando fogo, há um incêndio, tem um incêndio, ataque cardíaco,
        um enfarte, um infarto, um avc, não consigo respirar, não consegue respirar,
        não está respirando, não está a respirar, não respira, está inconsciente, está desmaiado,
        sangrando muito, a sangrar muito, estão me atacando, quero me matar, quero matar-me,
        tirar minha vida, quero morrer
        """
    ),
    nobody="Desta chamada não consigo passar para ninguém.",
    no_help="Não posso pedir socorro. Desligue e marque já {number}.",
    own_number="o número de emergência",
)
