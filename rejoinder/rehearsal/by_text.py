"""Holds a rehearsal by text: no room, no sound, no server but the model's."""

import asyncio
import time
from collections.abc import Sequence

from livekit import rtc

from agent.call.parts import Parts, load_parts
from agent.call.written import CallOver, Heard, WrittenCall
from agent.call.written_room import WrittenCaller
from agent.metadata import JobMetadata
from agent.settings.checking import import_engine, probe_engine
from agent.settings.engines import TABLES
from rejoinder.rehearsal.backstage import Backstage
from rejoinder.rehearsal.findings import Finding, PlayedTalk, PlayedTurn
from rejoinder.rehearsal.pictures import TOPIC, read_picture
from rejoinder.rehearsal.script import Caller, Talk, Turn

LONGEST_TURN_S = 180.0
"""A turn that takes longer is given up, seconds."""


class ByText:
    """One file: `async with` loads its engines, `play` holds one talk after the other."""

    def __init__(self, backstage: Backstage) -> None:
        """Prepare; `backstage` has begun."""
        self._backstage = backstage

    async def __aenter__(self) -> "ByText":
        """Load.

        Raises:
            EngineUnavailable: a package that an engine needs is missing, or the model that is set
                does not answer.
        """
        settings = self._backstage.settings
        # Here, on the main thread: plug-ins refuse to be imported on another one.
        for stage in TABLES:
            for choice in getattr(settings, stage):
                import_engine(stage, choice)
        if self._backstage.real and len(settings.llm) == 1:
            await probe_engine("llm", settings.llm[0])
        self._parts: Parts = await asyncio.to_thread(load_parts, settings)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close the engines."""
        await self._parts.aclose()

    async def play(self, talk: Talk, played: PlayedTalk) -> None:
        """Hold one talk; `played` gets its turns as they are over."""
        caller = talk.caller or self._backstage.rehearsal.file.caller
        metadata = JobMetadata(persona=self._backstage.wishes(talk))
        for number, turns in enumerate(talk.held, 1):
            call = WrittenCall(
                self._backstage.settings, self._parts, metadata, caller=_written(caller)
            )
            async with call:
                await self._hold(call, turns, number, played)

    async def _hold(
        self, call: WrittenCall, turns: Sequence[Turn], number: int, played: PlayedTalk
    ) -> None:
        faults = 0
        for turn in turns:
            self._backstage.turn_begins()
            began = time.perf_counter()
            heard, findings = await self._do(call, turn)
            if call.faults > faults:
                findings.append(
                    Finding("no feature fails", "failed", "one did; its error is above")
                )
            faults = call.faults
            if heard is not None:
                findings += await self._backstage.found(turn, heard)
            played.turns.append(
                PlayedTurn(
                    said=turn.said,
                    reply=heard.text if heard is not None else "",
                    findings=tuple(findings),
                    call=number,
                    first_word_s=heard.first_word_s if heard is not None else None,
                    tools=tuple(
                        use.name if use.allowed else f"{use.name} (not allowed, not done)"
                        for use in (heard.tools if heard is not None else ())
                    ),
                    lasted_s=time.perf_counter() - began,
                )
            )
            if heard is None:
                return

    async def _do(self, call: WrittenCall, turn: Turn) -> tuple[Heard | None, list[Finding]]:
        """Play a turn: what was heard (None: the call cannot go on), and what went wrong."""
        try:
            async with asyncio.timeout(LONGEST_TURN_S):
                heard = call.greeting
                if turn.as_ is not None:
                    heard = await call.hand_over(_written(turn.as_))
                if turn.choose is not None:
                    heard = await call.choose(turn.choose)
                if turn.picture is not None and not await self._send(call, turn.picture):
                    nothing = "nothing in this call takes pictures"
                    return None, [Finding("a picture is taken", "failed", nothing)]
                if turn.say is not None:
                    heard = await call.say(turn.say)
        except TimeoutError:
            return None, [Finding("an answer", "failed", f"none within {LONGEST_TURN_S:.0f} s")]
        except CallOver:
            return None, [Finding("an answer", "failed", "the agent had hung up before")]
        except rtc.RpcError as error:
            return None, [Finding(f"persona “{turn.choose}” is had", "failed", error.message)]
        return heard, []

    async def _send(self, call: WrittenCall, picture: str) -> bool:
        path = self._backstage.rehearsal.path.parent / picture
        data, kind = await asyncio.to_thread(read_picture, path)
        return await call.send_file(data, topic=TOPIC, name=path.name, mime_type=kind)


def _written(caller: Caller) -> WrittenCaller:
    return WrittenCaller(caller.identity, caller.name, caller.attributes, caller.telephone)
