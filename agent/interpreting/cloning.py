"""Who is interpreted in their own voice: they ask for it, say yes aloud, and may take it back.

The yes and the recording are of one connection and one microphone: whoever leaves, changes their
language or takes away the track in the middle of it is asked anew. A voice that is there waits for
its owner as long as the job would, and is gone when they have not come back.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from livekit import rtc

from agent.audio.pcm import from_s16le, to_wav
from agent.hearing.ear import RATE_HZ
from agent.interpreting.consent import Outcome, Passage, Permission
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.own_voices import OwnVoices
from agent.interpreting.passages import Passages
from agent.room_messages import RoomMessages
from agent.room_protocol import TOPIC_CLONE
from agent.tts.cloning import VoiceSample
from agent.wording.lexicon import LEXICONS, code_of, lexicon_of

logger = logging.getLogger(__name__)

State = Literal["none", "asked", "recording", "own"]

MALFORMED = 'send {"ask": true} or {"ask": false}, or {} for how it stands'
OVER = "people's own voices have ended here"
NO_MICROPHONE = "nobody hears you: publish a microphone, and ask again"
NO_SENTENCE = "there is no sentence of consent in your language"
TOLD: dict[str, str] = {
    "agreed": "Thank you. Go on talking: some more of your voice is needed.",
    "recorded": "The interpreter speaks with your voice from now on.",
    "refused": "You did not agree. Nothing of your voice was kept.",
    "unsaid": "The sentence was not heard. Nothing of your voice was kept.",
    "too_little": "Too little of your voice was heard. Nothing of it was kept.",
    "changed": "Your microphone or language is another one. Nothing of your voice was kept.",
    "failed": "Your own voice has failed just now; the usual one speaks in its place.",
}
"""For people, by why their state is told."""


@dataclass(slots=True)
class _Asking:
    """Somebody who was asked for a yes, until their voice is recorded."""

    permission: Permission
    heard: HeardTrack
    language: str


class Cloning:
    """Of one job. All on its event loop; `run` must run for as long as it does."""

    def __init__(
        self,
        own: OwnVoices | None,
        messages: RoomMessages,
        *,
        return_s: float,
        clock: Callable[[], float],
        why_not: str = "",
    ) -> None:
        """Keep voices in `own`; None: nothing is offered, as `why_not` says to whoever asks.

        Args:
            own: speaks with them.
            messages: tells each person of their own voice, and nobody else.
            return_s: how long a voice waits for who has left, seconds.
            clock: gives seconds.
            why_not: for people.
        """
        self._own = own
        self._messages = messages
        self._return_s = return_s
        self._clock = clock
        self._why_not = why_not
        self._asking: dict[str, _Asking] = {}
        self._gone: dict[str, float] = {}
        """Who has a voice here and has left: when it is deleted."""
        self._changed = asyncio.Event()
        if own is not None:
            own.failed = lambda identity: self._tell(identity, "own", "failed")

    @property
    def offered(self) -> bool:
        """Whether anybody may ask for it."""
        return self._own is not None

    def answer(self, identity: str, payload: str, heard: HeardTrack | None) -> str:
        """Answer the remote procedure call `clone_voice` of somebody.

        `heard` is their microphone, if there is one.

        Raises:
            rtc.RpcError: it is not offered (501), or cannot be asked for (400, 409, 422).
        """
        if self._own is None:
            raise rtc.RpcError(501, self._why_not)
        ask = _asked(payload)
        if ask is False:
            self._delete(identity)
        elif ask and self._state(identity) in ("none", "asked"):
            self._ask(identity, heard)
        return json.dumps(self._told_of(identity))

    def joined(self, identity: str) -> None:
        """Somebody is there, perhaps again."""
        self._gone.pop(identity, None)

    def left(self, identity: str) -> None:
        """Somebody has left: their voice waits for them, a recording that is not done does not."""
        self._drop(identity)
        if self._own is not None and identity in self._own:
            self._gone[identity] = self._clock() + self._return_s
            self._changed.set()

    def lost(self, heard: HeardTrack) -> None:
        """A track is not heard any more, or in another language."""
        asking = self._asking.get(heard.identity)
        if asking is not None and asking.heard is heard:
            self._drop(heard.identity)
            self._tell(heard.identity, "none", "changed")

    async def run(self) -> None:
        """See to what time brings, until cancelled."""
        while True:
            dues = [asking.permission.due for asking in self._asking.values()]
            wait_s = min([*dues, *self._gone.values()], default=float("inf")) - self._clock()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait_s == float("inf") else max(0.0, wait_s)):
                    await self._changed.wait()
            self._changed.clear()
            self._look()

    def close(self) -> None:
        """The job is over: nothing of anybody's voice is kept, and nothing is offered any more."""
        for identity in list(self._asking):
            self._drop(identity)
        self._gone.clear()
        if self._own is not None:
            self._own.clear()
            self._own, self._why_not = None, OVER

    def _look(self) -> None:
        now = self._clock()
        for identity, asking in list(self._asking.items()):
            self._became(identity, asking, asking.permission.look(now))
        for identity in [identity for identity, due in self._gone.items() if due <= now]:
            self._delete(identity)

    def _state(self, identity: str) -> State:
        asking = self._asking.get(identity)
        if asking is not None:
            return "recording" if asking.permission.stage == "recording" else "asked"
        return "own" if self._own is not None and identity in self._own else "none"

    def _told_of(self, identity: str) -> dict[str, Any]:
        """What somebody is answered about their own voice."""
        state = self._state(identity)
        if state != "asked":
            return {"state": state}
        asking = self._asking[identity]
        return {
            "state": state,
            "say": asking.permission.words.sentence,
            "language": asking.language,
            "within_s": max(0.0, round(asking.permission.due - self._clock(), 1)),
        }

    def _ask(self, identity: str, heard: HeardTrack | None) -> None:
        if heard is None:
            raise rtc.RpcError(409, NO_MICROPHONE)
        language = heard.spoken
        if language and code_of(language) not in LEXICONS:
            raise rtc.RpcError(422, NO_SENTENCE)
        lexicon = lexicon_of(language)
        self._drop(identity)
        permission = Permission(lexicon.consent, now=self._clock())
        asking = _Asking(permission, heard, lexicon.code)
        self._asking[identity] = asking

        def hears(passage: Passage) -> None:
            self._became(identity, asking, permission.hears(passage, self._clock()))

        heard.witnessed_by(Passages(hears))
        self._changed.set()

    def _became(self, identity: str, asking: _Asking, outcome: Outcome | None) -> None:
        if outcome is None or self._asking.get(identity) is not asking:
            return
        if outcome is Outcome.AGREED:
            logger.info("somebody is recorded for their own voice")
            self._tell(identity, "recording", outcome.value)
            self._changed.set()
            return
        if outcome is Outcome.RECORDED and self._own is not None:
            logger.info("somebody is spoken for in their own voice")
            self._own.keep(identity, _sample(asking))
        self._drop(identity)
        self._tell(identity, self._state(identity), outcome.value)

    def _drop(self, identity: str) -> None:
        """Ask no more, and let go of what was recorded."""
        asking = self._asking.pop(identity, None)
        if asking is not None:
            asking.heard.witnessed_by(None)
            asking.permission.drop()

    def _delete(self, identity: str) -> None:
        self._drop(identity)
        self._gone.pop(identity, None)
        if self._own is not None:
            self._own.delete(identity)

    def _tell(self, identity: str, state: State, why: str) -> None:
        message = {"state": state, "why": why, "text": TOLD[why]}
        self._messages.publish(TOPIC_CLONE, message, to=[identity])


def _asked(payload: str) -> bool | None:
    """What a call asks for; None: how it stands."""
    try:
        said: Any = json.loads(payload or "{}")
        ask = said.get("ask")
    except (ValueError, AttributeError) as error:
        raise rtc.RpcError(400, MALFORMED) from error
    if ask is not None and not isinstance(ask, bool):
        raise rtc.RpcError(400, MALFORMED)
    return ask


def _sample(asking: _Asking) -> VoiceSample:
    passages = asking.permission.passages
    sound = np.concatenate([passage.pcm for passage in passages])
    return VoiceSample(
        to_wav(from_s16le(sound.tobytes()), rate_hz=RATE_HZ),
        asking.permission.text,
        passages[0].language or asking.language,
        len(sound) / RATE_HZ,
    )
