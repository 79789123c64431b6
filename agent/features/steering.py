"""What the caller's client can ask for besides another persona: silence, and another language."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from livekit import rtc

from agent.call.features import Answer, Feature, Surroundings
from agent.options.fields import language_tag
from agent.room_protocol import INTERRUPT, SET_LANGUAGE, SPEAKS

_MOST_CHARS = 35
"""Longest language tag that is looked at, as registries have them."""
_BAD = 400
_USAGE = 'send {"speaks": "de"}, with a language tag, or "" for what the call began with'


def feature(call: Surroundings) -> Feature:
    """For every call."""
    return Steering(call)


class Steering(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Steer `call`."""
        self._call = call
        self._language = ""
        """What a client has asked for last."""

    def methods(self) -> Mapping[str, Answer]:
        """A button that silences the agent, and a choice of languages."""
        return {INTERRUPT: self._interrupt, SET_LANGUAGE: self._set_language}

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Before the greeting: their token may say which language they speak."""
        if not back:
            self._wish(caller.attributes.get(SPEAKS, ""))

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """They speak another language from now on."""
        if SPEAKS in attributes:
            self._wish(attributes[SPEAKS])

    async def _interrupt(self, call: rtc.RpcInvocationData) -> str:
        """Stop what is said, or about to be; answers whether there was anything."""
        speech = self._call.session.current_speech
        with suppress(RuntimeError):  # the session may be closing
            await self._call.session.interrupt(force=True)
        return json.dumps({"interrupted": speech is not None})

    async def _set_language(self, call: rtc.RpcInvocationData) -> str:
        """`{"speaks": "de"}`; answers as in a room that is interpreted."""
        try:
            tag = _spoken(json.loads(call.payload or "{}"))
        except ValueError as error:
            raise rtc.RpcError(_BAD, _USAGE) from error
        self._speak(tag)
        return json.dumps({"speaks": tag, "hears": tag})

    def _wish(self, tag: str) -> None:
        """Follow an attribute, which nobody can be told is wrong."""
        with suppress(ValueError):
            self._speak(_tag(tag))

    def _speak(self, tag: str) -> None:
        if tag != self._language:
            self._language = tag
            self._call.cast.speak(tag)
            self._call.recast()


def _spoken(asked: Any) -> str:
    """The language of a request; who hears another one than they speak is for interpreters."""
    if not isinstance(asked, dict) or "speaks" not in asked:
        raise ValueError(_USAGE)
    tag = _tag(asked["speaks"])
    if _tag(asked.get("hears", tag)) != tag:
        raise ValueError(_USAGE)
    return tag


def _tag(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MOST_CHARS:
        raise ValueError(_USAGE)
    return language_tag(value)
