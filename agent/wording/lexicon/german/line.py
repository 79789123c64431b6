"""What is said about the line, in German."""

from agent.wording.lexicon.line_words import LineWords
from agent.wording.lexicon.yes_no import phrases

LINE = LineWords(
    still_there="Sind Sie noch da?",
    putting_through="Ich verbinde Sie. Einen Moment, bitte.",
    busy=(
        "Dort ist gerade besetzt, deshalb sprechen Sie weiter mit mir. Was kann ich "
        "sonst für Sie tun?"
    ),
    unanswered=(
        "Dort nimmt niemand ab, deshalb sprechen Sie weiter mit mir. Was kann ich sonst "
        "für Sie tun?"
    ),
    not_through=(
        "Ich konnte Sie nicht verbinden, deshalb sprechen Sie weiter mit mir. Was kann "
        "ich sonst für Sie tun?"
    ),
    no_telephone="Verbinden kann ich Sie nur, wenn Sie mit dem Telefon anrufen.",
    wait=phrases(
        """
        moment, einen moment, ein moment, einen augenblick, augenblick, ein augenblick,
        eine sekunde, sekunde, eine minute, momentchen, sekündchen, kleinen moment,
        einen kleinen moment, kurzen moment, einen kurzen moment, moment mal, warten sie, warte,
        warten sie kurz, warte kurz, warten sie mal, warte mal, warten sie einen moment,
        warte einen moment, warten sie einen augenblick, warten sie eine sekunde,
        bleiben sie dran, bleib dran, bleiben sie bitte dran, bleib bitte dran,
        ich bin gleich wieder da, bin gleich wieder da, ich bin gleich zurück,
        bin gleich zurück, ich schaue nach, ich schaue kurz nach, ich schau nach,
        ich schau mal nach, ich schaue mal nach, ich sehe nach, ich muss nachsehen,
        ich muss kurz nachsehen, können sie warten, können sie kurz warten,
        können sie einen moment warten, kannst du warten, legen sie nicht auf
        """
    ),
    beside=phrases(
        """
        bitte, okay, ok, ja, gut, so, oh, ach, äh, ähm, hm, entschuldigung, entschuldigen sie,
        sorry, mal, kurz, noch, danke, nur
        """
    ),
)
