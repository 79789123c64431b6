"""German replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced("dr prof dipl st bzw ca evtl ggf inkl exkl vgl sog zzgl str hr fr"),
    before_number=spaced("nr abb art bd jan feb apr jun jul aug sep sept okt nov dez"),
    open_ended=spaced("usw usf etc min max"),
    ordinal_leads=spaced(
        """
        am der die das den dem des vom zum zur im ein eine einen einem bis ab seit nach vor
        """
    ),
    binds_next=spaced(
        """
        der die das ein eine einen einem einer eines den dem des im am zum zur mein meine dein deine
        ihr ihre unser unsere kein keine dieser diese dieses und oder aber von zu mit für bei nach
        aus auf an um bis über unter vor dass wenn weil als wie ich du er sie wir nicht sehr so ist
        sind war hat haben kann
        """
    ),
    numbers=spaced(
        """
        zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig
        sechzig siebzig achtzig neunzig hundert tausend halb halbe
        """
    ),
    conjunctions=spaced("und oder aber weil"),
)
