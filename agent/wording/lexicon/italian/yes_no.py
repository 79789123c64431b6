"""Yes and no in Italian."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        sì, ok, okay, certo, certo che sì, ma certo, certamente, sicuro, sicuramente, d'accordo,
        sono d'accordo, va bene, per me va bene, mi va bene, va benissimo, volentieri, con piacere,
        naturalmente, assolutamente sì, senz'altro, come no, faccia pure, fai pure, lo faccia,
        fallo, può, può farlo, puoi, puoi farlo, proceda, procedi, prego faccia, nessun problema,
        non c'è problema, accetto, acconsento, lo permetto, confermo, esatto, esattamente, giusto,
        corretto
        """
    ),
    no=phrases(
        """
        no, mai, giammai, per niente, niente affatto, assolutamente no, certo che no, ma no,
        ovviamente no, certamente no, non voglio, non lo voglio, non voglio questo,
        preferisco di no, preferirei di no, meglio di no, meglio no, non lo faccia, non lo fare,
        non farlo, non può, non puoi, non sono d'accordo, non accetto, non acconsento, rifiuto,
        non lo ricordi, non ricordarlo, non lo salvi, non serve, non è necessario, non occorre,
        non ora, adesso no, lasci stare, lascia stare, lasci perdere, annulla, annulli, basta
        """
    ),
    beside=phrases(
        """
        grazie, grazie mille, tante grazie, molte grazie, per favore, per piacere, prego, ah, oh,
        eh, beh, signore, signora, bene, ottimo, perfetto, molto gentile, sarebbe bello, lo ricordi,
        ricordalo, se lo ricordi, ricordatelo, lo salvi, salvalo, lo annoti, annotalo, lo invii,
        prenoti, per la prossima volta, la prossima volta, allora, farlo
        """
    ),
)
