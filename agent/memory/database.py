"""Two tables in any database that SQLAlchemy knows, and one transaction at a time. All blocks."""

import sqlite3
import time
from collections.abc import Callable
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
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from agent.errors import ConfigError

_BUSY_S = 5.0
"""Longest wait for another writer of the same SQLite file, seconds."""
_TRIES = 5
_PAUSE_S = 0.05
_PASSING = ("locked", "busy", "deadlock", "serializ", "restart", "already exists")
"""Of what databases say when two have written, or made the tables, at the same time."""

_SCHEMA = MetaData()
PEOPLE = Table(
    "rejoinder_people",
    _SCHEMA,
    Column("person", String(64), primary_key=True),
    Column("agreed_at", Integer, nullable=False),
    Column("seen_at", Integer, nullable=False, index=True),
    Column("summary", Text, nullable=False, default=""),
    Column("summary_at", Integer, nullable=False, default=0),
)
FACTS = Table(
    "rejoinder_facts",
    _SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey(PEOPLE.c.person, ondelete="CASCADE"), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("told_at", Integer, nullable=False, index=True),
    # No id is given twice: a page that was loaded long ago deletes nothing else by it.
    sqlite_autoincrement=True,
)

_FAULTS = (DBAPIError, sqlite3.Error)
"""What a database that does not serve raises; SQLAlchemy wraps no error of `_on_connect`."""


T = TypeVar("T")


class Database:
    """One object serves all threads of a process."""

    def __init__(self, url: str) -> None:
        """Connect and make the tables that are missing.

        Raises:
            ConfigError: the address is wrong, its driver is missing, or nobody answers there.
        """
        try:
            self._engine = _engine(url)
            self.transact(_SCHEMA.create_all)
        except _FAULTS as error:
            # Its text may have the address with its password.
            kind = type(getattr(error, "orig", error)).__name__
            raise ConfigError(f"MEMORY_URL: the database does not serve ({kind})") from None
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(f"MEMORY_URL: {type(error).__name__}: {_first_line(error)}") from None

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Do it in one transaction; again, all of it, if another one was in its way."""
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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
