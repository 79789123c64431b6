"""English replies: where they are cut for the voice."""

from agent.wording.lexicon.piece_words import PieceWords
from agent.wording.lexicon.turn_words import spaced

PIECES = PieceWords(
    abbreviations=spaced(
        """
        mr mrs ms mx dr drs prof st mt gen col lt sgt cpt capt cmdr maj rev hon pres gov sen rep
        messrs vs viz cf al approx co ph.d b.sc m.sc
        """
    ),
    before_number=spaced(
        """
        no nos vol fig figs art sec sect ch chap pp pg eq ext apt rm jan feb apr jun jul aug sep
        sept oct nov dec
        """
    ),
    open_ended=spaced(
        """
        etc inc ltd corp llc plc bros dept est min max hrs ft lb lbs oz jr ave blvd rd a.m p.m
        """
    ),
    binds_next=spaced(
        """
        a an the my your his her its our their this that these those some any no every each all both
        of to in on at by for from with without into about over under between as like than per via
        around near behind during through and or but nor so if when while because since then which
        who whose what how where why very too more most less least not never also still always
        really quite nearly almost only just even i you he she we they it is are was were be been am
        do does did have has had can could will would shall should may might must let's let there
        here i'm you're he's she's it's we're they're that's there's here's what's i'll you'll it'll
        we'll they'll i've you've we've they've i'd you'd we'd don't doesn't didn't can't won't
        isn't aren't wasn't mr mrs ms dr st no nr & + / =
        """
    ),
    numbers=spaced(
        """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
        sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
        hundred thousand million billion half double
        """
    ),
    conjunctions=spaced("and or but because so which that while when where if then although"),
)
