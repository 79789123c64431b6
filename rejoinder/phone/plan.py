"""What turns the trunks and rules that are there into those that are wanted. Pure.

Whatever is named `OWNER/…` is ours; nothing else is touched. Ours are changed in place, so that no
number is without a rule for a moment, except one that goes from one trunk to another.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from livekit import api

from agent.errors import ConfigError
from rejoinder.phone.inventory import Inventory
from rejoinder.phone.wanted import Wanted, WantedTrunk

Action = Literal["create", "update", "keep", "delete", "leave"]
Kind = Literal["inbound trunk", "outbound trunk", "dispatch rule"]
Info = api.SIPInboundTrunkInfo | api.SIPOutboundTrunkInfo | api.SIPDispatchRuleInfo

_Made = TypeVar("_Made", api.SIPInboundTrunkInfo, api.SIPOutboundTrunkInfo, api.SIPDispatchRuleInfo)
_OF_THE_SERVER = frozenset({"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"})
"""Fields that nobody wishes for."""
_GONE = "the file no longer has it"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or to leave as it is."""

    action: Action
    kind: Kind
    info: Info
    """As it should be; of what is deleted or left, as it is."""
    id: str = ""
    """Of what is there."""
    why: str = ""
    """For a person: which fields change, or why it is left. No secret."""
    trunk: str = ""
    """Of a rule: the name of its trunk."""

    @property
    def changes(self) -> bool:
        """Whether anything is done."""
        return self.action in ("create", "update", "delete")


def make_plan(wanted: Wanted, there: Inventory, *, prune: bool) -> tuple[Step, ...]:
    """The steps, in their order.

    Args:
        wanted: what the file says.
        there: what the server has.
        prune: whether trunks of ours that the file no longer has are deleted.

    Raises:
        ConfigError: a number is in somebody else's trunk, or two trunks swap numbers.
    """
    return tuple(_Plan(wanted, there, prune=prune).steps())


def owned(info: Info, owner: str) -> bool:
    """Whether `setup` made it of a file of this name."""
    return info.name.startswith(f"{owner}/")


def identity(info: Info) -> str:
    """The id that LiveKit gave it."""
    if isinstance(info, api.SIPDispatchRuleInfo):
        return info.sip_dispatch_rule_id
    return info.sip_trunk_id


def shared_numbers(one: api.SIPInboundTrunkInfo, other: api.SIPInboundTrunkInfo) -> set[str]:
    """Numbers for whose calls both trunks are meant; an empty one: calls to any number."""
    callers = _normal(one.allowed_numbers) & _normal(other.allowed_numbers)
    return _normal(one.numbers) & _normal(other.numbers) if callers else set()


def _normal(numbers: Sequence[str]) -> set[str]:
    """As LiveKit compares them; any, where there is none."""
    digits = {"".join(c for c in number if c.isalnum()) for number in numbers}
    return {f"+{number}" for number in digits} or {""}


