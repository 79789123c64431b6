"""What is stored of callers: two tables of any database that SQLAlchemy knows. All of it blocks.

Every call here is one transaction, in which the person's row is locked: two calls of one person at
once, in two processes or on two machines, follow each other, and neither loses what the other has
written.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from agent.errors import ConfigError
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
_BUSY_S = 5.0
"""Longest wait for another writer of the same SQLite file, seconds."""
_TRIES = 5
_PAUSE_S = 0.05
_MOST_DIGITS = 9
_PASSING = ("locked", "busy", "deadlock", "serializ", "restart", "already exists")
"""Of what databases say when two have written, or made the tables, at the same time."""

_SCHEMA = MetaData()
_PEOPLE = Table(
    "rejoinder_people",
    _SCHEMA,
    Column("person", String(64), primary_key=True),
    Column("agreed_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False, index=True),
    Column("summary", Text, nullable=False, default=""),
    Column("summary_at", Integer, nullable=False, default=0),
)
_FACTS = Table(
    "rejoinder_facts",
    _SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey(_PEOPLE.c.person, ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("told_at", Integer, nullable=False, index=True),
    # No id is given twice: a page that was loaded long ago deletes nothing else by it.
    sqlite_autoincrement=True,
)

_FAULTS = (DBAPIError, sqlite3.Error)
"""What a database that does not serve raises; SQLAlchemy wraps no error of `_on_connect`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """What an operator's list shows of one person: nothing that they told."""

    person: str
    agreed_at: int
    seen_at: int
    facts: int
    summary: bool


