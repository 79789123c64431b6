"""Holds a rehearsal by voice: a room of a real server, where the caller's words are spoken."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import numpy as np
from livekit import rtc

from agent.call.written import Heard
from agent.call.written_room import SentText
from agent.metadata import KEY
from agent.room_protocol import PERSONA, SET_PERSONA, TOPIC_NOTICE, TOPIC_SOURCE
from agent.settings.load import load_from
from rejoinder.rehearsal.backstage import Backstage
from rejoinder.rehearsal.findings import Finding, PlayedTalk, PlayedTurn
from rejoinder.rehearsal.own_demo import own_demo
from rejoinder.rehearsal.script import Talk, Turn
from rejoinder.scripted_caller.caller import Caller, CallLost, NoAgentError, join
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.stand_ins.spoken import EmbeddedVoice
from rejoinder.web import tokens

_UNHEARD = frozenset({"tool", "no_tool"})
"""A client is not told of tools."""
_QUIET_S = 1.2
"""A reply is over after so much silence, seconds."""
_LONGEST_S = 60.0
"""Longest wait for what the agent says by itself, seconds."""
_SETTLE_S = 1.0
"""Captions and the turn's report follow the last sound by less than this."""


class ByVoice:
    """One file: `async with` starts a server and a worker, `play` holds one talk after another."""

    def __init__(self, backstage: Backstage) -> None:
        """Prepare; `backstage` has begun."""
        self._backstage = backstage
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "ByVoice":
        """Start them; takes seconds to minutes.

        Raises:
            StartupError: something could not be started.
        """
        async with AsyncExitStack() as stack:
            self._voice = await stack.enter_async_context(EmbeddedVoice())
            self._demo = await stack.enter_async_context(own_demo(self._backstage.environ))
            own = {
                "LIVEKIT_URL": self._demo.livekit_url,
                "LIVEKIT_API_KEY": self._demo.api_key,
                "LIVEKIT_API_SECRET": self._demo.api_secret,
            }
            self._settings = load_from(self._backstage.environ | own)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """End them."""
        await self._stack.aclose()

    async def play(self, talk: Talk, played: PlayedTalk) -> None:
        """Hold one talk; `played` gets its turns as they are over."""
        for number, turns in enumerate(talk.held, 1):
            try:
                async with join(self._demo.livekit_url, self._token(talk)) as caller:
                    await caller.wait_for_agent()
                    await self._hold(caller, talk, turns, number, played)
            except* (NoAgentError, CallLost, TimeoutError, rtc.ConnectError) as group:
                why = str(group.exceptions[0]) or "nothing was heard"
                failed = Finding("the call goes on", "failed", why)
                played.turns.append(PlayedTurn("", "", (failed,), number))

    async def _hold(
        self, caller: Caller, talk: Talk, turns: Sequence[Turn], number: int, played: PlayedTalk
    ) -> None:
        told = _Told(caller)
        wishes = self._backstage.wishes(talk)
        if self._backstage.persona(self._backstage.rehearsal.persona, wishes).greeting:
            await _hears(caller, after=caller.hearing.began)
        greeting = told.heard()
        for turn in turns:
            self._backstage.turn_begins()
            began = time.perf_counter()
            findings: list[Finding] = []
            heard = greeting
            if turn.as_ is not None or turn.picture is not None:
                findings.append(Finding("this turn is played", "skipped", "by text only"))
            else:
                try:
                    await self._do(caller, turn)
                except TimeoutError:
                    findings.append(Finding("an answer", "failed", "none was heard"))
                except rtc.RpcError as error:
                    what = f"persona “{turn.choose}” is had"
                    findings.append(Finding(what, "failed", error.message))
                if turn.say is not None or turn.choose is not None:
                    heard = told.heard()
                findings += await self._backstage.found(turn, heard, unheard=_UNHEARD)
            played.turns.append(
                PlayedTurn(
                    said=turn.said,
                    reply=heard.text,
                    findings=tuple(findings),
                    call=number,
                    first_word_s=heard.first_word_s,
                    lasted_s=time.perf_counter() - began,
                )
            )

    async def _do(self, caller: Caller, turn: Turn) -> None:
        if turn.choose is not None:
            agent = await caller.wait_for_agent()
            asked = time.perf_counter()
            await caller.room.local_participant.perform_rpc(
                destination_identity=agent.identity, method=SET_PERSONA, payload=turn.choose
            )
            await _hears(caller, after=asked)
        if turn.say is not None:
            pcm = await self._voice(turn.say, voice="", rate_hz=RATE_HZ, speed=1.0)
            samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
            await caller.wait_for_reply(await caller.say(samples), quiet_s=_QUIET_S)
            await asyncio.sleep(_SETTLE_S)

    def _token(self, talk: Talk) -> str:
        caller = talk.caller or self._backstage.rehearsal.file.caller
        wishes = self._backstage.wishes(talk).model_dump(exclude_none=True)
        asked = {
            "participant_name": caller.name,
            "participant_attributes": caller.attributes,
            **tokens.telling(json.dumps({KEY: {"persona": wishes}})),
        }
        # What a telephone says of itself no page may ask for; here the key is our own.
        return tokens.mint(tokens.TokenRequest.model_validate(asked), self._settings)[1]


class _Told:
    """What the room has told since the last time."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._captions: set[str] = set()
        self._turns = self._sources = self._notices = 0

    def heard(self) -> Heard:
        log, agent = self._caller.log, self._caller.agent
        captions = [c for c in log.captions if c.by_agent and c.segment not in self._captions]
        self._captions |= {caption.segment for caption in captions}
        turns, sources = log.turns[self._turns :], log.sources[self._sources :]
        notices = log.notices[self._notices :]
        self._turns, self._sources = len(log.turns), len(log.sources)
        self._notices = len(log.notices)
        told = [(TOPIC_SOURCE, source) for source in sources]
        told += [(TOPIC_NOTICE, notice) for notice in notices]
        return Heard(
            text=" ".join(c.text.strip() for c in sorted(captions, key=lambda c: c.began)).strip(),
            persona=agent.attributes.get(PERSONA, "") if agent is not None else "",
            first_word_s=turns[0]["total_ms"] / 1e3 if turns else None,
            sent=tuple(SentText(topic, json.dumps(message), ()) for topic, message in told),
        )


async def _hears(caller: Caller, *, after: float) -> None:
    """Hear what the agent says by itself to its end.

    Raises:
        TimeoutError: it says nothing.
    """
    async with asyncio.timeout(_LONGEST_S):
        await caller.hearing.wait_for_sound(after=after)
        await caller.wait_for_state("listening", "idle", timeout_s=_LONGEST_S)
        await caller.hearing.wait_for_silence(lasting_s=_QUIET_S)
    await asyncio.sleep(_SETTLE_S)
