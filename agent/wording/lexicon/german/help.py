"""Asking for a human being, and for help, in German."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        ein Mensch, Mensch, einem Menschen, einen Menschen, einer echten Person,
        einem echten Menschen, eine echte Person, eine Person, einer Person, einem Mitarbeiter,
        einen Mitarbeiter, Mitarbeiter, einer Mitarbeiterin, eine Mitarbeiterin, einem Berater,
        einen Berater, einem Kollegen, jemand Echtes, jemandem Echten, der Zentrale, die Zentrale,
        Zentrale, dem Kundendienst, den Kundendienst, Kundendienst, einem Agenten, einen Agenten
        """
    ),
    asking=phrases(
        """
        bitte, ja, nein, hallo, also, gut, danke, Entschuldigung, jetzt, lieber, doch, mal, nur,
        ich, ich will, ich möchte, ich würde gern, ich würde gerne, ich brauche, ich hätte gern,
        kann ich, könnte ich, darf ich, können Sie, könnten Sie, mit, zu, an, sprechen, reden,
        verbinden Sie mich mit, verbinden Sie mich, verbinde mich mit, mich, verbinden,
        stellen Sie mich durch zu, durchstellen, geben Sie mir, gibt es, ich möchte mit,
        ich will mit, ich möchte zu, einmal, gern, gerne, da
        """
    ),
    emergency=phrases(
        """
        das ist ein Notfall, es ist ein Notfall, ist ein Notfall, einen Notfall,
        medizinischer Notfall, brauche einen Krankenwagen, brauchen einen Krankenwagen,
        rufen Sie einen Krankenwagen, ruf einen Krankenwagen, rufen Sie den Notarzt,
        brauche einen Notarzt, rufen Sie die Polizei, ruf die Polizei, brauche die Polizei,
        rufen Sie die Feuerwehr, rufen Sie 112, es brennt, einen Herzinfarkt, einen Schlaganfall,
        kriege keine Luft, bekomme keine Luft, bekommt keine Luft, kriegt keine Luft,
        kann nicht atmen, atmet nicht, ist bewusstlos, blutet stark, werde angegriffen,
        bricht bei mir ein, bringe mich um, mich umbringen, mir das Leben nehmen, will sterben
        """
    ),
    nobody="Ich kann Sie in diesem Gespräch mit niemandem verbinden.",
    no_help="Ich kann keine Hilfe rufen. Bitte legen Sie auf und wählen Sie sofort {number}.",
    own_number="den Notruf",
)
