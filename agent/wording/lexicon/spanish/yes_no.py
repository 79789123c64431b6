"""Yes and no in Spanish."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        sí, sip, ok, okay, vale, de acuerdo, estoy de acuerdo, claro, claro que sí, por supuesto,
        por supuesto que sí, desde luego, seguro, con gusto, con mucho gusto, está bien, bueno,
        me parece bien, perfecto, adelante, hágalo, hazlo, dale, puedes, puede hacerlo,
        puedes hacerlo, sí puede, sin problema, no hay problema, ningún problema, no me importa,
        acepto, lo acepto, lo autorizo, se lo permito, confirmo, correcto, exacto, exactamente,
        así es, cómo no
        """
    ),
    no=phrases(
        """
        no, nop, nunca, jamás, para nada, de ninguna manera, de ningún modo, ni hablar,
        claro que no, por supuesto que no, desde luego que no, no quiero, no lo quiero,
        no quiero eso, prefiero que no, mejor no, preferiría que no, no lo haga, no lo hagas,
        no haga eso, no hagas eso, no puede, no puedes, no estoy de acuerdo, no acepto,
        no lo recuerde, no lo recuerdes, no lo guarde, no lo guardes, no hace falta,
        no es necesario, ahora no, olvídelo, olvídalo, cancele, cancélelo, cancelar, alto
        """
    ),
    beside=phrases(
        """
        gracias, muchas gracias, por favor, ah, oh, eh, pues, señor, señora, muy bien, genial,
        estupendo, muy amable, recuérdelo, recuérdalo, recuérdeme, recuerde eso, recuerda eso,
        guárdelo, guárdalo, anótelo, anótalo, envíelo, resérvelo, para la próxima, hacerlo,
        para la próxima vez, la próxima vez, entonces
        """
    ),
)
