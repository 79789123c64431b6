"""What the benchmarks' callers say: two disjoint sets of voices, each with texts of its own.

`FITTED` are the voices over which constants were searched for; `UNSEEN` no constant has seen,
neither its voices nor its sentences. Results are reported on both and never fitted on the second.
"""

from dataclasses import dataclass

from benchmarks.prompts import prompts

Voices = tuple[str, ...]

OWN: Voices = ("piper", "flite:slt", "flite:rms", "flite:awb", "espeak:cmn")
"""Of `make bench` since its first run."""
FITTED: Voices = (*OWN, "espeak:en-us+f3", "human:it", "human:fr")
UNSEEN: Voices = (
    "flite:kal16", "flite:kal", "espeak:en-gb-scotland+m3", "espeak:de+f2", "espeak:es+m7",
    "human:en", "human:es", "human:ru",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """What a voice says; empty: this voice does not say such a thing."""

    questions: tuple[str, ...]
    interruptions: tuple[str, ...]
    unfinished: tuple[tuple[str, str], ...] = ()
    """Before and after a pause in which nobody is to answer."""
    backchannels: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()


EN = Texts(
    questions=(
        "How do I start the demo?",
        "Which speech recogniser do you use?",
        "Does it work without a network?",
        "What happens when I interrupt you?",
        "Where are the settings written?",
        "Can I call the agent by phone?",
        "I would like to hear more about the talk page.",
        "Please tell me how fast you answer.",
    ),
    interruptions=(
        "Wait, I have another question about it.",
        "No, tell me about the languages instead.",
        "Sorry, how much does all of this cost?",
        "And what about the phone, does that work?",
    ),
    unfinished=(
        ("I would like to book a table for", "two people tonight."),
        ("Could you tell me what happens when", "the network is gone?"),
        ("I want to start the demo but", "I do not have a graphics card."),
    ),
    backchannels=("uh-huh", "yeah", "okay", "right"),
    stops=("wait", "stop", "no, I mean"),
)
ZH = Texts(
    questions=(
        "这个系统怎么启动？",
        "没有网络也可以用吗？",
        "我打断你的时候会怎么样？",
        "请告诉我设置写在哪里。",
    ),
    interruptions=("等一下，我有另外一个问题。", "不是，请说说价格。"),
    unfinished=(
        ("我想订一张桌子因为", "明天有两个人来。"),
        ("请告诉我如果", "没有网络会怎么样？"),
    ),
    backchannels=("嗯", "对"),
    stops=("等一下",),
)
LONGER_EN = (
    "I ordered a pair of shoes last week and they still have not arrived.",
    "My train leaves at a quarter past nine from the central station.",
    "Could you send the invoice to my new address in the city?",
    "The second door on the left is always locked in the evening.",
)
LONGER_ZH = ("我上个星期买了一双鞋，到现在还没有收到。",)

_UNSEEN_EN = Texts(
    questions=(
        "I need to change the date of my appointment to next Thursday.",
        "What time does the pharmacy on the main street close today?",
        "Yes, the blue one with the long sleeves, please.",
        "My daughter has had a cough for about three days now.",
        "Could somebody come and look at the heating this afternoon?",
        "No, I have not received a letter from you yet.",
        "Is there a cheaper room with a view of the garden?",
        "The washing machine stops in the middle of every second wash.",
    ),
    interruptions=(
        "Hold on, that is not what I asked for.",
        "Actually, can we talk about the delivery first?",
        "Excuse me, which of the two is the cheaper one?",
        "Hang on a second, I need to find a pen.",
    ),
    unfinished=(
        ("I am looking for a present for my", "brother who likes to cook."),
        ("We arrived late last night because", "the motorway was closed."),
        ("Can you please check whether the", "parcel has already been sent?"),
    ),
    backchannels=("mm-hmm", "sure", "I see", "all right"),
    stops=("hold on", "excuse me", "no, not that"),
)
_UNSEEN_DE = Texts(
    questions=(
        "Ich möchte meinen Termin auf nächsten Donnerstag verschieben.",
        "Wann macht die Apotheke in der Hauptstraße heute zu?",
        "Haben Sie noch ein ruhiges Zimmer für zwei Nächte?",
        "Meine Tochter hat seit drei Tagen starken Husten.",
    ),
    interruptions=("Moment, das habe ich nicht gefragt.", "Nein, ich meine die andere Rechnung."),
    unfinished=(
        ("Ich suche ein Geschenk für meinen", "Bruder, der gerne kocht."),
        ("Wir kamen gestern spät an, weil", "die Autobahn gesperrt war."),
    ),
    backchannels=("genau", "verstehe"),
    stops=("Moment", "halt"),
)
_UNSEEN_ES = Texts(
    questions=(
        "Quisiera cambiar mi cita para el próximo jueves.",
        "¿A qué hora cierra hoy la farmacia de la calle mayor?",
        "¿Tienen una habitación tranquila para dos noches?",
        "Mi hija tiene mucha tos desde hace tres días.",
    ),
    interruptions=("Espera, eso no es lo que pregunté.", "No, quiero decir la otra factura."),
    unfinished=(
        ("Busco un regalo para mi", "hermano que cocina muy bien."),
        ("Llegamos muy tarde ayer porque", "la carretera estaba cerrada."),
    ),
    backchannels=("claro", "ajá"),
    stops=("espera", "un momento"),
)

_SENTENCES = 8
"""Of each human voice: whole sentences of about two to four seconds, spread over its prompts."""
_SHORT, _LONG = 30, 70


def language_of(voice: str) -> str:
    """ISO 639-1 code of what a voice speaks."""
    engine, _, name = voice.partition(":")
    return {"cm": "zh"}.get(name[:2], name[:2]) if engine in ("espeak", "human") else "en"


def texts_of(voice: str) -> Texts:
    """What a voice says."""
    engine, _, name = voice.partition(":")
    if engine == "human":
        return _prompts(name)
    language = language_of(voice)
    if language == "zh":
        return ZH
    if voice in UNSEEN:
        return {"de": _UNSEEN_DE, "es": _UNSEEN_ES}.get(language, _UNSEEN_EN)
    return EN


def longer_of(voice: str) -> tuple[str, ...]:
    """Further sentences, longer than those of `make bench`, of the voices that were fitted on."""
    if voice.startswith("human") or voice in UNSEEN:
        return ()
    return LONGER_ZH if texts_of(voice) is ZH else LONGER_EN


def _prompts(language: str) -> Texts:
    whole = [
        prompt.text
        for prompt in prompts(language)
        if _SHORT <= len(prompt.text) <= _LONG and prompt.text[-1] in ".?!"
        and not any(mark in prompt.text[:-1] for mark in ".?!#") and not any(
            letter.isdigit() for letter in prompt.text
        )
    ]  # fmt: skip
    step = max(1, len(whole) // (_SENTENCES + 2))
    chosen = tuple(whole[::step][: _SENTENCES + 2])
    return Texts(questions=chosen[:_SENTENCES], interruptions=chosen[_SENTENCES:])
