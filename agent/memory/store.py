"""What is stored of callers, and may be asked of it. All of it blocks.

Every call here is one transaction, in which the person's row is locked: two calls of one person at
once, in two processes or on two machines, follow each other, and neither loses what the other has
written.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from agent.memory.database import FACTS, PEOPLE, Database
from agent.memory.known import (
    NOT_AGREED,
    NOTHING,
    SUMMARY_CHARS,
    Fact,
    Known,
    Refusal,
    fact_of,
    plain,
)
from agent.options.memory import MemoryOptions

_DAY_S = 86_400
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Row:
    """What an operator's list shows of one person: nothing that they told."""

    person: str
    agreed_at: int
    seen_at: int
    facts: int
    summary: bool


class Store:
    """Of one database. One object serves all threads of a process."""

    def __init__(
        self, url: str, options: MemoryOptions, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Connect and make the tables that are missing; `clock` tells seconds since 1970.

        Raises:
            ConfigError: the address is wrong, its driver is missing, or nobody answers there.
        """
        self._options = options
        self._clock = clock
        self._database = Database(url)

    def known(self, person: str) -> Known:
        """All that is known of somebody who is on the line now."""

        def read(connection: Connection) -> Known:
            self._prune(connection)
            seen = update(PEOPLE).where(PEOPLE.c.person == person)
            connection.execute(seen.values(seen_at=self._now()))
            return _read(connection, person)

        return self._database.transact(read)

    def shown(self, person: str) -> Known:
        """The same for an operator: it is no call of theirs."""
        return self._database.transact(lambda connection: _read(connection, person))

    def agree(self, person: str) -> Known:
        """They have agreed to be remembered; one who has already changes nothing."""

        def write(connection: Connection) -> Known:
            if _locked(connection, person) is None:
                now = self._now()
                row = {"person": person, "agreed_at": now, "seen_at": now}
                connection.execute(insert(PEOPLE).values(row))
            return self._after(connection, person)

        return self._database.transact(write)

    def withdraw(self, person: str) -> Known:
        """They do not agree any more: everything of theirs is deleted, their row too."""

        def write(connection: Connection) -> Known:
            connection.execute(delete(FACTS).where(FACTS.c.person == person))
            connection.execute(delete(PEOPLE).where(PEOPLE.c.person == person))
            return NOTHING

        return self._database.transact(write)

    def remember(self, person: str, fact: str) -> Known:
        """Store a fact; one that is there already is written anew.

        Raises:
            Refusal: they have not agreed, or it is too much.
        """

        def write(connection: Connection) -> Known:
            _demand(connection, person)
            self._add(connection, person, fact)
            return self._after(connection, person)

        return self._database.transact(write)

    def correct(self, person: str, id: str, text: str) -> Known:
        """Write other words for a fact.

        Raises:
            Refusal: they have not agreed, there is no such fact of theirs, or it is too much.
        """

        def write(connection: Connection) -> Known:
            _demand(connection, person)
            fact = fact_of(text)
            others = [known for known in _read(connection, person).facts if known.id != id]
            self._demand_room(others, fact)
            change = update(FACTS).where(FACTS.c.person == person, FACTS.c.id == _number(id))
            found = connection.execute(change.values(text=fact, told_at=self._now()))
            if not found.rowcount:
                raise _unknown()
            return self._after(connection, person)

        return self._database.transact(write)

    def forget(self, person: str, id: str | None = None) -> Known:
        """Delete a fact, or all of them and the summary; the yes stays.

        Raises:
            Refusal: there is no such fact of theirs.
        """

        def write(connection: Connection) -> Known:
            _locked(connection, person)
            facts = delete(FACTS).where(FACTS.c.person == person)
            if id is None:
                connection.execute(facts)
                summary = update(PEOPLE).where(PEOPLE.c.person == person)
                connection.execute(summary.values(summary="", summary_at=0))
            elif not connection.execute(facts.where(FACTS.c.id == _number(id))).rowcount:
                raise _unknown()
            return self._after(connection, person)

        return self._database.transact(write)

    def summarise(self, person: str, summary: str) -> Known:
        """Write the summary of their calls in the place of the one before.

        Raises:
            Refusal: they have not agreed.
        """

        def write(connection: Connection) -> Known:
            _demand(connection, person)
            text = plain(summary, chars=SUMMARY_CHARS)
            change = update(PEOPLE).where(PEOPLE.c.person == person)
            connection.execute(change.values(summary=text, summary_at=self._now()))
            return self._after(connection, person)

        return self._database.transact(write)

    def people(self) -> list[Row]:
        """Everybody of whom something is stored, the latest caller first."""

        def read(connection: Connection) -> list[Row]:
            counted = (
                select(PEOPLE, func.count(FACTS.c.id).label("facts"))
                .select_from(PEOPLE.outerjoin(FACTS))
                .group_by(*PEOPLE.c)
                .order_by(PEOPLE.c.seen_at.desc(), PEOPLE.c.person)
            )
            return [
                Row(row.person, row.agreed_at, row.seen_at, row.facts, bool(row.summary))
                for row in connection.execute(counted)
            ]

        return self._database.transact(read)

    def prune(self) -> int:
        """Delete what is older than `MEMORY_KEEP_DAYS`; returns how many rows."""
        return self._database.transact(self._prune)

    def _add(self, connection: Connection, person: str, text: str) -> None:
        fact, known = fact_of(text), _read(connection, person).facts
        same = next((other for other in known if other.text == fact), None)
        if same is not None:
            anew = update(FACTS).where(FACTS.c.id == _number(same.id))
            connection.execute(anew.values(told_at=self._now()))
            return
        self._demand_room(known, fact)
        row = {"person": person, "text": fact, "told_at": self._now()}
        connection.execute(insert(FACTS).values(row))

    def _demand_room(self, others: Sequence[Fact], fact: str) -> None:
        if len(others) >= self._options.facts:
            raise Refusal(413, f"{self._options.facts} facts are known; forget one first")
        if sum(len(other.text) for other in others) + len(fact) > self._options.chars:
            raise Refusal(413, f"{self._options.chars} characters are taken; forget a fact first")

    def _after(self, connection: Connection, person: str) -> Known:
        """What a write has left, old things gone."""
        self._prune(connection)
        return _read(connection, person)

    def _prune(self, connection: Connection) -> int:
        before = self._now() - self._options.keep_days * _DAY_S
        gone = select(PEOPLE.c.person).where(PEOPLE.c.seen_at < before)
        old = (FACTS.c.told_at < before) | FACTS.c.person.in_(gone)
        facts = connection.execute(delete(FACTS).where(old)).rowcount
        people = connection.execute(delete(PEOPLE).where(PEOPLE.c.seen_at < before)).rowcount
        summary = update(PEOPLE).where(PEOPLE.c.summary != "", PEOPLE.c.summary_at < before)
        connection.execute(summary.values(summary="", summary_at=0))
        return facts + people

    def _now(self) -> int:
        return int(self._clock())


def _locked(connection: Connection, person: str) -> str | None:
    """Lock somebody's row until the transaction ends; None: they have not agreed."""
    row = select(PEOPLE.c.person).where(PEOPLE.c.person == person).with_for_update()
    found: str | None = connection.execute(row).scalar()
    return found


def _demand(connection: Connection, person: str) -> None:
    if _locked(connection, person) is None:
        raise Refusal(409, NOT_AGREED)


def _read(connection: Connection, person: str) -> Known:
    row = connection.execute(select(PEOPLE).where(PEOPLE.c.person == person)).first()
    if row is None:
        return NOTHING
    mine = select(FACTS).where(FACTS.c.person == person)
    found = connection.execute(mine.order_by(FACTS.c.id))
    facts = tuple(Fact(str(fact.id), fact.text, fact.told_at) for fact in found)
    return Known(row.agreed_at, facts, row.summary, row.summary_at)


def _number(id: str) -> int:
    """The database's name of a fact, by that of clients."""
    if not (id.isascii() and id.isdigit() and len(id) <= _MOST_DIGITS):
        raise _unknown()
    return int(id)


def _unknown() -> Refusal:
    return Refusal(404, "there is no such fact")
