"""What callers say to an agent, and what they say in mid-sentence, as recognisers write it.

Written down from what is said at counters, hotlines and in kitchens, not from the lists that
`agent.turns` judges by: an answer that is read wrongly is mended there, not taken out here.
"""

WHOLE_EN = """
Yes, I do. | Yes, it is. | Yes, I am. | Yes I can. | No, I don't. | No, it isn't. | I did.
I will.
No, she was. | Yes, they have. | Yeah, we could. | Of course I would. | He might. | Yes, there is.
I think so. | I don't think so. | I hope so. | I guess so. | I'm afraid so. | If you say so.
I told you so. | Just do so. | Not really. | Not quite. | Not very. | Maybe next time.
Turn it on. | Please log me in. | Count me in. | Let them in. | Could you put me through?
Come in.
Please turn the heating on. | Switch it on. | Carry on. | Hang on. | Let me think it over.
I'd love to. | I'd be glad to. | I don't want to. | You don't have to. | Only if you want to.
I didn't mean to. | I'd rather not.
That's all I have. | That's all I need. | That's what I want. | Take whatever you like.
That's everything I know. | It's exactly what I had. | I have no idea who she is. | Yes, please do.
Let's do that then. | See you then. | Fine then. | You go first. | What's next?
I don't know where it is. | I don't know what to do. | That will do. | There's nothing I can do.
I'm sure it was. | She's older than I am. | As far as I can.
That's what I'm looking for. | I know where he's from. | That's who I spoke to.
I don't remember when. | Tell me where. | I know which. | I don't have any. | Me too. | So do I.
Neither did they. | It takes a while. | I'd like that as well. | I'd like a coffee, please.
I believe so. | Not that I know of. | Try it on. | What for? | And then? | Then what? | How come?
Is that so? | That's what friends are for. | There's no one to ask. | Never mind. | Room 205.
Twenty five. | Two hundred and fifty. | At 10:30 in the morning. | On May 5. | A quarter to nine.
That's fine. Yes, I do. | Hello. I'd love to. | Okay! Turn it on. | Thank you. That's all I have.
Two of them. | At ten. | Tomorrow morning. | The blue one. | Pro and con. | Let it die. | In May.
What is barge in? | Where do you come from? | Who am I speaking with? | And what is it for?
How long is it good for? | Which one are you on? | Until when? | What should I do? | Where are we?
So what are you up to? | When can I come over? | Who was that? | How do I get in?
""".replace("\n", "|")

WHOLE_ZH = """
好的。 | 可以。 | 没问题。 | 我知道了。 | 不用了，谢谢。 | 是的，没错。 | 对。 | 不对。 | 现在。
明天下午。 | 两个人。
我要两个。 | 没有。 | 有的。 | 我明白了。 | 请继续说。 | 麻烦你了。 | 三点半。 | 谢谢你。
不客气。 | 他不在。 | 她还在。
不太清楚。 | 我不知道。 | 应该是。 | 可能吧。 | 当然可以。 | 随便。 | 都可以。 | 我不要。
是我。 | 就是。 | 上海。 | 下个星期五。
打开空调。 | 再说一遍。 | 什么意思？ | 为什么？ | 多少钱？ | 你叫什么名字？ | 在哪里？ | 对不对？
行不行？ | 这样可不可以？
今天天气不错。 | 还可以。 | 没问题。就是。 | 我喜欢。 | 嗯，我想。 | 说得很对。
""".replace("\n", "|")

SHORT_ZH = "我要这个。 | 是他们。 | 我在。 | 好 | 对 | 不是 | 明天 | 现在 | 可以的 | 没有了 | 不对"
"""Whole, but the words or the missing mark leave a doubt: read as plain or finished."""

DOUBTFUL = """
It was. | Can I? | Are they? | I already did. | I already have. | My husband does. | Mine is.
Is it on?
The red ones are. | It usually is. | I wish it was. | She told me to. | I forgot to. | I used to.
Yes, I want to. | I'd prefer those. | Just some. | Her. | Both. | $49.95. | 1985. | At 10:30.
10:30
""".replace("\n", "|")
"""The same of English."""

