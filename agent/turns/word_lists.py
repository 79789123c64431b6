"""Words that `agent.turns.words` looks for, per language mixed: a caller may switch."""

# ruff: noqa: SIM905

BACKCHANNELS = frozenset(
    """
    um uh er erm
    mm mhm mmhm mmm hm hmm hmmm uh-huh uhhuh uh-hum mm-hm mm-hmm m-hm aha ah oh ooh yeah yea yep
    yup yes ya okay ok right sure alright cool nice great good wow really indeed exactly true
    totally absolutely thanks
    ja genau klar stimmt hmhm oui ouais voilà sí claro vale ajá sì certo già
    嗯 嗯嗯 嗯哼 唔 哦 噢 喔 对 对对 对对对 对的 是 是的 是啊 好 好的 好吧 行 没错
    不错 明白 知道了 啊
    はい うん ええ そう へえ 네 예 응 그래 맞아
    """.split()
) | {
    "i see", "got it", "of course", "go on", "fair enough", "sounds good", "makes sense",
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

OPEN_ENDS = frozenset(
    """
    a an the and or but nor so because since although though if when whenever while unless until
    than which who whom whose where whether as like of to in on at by for from with without about
    into onto over under between among through during before after behind near my your his her its
    our their these those some any every each another is are was were be been am being do does did
    have has had having can could will would shall should may might must i'm i'd i'll i've we're
    they're it's that's there's what's who's i we he she they very really quite trying let's lets
    want wanted need needs gonna um uh er erm hmm maybe also then first next plus minus versus per
    und oder aber weil wenn dass der die das ein eine mit für von zu
    et ou mais parce que le la les un une du avec pour y o pero porque el los las con para en
    """.split()
)
"""Words that a finished sentence hardly ever ends with."""

OPEN_PAIRS = frozenset(
    """
    would-like want-to need-to like-to going-to have-to such-as as-well for-example so-that
    because-of kind-of sort-of one-of lot-of instead-of out-of how-about what-about what-if
    """.split()
)
"""The same, two words."""

CJK_OPEN = tuple(
    """
    因为 所以 但是 可是 不过 然后 而且 如果 虽然 或者 还有 以及 并且 比如 例如 就是 那个 这个 我想
    我要 我们 他们 请问 和 跟 与 把 被 给 在 从 向 对于 关于 为了 的话 能不能 可不可以
    から けど ので そして でも 그리고 그런데 하지만 때문에 는데
    """.split()
)
"""Endings of an unfinished sentence."""

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
