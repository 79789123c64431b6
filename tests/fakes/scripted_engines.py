"""A recogniser, a model and a voice that do what a script says, at the moment it says.

Each keeps what it was asked, when, and how the request ended.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    LanguageCode,
    llm,
    stt,
    tts,
    utils,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer

from agent.call.parts import Parts
from agent.costs.meter import Meter
from agent.llm.reply_filter import Habit
from agent.settings.load import Settings
from rejoinder.stand_ins import tones
from tests.fakes import caller_sound
from tests.fakes.caller_sound import Vocabulary
from tests.fakes.metering import metered

End = Literal["asked", "answered", "cancelled", "failed"]
MOST_TONES = 40
_MARKS = re.compile(r"[^\w\s']")


@dataclass
class Asked:
    """One request, as its engine saw it."""

    at: float
    text: str
    """What the model was asked last, or the voice was given to say."""
    end: End = "asked"


@asynccontextmanager
async def _request(asked: list[Asked], text: str = "") -> AsyncIterator[Asked]:
    request = Asked(asyncio.get_running_loop().time(), text)
    asked.append(request)
    try:
        yield request
    except asyncio.CancelledError:
        request.end = "cancelled"
        raise
    except Exception:
        request.end = "failed"
        raise
    else:
        request.end = "answered"


class Recogniser(stt.STT[str]):
    """Knows the words of `vocabulary`, `delay_s` after it was sent them."""

    def __init__(self, vocabulary: Vocabulary, *, delay_s: float, fails: bool = False) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._vocabulary = vocabulary
        self.delay_s = delay_s
        self.fails = fails
        self.asked: list[Asked] = []

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        pcm = np.frombuffer(rtc.combine_audio_frames(buffer).data, np.int16)
        text = self._vocabulary.known(pcm)
        async with _request(self.asked, text):
            await asyncio.sleep(self.delay_s)
            if self.fails:
                raise APIConnectionError("out of order", retryable=False)
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[
                stt.SpeechData(language=LanguageCode("en" if text.isascii() else "zh"), text=text)
            ],
        )


def bare(text: str) -> str:
    """The words without marks and capitals: what engines that stream write."""
    return _MARKS.sub("", text).casefold()


@dataclass(frozen=True)
class Reply:
    """What the model answers, and how fast."""

    text: str
    first_s: float = 0.3
    """From the request to the first word."""
    word_s: float = 0.02
    fails_after: int | None = None
    """Words after which a request for it fails."""
    fails: int | None = None
    """How many of its requests fail so, the first ones; None: all."""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """Tools that it calls after its words, with their arguments."""


class Model(llm.LLM[str]):
    """Answers what it is asked last as `replies` say; anything else with `otherwise`.

    Results of tools ask too, those of one round together. Each letter is a token.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply | str],
        otherwise: Reply | str = "I see. Go on, if you like.",
    ) -> None:
        super().__init__()
        self._replies = {bare(text): reply for text, reply in replies.items()}
        self._otherwise = otherwise
        self.asked: list[Asked] = []

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        return _Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)

    def reply_to(self, text: str) -> Reply:
        found = self._replies.get(bare(text), self._otherwise)
        return Reply(found) if isinstance(found, str) else found


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        model = self._llm
        assert isinstance(model, Model)
        messages = [m for m in self._chat_ctx.items if isinstance(m, llm.ChatMessage)]
        text = _asked_last(self._chat_ctx)
        async with _request(model.asked, text):
            reply = model.reply_to(text)
            before = sum(asked.text == text for asked in model.asked) - 1
            fails = reply.fails is None or before < reply.fails
            await asyncio.sleep(reply.first_s)
            for n, word in enumerate(reply.text.split(" ") if reply.text else ()):
                if n == reply.fails_after and fails:
                    raise APIConnectionError("the model broke off", retryable=False)
                delta = llm.ChoiceDelta(role="assistant", content=f" {word}" if n else word)
                self._event_ch.send_nowait(llm.ChatChunk(id="answer", delta=delta))
                await asyncio.sleep(reply.word_s)
            for name, arguments in reply.calls:
                call = llm.FunctionToolCall(
                    name=name, arguments=json.dumps(arguments), call_id=utils.shortuuid("call_")
                )
                delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
                self._event_ch.send_nowait(llm.ChatChunk(id="answer", delta=delta))
            asked = sum(len(m.text_content or "") for m in messages)
            usage = llm.CompletionUsage(
                prompt_tokens=asked,
                completion_tokens=len(reply.text),
                total_tokens=asked + len(reply.text),
            )
            self._event_ch.send_nowait(llm.ChatChunk(id="answer", usage=usage))


