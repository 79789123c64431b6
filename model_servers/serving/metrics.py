"""A few numbers for Prometheus, without a library.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from collections import Counter
from collections.abc import Iterator

from model_servers.serving.work_queue import WorkQueue

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counters of one server. Used on the event loop only.

    Args:
        routes: paths with a label of their own; all others are counted as `other`.
    """

    def __init__(self, routes: frozenset[str]) -> None:
        self._routes = routes
        self._answers: Counter[tuple[str, int]] = Counter()
        self._audio_s = 0.0
        self._work_s = 0.0

    def count_answer(self, path: str, status: int) -> None:
        """Count one answer by route and HTTP status."""
        self._answers[path if path in self._routes else "other", status] += 1

    def count_work(self, *, audio_s: float, work_s: float) -> None:
        """Add what a request cost: seconds of audio heard or made, seconds in the model."""
        self._audio_s += audio_s
        self._work_s += work_s

    def render(self, queue: WorkQueue) -> str:
        """All numbers as Prometheus text."""
        return "\n".join([*self._lines(queue), ""])

    def _lines(self, queue: WorkQueue) -> Iterator[str]:
        yield "# HELP model_server_answers_total Answers by route and HTTP status."
        yield "# TYPE model_server_answers_total counter"
        for (route, status), count in sorted(self._answers.items()):
            labels = f'route="{route}",status="{status}"'
            yield f"model_server_answers_total{{{labels}}} {count}"
        yield from _metric("queue_waiting", "gauge", "Requests that wait.", queue.waiting)
        yield from _metric("queue_running", "gauge", "Requests in the model.", queue.running)
        yield from _metric("queue_limit", "gauge", "Waiting places.", queue.limit)
        yield from _metric(
            "audio_seconds_total", "counter", "Audio heard or made, seconds.", self._audio_s
        )
        yield from _metric(
            "work_seconds_total", "counter", "Time in the model, seconds.", self._work_s
        )
        factor = self._work_s / self._audio_s if self._audio_s else 0.0
        yield from _metric(
            "real_time_factor", "gauge", "Time in the model per second of audio.", factor
        )


def _metric(name: str, kind: str, help_text: str, value: float) -> Iterator[str]:
    yield f"# HELP model_server_{name} {help_text}"
    yield f"# TYPE model_server_{name} {kind}"
    yield f"model_server_{name} {value:g}"
