"""A feature that presses every key that the caller presses."""

from agent.call.features import Feature, Surroundings
from agent.tasks import undivided

KEYS = "0123456789*#ABCD"
"""Each at the place of its code, RFC 4733."""


class EchoingKeys(Feature):
    def __init__(self, call: Surroundings) -> None:
        self._call = call

    def key(self, key: str) -> None:
        me = self._call.room.local_participant
        pressing = me.publish_dtmf(code=KEYS.index(key), digit=key)
        self._call.tasks.inform(undivided(pressing, name="press"), name="echo-key")


def feature(call: Surroundings) -> Feature | None:
    return EchoingKeys(call)
