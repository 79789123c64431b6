"""A GPT-SoVITS server: which of its two programs it is, whose turn it is, which weights it has.

The server has one pipeline, whose cache of the recording and whose weights all requests share.

Source: RVC-Boss/GPT-SoVITS, api_v2.py and api.py.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Literal

import httpx
from livekit.agents import APIConnectionError, APIError
from livekit.agents.utils import aio

from agent.remote.http_client import answer
from agent.remote.one_at_a_time import OneAtATime
from agent.remote.openai_errors import Refused
from agent.tasks import begin
from agent.tts.gpt_sovits.options import Options
from agent.tts.served.refusals import reason_in
from agent.tts.served.wire import HttpConnections

Program = Literal["api_v2", "api"]
Weights = tuple[str, str]
"""Paths of the GPT and the SoVITS weights, on the server."""
_NONE: Weights = ("", "")
WEIGHTS_KNOWN_S = 600.0
"""Weights that nobody has spoken with for longer are loaded again: the server may have been
started anew meanwhile, and have others."""
LOADING_S = 60.0
"""Who loads weights in the background has its turn for no longer."""


class SovitsServer(HttpConnections):
    """Belongs to one event loop."""

    def __init__(self, options: Options, *, alone: bool) -> None:
        """With `alone` requests have turns."""
        super().__init__(options.url, options.api_key, warm_up_path="openapi.json")
        self._program: Program | None = None if options.dialect == "auto" else options.dialect
        self._turns = OneAtATime(str(self.client.base_url)) if alone else None
        self._note = ""
        """When somebody last spoke, and with which weights; with turns it is written there."""
        self._loading: asyncio.Task[None] | None = None

    async def greet(self) -> None:
        """Find out which program it is."""
        await self.program()

    async def program(self) -> Program:
        """Which program it is; asks once.

        Raises:
            httpx.HTTPError: the connection failed.
            APIError: it refuses, or is neither.
        """
        if self._program is None:
            paths = await self.paths()
            if "/tts" in paths:
                self._program = "api_v2"
            elif {"/", "/change_refer"} <= paths:
                self._program = "api"
            else:
                # A description may be switched off; without a command this does nothing.
                self._program = await self._by_control()
        return self._program

    @asynccontextmanager
    async def ready_for(self, weights: Weights) -> AsyncIterator[Program]:
        """Wait for a turn, and have the server speak with `weights` until the block ends.

        Raises:
            httpx.HTTPError: the connection failed.
            APIError: it refuses the weights, or is no such server.
        """
        turn: AbstractAsyncContextManager[None] = nullcontext()
        if self._turns is not None:
            turn = self._turns.turn()
        async with turn:
            try:
                program = await self.program()
                await self._load(program, weights)
                yield program
            except httpx.TransportError:
                # It may come back with the weights that it is started with.
                self._remember(_NONE)
                raise

    def prepare(self, weights: Weights) -> None:
        """Load weights in the background; needs a running event loop."""
        if any(weights) and (self._loading is None or self._loading.done()):
            self._loading = begin(self._prepare(weights), name="gpt_sovits weights")

    async def aclose(self) -> None:
        """Close all connections. May be called more than once."""
        if self._loading is not None:
            await aio.cancel_and_wait(self._loading)
        await super().aclose()
        if self._turns is not None:
            self._turns.close()

    async def _prepare(self, weights: Weights) -> None:
        try:
            async with asyncio.timeout(LOADING_S), self.ready_for(weights):
                return
        except (httpx.HTTPError, APIError, TimeoutError):
            # It shows, with its reason, at the first text.
            return

    async def _by_control(self) -> Program:
        request = self.client.build_request("GET", "control")
        async with answer(self.client, request) as response:
            await response.aread()
        if response.status_code == 400:
            return "api_v2"
        if response.status_code == 200:
            return "api"
        raise APIConnectionError(
            "neither api_v2.py nor api.py of GPT-SoVITS answers there", retryable=False
        )

    async def _load(self, program: Program, weights: Weights) -> None:
        """Load weights, where they are others than those of the turn before."""
        if not any(weights):
            return
        gpt, sovits = weights
        if self._loaded() != weights:
            # One of the two may be loaded and the other not.
            self._remember(_NONE)
            if program == "api":
                body = {"gpt_model_path": gpt, "sovits_model_path": sovits}
                await self._ask("POST", "set_model", json=body)
            else:
                for path, name in (("set_gpt_weights", gpt), ("set_sovits_weights", sovits)):
                    if name:
                        await self._ask("GET", path, params={"weights_path": name})
        self._remember(weights)

    def _loaded(self) -> Weights:
        """The weights that the server has, as far as is known."""
        note = self._turns.note if self._turns is not None else self._note
        spoken_at, _, names = note.partition("\n")
        if not spoken_at.isdecimal():
            return _NONE
        gpt, _, sovits = names.partition("\n")
        # Of another start of this machine it may be later than now.
        ago_s = time.monotonic() - int(spoken_at)
        return (gpt, sovits) if 0 <= ago_s < WEIGHTS_KNOWN_S else _NONE

    def _remember(self, weights: Weights) -> None:
        self._note = "\n".join([str(int(time.monotonic())), *weights])
        if self._turns is not None:
            self._turns.note = self._note

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
    ) -> None:
        request = self.client.build_request(method, path, params=params, json=json)
        async with answer(self.client, request) as response:
            said = await response.aread()
        if response.status_code != 200:
            raise Refused(
                "the speech server refuses the voice's weights",
                reason=reason_in(said) or response.reason_phrase,
                status_code=response.status_code,
                retryable=False,
            )
