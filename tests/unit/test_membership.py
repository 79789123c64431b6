"""Who is served, in a room of scripted people on virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from livekit import rtc

from agent.call.membership import BUSY, TAKEN, Membership
from agent.call.presence import Presence, Serve, Served
from agent.room_protocol import SERVES, TAKE_TURN
from agent.tasks import CallTasks
from tests.fakes import virtual_time

GOODBYE_S, RETURN_S = 5.0, 30.0
STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
JOINED = rtc.ParticipantState.PARTICIPANT_STATE_JOINED
ACTIVE = rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE
BYE = rtc.DisconnectReason.CLIENT_INITIATED
LOST = rtc.DisconnectReason.SIGNAL_CLOSE
REMOVED = rtc.DisconnectReason.PARTICIPANT_REMOVED


@dataclass
class Person:
    identity: str
    kind: Any = STANDARD
    state: Any = ACTIVE
    disconnect_reason: Any = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Scene:
    """A room, a session, a track and the notices of a call; notes what is done with them."""

    remote_participants: dict[str, Person] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)
    handlers: dict[str, Callable[..., None]] = field(default_factory=dict)
    methods: dict[str, Any] = field(default_factory=dict)
    identity: str = "agent"
    free: bool = False

    @property
    def local_participant(self) -> "Scene":
        return self

    @property
    def room_io(self) -> "Scene":
        return self

    async def wait_for_ready(self) -> None:
        return

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self.handlers[event] = handler

    def set_participant(self, identity: str) -> None:
        self.done.append(("links", identity))

    def interrupt(self, *, force: bool) -> None:
        self.done.append(("interrupts", ""))

    def notice(self, text: str, *, to: list[str], **kind: str) -> None:
        assert text == (TAKEN if self.free else BUSY)
        self.done.append(("tells", to[0]))

    def announce(self, labels: dict[str, str]) -> None:
        shows = ("shows", labels[SERVES])
        if shows not in self.of("shows")[-1:]:
            self.done.append(shows)

    def register_rpc_method(self, method: str, answer: Any) -> None:
        self.methods[method] = answer

    async def take_turn(self, identity: str) -> str:
        call = rtc.RpcInvocationData("", identity, "", 10.0)
        return str(await self.methods[TAKE_TURN](call))

    def comes(self, person: Person) -> None:
        self.remote_participants[person.identity] = person
        self.handlers["participant_connected"](person)

    def ready(self, identity: str) -> None:
        person = self.remote_participants[identity]
        person.state = ACTIVE
        self.handlers["participant_active"](person)

    def goes(self, identity: str, reason: Any = BYE) -> None:
        person = self.remote_participants.pop(identity)
        person.disconnect_reason = reason
        self.handlers["participant_disconnected"](person)

    def of(self, *what: str) -> list[tuple[str, str]]:
        return [entry for entry in self.done if entry[0] in what]


def play(
    story: Callable[[Scene, Membership], Coroutine[Any, Any, None]],
    *there: Person,
    free: bool = False,
) -> Scene:
    """Run a story; a minute passes after it."""
    scene = Scene({person.identity: person for person in there}, free=free)

    async def served(action: Served) -> None:
        scene.done.append(("greets" if isinstance(action, Serve) else "resumes", action.identity))

    async def main() -> None:
        async with CallTasks() as tasks:
            membership = Membership(
                scene,  # type: ignore[arg-type]
                scene,  # type: ignore[arg-type]
                scene,  # type: ignore[arg-type]
                scene,  # type: ignore[arg-type]
                Presence(return_s=RETURN_S, goodbye_s=GOODBYE_S, free=free),
                served=served,
                left=lambda identity: scene.done.append(("left", identity)),
                over=lambda: scene.done.append(
                    ("over", f"{asyncio.get_running_loop().time():.0f}")
                ),
            )
            tasks.carry(membership.run, name="membership", lost=lambda: pytest.fail("lost"))
            membership.watch()
            await story(scene, membership)
            await asyncio.sleep(60)

    virtual_time.run(main())
    return scene


async def nothing(scene: Scene, membership: Membership) -> None:
    await asyncio.sleep(1)


def test_who_is_there_already_is_served() -> None:
    scene = play(nothing, Person("watcher", kind=AGENT), Person("ann"))
    assert scene.done == [("links", "ann"), ("links", "ann"), ("greets", "ann")]


def test_who_writes_is_there_whatever_the_server_says() -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.comes(Person("ann", state=JOINED))
        assert membership.heeds("ann")

    assert play(story).of("greets") == [("greets", "ann")]


def test_nobody_is_greeted_before_what_is_sent_arrives() -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.comes(Person("ann", state=JOINED))
        await asyncio.sleep(3)
        assert scene.done == []
        scene.ready("ann")

    assert play(story).of("greets") == [("greets", "ann")]


@pytest.mark.parametrize(
    ("person", "reason", "over"),
    [
        (Person("ann"), BYE, "15"),
        (Person("ann"), LOST, "40"),
        (Person("ann"), REMOVED, "10"),
        (Person("tel", kind=SIP), BYE, "10"),
        (Person("tel", kind=SIP), LOST, "40"),
    ],
)
def test_the_call_is_over_when_nobody_can_come_back(person: Person, reason: Any, over: str) -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.comes(Person(person.identity, kind=person.kind))
        await asyncio.sleep(10)
        scene.goes(person.identity, reason)

    assert play(story).of("over") == [("over", over)]


def test_a_telephone_that_rings_off_before_it_is_ready_ends_the_call_and_a_page_does_not() -> None:
    def story_of(*others: Person) -> Any:
        async def story(scene: Scene, membership: Membership) -> None:
            for person in (Person("tel", kind=SIP, state=JOINED), *others):
                scene.comes(person)
            await asyncio.sleep(10)
            scene.goes("tel")

        return story

    assert play(story_of()).of("over") == [("over", "10")]
    assert play(story_of(Person("ann", state=JOINED))).of("over") == []

    async def page(scene: Scene, membership: Membership) -> None:
        scene.comes(Person("ann", state=JOINED))
        scene.goes("ann")

    assert play(page).of("over") == []


def test_a_caller_who_leaves_while_the_session_starts_ends_nothing_but_the_call() -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.goes("ann")

    scene = play(story, Person("ann"))
    assert scene.of("over") == [("over", "5")]


def test_others_are_told_each_for_themselves_and_not_at_every_word() -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.comes(Person("bob"))
        await asyncio.sleep(1)
        assert membership.heeds("ann")
        assert not any(membership.heeds("bob") for _ in range(50))
        assert not membership.heeds("nobody")
        await asyncio.sleep(10)
        assert not membership.heeds("bob")

    assert play(story, Person("ann")).of("tells") == [("tells", "bob")] * 2


def test_a_client_without_sound_is_spoken_to_after_a_moment_and_nobody_is_not() -> None:
    heard: list[float] = []

    async def never() -> None:
        await asyncio.Event().wait()

    async def story(scene: Scene, membership: Membership) -> None:
        async def listen() -> None:
            await membership.listens(never)
            heard.append(asyncio.get_running_loop().time())

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            await asyncio.sleep(20)
            assert heard == []
            scene.comes(Person("ann"))

    play(story)
    assert heard == [pytest.approx(21.5, abs=0.01)]


@pytest.mark.parametrize("free", [True, False])
def test_whoever_takes_the_turn_is_listened_to_where_the_floor_is_free(free: bool) -> None:
    async def story(scene: Scene, membership: Membership) -> None:
        scene.comes(Person("bob", state=JOINED))
        await asyncio.sleep(1)
        if free:
            assert await scene.take_turn("bob") == '{"serves": "bob"}'
            await asyncio.sleep(1)
            assert membership.heeds("bob")
            assert not membership.heeds("ann")
        assert await scene.take_turn("ann") == '{"serves": "ann"}'
        await asyncio.sleep(1)
        for nobody in ("watcher", "nobody", *(() if free else ("bob",))):
            with pytest.raises(rtc.RpcError, match="turns are not taken"):
                await scene.take_turn(nobody)

    scene = play(story, Person("ann"), Person("watcher", kind=AGENT), free=free)
    shown = ["bob", "ann"] if free else ["ann"]
    assert scene.of("shows") == [("shows", who) for who in shown]
