"""The set answers of a persona: to who asks for a human being, and to who tells of an emergency.

They depend on no model: the caller's own words bring them about (`agent.wording.calls_for_help`),
whole turns alone and never a guess of one. On a telephone every persona has them, elsewhere those
whose files say so.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from livekit.agents import llm

from agent.call.features import Surroundings
from agent.personas.persona_file import SetAnswer
from agent.personas.texts import said_in
from agent.tasks import fault
from agent.wording.calls_for_help import asks_for_human, tells_of_emergency
from agent.wording.lexicon import code_of, lexicon_of
from agent.wording.lexicon.help_words import HelpWords
from agent.wording.tongues import language_of

logger = logging.getLogger(__name__)

_NUMBER = "{number}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of both."""

    name: str
    is_said: Callable[..., bool]
    usual: Callable[[HelpWords], str]
    """What is said where the persona's file has nothing."""
    insists: bool
    """Whether it is said even to who has just heard why nobody takes the call."""


_EMERGENCY = _Kind("emergency", tells_of_emergency, lambda words: words.no_help, insists=True)
_HUMAN = _Kind("human", asks_for_human, lambda words: words.nobody, insists=False)


class HelpAnswers:
    """Of one call."""

    def __init__(self, call: Surroundings, *, by_telephone: Callable[[], bool]) -> None:
        """Answer in `call`; `by_telephone`: whether who is served has come so."""
        self._call = call
        self._by_telephone = by_telephone
        self.language = ""
        """Tag of the language that the caller has spoken last; empty: it is not known."""

    def takes(self, text: str) -> bool:
        """Answer a turn, if it asks for that."""
        for kind in (_EMERGENCY, _HUMAN):
            answer = self._answer_to(kind)
            if answer is not None and self._is_said(kind, answer, text):
                self._keep(text)
                self._give(kind, answer, self._language_for(text))
                return True
        return False

    def human(self) -> None:
        """A key asks for a human being."""
        answer = self._answer_to(_HUMAN)
        if answer is not None:
            self._give(_HUMAN, answer, self._language_for(""))

    def _answer_to(self, kind: _Kind) -> SetAnswer | None:
        """How the persona that speaks has it; None: the model answers."""
        shelved = self._call.cast.persona.shelved
        own: SetAnswer | None = getattr(shelved.file, kind.name) if shelved is not None else None
        if own is None:
            return SetAnswer() if self._by_telephone() else None
        return own if own.on else None

    def _is_said(self, kind: _Kind, answer: SetAnswer, text: str) -> bool:
        known = filter(None, (self.language, *self._call.cast.persona.languages))
        return any(
            kind.is_said(text, language, further=said_in(answer.words, [language]) or ())
            for language in dict.fromkeys(known) or ("",)
        )

    def _language_for(self, text: str) -> str:
        """Tag of the language that a text is answered in: its own, if the persona speaks it."""
        persona = self._call.cast.persona
        spoken = self.language or language_of(text, code_of(persona.language))
        can = {code_of(language) for language in persona.languages}
        return spoken if not can or code_of(spoken) in can else persona.language

    def _give(self, kind: _Kind, answer: SetAnswer, language: str) -> None:
        logger.info("a set answer was given", extra={"kind": kind.name})
        # The model's answer to a guess of the turn is wanted no more.
        with suppress(RuntimeError):  # the session may be closing
            self._call.session.interrupt(force=True)
        if answer.transfer_to and self._call.transfer is not None:
            putting = self._put_through(kind, answer, language)
            self._call.tasks.need(putting, name="put-through")
        else:
            self._say(self._sentence(kind, answer, language))

    async def _put_through(self, kind: _Kind, answer: SetAnswer, language: str) -> None:
        assert self._call.transfer is not None
        try:
            outcome = await self._call.transfer(answer.transfer_to)
        except Exception as error:  # noqa: BLE001 - who cannot be put through stays in the call
            logger.error("a transfer failed", extra=fault(error))
            outcome = "failed"
        if outcome != "through" and (answer.say or kind.insists):
            self._say(self._sentence(kind, answer, language))

    def _sentence(self, kind: _Kind, answer: SetAnswer, language: str) -> str:
        words = lexicon_of(language).help
        languages = [language, *self._call.cast.persona.languages]
        text = said_in(answer.say, languages) or kind.usual(words)
        number = self._call.settings.phone.emergency_number
        # Figure by figure: 112 is no quantity.
        return str(text).replace(_NUMBER, " ".join(number) or words.own_number)

    def _say(self, text: str) -> None:
        with suppress(RuntimeError):  # the session may be closing
            self._call.session.say(text)

    def _keep(self, text: str) -> None:
        """The framework forgets a turn that the model does not answer; later answers need it."""
        agent = self._call.session.current_agent
        history = agent.chat_ctx.copy()
        message = llm.ChatMessage(role="user", content=[text])
        history.insert(message)
        self._call.session.history.insert(message)
        self._call.tasks.inform(agent.update_chat_ctx(history), name="keep-turn")
