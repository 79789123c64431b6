"""Asking for a human being, and for help, in French."""

from agent.wording.lexicon.help_words import HelpWords
from agent.wording.lexicon.yes_no import phrases

HELP = HelpWords(
    human=phrases(
        """
        un humain, humain, une personne, une vraie personne, une personne réelle, un être humain,
        un conseiller, conseiller, une conseillère, un agent, un opérateur, opérateur,
        une opératrice, un représentant, le service client, quelqu'un de réel, un vrai humain
        """
    ),
    asking=phrases(
        """
        s'il vous plaît, s'il te plaît, oui, non, bonjour, bon, merci, pardon, maintenant, plutôt,
        je veux, je voudrais, j'aimerais, je souhaite, j'ai besoin, j'ai besoin de, il me faut,
        puis-je, est-ce que je peux, je peux, pouvez-vous, pourriez-vous, parler à, parler avec,
        parler, à, avec, passez-moi, me passer, mettez-moi en relation avec,
        me mettre en relation avec, transférez-moi à, transférez-moi vers, donnez-moi, y a-t-il,
        il y a
        """
    ),
    emergency=phrases(
        """
        c'est une urgence, une urgence médicale, j'ai une urgence, appelez une ambulance,
        besoin d'une ambulance, appelez les secours, appelez le samu, appelez la police,
        besoin de la police, appelez les pompiers, appelez le 112, appelez le 15, appelez le 18,
        il y a le feu, il y a un incendie, prend feu, une crise cardiaque, un infarctus,
        fait un avc, je ne peux pas respirer, je n'arrive pas à respirer, n'arrive plus à respirer,
        ne respire plus, ne respire pas, est inconscient, est inconsciente, saigne beaucoup,
        on m'attaque, me suicider, me tuer, mettre fin à mes jours, envie de mourir
        """
    ),
    nobody="Depuis cet appel, je ne peux vous passer personne.",
    no_help="Je ne peux pas appeler les secours. Raccrochez et composez tout de suite {number}.",
    own_number="le numéro d'urgence",
)
