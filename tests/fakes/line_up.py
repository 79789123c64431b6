"""Two servers for one stage: `near` is asked first and may break, `far` stands by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from livekit.agents import APIConnectOptions

from agent.remote.failover import Health, LineUp, Member
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.fakes.cut_proxy import CutProxy, cut_proxy

FIRST_PROBE_S = 0.2
_PATIENT_S = 10.0


@dataclass
class Servers:
    """What stands behind a list of two engines `openai`."""

    near: OpenAIStandIn
    far: OpenAIStandIn
    proxy: CutProxy
    """Before `near`."""

    def line_up(
        self, module: Any, *, near_url: str = "", timeout_s: float = 2.0, **options: Any
    ) -> LineUp[Any]:
        """The engines of `module` for both, the first elsewhere if `near_url` says so.

        `timeout_s` is how long the first one is waited for.
        """
        urls = {"near": near_url or self.proxy.url, "far": self.far.url}
        members = []
        for label, url in urls.items():
            chosen = module.Options(url=url, **options)
            waited_s = timeout_s if label == "near" else _PATIENT_S
            limits = APIConnectOptions(max_retry=0, timeout=waited_s)
            health = Health(first_probe_s=FIRST_PROBE_S)
            members.append(
                Member(
                    label,
                    module.build(chosen),
                    limits,
                    health,
                    probe=partial(module.probe, chosen),
                )
            )
        return LineUp(members)

    @property
    def asked(self) -> tuple[int, int]:
        """Requests that have reached each of them."""
        return len(self.near.requests), len(self.far.requests)


@asynccontextmanager
async def two_servers() -> AsyncIterator[Servers]:
    """Both serve; they have the same voice."""
    async with (
        OpenAIStandIn().serve() as near,
        OpenAIStandIn().serve() as far,
        cut_proxy(near.url) as proxy,
    ):
        far.vocabulary = near.vocabulary
        yield Servers(near, far, proxy)
