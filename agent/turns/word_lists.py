"""Words that `agent.turns.words` looks for, per language mixed: a caller may switch."""

# ruff: noqa: SIM905

import re

BACKCHANNELS = frozenset(
    """
    um uh er erm
    mm mhm mmhm mmm hm hmm hmmm uh-huh uhhuh uh-hum mm-hm mm-hmm m-hm aha ah oh ooh yeah yea yep
    yup yes ya okay ok right sure alright cool nice great good wow really indeed exactly true
    totally absolutely thanks good fine perfect excellent wonderful awesome amazing fantastic lovely
    brilliant super interesting definitely certainly understood gotcha continue
    ja genau klar stimmt hmhm gut richtig verstehe verstanden schön toll prima
    oui ouais voilà parfait super bien exactement continue sí claro vale ajá perfecto bueno entiendo
    entendido sigue sì certo già
    嗯 嗯嗯 嗯哼 唔 哦 噢 喔 对 对对 对对对 对的 是 是的 是啊 好 好的 好吧 行 没错
    不错 明白 知道了 啊 可以 继续 请继续 继续说 你说 我知道 我知道了 我明白 我明白了 懂了 我懂了
    这样 是这样 有道理 太好了 真的 真好 当然 行吧 是吧
    はい うん ええ そう へえ 네 예 응 그래 맞아
    """.split()
) | {
    "i see", "got it", "of course", "go on", "fair enough", "sounds good", "makes sense",
    "go ahead", "keep going", "carry on", "please continue", "please go on", "please do", "i know",
    "i understand", "i get it", "i agree", "you're right", "that's great", "that's good",
    "that's fine", "that's nice", "that's true", "that's interesting", "good to know",
    "that's good to know", "that makes sense", "very good", "very nice", "very interesting",
    "for sure", "not bad", "alles klar", "mach weiter", "sehr gut", "sehr schön", "ich verstehe",
    "weiter so", "très bien", "je vois", "je comprends", "bien sûr", "ça marche", "c'est vrai",
    "muy bien", "de acuerdo", "está bien", "por supuesto", "ya veo", "lo sé", "ya entiendo",
    "oh really", "thank you", "uh huh", "mm hm", "mm hmm", "m hm", "all right", "that's right",
    "ach so", "d'accord", "原来如此", "这样啊", "そうですね", "なるほど",
}  # fmt: skip
"""What listeners say without wanting the floor; up to four words each."""

STOPS = frozenset(
    """
    wait stop no nope hold pause quiet enough sorry actually but hey excuse halt warte stopp nein
    moment attends arrête non espera para alto aspetta fermati
    等 等等 等一下 等一等 停 停一下 不 不是 不对 别 别说了 打住 慢着 慢点 ちょっと 待って いや 違う
    잠깐 아니
    """.split()
)
"""First words that always take the floor."""

CJK_NEVER = tuple(
    """
    因为 所以 但是 可是 不过 然后 而且 如果 虽然 或者 以及 并且 比如 例如 请问 对于 关于 为了
    我想 我要 和 跟 与 把 被 从 向 一张 一个
    から ので そして でも 그리고 그런데 하지만 때문에
    """.split()
)
"""Endings of an unfinished sentence, whatever mark follows."""

CJK_SELDOM = tuple(
    """
    还有 就是 那个 这个 我们 他们 给 在 对 的话 能不能 可不可以 けど 는데
    """.split()
)
"""The same, but a mark makes it doubtful."""

CJK_WHOLE = re.compile(
    "(?:^|[不很都得非常对])对$|[现不还正也都]在$|^[对嗯是的好没错，、 ]*就是$|"
    "[是对嗯好不][的啊]?我[想要]$|不[给跟要想]$"
)
"""Whole although one of these endings is theirs."""

CJK_DONE = tuple("吗 呢 吧 了 啊 呀 谢谢 です ます か ね よ 요 다 까".split())
"""Endings of a finished one."""

NUMBERS = frozenset(
    """
    zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred double triple null eins zwei drei vier fünf sechs sieben acht neun 零 一 二 三 四 五 六
    七 八 九 幺
    """.split()
)
"""Numbers as they are dictated."""
