"""Yes and no in Portuguese."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        sim, ok, okay, claro, claro que sim, com certeza, certamente, de acordo, concordo,
        eu concordo, estou de acordo, está bem, tá bem, está bom, tá bom, tudo bem,
        por mim tudo bem, beleza, pode, pode sim, você pode, o senhor pode, a senhora pode,
        pode fazer, pode fazer isso, podes, podes sim, à vontade, fique à vontade, faça, faça isso,
        faz isso, vá em frente, sem problema, sem problemas, não há problema, não tem problema,
        não me importo, aceito, eu aceito, autorizo, eu autorizo, permito, confirmo, certo, correto,
        exato, exatamente, isso mesmo, pode ser
        """
    ),
    no=phrases(
        """
        não, nunca, jamais, de jeito nenhum, de modo nenhum, de maneira nenhuma, nem pensar,
        claro que não, com certeza não, certamente não, não quero, eu não quero, não quero isso,
        prefiro que não, prefiro não, eu prefiro que não, melhor não, é melhor não, não faça,
        não faça isso, não pode, não podes, não concordo, eu não concordo, discordo, não aceito,
        eu não aceito, não autorizo, não lembre, não guarde, não guarde isso, não precisa,
        não é preciso, não é necessário, agora não, esquece, esqueça, cancele, cancela, cancelar,
        não senhor
        """
    ),
    beside=phrases(
        """
        obrigado, obrigada, muito obrigado, muito obrigada, por favor, se faz favor, ah, oh, é, ué,
        bem, ótimo, perfeito, que bom, seria bom, lembre, lembre-se, lembre disso, lembrar, guarde,
        guarde isso, guardar, anote, anote isso, envie, reserve, para a próxima, para a próxima vez,
        na próxima vez, então, isso
        """
    ),
)