WHOLE_OTHERS = """
Ja, das ist richtig. | Nein, danke. | Ich nehme das. | Kommst du mit? | Ich komme mit. | Am Montag.
Mach die Tür zu. | Ich höre zu. | Das weiß ich nicht. | Genau das. | Ich rufe an. | Ja, gerne.
Das Licht ist an. | Das sagt mir zu. | Ich glaube schon. | Zwei Personen. | Wo ist das?
Sí, claro. | No lo sé. | Creo que sí. | Quiero una mesa. | Ya está. | Mañana por la tarde.
¿Dónde está? | Me gustaría, gracias. | No, así está bien. | Vale, perfecto. | Esta noche.
Oui, je crois. | Je ne sais pas. | Il y en a. | D'accord, merci. | Demain matin. | C'est ça.
J'en veux un. | Je viens avec. | Oui, il en a. | On y va. | Où est-ce ? | Deux personnes.
""".replace("\n", "|")

UNFINISHED_TEXTS = """
I would like to | I would like to. | my number is | My number is. | I'd like to order a | I need to
Could you tell me what the | What is the? | Can I have a? | My name is. | So the thing is | I was
I went to. | I live in the | He told me that I should | And then I. | Well, because. | I think it's
I'm calling because my. | It is very | Do you know if | Do you know if? | Let's | Yes, and
I have two questions about | I want. | I would like. | She said he | Turn the | When I was | If I
The reason is that we | One of. | Thank you very | It depends on whether | I can't because I'm
I was wondering if you could. | Is there any | Please send it to my | What I need is. | Where is
I'd like to know when. | Can you tell me if. | From Monday to. | Between five and. | but it's
She is in my. | Last week I was. | The address is. | He asked me if I could. | What happens when?
You know, the. | I'll take the blue one and. | Either on Monday or
Meine Nummer ist die | Ich hätte gern ein | Ich möchte morgen mit | Das ist, weil. | Und dann und
Quiero una mesa para | Mi número es el | Me gustaría ir a la | Porque. | Vivo en
Je voudrais un | Je suis venu avec le | C'est parce que. | Mon numéro et | Je vais dans
我想 | 因为。 | 我的电话是因为 | 如果明天 下雨的话 | 请问 | 我要去北京和 | 比如。 | 但是。 | 我对
你能不能 | 我想订一张桌子因为
""".replace("\n", "|")

LISTENING = """
Sure, go ahead. | go ahead | Please continue. | please go on | Perfect. | I know. | Keep going.
Carry on. | I understand. | Understood. | Gotcha. | Excellent. | Wonderful. | Definitely.
Yes, I know. | Okay, go on. | Right, I see. | That's great. | That's good to know. | Interesting.
Oh, nice. | Good. | Very good. | Fair enough. | Makes sense. | You're right. | I agree. | Lovely.
好的，请继续。 | 继续。 | 我知道。 | 我明白。 | 可以可以。 | 是这样。 | 有道理。 | 太好了。
你说。 | ok
Alles klar. | Verstehe. | Mach weiter. | Super. | D'accord, continue. | Très bien. | Entiendo.
Muy bien. | De acuerdo. | Sigue. | Perfecto. | Je comprends. | Gut.
""".replace("\n", "|")

INTERRUPTING = """
Please stop. | Go back. | I know that already. | Perfect, and what about tomorrow?
Continue where?
I don't understand. | Keep it short. | Carry it over. | That's wrong. | Sure, but
Good, now tell me
I agree, but | You're wrong. | Understood nothing. | 我知道怎么走。 | 继续上一个 | 我不明白
你说什么
Alles falsch. | Verstehe ich nicht. | Très mal. | No entiendo. | De acuerdo, pero
""".replace("\n", "|")


def texts(table: str) -> list[str]:
    """The texts of a table."""
    return [text.strip() for text in table.split("|") if text.strip()]
