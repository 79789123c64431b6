"""How each of FunASR's websocket servers is told things and says them.

`PythonServer`: runtime/python/websocket/funasr_wss_server.py. `CppServer`: runtime/websocket/bin/
websocket-server-2pass.cpp. `NanoServer`: funasr/bin/realtime_ws.py.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rejoinder.stand_ins.funasr_session import Session, Word

SIGNS = ".,?!。，？！"
_WORD_S = 0.24
"""Longest that a word takes."""

Message = dict[str, Any]


class Desk(Protocol):
    """What a server needs of the stand-in."""

    times: bool
    error_at_end: str

    def finish(self, session: Session) -> None:
        """Tell all words that are there as final ones, and answer if there are none."""

    def post(self, session: Session, message: Message) -> None:
        """Say something when all that is on its way has been said."""

    def later(self, act: Callable[[], None]) -> None:
        """Do something at that moment."""


class PythonServer:
    """Audio counts while somebody speaks, by the client's word."""

    def takes_audio(self, session: Session) -> bool:
        """Whether audio that comes now is heard."""
        return session.speaking and "chunk_size" in session.hello

    def order(self, desk: Desk, session: Session, text: str) -> None:
        """Obey a text message; one that is no JSON changes nothing."""
        try:
            order = json.loads(text)
        except ValueError:
            return
        if not session.hello:
            session.hello = order
        if order.get("is_speaking") is False:
            session.ended += session.speaking
            desk.finish(session)
        session.speaking = order.get("is_speaking", session.speaking)
        if order.get("is_end"):
            last: Message = {"mode": "2pass-offline", "wav_name": _name(session), "is_end": True}
            error = {"is_final": False, "error": desk.error_at_end}
            desk.post(session, last | (error if desk.error_at_end else {"is_final": True}))

    def increment(self, session: Session, word: Word) -> Message:
        """A word as it is heard."""
        text = _increment(word)
        return {
            "mode": "2pass-online",
            "text": text,
            "wav_name": _name(session),
            "is_final": False,
        }

    def final(
        self, session: Session, words: Sequence[Word], *, times: bool, answers: bool
    ) -> list[Message]:
        """What a segment was, or that there was none."""
        message: Message = {
            "mode": "2pass-offline",
            "text": _sentence(words),
            "wav_name": _name(session),
            "is_final": True,
            "spk_name": "unknown",
            "spk_score": 0.0,
        }
        if times and words:
            spans = _spans(words)
            message["timestamp"] = [[b - spans[0][0], e - spans[0][0]] for b, e in spans]
        return [message]


class CppServer(PythonServer):
    """Its answer to an end of speech alone is `is_final`; `is_end` means nothing to it."""

    def takes_audio(self, session: Session) -> bool:
        """Audio is heard whoever is said to speak."""
        return not session.deaf and "chunk_size" in session.hello

    def order(self, desk: Desk, session: Session, text: str) -> None:
        """Obey a text message; one that is no JSON is the last that it hears."""
        try:
            order = json.loads(text)
        except ValueError:
            session.deaf = True
        if session.deaf:
            return
        if not session.hello:
            session.hello = order
        if order.get("is_speaking") is False:
            session.ended += 1
            desk.finish(session)
            session.clock_s = session.audio_s

    def final(
        self, session: Session, words: Sequence[Word], *, times: bool, answers: bool
    ) -> list[Message]:
        """What a segment was; without words there is no mode."""
        message: Message = {
            "text": _sentence(words),
            "wav_name": _name(session),
            "is_final": answers,
        }
        if words:
            message["mode"] = "2pass-offline"
            if times:
                spans = [[b, e] for b, e in _spans(words)]
                message["timestamp"] = json.dumps(spans, separators=(",", ":"))
                message["stamp_sents"] = [
                    {
                        "text_seg": " ".join(word.strip(SIGNS) for word, _ in words),
                        "punc": "",
                        "start": spans[0][0],
                        "end": spans[-1][1],
                        "ts_list": spans,
                    }
                ]
        return [message]


class NanoServer:
    """Orders are words, and each result holds all sentences since START."""

    def takes_audio(self, session: Session) -> bool:
        """Whether a session was started."""
        return bool(session.hello.get("active"))

    def order(self, desk: Desk, session: Session, text: str) -> None:
        """Obey."""
        name, _, value = text.strip().partition(":")
        match name.upper():
            case "START":
                session.hello["active"] = True
                desk.later(session.sentences.clear)
                session.clock_s = session.audio_s
                desk.post(session, {"event": "started"})
            case "STOP":
                session.ended += 1
                if self.takes_audio(session) and session.audio_s > session.clock_s:
                    desk.finish(session)
                session.hello["active"] = False
                desk.post(session, {"event": "stopped"})
            case "LANGUAGE":
                session.hello["language"] = value
                desk.post(session, {"event": "language_set", "language": value})
            case "HOTWORDS":
                session.hello["hotwords"] = value.split(",")
                desk.post(session, {"event": "hotwords_set", "hotwords": value.split(",")})

    def increment(self, session: Session, word: Word) -> Message:
        """All that was heard of the segment."""
        said = "".join(map(_increment, session.words[session.done : session.told])).strip()
        return self._message(session, said, final=False)

    def final(
        self, session: Session, words: Sequence[Word], *, times: bool, answers: bool
    ) -> list[Message]:
        """A sentence more, or none."""
        if words:
            spans = _spans(words)
            session.sentences.append(
                {"text": _sentence(words), "start": spans[0][0], "end": spans[-1][1]}
            )
        return [self._message(session, "", final=answers)]

    def _message(self, session: Session, partial: str, *, final: bool) -> Message:
        return {
            "sentences": list(session.sentences),
            "partial": partial,
            "partial_start_ms": 0,
            "duration_ms": round((session.audio_s - session.clock_s) * 1000),
            "is_final": final,
        }


Server = PythonServer | CppServer | NanoServer


def _name(session: Session) -> str:
    return str(session.hello.get("wav_name", ""))


def _increment(word: Word) -> str:
    text = word[0].strip(SIGNS).lower()
    return text if _is_dense(text) else f" {text}"


def _sentence(words: Sequence[Word]) -> str:
    texts = [word for word, _ in words]
    return ("" if all(map(_is_dense, texts)) else " ").join(texts)


def _is_dense(text: str) -> bool:
    return ord(text[:1] or " ") > 0x2E80


def _spans(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Beginning and end of words, ms."""
    spans: list[tuple[int, int]] = []
    for _, end_s in words:
        end = round(end_s * 1000)
        begin = max(0, end - round(_WORD_S * 1000), spans[-1][1] if spans else 0)
        spans.append((begin, end))
    return spans
