"""The model itself, through transformers: speech and text in, text and speech out.

Everything here blocks, and runs in one thread at a time: the tokenizer keeps the language of its
last text. A batch stops before its next token once nobody waits for any of it.

Source: transformers, models/seamless_m4t_v2 (`SeamlessM4Tv2Model.generate`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_servers.seamless_m4t.languages import LANGUAGES, SPOKEN, token_of
from model_servers.seamless_m4t.settings import SeamlessSettings
from model_servers.seamless_m4t.work import Answer, Task
from model_servers.serving.decode import RATE_HZ
from model_servers.serving.lost_gpu import lost_by

_UNFINISHED = "\ufffd"
"""In a text whose last character lacks tokens."""
_SILENCE_PEAK = 1e-4
"""-80 dBFS: digital silence with dither. The model would make words of it."""
_TOKENS_PER_S, _TOKENS_PER_TOKEN, _LEAST_TOKENS, _MOST_TOKENS = 16, 2, 32, 1024
"""Of an answer, by the length of speech and by that of a text. A model that repeats itself would
fill all the room there is; the last is the public demo's."""


class _Stopped(Exception):
    """Nobody waits for this batch any more."""


@dataclass(slots=True)
class Translator:
    """A loaded model with its processor."""

    name: str
    device: str
    precision: str
    model: Any
    """`SeamlessM4Tv2Model`, in evaluation."""
    features: Any
    """Its feature extractor."""
    tokenizer: Any
    settings: SeamlessSettings
    broken: str = ""
    """Why it will not work again in this process; empty: it will."""

    @property
    def written(self) -> frozenset[str]:
        """Codes of the languages that it can write."""
        return self._known("text_decoder_lang_to_code_id", LANGUAGES)

    @property
    def spoken(self) -> frozenset[str]:
        """Codes of the languages that it can speak too."""
        return self._known("vocoder_lang_code_to_id", SPOKEN) & self.written

    def answer(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer] | None:
        """Work on tasks of one kind together.

        Args:
            tasks: at least one.
            tell: called with a task's number and a further piece of its text, as it is made; not
                with a beam size above 1, where the text is known at the end. None: nobody wants it.
            nobody_waits: looked at before each token.

        Returns:
            Answers in order; None when it was stopped.
        """
        silent = [task.samples is not None and _is_silent(task.samples) for task in tasks]
        heard = [task for task, is_silent in zip(tasks, silent, strict=True) if not is_silent]
        places = [number for number, is_silent in enumerate(silent) if not is_silent]
        answers = [Answer("") for _ in tasks]
        if heard:
            try:
                made = self._generate(heard, _moved(tell, places), nobody_waits)
            except _Stopped:
                return None
            except Exception as error:
                self.broken = self.broken or lost_by(error)
                raise
            for place, answer in zip(places, made, strict=True):
                answers[place] = answer
        return answers

    def _known(self, table: str, offered: Any) -> frozenset[str]:
        known = getattr(self.model.generation_config, table, None) or {}
        return frozenset(code for code in offered if token_of(code, known) is not None)

    def _generate(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer]:
        first, inputs = tasks[0], self._inputs(tasks)
        known = self.model.generation_config.text_decoder_lang_to_code_id
        # What begins with text_ is for the text's decoder alone.
        options: dict[str, Any] = {
            "tgt_lang": token_of(first.target, known),
            "generate_speech": first.speaks,
            "text_num_beams": self.settings.beam_size,
            "text_max_new_tokens": _most_tokens(tasks, inputs),
            "text_stopping_criteria": [_stops_when(nobody_waits)],
        }
        if self.settings.beam_size == 1 and tell is not None:
            options["text_streamer"] = _Pieces(self.tokenizer, len(tasks), tell)
        if first.speaks:
            options |= {
                "speaker_id": self.settings.speaker,
                "return_intermediate_token_ids": True,
            }
        made = self.model.generate(**inputs, **options)
        texts = self.tokenizer.batch_decode(made.sequences, skip_special_tokens=True)
        texts = [text.strip() for text in texts]
        if not first.speaks:
            return [Answer(text) for text in texts]
        # Of one text it has no dimension.
        lengths = [int(length) for length in made.waveform_lengths.reshape(-1).tolist()]
        waves = made.waveform.float().cpu().numpy().reshape(len(tasks), -1)
        return [
            Answer(text, _pcm(wave[:length]) if text else b"")
            for text, wave, length in zip(texts, waves, lengths, strict=True)
        ]

    def _inputs(self, tasks: Sequence[Task]) -> Mapping[str, Any]:
        if tasks[0].samples is not None:
            inputs = self.features(
                [task.samples for task in tasks], sampling_rate=RATE_HZ, return_tensors="pt"
            )
            features = inputs["input_features"].to(self.device, self.model.dtype)
            mask = inputs["attention_mask"].to(self.device)
            return {"input_features": features, "attention_mask": mask}
        known = self.model.generation_config.text_decoder_lang_to_code_id
        tokens = []
        for task in tasks:
            # As an attribute: not every version heeds the argument.
            self.tokenizer.src_lang = token_of(task.source, known)
            tokens.append(self.tokenizer(task.text)["input_ids"])
        padded = self.tokenizer.pad({"input_ids": tokens}, padding=True, return_tensors="pt")
        return {name: padded[name].to(self.device) for name in ("input_ids", "attention_mask")}


class _Pieces:
    """Takes tokens as they are made, and tells of each text what has come to it.

    transformers calls it like its own streamers, which know one text only.
    """

    def __init__(self, tokenizer: Any, count: int, tell: Callable[[int, str], None]) -> None:
        self._tokenizer = tokenizer
        self._tell = tell
        self._tokens: list[list[int]] = [[] for _ in range(count)]
        self._told = [""] * count
        self._begun = False

    def put(self, tokens: Any) -> None:
        """The beginning of all texts, which is no text; then one token of each."""
        if not self._begun:
            self._begun = True
            return
        for number, token in enumerate(tokens.reshape(-1).tolist()):
            self._tokens[number].append(token)
            text = self._tokenizer.decode(self._tokens[number], skip_special_tokens=True).lstrip()
            told = self._told[number]
            if len(text) > len(told) and not text.endswith(_UNFINISHED) and text.startswith(told):
                self._told[number] = text
                self._tell(number, text[len(told) :])

    def end(self) -> None:
        """All texts are complete."""


def _stops_when(nobody_waits: Callable[[], bool]) -> Callable[..., Any]:
    """A stopping criterion that never says stop, but breaks off when nobody waits."""
    import torch

    def look(input_ids: Any, scores: Any, **more: Any) -> Any:
        if nobody_waits():
            raise _Stopped
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)

    return look


def _most_tokens(tasks: Sequence[Task], inputs: Mapping[str, Any]) -> int:
    if tasks[0].samples is None:
        most = int(inputs["input_ids"].shape[1]) * _TOKENS_PER_TOKEN
    else:
        most = int(max(task.length_s for task in tasks) * _TOKENS_PER_S)
    return min(_MOST_TOKENS, _LEAST_TOKENS + most)


def _moved(
    tell: Callable[[int, str], None] | None, places: Sequence[int]
) -> Callable[[int, str], None] | None:
    """Tells of a task by its place among all tasks."""
    return None if tell is None else lambda number, text: tell(places[number], text)


def _is_silent(samples: Any) -> bool:
    return len(samples) < RATE_HZ // 10 or float(np.abs(samples).max()) < _SILENCE_PEAK


def _pcm(wave: Any) -> bytes:
    pcm: bytes = (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()
    return pcm
