"""Italian, as callers speak it."""

from agent.wording.lexicon.turn_words import Endings, SpacedEnds, TurnWords, listed, spaced

_GOOD = "bene buono bello perfetto ottimo giusto vero chiaro interessante fantastico esatto"
_HOW = ("", "molto ", "va ", "tutto ", "davvero ")
_GO_ON = "continui continua prosegua prosegui avanti"

_ENDS = SpacedEnds(
    never=spaced(
        """
        il lo la i gli le e ed o ma perché che con in di del dello della dei degli delle a al allo
        alla ai agli alle da dal dalla nel nella nei nelle sul sulla mio mia tuo tua suo sua i miei
        se un' l' dell' all' quando mentre ehm cioè quindi tra fra
        """
    ),
    rarely=spaced("io è sono ho mi ti ci si vorrei voglio posso può devo"),
    seldom=spaced("un una uno per su senza molto come dove chiamo"),
    never_pairs=spaced("mi-chiamo è-che per-esempio numero-è nome-è"),
    answer=Endings(
        r"^(?:sì |no )?(?:sono|anche|neanche|come|e) io",
        r"^(?:sì |no |certo )+(?:lo |la )?(?:è|sono|ho|voglio|vorrei|posso|può)",
        r"\b(?:credo|penso|direi|dico|spero) di (?:sì|no)",
    ),
    sentence=Endings(
        r"\b(?:voglio|vorrei|ho|dammi|mi dia|c'è|prendo|solo|manca) (?:un|una|uno)",
        r"\b(?:non|lo|la|li|le|che|come|dove|tutto|ciò|quello|così) (?:\S+ )?"
        r"(?:è|sono|ho|voglio|vorrei|posso|può)",
        r"\b(?:qual|cosa|chi|quanto|quale) (?:\S+ )?(?:è|sono)",
        r"\b(?:come|anche|neanche|sono|solo) io",
    ),
    question=Endings(
        r"\S+ (?:è|sono|io|può|posso)", r"\b(?:per|con|di|da|a) (?:che|chi)", r"^(?:come|dove)",
    ),
)  # fmt: skip

TURNS = TurnWords(
    listening=listed(
        """
        sì, si, certo, già, eh, ah, oh, mm, mhm, hm, ok, okay, capisco, capito, ho capito,
        d'accordo, va bene, certamente, esattamente, naturalmente, lo so, vedo, grazie, appunto,
        nessun problema, senz'altro, giustissimo
        """
    )
    | {how + word for how in _HOW for word in _GOOD.split()}
    | {go + please for go in _GO_ON.split() for please in ("", " pure", " per favore")},
    stops=spaced("aspetta aspetti fermati fermo no basta scusa scusi ma senta senti momento"),
    digits=spaced(
        """
        zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici
        quindici sedici diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta
        settanta ottanta novanta doppio
        """
    ),
    scales=spaced("cento mille mila milione milioni"),
    between_digits=spaced("trattino"),
    address=spaced("chiocciola punto trattino underscore barra"),
    mail=spaced("mail email e-mail posta sito"),
    numbers={
        "telefono": 9, "cellulare": 10, "carta": 15, "iban": 20, "conto": 6, "ordine": 6,
        "cliente": 6, "pratica": 6, "cap": 5, "pin": 4,
    },
    ends=_ENDS,
)  # fmt: skip
