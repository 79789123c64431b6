"""Yes and no in English."""

from agent.wording.lexicon.yes_no import YesNo, phrases

YES_NO = YesNo(
    yes=phrases(
        """
        yes, yeah, yep, yup, aye, ok, okay, okey-dokey, sure, sure thing, of course, certainly,
        absolutely, definitely, by all means, please do, go ahead, go for it, do it, do that, do so,
        you may, you can, you may do that, you can do that, i agree, i do, agreed, that's fine,
        that is fine, that's okay, that is okay, that's ok, that's all right, that's alright,
        all right, alright, fine by me, fine with me, it's fine, it's okay, no problem,
        not a problem, i don't mind, sounds good, i'd like that, i would like that, i'd love that,
        i allow it, i allow that, confirmed, i confirm, correct, that's right, that is right,
        exactly
        """
    ),
    no=phrases(
        """
        no, nope, nah, no way, never, don't, dont, do not, please don't, please do not, don't do it,
        do not do it, don't do that, do not do that, don't remember it, don't remember that,
        do not remember that, do not remember it, not at all, certainly not, of course not,
        absolutely not, definitely not, i'd rather not, i would rather not, rather not, better not,
        you may not, you can't, you cannot, i don't want that, i do not want that,
        i don't want you to, i do not want you to, i don't want it, i do not agree, i don't agree,
        i disagree, not now, forget it, cancel, cancel it, cancel that, stop, no thanks,
        no thank you, not today, i don't, i do not, i'd rather you didn't
        """
    ),
    beside=phrases(
        """
        please, thanks, thank you, thank you very much, thanks a lot, many thanks, oh, well, um, uh,
        hm, very much, that would be nice, that would be great, that's nice, nice, great, perfect,
        remember it, remember that, remember this, remember me, keep it, keep that, save it,
        save that, note it, note that, send it, book it, for next time, next time, indeed, then,
        sir, now
        """
    ),
)
