"""What FunASR's HTTP servers answer, each in a form of its own."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from agent.remote.openai_errors import Refused, one_line
from agent.wording.scripts import joined
from agent.wording.transcripts import tagged_language, without_tags

_NO_SPEECH = ("list index out of range", "'text'", "'sentence_info'")
"""What the wrapper says, as an error, where its model found no speech: it takes the first of no
results, or what a result without speech has not."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part of what was said; times in seconds from the beginning of the upload."""

    text: str
    start_s: float
    end_s: float
    speaker: str | None = None
    words: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, without tags."""

    text: str
    language: str = ""
    """What the server detected; empty: it does not tell."""
    sentences: tuple[Sentence, ...] = ()

    @property
    def speaker(self) -> str | None:
        """Who spoke longest."""
        times: Counter[str] = Counter()
        for sentence in self.sentences:
            if sentence.speaker is not None:
                times[sentence.speaker] += round((sentence.end_s - sentence.start_s) * 1000) + 1
        return times.most_common(1)[0][0] if times else None


def of_wrapper(body: object) -> Heard:
    """`{"code": 0, "msg": "ok", "res": …}`: a text, or with `time_stamp` sentences in ms."""
    told = _object(body)
    _look_at_code(told, no_speech=_NO_SPEECH)
    found = told.get("res", "" if told.get("code") else None)
    if isinstance(found, str):
        return _heard(found)
    sentences = _sentences(found, per_s=1000)
    return _heard(joined(sentence.text for sentence in sentences), sentences)


def of_server(body: object) -> Heard:
    """`{"text": …, "segments": […]}`, seconds; errors are statuses."""
    told = _object(body)
    return _heard(told.get("text"), _sentences(told.get("segments") or [], per_s=1))


def of_runtime(body: object) -> Heard:
    """`{"text": …, "sentences": […], "code": 0}`. Its sentences end where they begin: not used."""
    told = _object(body)
    _look_at_code(told)
    return _heard(told.get("text"))


def of_sensevoice(body: object) -> Heard:
    """`{"result": [{"raw_text": …, "text": …, "clean_text": …}]}`.

    `raw_text` is read, whose tags are taken out one by one: the server's own pattern takes all from
    the first tag to the last out of `clean_text`, words between them too, and makes pictures of
    moods in `text`.
    """
    found = _object(body).get("result")
    if not isinstance(found, list):
        _no_transcript()
    texts: list[str] = []
    for one in found:
        told = _object(one)
        text = told["raw_text"] if "raw_text" in told else told.get("text")
        if not isinstance(text, str):
            _no_transcript()
        texts.append(text)
    return _heard(joined(texts))


READERS: dict[str, Callable[[object], Heard]] = {
    "wrapper": of_wrapper,
    "server": of_server,
    "runtime": of_runtime,
    "sensevoice": of_sensevoice,
}


def _heard(text: object, sentences: Sequence[Sentence] = ()) -> Heard:
    if not isinstance(text, str):
        _no_transcript()
    return Heard(without_tags(text), tagged_language(text), tuple(sentences))


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        _no_transcript()
    return body


def _sentences(found: object, *, per_s: int) -> list[Sentence]:
    if not isinstance(found, list):
        _no_transcript()
    sentences = []
    for one in found:
        told = _object(one)
        speaker = told.get("spk", told.get("speaker"))
        try:
            sentences.append(
                Sentence(
                    without_tags(str(told["text"])),
                    float(told["start"]) / per_s,
                    float(told["end"]) / per_s,
                    None if speaker is None else str(speaker),
                    tuple(
                        (str(word["word"]), float(word["start"]), float(word["end"]))
                        for word in told.get("words") or ()
                    ),
                )
            )
        except (KeyError, TypeError, ValueError):
            _no_transcript()
    return sentences


def _look_at_code(told: dict[str, Any], *, no_speech: Sequence[str] = ()) -> None:
    """An error that is called 200 OK.

    Raises:
        Refused: the code is not 0, and not for want of speech.
    """
    code, reason = told.get("code"), one_line(str(told.get("msg", "")))
    if type(code) is not int:
        _no_transcript()
    if code != 0 and reason not in no_speech:
        raise Refused(
            f"the recognition server fails with code {code}",
            reason=reason or f"code {code}",
            status_code=200,
            retryable=True,
        )


def _no_transcript() -> NoReturn:
    what = "the answer is not a transcription"
    raise Refused(what, reason=what, status_code=200, retryable=False)
