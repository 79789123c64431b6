"""What is different with a caller by telephone: the model knows it, and their keys count."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from livekit import rtc
from livekit.agents import llm

from agent.call.briefing import tell
from agent.call.features import Feature, Surroundings
from agent.call.libraries import is_handbook
from agent.documents.small_talk import is_chinese
from agent.features.help_answers import HelpAnswers
from agent.features.keypad import Entered, Keypad
from agent.options.phone import Command
from agent.personas.persona import Persona
from agent.telephone import NUMBER, is_telephone

KEYED = "[keys]"
"""Begins a turn that was keyed in."""

_SLOWER = 0.8
"""Factor on the speed of the voice."""
_SLOWEST = 0.6
"""No voice is made slower than this."""
_LAST_DIGITS = 4

_BRIEF = (
    "The caller is on a telephone: they hear you and see nothing. Answer in one or two short "
    "sentences as people speak them. No lists, links, pictures, tables or markup. Say one number "
    "at a time, and long ones in groups of digits. "
    f"A turn that begins with {KEYED} is what they have keyed in; do not say it back unless they "
    "need to hear it."
)
_DOES: Mapping[Command, str] = {
    "human": "asks for a human being",
    "repeat": "has your last reply said again",
    "slower": "makes you speak slower",
}
_AGAIN = f"{KEYED} Say your last reply again, from its beginning."
_AGAIN_OF_HANDBOOK = ("Say that again.", "再说一遍。")
"""By which it knows the wish: in English, in Chinese."""


def feature(call: Surroundings) -> Feature:
    """For every call: a telephone may be served next."""
    return Telephone(call)


class Telephone(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Go along with `call`."""
        self._call = call
        options = call.settings.phone
        self._options = options
        self._keypad = Keypad(options.keys.by_key, most=options.keys_most)
        self._pause: asyncio.TimerHandle | None = None
        self._caller: rtc.RemoteParticipant | None = None
        self._last = ("", False)
        """The last reply as it was heard, and whether it was interrupted."""
        self._hushed: asyncio.Future[None] | None = None
        """Done when the history has what was heard of a reply that a key has stopped."""
        self._usual_speed: float | None = None
        """Of the persona's voice, since a caller has slowed it."""
        self._help = HelpAnswers(call, by_telephone=lambda: self._telephone is not None)
        self._does: Mapping[Command, Callable[[], None]] = {
            "human": self._help.human,
            "repeat": self._repeat,
            "slower": self._slow_down,
        }

    async def brief(self, history: llm.ChatContext) -> None:
        """Tell the model that it is a telephone, and what its keys do."""
        if self._telephone is not None:
            tell(history, " ".join(self._briefing(self._telephone)))

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """They may have come by telephone."""
        if self._caller is None or caller.identity != self._caller.identity:
            self._keypad.clear()
            self._last, self._help.language = ("", False), ""
            self._speak_as_usual()
        self._caller = caller

    def became(self, persona: Persona) -> None:
        """Another persona speaks at its own speed."""
        self._usual_speed = None

    def turn(self, text: str, *, language: str) -> None:
        """Keep which language they speak."""
        self._help.language = language

    def takes(self, text: str) -> bool:
        """Answer who asks for a human being, or tells of an emergency."""
        return not self._call.transferring() and self._help.takes(text)

    def reply(self, text: str, *, interrupted: bool) -> None:
        """It may be asked for again."""
        if text:
            self._last = (text, interrupted)

    def key(self, key: str) -> None:
        """They press keys: the agent falls silent, as when they speak."""
        if self._telephone is None or self._call.transferring():
            return
        self._cancel_pause()
        self._hushed = None
        if self._call.session.current_speech is not None:
            with suppress(RuntimeError):  # the session may be closing
                self._hushed = self._call.session.interrupt(force=True)
        self._do(self._keypad.press(key))
        if self._keypad.waits:
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(self._options.keys_pause_s, self._paused)

    def left(self, identity: str) -> None:
        """What they began to key in is not gone on with."""
        self._cancel_pause()
        self._keypad.clear()

    def gone(self) -> None:
        """Wait for no further key."""
        self._cancel_pause()

    def _paused(self) -> None:
        self._pause = None
        self._do(self._keypad.pause())

    def _cancel_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def _do(self, done: Entered | Command | None) -> None:
        if isinstance(done, Entered):
            self._call.ask(f"{KEYED} {' '.join(done.keys)}")
        elif done is not None:
            self._does[done]()

    def _slow_down(self) -> None:
        """Speak slower, where the voice can, and say it again."""
        cast = self._call.cast
        if self._usual_speed is None:
            self._usual_speed = cast.persona.speed
        slower = max(_SLOWEST * self._usual_speed, _SLOWER * cast.persona.speed)
        cast.become(replace(cast.persona, speed=slower))
        self._repeat()

    def _speak_as_usual(self) -> None:
        if self._usual_speed is not None:
            cast = self._call.cast
            cast.become(replace(cast.persona, speed=self._usual_speed))
            self._usual_speed = None

    def _repeat(self) -> None:
        self._call.tasks.inform(self._say_again(self._hushed), name="say-again")

    async def _say_again(self, hushed: asyncio.Future[None] | None) -> None:
        before = self._last
        if hushed is not None:
            await asyncio.wait({hushed})
        text, interrupted = self._last
        unheard = hushed is not None and self._last is before
        if not (interrupted or unheard):
            with suppress(RuntimeError):  # the session may be closing
                if text:
                    self._call.session.say(text)
        elif is_handbook(self._call.settings):
            self._call.ask(_AGAIN_OF_HANDBOOK[is_chinese(text)])
        else:
            # Only the model knows what nobody has heard yet.
            self._call.ask(_AGAIN)

    def _briefing(self, telephone: rtc.RemoteParticipant) -> Iterator[str]:
        yield _BRIEF
        if bound := self._options.keys.by_key:
            does = ", ".join(f"{key} {_DOES[command]}" for key, command in bound.items())
            yield f"Keys that need nothing from you: {does}."
        number = telephone.attributes.get(NUMBER, "")
        digits = "".join(filter(str.isdigit, number))
        if digits and self._options.tell_number == "yes":
            yield f"Their number is {'+' if number.startswith('+') else ''}{digits}."
        elif digits and self._options.tell_number == "last_digits":
            yield f"Their number ends in {' '.join(digits[-_LAST_DIGITS:])}."

    @property
    def _telephone(self) -> rtc.RemoteParticipant | None:
        """Who is served, if they have come by telephone."""
        return self._caller if self._caller is not None and is_telephone(self._caller) else None
