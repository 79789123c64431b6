"""Asking for a human being, and for help, in English."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        a human, human, a human being, a real human, a real person, real person, a person,
        a live person, an actual person, an actual human, a live agent, a human agent, an agent,
        agent, an operator, operator, the operator, a representative, representative,
        a customer service representative, customer service, a member of staff, somebody real,
        someone real, a colleague
        """
    ),
    asking=phrases(
        """
        please, yes, no, hello, hi, well, okay, um, uh, sorry, thanks, thank you, just, now,
        instead, then, and, here, i, i want, i want to, i wanna, i'd like, i would like,
        i'd like to, i would like to, i need, i need to, i'd rather, i prefer to, i said, can i,
        could i, may i, can i please, can you, could you, would you, will you, let me, get, get me,
        give me, have, speak to, speak with, talk to, talk with, chat with, put me through to,
        put me on to, connect me to, connect me with, transfer me to, pass me to, hand me over to,
        switch me to, is there, there, with, to, for, not a machine, not a robot, not a computer,
        i don't want to talk to a machine, i don't want to talk to a robot, who can help me,
        is it possible to
        """
    ),
    emergency=phrases(
        """
        this is an emergency, it's an emergency, it is an emergency, there's an emergency,
        there is an emergency, medical emergency, i have an emergency, we have an emergency,
        call an ambulance, need an ambulance, send an ambulance, get an ambulance, call the police,
        need the police, call nine one one, call 911, call 112, call 999, call the fire brigade,
        call the fire department, there's a fire, there is a fire, house is on fire, is on fire,
        having a heart attack, having a stroke, can't breathe, cannot breathe, isn't breathing,
        is not breathing, not breathing, stopped breathing, is unconscious, is bleeding badly,
        being attacked, somebody is breaking in, someone is breaking in, has a gun,
        took an overdose, taken an overdose, kill myself, end my life, want to die
        """
    ),
    nobody="I cannot reach anybody for you from this call.",
    no_help="I cannot call for help. Please hang up and dial {number} now.",
    own_number="your emergency number",
)
