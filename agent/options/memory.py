"""What is remembered of callers."""

from typing import Literal

from pydantic import SecretStr

from agent.options.fields import Section, setting


class MemoryOptions(Section):
    """Memory of callers over calls, by their own yes (docs/memory.md)."""

    memory: Literal["off", "on"] = setting(
        "off",
        "on: who has said yes to it is known again in their next call, by facts that they told and "
        "a summary (docs/memory.md)",
    )
    url: SecretStr | None = setting(
        None,
        "SQLAlchemy's address of the database, for example postgresql+psycopg://USER:KEY@HOST/NAME "
        "with the driver installed; empty: a SQLite file in the user's state folder",
    )
    salt: SecretStr | None = setting(
        None,
        "secret that people's identities are hashed with, 16 characters or more: with another one "
        "nobody is known any more; empty: made once and kept beside the SQLite file, mode 0600. "
        "With a database of another kind it must be set, the same for all workers",
        min_length=16,
    )
    keep_days: int = setting(
        365,
        "days after which a fact or a summary is deleted if nobody has written it anew, and a yes "
        "since the last call of who gave it",
        ge=1,
        le=3650,
    )
    facts: int = setting(30, "most facts of one person", ge=1, le=50)
    chars: int = setting(
        2000, "most characters of all facts of one person; of one fact 300", ge=100, le=2400
    )
