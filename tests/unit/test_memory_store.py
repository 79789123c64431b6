"""What is stored of callers, in a real SQLite file."""

import sqlite3
import stat
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.memory.known import FACT_CHARS, NOTHING, SUMMARY_CHARS, Refusal
from agent.memory.person import hashed
from agent.memory.place import salt_of, url_of
from agent.memory.store import Store
from agent.options.memory import MemoryOptions

ANN, BOB = hashed("phone:+4930123", b"salt"), hashed("phone:+4930124", b"salt")
DAY_S = 86_400


class Clock:
    """Seconds since 1970, by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def options(tmp_path: Path) -> MemoryOptions:
    url = f"sqlite:///{tmp_path}/memory/calls.sqlite3"
    return MemoryOptions.model_validate({"memory": "on", "url": url, "keep_days": 30, "facts": 3})


@pytest.fixture
def store(options: MemoryOptions, clock: Clock) -> Store:
    return Store(url_of(options), options, clock=clock)


def texts(store: Store, person: str) -> list[str]:
    return [fact.text for fact in store.shown(person).facts]


def test_nothing_is_stored_of_somebody_who_has_not_agreed(store: Store, tmp_path: Path) -> None:
    for write in (
        lambda: store.remember(ANN, "My name is Ann."),
        lambda: store.summarise(ANN, "Ann has called."),
        lambda: store.correct(ANN, "1", "My name is Anne."),
    ):
        with pytest.raises(Refusal, match="has not agreed"):
            write()
    assert store.known(ANN) == NOTHING
    assert store.people() == []
    assert rows(tmp_path) == []


def rows(folder: Path) -> list[object]:
    """All rows of the file, as anybody reads them who has it."""
    with sqlite3.connect(folder / "memory/calls.sqlite3") as file:
        return [
            row
            for table in ("rejoinder_people", "rejoinder_facts")
            for row in file.execute(f"SELECT * FROM {table}")
        ]


def test_facts_are_kept_in_order_and_corrected_and_deleted(store: Store, clock: Clock) -> None:
    assert store.agree(ANN).agreed_at == int(clock.now)
    for text in ("I am Ann.", "I\u2028like   tea.\n", "I live in Rome."):
        store.remember(ANN, text)
    assert texts(store, ANN) == ["I am Ann.", "I like tea.", "I live in Rome."]
    clock.now += 60
    first = store.known(ANN).facts[0].id
    assert store.correct(ANN, first, "I am Anne.").facts[0].text == "I am Anne."
    assert texts(store, ANN) == ["I am Anne.", "I like tea.", "I live in Rome."]
    store.forget(ANN, store.known(ANN).facts[1].id)
    assert texts(store, ANN) == ["I am Anne.", "I live in Rome."]
    store.summarise(ANN, "x" * 5000)
    assert len(store.known(ANN).summary) == SUMMARY_CHARS
    store.forget(ANN)
    assert (texts(store, ANN), store.known(ANN).summary) == ([], "")
    assert store.known(ANN).agreed_at is not None, "the yes stays"


def test_a_fact_told_twice_is_one(store: Store) -> None:
    store.agree(ANN)
    store.remember(ANN, "I am Ann.")
    assert [fact.text for fact in store.remember(ANN, " I am  Ann. ").facts] == ["I am Ann."]


def test_a_yes_given_twice_keeps_its_date(store: Store, clock: Clock) -> None:
    first = store.agree(ANN).agreed_at
    clock.now += DAY_S
    assert store.agree(ANN).agreed_at == first


def test_who_takes_their_yes_back_is_gone_from_the_file(store: Store, tmp_path: Path) -> None:
    for person in (ANN, BOB):
        store.agree(person)
        store.remember(person, "I keep a velvet lighthouse.")
    assert store.withdraw(ANN) == NOTHING
    assert [row.person for row in store.people()] == [BOB]
    assert ANN not in str(rows(tmp_path))
    assert texts(store, BOB) == ["I keep a velvet lighthouse."]


def test_limits_are_told_and_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/few.sqlite3"
    few = MemoryOptions.model_validate({"url": url, "facts": 2, "chars": 100})
    store = Store(url_of(few), few)
    store.agree(ANN)
    for text, why in (("", "must have words"), (" \n", "must have"), ("y" * 301, "300 characters")):
        with pytest.raises(Refusal, match=why):
            store.remember(ANN, text)
    store.remember(ANN, "a" * 60)
    with pytest.raises(Refusal, match="100 characters are taken"):
        store.remember(ANN, "b" * 41)
    store.remember(ANN, "b" * 40)
    with pytest.raises(Refusal, match="2 facts are known"):
        store.remember(ANN, "c")
    with pytest.raises(Refusal, match="100 characters"):
        store.correct(ANN, store.known(ANN).facts[1].id, "b" * 41)
    assert texts(store, ANN) == ["a" * 60, "b" * 40]
    assert FACT_CHARS == 300


@pytest.mark.parametrize("id", ["", "0", "99", "1 OR 1=1", "9" * 40, "-1", "１"])
def test_a_fact_that_is_not_theirs_is_not_there(store: Store, id: str) -> None:
    store.agree(ANN)
    store.agree(BOB)
    store.remember(BOB, "I am Bob.")
    for write in (lambda: store.forget(ANN, id), lambda: store.correct(ANN, id, "I am Ann.")):
        with pytest.raises(Refusal, match="no such fact"):
            write()
    with pytest.raises(Refusal, match="no such fact"):
        store.forget(ANN, store.known(BOB).facts[0].id)
    assert texts(store, BOB) == ["I am Bob."]


def test_no_id_is_given_twice(store: Store) -> None:
    store.agree(ANN)
    first = store.remember(ANN, "One.").facts[0].id
    store.forget(ANN, first)
    assert store.remember(ANN, "Two.").facts[0].id != first


def test_what_is_old_is_deleted_at_the_next_write_of_anybody(store: Store, clock: Clock) -> None:
    store.agree(ANN)
    store.remember(ANN, "Old.")
    store.summarise(ANN, "An old call.")
    clock.now += 20 * DAY_S
    store.known(ANN)  # she calls
    store.remember(ANN, "New.")
    clock.now += 11 * DAY_S
    store.agree(BOB)
    assert (texts(store, ANN), store.shown(ANN).summary) == (["New."], "")
    clock.now += 31 * DAY_S
    assert store.prune() == 3  # a fact, and two people who have not called
    assert store.people() == []


def test_a_call_of_somebody_too_late_knows_nothing_of_them(store: Store, clock: Clock) -> None:
    store.agree(ANN)
    store.remember(ANN, "Old.")
    clock.now += 31 * DAY_S
    assert store.known(ANN) == NOTHING


def test_a_list_has_counts_and_dates_alone(store: Store, clock: Clock) -> None:
    store.agree(ANN)
    clock.now += 60
    store.agree(BOB)
    store.remember(BOB, "I am Bob.")
    store.remember(BOB, "I like tea.")
    found = [(row.person, row.facts, row.summary) for row in store.people()]
    assert found == [(BOB, 2, False), (ANN, 0, False)]


def test_files_are_the_workers_alone(options: MemoryOptions, tmp_path: Path) -> None:
    salt = salt_of(options)
    store = Store(url_of(options), options)
    store.agree(ANN)
    assert salt_of(options) == salt
    assert len(salt) == 64
    files = sorted((tmp_path / "memory").iterdir())
    assert [file.name for file in files if "sqlite3-" not in file.name] == [
        "calls.sqlite3",
        "calls.sqlite3.salt",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "memory").stat().st_mode) == 0o700
    for file in (files[0], files[-1]):
        file.chmod(0o644)
    with pytest.raises(ConfigError, match="read by others"):
        url_of(options)
    with pytest.raises(ConfigError, match="read by others"):
        salt_of(options)


def test_a_salt_that_was_cut_is_not_taken(options: MemoryOptions, tmp_path: Path) -> None:
    salt_of(options)
    (tmp_path / "memory/calls.sqlite3.salt").write_text("")
    with pytest.raises(ConfigError, match="is cut"):
        salt_of(options)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "MEMORY_URL"),
        ("nosuchkind://here/there", "MEMORY_URL"),
        ("sqlite://", "names no file"),
        ("sqlite:////proc/no/memory.sqlite3", "the memory's file"),
    ],
)
def test_an_address_that_cannot_be_is_told(url: str, why: str) -> None:
    options = MemoryOptions.model_validate({"url": url})
    with pytest.raises(ConfigError, match=why):
        Store(url_of(options), options)


def test_a_database_of_another_kind_needs_a_salt() -> None:
    shared = MemoryOptions.model_validate({"url": "postgresql+psycopg://user:key@host/name"})
    with pytest.raises(ConfigError, match="MEMORY_SALT must be set"):
        salt_of(shared)
    assert salt_of(shared.model_copy(update={"salt": MemoryOptions(salt="s" * 16).salt}))
    assert "key" not in repr(shared)
