"""Yes and no in French."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        oui, ouais, mais oui, ok, okay, d'accord, je suis d'accord, c'est d'accord, bien sûr,
        bien sûr que oui, bien entendu, certainement, absolument, volontiers, avec plaisir,
        tout à fait, entendu, c'est bon, c'est bien, ça me va, ça marche, pas de problème,
        aucun problème, pas de souci, allez-y, vas-y, faites-le, fais-le, faites, faites donc,
        vous pouvez, tu peux, vous pouvez le faire, je veux bien, j'accepte, je l'autorise,
        je vous autorise, je suis pour, je confirme, exact, exactement, c'est exact, évidemment,
        parfaitement
        """
    ),
    no=phrases(
        """
        non, mais non, nan, jamais, jamais de la vie, surtout pas, certainement pas, sûrement pas,
        pas du tout, absolument pas, bien sûr que non, pas question, hors de question,
        je ne veux pas, je veux pas, je ne préfère pas, je préfère pas, je préfère que non,
        plutôt pas, je refuse, je ne suis pas d'accord, je suis pas d'accord, pas d'accord,
        ne le faites pas, ne faites pas ça, ne fais pas ça, ne le fais pas, vous ne pouvez pas,
        ne retenez pas ça, ne retenez rien, ne le retenez pas, pas maintenant, laissez tomber,
        laisse tomber, annulez, annule, stop, ce n'est pas nécessaire, pas la peine
        """
    ),
    beside=phrases(
        """
        merci, merci bien, merci beaucoup, s'il vous plaît, s'il te plaît, ah, oh, euh, bah,
        eh bien, ben, monsieur, madame, parfait, super, très bien, ce serait gentil, c'est gentil,
        retenez-le, retenez ça, retenez cela, retiens-le, retiens ça, gardez-le, gardez ça,
        notez-le, notez ça, envoyez-le, réservez, pour la prochaine fois, la prochaine fois, alors,
        donc, le faire
        """
    ),
)
