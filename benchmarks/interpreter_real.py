"""The interpreter with nothing faked: real recogniser, translator and voice, on this machine.

    python -m benchmarks.interpreter_real --weights FOLDER [--only en-pt]

Our own servers: Whisper base, the embedded English and Portuguese translator, Kokoro's voices; from
Mandarin into English a small language model. FOLDER holds `whisper-base`, `kokoro` and `llm-1.5b`;
Mandarin is spoken with misaki (`uv sync --group bench`). Reported: errors of the captions against
what was said; clauses whose translation is that of the true words by the same translator, of all
and of those whose words were recognised; errors of the spoken translation when it is recognised
again; lag of caption and voice. Figures and words for them are the same here ("9", "nine").
Writes benchmarks/results/interpreter-real-1.json.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import jiwer
import numpy as np

from agent.audio import pcm
from agent.interpreting.agreement import place
from agent.turns.words import token_spans, tokens
from agent.wording.reader import Reader
from benchmarks import prompts
from benchmarks.first_token import server
from benchmarks.interpreter import RESULTS, SENTENCES
from benchmarks.interpreter import worker as bench_worker
from benchmarks.rig import FRAME_S, OURS
from benchmarks.voices import Spoken, placed, speak
from rejoinder.scripted_caller.caller import join
from testbed.caption_reader import CaptionReader, Segment, reading
from testbed.livekit_process import livekit_binary, run_livekit
from testbed.programs import running
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import VoiceListener, listening

VOICES = "en=en_US-joe-medium,pt=pf_dora"
"""Piper and Kokoro."""
PORTUGUESE = (
    "Bom dia a todos, a reunião de hoje vai ser curta.",
    "O relatório ainda não está pronto, mas eu vou enviar os números amanhã de manhã.",
    "A nova loja abre em março, e nós precisamos de mais três pessoas para o balcão.",
    "Quando chove muito, os trens do norte atrasam, e muita gente chega tarde ao trabalho.",
    "Minha avó dizia que uma casa sem livros é como um jardim sem flores.",
    "O médico me pediu para caminhar trinta minutos por dia, mas eu quase nunca tenho tempo.",
    "Os clientes gostaram da proposta, porque o preço é bom e a entrega é rápida.",
    "Nós moramos perto do mar há dez anos, e as crianças vão para a escola de bicicleta.",
)
MANDARIN = (
    "我们明天上午九点在学校门口见面。",
    "今天的天气很好，我们去公园走走吧。",
    "火车会晚到十分钟，请大家在二号站台等。",
    "我妹妹在北京工作，她每天坐地铁上班。",
    "这本书很有意思，我昨天晚上看完了。",
    "如果明天下雨，音乐会就在大厅里举行。",
)


@dataclass(frozen=True, slots=True)
class Direction:
    """From one language into another."""

    name: str
    source: str
    target: str
    voices: tuple[str, ...]
    """Who says the sentences, in turn."""


DIRECTIONS = (
    Direction("en-pt", "en", "pt", ("piper", "flite:slt", "kokoro:am_michael")),
    Direction("en-pt people", "en", "pt", ("human:en",)),
    Direction("pt-en", "pt", "en", ("kokoro:pm_alex", "kokoro:pf_dora")),
    Direction("zh-en", "zh", "en", ("kokoro:zf_xiaoxiao", "kokoro:zm_yunxi")),
)
TEXTS: Mapping[str, Sequence[str]] = {
    "en-pt": SENTENCES,
    "pt-en": PORTUGUESE,
    "zh-en": MANDARIN,
}
SIMPLIFIED = "以下是普通话的句子。"
"""Without it Whisper base writes the traditional characters, which the text here has not."""
_PEOPLE_WORDS = (8, 24)
_PEOPLE = 6
_SILENCE_S = 8.0
_LOUD = 0.01
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence: what was said, shown and heard. Lags in seconds from a clause's last word."""

    said: str
    captions: list[str]
    translations: list[str]
    of_the_truth: list[str]
    """What the translator makes of the true words of each clause."""
    understood: list[bool]
    """Whether its words were recognised."""
    recognised: str
    """What the recogniser hears in the spoken translations."""
    caption_lags_s: list[float]
    voice_lags_s: list[float]