class Store:
    """The database. One object serves all threads of a process."""

    def __init__(
        self, url: str, options: MemoryOptions, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Connect and make the tables that are missing; `clock` tells seconds since 1970.

        Raises:
            ConfigError: the address is wrong, its driver is missing, or nobody answers there.
        """
        self._options = options
        self._clock = clock
        try:
            self._engine = _engine(url)
            self._attempt(_SCHEMA.create_all)
        except _FAULTS as error:
            # Its text may have the address with its password.
            kind = type(getattr(error, "orig", error)).__name__
            raise ConfigError(f"MEMORY_URL: the database does not serve ({kind})") from None
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"MEMORY_URL: {type(error).__name__}: {_first_line(error)}") from None

    def known(self, person: str) -> Known:
        """All that is known of somebody who is on the line now."""

        def read(connection: Connection) -> Known:
            self._prune(connection)
            seen = update(_PEOPLE).where(_PEOPLE.c.person == person)
            connection.execute(seen.values(seen_at=self._now()))
            return _read(connection, person)

        return self._attempt(read)

    def shown(self, person: str) -> Known:
        """The same for an operator: it is no call of theirs."""
        return self._attempt(lambda connection: _read(connection, person))

    def agree(self, person: str) -> Known:
        """They have agreed to be remembered; one who has already changes nothing."""

        def write(connection: Connection) -> Known:
            if _locked(connection, person) is None:
                now = self._now()
                row = {"person": person, "agreed_at": now, "seen_at": now}
                connection.execute(insert(_PEOPLE).values(row))
            return self._after(connection, person)

        return self._attempt(write)

    def withdraw(self, person: str) -> Known:
        """They do not agree any more: everything of theirs is deleted, their row too."""

        def write(connection: Connection) -> Known:
            connection.execute(delete(_FACTS).where(_FACTS.c.person == person))
            connection.execute(delete(_PEOPLE).where(_PEOPLE.c.person == person))
            return NOTHING

        return self._attempt(write)

    def remember(self, person: str, fact: str) -> Known:
        """Store a fact; one that is there already is written anew.

        Raises:
            Refusal: they have not agreed, or it is too much.
        """

        def write(connection: Connection) -> Known:
            _demand(connection, person)
            self._add(connection, person, fact)
            return self._after(connection, person)

        return self._attempt(write)

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
            change = update(_FACTS).where(_FACTS.c.person == person, _FACTS.c.id == _number(id))
            found = connection.execute(change.values(text=fact, told_at=self._now()))
            if not found.rowcount:
                raise _unknown()
            return self._after(connection, person)

        return self._attempt(write)

    def forget(self, person: str, id: str | None = None) -> Known:
        """Delete a fact, or all of them and the summary; the yes stays.

        Raises:
            Refusal: there is no such fact of theirs.
        """

        def write(connection: Connection) -> Known:
            _locked(connection, person)
            facts = delete(_FACTS).where(_FACTS.c.person == person)
            if id is None:
                connection.execute(facts)
                summary = update(_PEOPLE).where(_PEOPLE.c.person == person)
                connection.execute(summary.values(summary="", summary_at=0))
            elif not connection.execute(facts.where(_FACTS.c.id == _number(id))).rowcount:
                raise _unknown()
            return self._after(connection, person)

        return self._attempt(write)

    def summarise(self, person: str, summary: str) -> Known:
        """Write the summary of their calls in the place of the one before.

        Raises:
            Refusal: they have not agreed.
        """

        def write(connection: Connection) -> Known:
            _demand(connection, person)
            text = plain(summary, chars=SUMMARY_CHARS)
            change = update(_PEOPLE).where(_PEOPLE.c.person == person)
            connection.execute(change.values(summary=text, summary_at=self._now()))
            return self._after(connection, person)

        return self._attempt(write)

    def people(self) -> list[Row]:
        """Everybody of whom something is stored, the latest caller first."""

        def read(connection: Connection) -> list[Row]:
            counted = (
                select(_PEOPLE, func.count(_FACTS.c.id).label("facts"))
                .select_from(_PEOPLE.outerjoin(_FACTS))
                .group_by(*_PEOPLE.c)
                .order_by(_PEOPLE.c.seen_at.desc(), _PEOPLE.c.person)
            )
            return [
                Row(row.person, row.agreed_at, row.seen_at, row.facts, bool(row.summary))
                for row in connection.execute(counted)
            ]

        return self._attempt(read)

    def prune(self) -> int:
        """Delete what is older than `MEMORY_KEEP_DAYS`; returns how many rows."""
        return self._attempt(self._prune)

    def _add(self, connection: Connection, person: str, text: str) -> None:
        fact, known = fact_of(text), _read(connection, person).facts
        same = next((other for other in known if other.text == fact), None)
        if same is not None:
            anew = update(_FACTS).where(_FACTS.c.id == _number(same.id))
            connection.execute(anew.values(told_at=self._now()))
            return
        self._demand_room(known, fact)
        row = {"person": person, "text": fact, "told_at": self._now()}
        connection.execute(insert(_FACTS).values(row))

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
        gone = select(_PEOPLE.c.person).where(_PEOPLE.c.seen_at < before)
        old = (_FACTS.c.told_at < before) | _FACTS.c.person.in_(gone)
        facts = connection.execute(delete(_FACTS).where(old)).rowcount
        people = connection.execute(delete(_PEOPLE).where(_PEOPLE.c.seen_at < before)).rowcount
        summary = update(_PEOPLE).where(_PEOPLE.c.summary != "", _PEOPLE.c.summary_at < before)
        connection.execute(summary.values(summary="", summary_at=0))
        return facts + people

    def _now(self) -> int:
        return int(self._clock())

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        """Do it in one transaction; again if another one was in its way."""
        for left in reversed(range(_TRIES)):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except _FAULTS as error:
                if not left or not _may_pass(error):
                    raise
                time.sleep(_PAUSE_S * (_TRIES - left))
        raise AssertionError


def _engine(url: str) -> Engine:
    address = make_url(url)
    # No connection is kept: calls need one a few times, and a process that parts inherits none.
    engine = create_engine(address, poolclass=NullPool, hide_parameters=True)
    if address.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: object, record: object) -> None:
    # The driver would begin transactions by itself, and too late for the first read.
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for line in (
        f"busy_timeout = {_BUSY_S * 1000:.0f}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {line}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _may_pass(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the same may succeed in a moment: two have written at once."""
    if isinstance(error, IntegrityError):
        return True
    text = str(getattr(error, "orig", error)).lower()
    return any(sign in text for sign in _PASSING)


def _locked(connection: Connection, person: str) -> str | None:
    """Lock somebody's row until the transaction ends; None: they have not agreed."""
    row = select(_PEOPLE.c.person).where(_PEOPLE.c.person == person).with_for_update()
    found: str | None = connection.execute(row).scalar()
    return found


def _demand(connection: Connection, person: str) -> None:
    if _locked(connection, person) is None:
        raise Refusal(409, NOT_AGREED)


def _read(connection: Connection, person: str) -> Known:
    row = connection.execute(select(_PEOPLE).where(_PEOPLE.c.person == person)).first()
    if row is None:
        return NOTHING
    mine = select(_FACTS).where(_FACTS.c.person == person)
    found = connection.execute(mine.order_by(_FACTS.c.id))
    facts = tuple(Fact(str(fact.id), fact.text, fact.told_at) for fact in found)
    return Known(row.agreed_at, facts, row.summary, row.summary_at)


def _number(id: str) -> int:
    """The database's name of a fact, by that of clients."""
    if not (id.isascii() and id.isdigit() and len(id) <= _MOST_DIGITS):
        raise _unknown()
    return int(id)


def _unknown() -> Refusal:
    return Refusal(404, "there is no such fact")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