def _asked_last(history: llm.ChatContext) -> str:
    """The caller's last words, or the results of tools that have come since."""
    results: list[str] = []
    for item in reversed(history.items):
        if isinstance(item, llm.FunctionCallOutput):
            results.insert(0, item.output)
        elif isinstance(item, llm.ChatMessage) and item.role == "user":
            return " ".join(results) or item.text_content or ""
        elif isinstance(item, llm.ChatMessage) and item.role == "assistant" and results:
            break
    return " ".join(results)


class Voice(tts.TTS[str]):
    """Says each word as a tone of 0.3 s; the same word is the same tone."""

    def __init__(
        self,
        *,
        first_s: float = 0.15,
        pace: float = 0.1,
        rate_hz: int = 24000,
        dies_at: str = "",
        fails: int = 0,
    ) -> None:
        """Take `first_s` until the first sample and then `pace` seconds for a second of sound.

        A piece with the word `dies_at` breaks off in its middle, each time. The first `fails`
        pieces get no sound at all.
        """
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=rate_hz, num_channels=1
        )
        self.first_s, self.pace, self.dies_at, self.fails = first_s, pace, dies_at, fails
        self.asked: list[Asked] = []
        self._tones: dict[str, int] = {}

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Speech(tts=self, input_text=text, conn_options=conn_options)

    @property
    def said(self) -> list[str]:
        """The pieces that it was given to say."""
        return [asked.text for asked in self.asked]

    def tones_of(self, text: str) -> list[int]:
        """The number of each word; a new one gets the next."""
        return [self._tones.setdefault(word, len(self._tones)) for word in text.split()]

    def words_in(self, pcm: np.ndarray) -> list[str]:
        """The words that sounded in int16 samples."""
        words = list(self._tones)
        assert len(words) <= MOST_TONES, "further words have the same tones"
        sound = pcm.astype(np.float32) / 32768
        heard = tones.heard(sound, rate_hz=self.sample_rate)
        return [words[number] for number, _, _ in heard]


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, Voice)
        rate_hz = voice.sample_rate
        output_emitter.initialize(
            request_id="speech", sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm"
        )
        async with _request(voice.asked, self.input_text):
            await asyncio.sleep(voice.first_s)
            if len(voice.asked) <= voice.fails:
                raise APIConnectionError("the voice is gone", retryable=False)
            words = self.input_text.split()
            pcm = tones.speak(voice.tones_of(self.input_text), rate_hz=rate_hz)
            dies = voice.dies_at in words and voice.dies_at != ""
            size = rate_hz // 10 * 2
            for at in range(0, len(pcm), size):
                if dies and at >= len(pcm) // 2:
                    raise APIConnectionError("the voice broke off", retryable=False)
                output_emitter.push(pcm[at : at + size])
                await asyncio.sleep(0.1 * voice.pace)


def parts_of(
    settings: Settings, recogniser: stt.STT[str], model: Model, voice: Voice, spare: Voice
) -> Parts:
    """What a process would load for these engines."""
    meter = Meter()
    return Parts(
        detector=lambda: caller_sound.probability,
        end_model=None,
        stt=metered("stt", recogniser, meter),
        llm=metered("llm", model, meter),
        tts=metered("tts", voice, meter),
        spare_tts=spare,
        stt_pace=None,
        llm_pace=None,
        llm_habit=Habit(),
        llm_stall_s=settings.reply.stall_s,
        chosen={"stt": settings.stt[0], "llm": settings.llm[0], "tts": settings.tts[0]},
        meter=meter,
    )