def words(text: str, language: str) -> list[str]:
    """The words of a text as they are said: how a figure is written makes no difference."""
    return tokens(Reader(language).say(text))


def cuts(clauses: Sequence[str], truth: str) -> list[int]:
    """Where in a true text, in words, each recognised clause ends."""
    wanted = tokens(truth)
    found, said = [], []
    for number, clause in enumerate(clauses):
        said += tokens(clause)
        following = [t for later in clauses[number + 1 :] for t in tokens(later)]
        found.append(place(said, wanted, following=following))
    return [*found[:-1], len(wanted)] if found else []


def cut_text(truth: str, begin: int, end: int) -> str:
    """The words of a text from one to another, with the marks after them."""
    begins = [at for _, at in token_spans(truth)]
    last = begins[end] if end < len(begins) else len(truth)
    return truth[begins[begin] : last].strip() if begin < min(end, len(begins)) else ""


class Studio:
    """The servers, as the benchmark asks them itself."""

    def __init__(self, http: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
        """Ask the servers at these addresses."""
        self._http = http
        self.urls = urls

    async def speak(self, text: str, voice: str) -> Spoken:
        """A sentence by one of the voices."""
        engine, _, name = voice.partition(":")
        if engine != "kokoro":
            return await asyncio.to_thread(speak, text, voice=voice)
        body = {"input": text, "voice": name, "response_format": "pcm"}
        async with self._http.post(f"{self.urls['tts']}/v1/audio/speech", json=body) as answer:
            answer.raise_for_status()
            raw = await answer.read()
        samples = np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
        return placed(text, voice, samples, rate_hz=HEARD_HZ)

    async def translate(self, text: str, source: str, target: str) -> str:
        """What the translator makes of a text."""
        body = {"q": text, "source": source, "target": target, "format": "text"}
        async with self._http.post(f"{self.urls['translate']}/translate", json=body) as answer:
            answer.raise_for_status()
            return str((await answer.json())["translatedText"])

    async def recognise(self, samples: np.ndarray, language: str) -> str:
        """What the recogniser hears in sound of `HEARD_HZ`."""
        form = aiohttp.FormData()
        sound = pcm.to_wav(samples, rate_hz=HEARD_HZ)
        form.add_field("file", sound, filename="a.wav", content_type="audio/wav")
        form.add_field("language", language)
        url = f"{self.urls['whisper']}/v1/audio/transcriptions"
        async with self._http.post(url, data=form) as answer:
            answer.raise_for_status()
            return str((await answer.json())["text"])


async def settled(reader: CaptionReader, listener: VoiceListener, language: str) -> None:
    """Wait until nothing more is shown or said."""
    counted, since = -1, time.monotonic()
    async with asyncio.timeout(_PATIENCE_S):
        while time.monotonic() - since < _SILENCE_S:
            newest = listener.voice(language).pcm()[-HEARD_HZ:]
            loud = np.abs(newest).max(initial=0.0) >= _LOUD
            count = sum(len(one.versions) for one in reader.segments.values()) + len(listener.told)
            if loud or count != counted:
                counted, since = count, time.monotonic()
            await asyncio.sleep(0.5)


def shown_since(reader: CaptionReader, kind: str, before: set[str]) -> list[Segment]:
    """The final segments of a kind that are new, in the order of the clauses."""
    found = [s for s in reader.final(kind=kind) if s.number not in before]
    return sorted(found, key=lambda s: s.shown)


async def hear(
    studio: Studio,
    direction: Direction,
    spoken: Spoken,
    caller: object,
    reader: CaptionReader,
    listener: VoiceListener,
) -> Heard:
    """Say one sentence, wait for all of it, and compare."""
    before = set(reader.segments)
    voice = listener.voice(direction.target)
    at, told = len(voice.pcm()), len(listener.told)
    said = caller.microphone.say(spoken.pcm)  # type: ignore[attr-defined]
    await said.done.wait()
    await settled(reader, listener, direction.target)
    began = said.began
    originals = shown_since(reader, "original", before)
    translations = shown_since(reader, "translation", before)
    ends = cuts([one.text for one in originals], spoken.text)
    begins_of = {one.number: n for n, one in enumerate(originals)}
    last_words = [end for word, end in spoken.words for _ in tokens(word)]
    truths, understood, caption_lags, voice_lags = [], [], [], []
    firsts = [begins_of.get(one.of, 0) for one in translations] + [len(originals)]
    for number, one in enumerate(translations):
        first, beyond = firsts[number], firsts[number + 1]
        begin = ends[first - 1] if first else 0
        end = ends[max(first, beyond - 1)]
        true = cut_text(spoken.text, begin, end)
        # A language model's translation depends on what was said before.
        fixed = true and direction.source != "zh"
        source, target = direction.source, direction.target
        truths.append(await studio.translate(true, source, target) if fixed else "")
        shown = " ".join(original.text for original in originals[first:beyond])
        understood.append(words(shown, source) == words(true, source))
        over = began + last_words[max(0, min(end, len(last_words)) - 1)]
        caption_lags.append(one.shown - over)
        sounds = [
            when
            for when, message in listener.told[told:]
            if message["segment"] == one.number and message["playing"]
        ]
        voice_lags += [sounds[0] - over] if sounds else []
    recognised = await studio.recognise(voice.pcm()[at:], direction.target)
    return Heard(
        spoken.text,
        [one.text for one in originals],
        [one.text for one in translations],
        truths,
        understood,
        recognised,
        caption_lags,
        voice_lags,
    )


async def run(direction: Direction, weights: Path, folder: Path) -> list[Heard]:
    """All sentences of a direction."""
    whisper = ("--model", str(weights / "whisper-base"), "--no-page", "--window", "fit")
    with ExitStack() as programs:
        urls = {
            "whisper": programs.enter_context(server("model_servers.whisper", folder, *whisper)),
            "tts": programs.enter_context(
                server("model_servers.tts", folder, "--kokoro", str(weights / "kokoro"))
            ),
            "translate": programs.enter_context(server("model_servers.translate", folder)),
        }
        if direction.source == "zh":
            [model] = (weights / "llm-1.5b").glob("*.gguf")
            llm = server("model_servers.llm", folder, "--model", str(model))
            urls["llm"] = programs.enter_context(llm)
        async with AsyncExitStack() as stack:
            livekit = await stack.enter_async_context(run_livekit(livekit_binary(), folder))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            studio = Studio(http, urls)
            engines = {"url": f"{urls['whisper']}/v1", "translate": urls["translate"]}
            _, env = bench_worker(OURS, livekit, engines)
            env |= {
                "STT_LANGUAGE": direction.source,
                "STT_PROMPT": SIMPLIFIED if direction.source == "zh" else "",
                "TTS_URL": f"{urls['tts']}/v1",
                "INTERPRET_TO": direction.target,
                "INTERPRET_VOICES": VOICES,
            }
            if "llm" in urls:
                env |= {
                    "TRANSLATE_ENGINE": "llm",
                    "LLM_ENGINE": "openai",
                    "LLM_URL": f"{urls['llm']}/v1",
                }
                del env["TRANSLATE_URL"]
            argv = [sys.executable, "-m", "rejoinder", "start"]
            program = programs.enter_context(running(OURS, argv, folder=folder, env=env))
            await asyncio.to_thread(program.wait_line, "registered worker")
            token = livekit.token("real", "reader", dispatch=OURS)
            reader = await stack.enter_async_context(reading(livekit.url, token))
            token = livekit.token("real", "listener")
            listener = await stack.enter_async_context(listening(livekit.url, token))
            caller = await stack.enter_async_context(
                join(livekit.url, livekit.token("real", "speaker"), frame_s=FRAME_S)
            )
            [microphone] = caller.room.local_participant.track_publications.values()
            await microphone.wait_for_subscription()
            await listener.until(lambda: direction.target in listener.voices)
            found = []
            for number, text in enumerate(texts(direction)):
                voice = direction.voices[number % len(direction.voices)]
                spoken = await studio.speak(text, voice)
                heard = await hear(studio, direction, spoken, caller, reader, listener)
                found.append(heard)
                print(json.dumps(asdict(heard), ensure_ascii=False), flush=True)
            return found


def texts(direction: Direction) -> Sequence[str]:
    """What is said."""
    if direction.voices != ("human:en",):
        return TEXTS[direction.name]
    least, most = _PEOPLE_WORDS
    said = (prompt.text for prompt in prompts.prompts("en"))
    # What a sign is called is up to who says it.
    fit = [t for t in said if least <= len(t.split()) <= most and "#" not in t]
    return fit[:: max(1, len(fit) // _PEOPLE)][:_PEOPLE]


def summary(direction: Direction, found: Sequence[Heard]) -> dict[str, float]:
    """The figures of one direction."""
    source, target = direction.source, direction.target

    def errors(truth: Sequence[str], got: Sequence[str], language: str) -> float:
        sides = [[" ".join(words(text, language)) for text in side] for side in (truth, got)]
        return float(jiwer.wer(sides[0], sides[1]))

    pairs = [
        (words(shown, target) == words(true, target), understood)
        for one in found
        for shown, true, understood in zip(
            one.translations, one.of_the_truth, one.understood, strict=True
        )
        if true
    ]
    lags = {
        "caption": [lag for one in found for lag in one.caption_lags_s],
        "voice": [lag for one in found for lag in one.voice_lags_s],
    }

    def share(hold: Sequence[bool]) -> float:
        return sum(hold) / len(hold) if hold else 0.0

    spoken = [" ".join(one.translations) for one in found]
    of_the_truth = {
        "clauses_as_of_the_truth": share([alike for alike, _ in pairs]),
        "understood_as_of_the_truth": share([alike for alike, known in pairs if known]),
    }
    return {
        "sentences": len(found),
        "clauses": sum(len(one.translations) for one in found),
        "words": sum(len(tokens(one.said)) for one in found),
        "caption_errors": errors(
            [one.said for one in found], [" ".join(one.captions) for one in found], source
        ),
        "clauses_understood": share([known for one in found for known in one.understood]),
        "spoken_errors": errors(spoken, [one.recognised for one in found], target),
        **(of_the_truth if pairs else {}),
        **{
            f"{of}_p{percent}_s": float(np.percentile(some, percent))
            for of, some in lags.items()
            for percent in (50, 95)
        },
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("REJOINDER_TEST_WEIGHTS")
    parser.add_argument("--weights", type=Path, default=default, required=default is None)
    parser.add_argument("--only", choices=[d.name for d in DIRECTIONS], help="nothing is written")
    args = parser.parse_args()
    record: dict[str, object] = {"measured": {}, "began": time.strftime("%Y-%m-%d")}
    for direction in DIRECTIONS:
        if args.only not in (None, direction.name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(run(direction, args.weights, Path(folder)))
        figures = summary(direction, found)
        print(direction.name, json.dumps(figures, indent=1), flush=True)
        record["measured"] |= {  # type: ignore[operator]
            direction.name: figures | {"heard": [asdict(one) for one in found]}
        }
    if args.only is None:
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (RESULTS / "interpreter-real-1.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