class _Plan:
    def __init__(self, wanted: Wanted, there: Inventory, *, prune: bool) -> None:
        self._wanted = wanted
        self._there = there
        self._prune = prune
        ours = [trunk for trunk in there.inbound if owned(trunk, wanted.owner)]
        self._trunks = _paired(
            [trunk.info for trunk in wanted.inbound],
            ours,
            lambda one, other: bool(set(one.numbers) & set(other.numbers)),
        )
        self._left = [trunk for trunk in ours if trunk not in self._trunks.values()]

    def steps(self) -> Iterator[Step]:
        self._refuse_others_numbers()
        rules, surplus = self._rules()
        yield from surplus
        for trunk in self._left:
            yield self._leftover("inbound trunk", trunk)
        for wanted in self._in_order():
            name = wanted.info.name
            yield _made("inbound trunk", wanted.info, self._trunks.get(name))
            yield from rules[name]
        yield from self._outbound()

    def _refuse_others_numbers(self) -> None:
        mistakes: list[str] = []
        for wanted in self._wanted.inbound:
            for other in self._there.inbound:
                if other in self._trunks.values() or (other in self._left and self._prune):
                    continue
                for number in sorted(shared_numbers(wanted.info, other)):
                    what = number or "calls to any number"
                    remedy = (
                        "which the file no longer has: --prune deletes it"
                        if other in self._left
                        else "which this file did not make: take it out of one of the two (`lk sip "
                        f"inbound delete {other.sip_trunk_id}` deletes that trunk)"
                    )
                    mistakes.append(
                        f"{wanted.info.name} wants {what}, but so has the trunk "
                        f"{other.name or 'without a name'} ({other.sip_trunk_id}), {remedy}"
                    )
        if mistakes:
            raise ConfigError("\n".join(mistakes))

    def _rules(self) -> tuple[dict[str, list[Step]], list[Step]]:
        """What becomes of the rules that are wanted, by their trunk's name, and of all others."""
        free = [rule for rule in self._there.rules if owned(rule, self._wanted.owner)]
        wanted: dict[str, list[Step]] = {}
        for trunk in self._wanted.inbound:
            name = trunk.info.name
            there = self._trunks.get(name)
            rules = [_placed(rule, there) for rule in trunk.rules]
            pairs = _paired(
                rules, free, lambda a, b: a.trunk_ids == b.trunk_ids and a.numbers == b.numbers
            )
            free = [rule for rule in free if rule not in pairs.values()]
            wanted[name] = [
                _made("dispatch rule", rule, pairs.get(rule.name), trunk=name) for rule in rules
            ]
        in_file = {trunk.sip_trunk_id for trunk in self._trunks.values()}
        others = [
            # Who has dialled its number would be answered as the file no longer says.
            Step("delete", "dispatch rule", rule, rule.sip_dispatch_rule_id, _GONE)
            if in_file.intersection(rule.trunk_ids)
            else self._leftover("dispatch rule", rule)
            for rule in free
        ]
        return wanted, others

    def _in_order(self) -> Iterator[WantedTrunk]:
        """Trunks that take a number from another one come after it."""
        pending = list(self._wanted.inbound)
        while pending:
            for trunk in pending:
                others = [
                    self._trunks[other.info.name]
                    for other in pending
                    if other is not trunk and other.info.name in self._trunks
                ]
                if not any(shared_numbers(trunk.info, other) for other in others):
                    break
            else:
                names = " and ".join(trunk.info.name for trunk in pending)
                raise ConfigError(
                    f"{names} take numbers from each other, and LiveKit has a number in one trunk "
                    "only: take the numbers out of one of them, run this, then put them where they "
                    "belong"
                )
            pending.remove(trunk)
            yield trunk

    def _outbound(self) -> Iterator[Step]:
        ours = [trunk for trunk in self._there.outbound if owned(trunk, self._wanted.owner)]
        pairs = _paired(
            self._wanted.outbound, ours, lambda one, other: one.address == other.address
        )
        for info in self._wanted.outbound:
            yield _made("outbound trunk", info, pairs.get(info.name))
        for trunk in ours:
            if trunk not in pairs.values():
                yield self._leftover("outbound trunk", trunk)

    def _leftover(self, kind: Kind, info: Info) -> Step:
        if self._prune:
            return Step("delete", kind, info, identity(info), _GONE)
        return Step("leave", kind, info, identity(info), f"{_GONE}; --prune deletes it")


def _placed(
    rule: api.SIPDispatchRuleInfo, trunk: api.SIPInboundTrunkInfo | None
) -> api.SIPDispatchRuleInfo:
    """The rule on its trunk, which gets its id when it is made."""
    placed = api.SIPDispatchRuleInfo()
    placed.CopyFrom(rule)
    placed.trunk_ids[:] = [trunk.sip_trunk_id if trunk else ""]
    return placed


def _paired(
    wanted: Sequence[_Made], ours: Sequence[_Made], kin: Callable[[_Made, _Made], bool]
) -> dict[str, _Made]:
    """What is there of what is wanted, by its name: that of this name, else one of its kin."""
    named = {info.name: info for info in reversed(ours)}
    pairs = {info.name: named[info.name] for info in wanted if info.name in named}
    for info in wanted:
        if info.name not in pairs:
            free = (o for o in ours if o not in pairs.values() and kin(info, o))
            if (found := next(free, None)) is not None:
                pairs[info.name] = found
    return pairs


def _made(kind: Kind, wanted: _Made, there: _Made | None, *, trunk: str = "") -> Step:
    if there is None:
        return Step("create", kind, wanted, trunk=trunk)
    changed = [
        field.name
        for field in wanted.DESCRIPTOR.fields
        if field.name not in _OF_THE_SERVER
        and getattr(wanted, field.name) != getattr(there, field.name)
    ]
    action: Action = "update" if changed else "keep"
    return Step(action, kind, wanted, identity(there), ", ".join(changed), trunk)
