"""What every model server is: routes, a queue, and a model that is loaded behind them."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Literal, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from model_servers.serving.application import make_app, no_such_route
from model_servers.serving.console import Say
from model_servers.serving.errors import NotReady
from model_servers.serving.metrics import Metrics
from model_servers.serving.readiness import Readiness
from model_servers.serving.run import Service, in_thread
from model_servers.serving.settings import ServerSettings
from model_servers.serving.work_queue import WorkQueue

SettingsT = TypeVar("SettingsT", bound=ServerSettings)
ModelT = TypeVar("ModelT")

Endpoint = Callable[[Request], Awaitable[Response]]
Routes = Mapping[str, tuple[Literal["GET", "POST"], Endpoint]]
"""By path; each has a label of its own in the metrics."""


class ModelServer(ABC, Generic[SettingsT, ModelT]):
    """One process's server. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_model: blocks until the model can be used; run in a thread.
        say: writes a line of progress.
        routes: what it serves besides `/health`, `/ready` and `/metrics`.
        workers: requests that are in the model at the same time.
        lends: whether a long one stands back between its results; see `WorkQueue`.
    """

    def __init__(
        self,
        settings: SettingsT,
        load_model: Callable[[SettingsT, Say], ModelT],
        say: Say,
        *,
        routes: Routes,
        workers: int,
        lends: bool = True,
    ) -> None:
        self._settings = settings
        self._load_model = load_model
        self._say = say
        self._model: ModelT | None = None
        self._readiness = Readiness()
        self._metrics = Metrics(frozenset(routes))
        self._loop = asyncio.get_running_loop()
        self.queue = WorkQueue(workers=workers, waiting=settings.queue_size, lends=lends)
        self.app = make_app(
            settings=settings,
            readiness=self._readiness,
            queue=self.queue,
            metrics=self._metrics,
        )
        for path, (method, endpoint) in routes.items():
            self.app.add_route(path, endpoint, [method])
        self.app.add_route("/v1/{rest:path}", no_such_route, ["GET", "POST", "PUT", "DELETE"])

    @abstractmethod
    async def load(self) -> None:
        """Load all that is needed; `/ready` answers 200 afterwards.

        Raises:
            StartError: it cannot be used.
        """

    async def aclose(self, timeout_s: float) -> bool:
        """Refuse and stop all work; see `WorkQueue.aclose`."""
        return await self.queue.aclose(timeout_s=timeout_s)

    def service(self) -> Service:
        """The server as `run` takes it."""
        return Service(app=self.app, load=self.load, close=self.aclose)

    async def _load(self) -> ModelT:
        """Load the model in a thread; for `load`."""
        self._model = await in_thread(
            lambda: self._load_model(self._settings, self._progress), name="load-model"
        )
        return self._model

    def _progress(self, step: str) -> None:
        """Say what is being loaded, on standard error and in `/ready`. In any thread."""
        self._say(step)
        self._loop.call_soon_threadsafe(self._readiness.loading, step)

    def _announce(self, what: str, **facts: Any) -> None:
        """Say that requests are served; `facts` become part of the answer of `/ready`."""
        self._readiness.ready(**facts)
        self._say(f"ready: {what}")

    def _ready_model(self) -> ModelT:
        """The model, for a request.

        Raises:
            NotReady: it is still being loaded.
        """
        self._readiness.require()
        if self._model is None:
            raise NotReady("the model is being loaded")
        return self._model


def one_model(name: str, *, owner: str) -> Response:
    """Answer of `/v1/models` when there is one."""
    entry = {"id": name, "object": "model", "created": 0, "owned_by": owner}
    return JSONResponse({"object": "list", "data": [entry]})
