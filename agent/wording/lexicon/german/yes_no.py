"""Yes and no in German."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        ja, jaja, jo, jawohl, jep, ok, okay, klar, na klar, ja klar, klaro, sicher, aber sicher,
        natürlich, selbstverständlich, gern, gerne, sehr gern, sehr gerne, einverstanden,
        ich bin einverstanden, bin einverstanden, in ordnung, das ist in ordnung, das ist okay,
        ist okay, ist gut, das geht, das ist gut, geht klar, alles klar, passt, das passt,
        unbedingt, auf jeden fall, machen sie das, mach das, machen sie es, machen sie ruhig,
        mach ruhig, tun sie das, das dürfen sie, sie dürfen, sie dürfen das, du darfst,
        das darfst du, dürfen sie, darfst du, das können sie machen, kannst du machen,
        können sie machen, können sie gerne machen, bitte machen, kein problem, meinetwegen, genau,
        richtig, stimmt, das stimmt, ich stimme zu
        """
    ),
    no=phrases(
        """
        nein, nee, nö, ne, nie, niemals, auf keinen fall, keinesfalls, keineswegs, lieber nicht,
        bitte nicht, besser nicht, natürlich nicht, sicher nicht, bestimmt nicht, nicht nötig,
        das ist nicht nötig, nicht einverstanden, ich bin nicht einverstanden, das möchte ich nicht,
        ich möchte das nicht, möchte ich nicht, das will ich nicht, ich will das nicht,
        will ich nicht, das dürfen sie nicht, dürfen sie nicht, darfst du nicht,
        das darfst du nicht, sie dürfen nicht, machen sie das nicht, mach das nicht,
        tun sie das nicht, nicht merken, merken sie sich das nicht, merk dir das nicht,
        vergessen sie es, vergiss es, abbrechen, stopp, jetzt nicht, kommt nicht in frage,
        ich lehne ab, das geht nicht
        """
    ),
    beside=phrases(
        """
        bitte, bitte schön, danke, danke schön, vielen dank, dankeschön, ach, oh, äh, ähm, hm, na,
        doch, das wäre nett, das wäre schön, wäre nett, wäre schön, sehr nett, super, prima, toll,
        gut, merken sie sich das, merk dir das, merken sie es sich, das merken, merken,
        speichern sie das, speichern sie es, schicken sie es, buchen sie es, fürs nächste mal,
        für das nächste mal, nächstes mal, dann, so, jetzt
        """
    ),
)
