"""German, as callers speak it."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

_GOOD = "gut schön toll super prima richtig klar interessant spannend perfekt klasse wunderbar nett"
_HOW = ("", "sehr ", "ganz ", "echt ", "klingt ", "na ")
_GO_ON = ("machen sie", "reden sie", "sprechen sie", "erzählen sie", "fahren sie", "mach", "red")
_ASKS = "(?:was|wer|wen|wem|wo|wie|wann|warum|wieso|wofür|woher|wohin|welche[rs]?)"

_ENDS = SpacedEnds(
    never=spaced(
        """
        und weil wenn dass für von vom im am zum zur beim ob als sondern sowie meine deine seine
        meinen meinem meiner ihren ihrem unsere unseren äh ähm hätte würde
        """
    ),
    rarely=spaced("ich wir ist sind habe haben möchte wollte könnte könnten"),
    seldom=spaced(
        "der die das ein eine einen einem einer den dem mit zu aber oder denn mein dein sehr"
    ),
    never_pairs=spaced(
        """
        das-ist die-ist nummer-ist name-ist adresse-ist die-hat der-hat zum-beispiel ich-bin
        ich-meine
        """
    ),
    answer=Endings(
        r"^(?:ja |nein )?(?:genau|auch|nur|nicht|lieber) (?:das|die|den|der)",
        r"\bkomm\w* mit",
        r"^(?:ja|nein|doch|klar|natürlich) (?:das )?(?:ist|sind|bin|habe|hab|will|möchte|kann)"
        r"(?: ich| wir| es| sie)?",
        r"\b(?:bin|war|auch|nicht|nur|als) (?:ich|wir)",
    ),
    sentence=Endings(
        r"\b(?:nehme|nehmen|will|weiß|mag|möchte|kenne|auch|nur|nicht|lieber|brauche|sie|ich) "
        r"(?:das|die|den|der)",
        r"(?<!nummer )(?<!adresse )(?<!straße )(?<!name )\bist (?:das|die|den|der)",
        r"\b(?:komm|mach|bring|nimm|nehm|geh|fahr)\w*(?: \S+){0,3} mit",
        r"\b(?:mach|hör|stimm|schau|sag|trau|geb)\w*(?: \S+){0,4} zu",
        r"\b(?:schalt|richt|steig|kauf|schlaf|lad|check|logg)\w*(?: \S+){1,4} ein",
        # The verb at the end: "was das ist", "dass ich es habe"
        rf"\b(?:dass|ob|weil|wenn|wo|{_ASKS}|der|die|das) (?:\S+ ){{1,6}}"
        r"(?:ist|sind|habe|haben|hätte|möchte|wollte|könnte|könnten|würde)",
        r"\b(?:wie|als) (?:ich|wir)",
        r"\S+ (?:kann|muss|soll|will|möchte|weiß|glaube|denke|hatte|nehme|meine) ich",
    ),
    doubtful=Endings(
        r"^(?:ich|wir|er|sie|es|das) (?:habe|haben|möchte|wollte|könnte|ist|sind)",
        r"^(?:mein|meine|dein)",
    ),
    question=Endings(
        r"\boder",
        r"^\w+ (?:\S+ ){0,4}(?:mit|zu|ein|das|den|die|der)",
        r"\S+ (?:ich|wir)",
        rf"^(?:und |aber )?{_ASKS} (?:\S+ )*(?:ist|sind)",
    ),
)

TURNS = TurnWords(
    listening=listed(
        """
        ja, jaja, jo, genau, stimmt, hmhm, mhm, hm, aha, achso, ach so, ach, oh, okay, verstehe,
        verstanden, ich verstehe, alles klar, na klar, weiter so, weiter, in ordnung, kein problem,
        ich weiß, weiß ich, einverstanden, danke, freut mich
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()}
    | {
        f"{go} {please}{on}"
        for go in _GO_ON
        for please in ("", "bitte ", "ruhig ", "nur ")
        for on in ("weiter", "fort")
    },
    stops=spaced("warte warten stopp halt nein moment aber sorry entschuldigung falsch hören"),
    digits=spaced(
        """
        null eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn
        fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig
        achtzig neunzig doppel
        """
    ),
    scales=spaced("hundert tausend million millionen"),
    between_digits=spaced("strich bindestrich"),
    address=spaced("at ät punkt unterstrich minus bindestrich strich klammeraffe schrägstrich"),
    mail=spaced("mail email e-mail e-mail-adresse mailadresse webseite website"),
    numbers={
        "telefonnummer": 10, "handynummer": 10, "handy": 10, "telefon": 10, "rückrufnummer": 10,
        "kartennummer": 15, "iban": 20, "kontonummer": 6, "bestellnummer": 6, "kundennummer": 6,
        "postleitzahl": 5, "pin": 4,
    },
    ends=_ENDS,
)  # fmt: skip
