"""What engines cost: a table in TOML, and the lines of somebody's own before it.

    [[price]]
    stage = "stt"               # stt, llm, tts or translate
    engine = "openai"           # as in STT_ENGINE
    at = "api.openai.com"       # the server, or who runs it
    model = "whisper-1"
    currency = "USD"
    per_minute = 0.006
    date = 2026-11-26
    source = "https://…"

The first line that fits counts; `*` and `?` stand for any letters, and what is left out fits all.
Nothing is known of an engine that no line fits: that is said, and is never 0. docs/costs.md has all
fields. Nothing here imports livekit-agents: settings are read by every process.
"""

import datetime
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.costs.amounts import Amounts
from agent.errors import ConfigError

Stage = Literal["stt", "llm", "tts", "translate"]

SHIPPED = Path(__file__).with_name("prices.toml")
"""The lines that come with this package."""

_MILLION = 1_000_000
_MINUTE_S = 60
_UNITS: Mapping[Stage, tuple[tuple[str, ...], ...]] = {
    "stt": (("per_minute",),),
    "llm": (("per_million_prompt", "per_million_completion"),),
    "tts": (
        ("per_million_characters",),
        ("per_minute",),
        ("per_million_prompt", "per_million_completion"),
    ),
    "translate": (("per_million_characters",),),
}
"""What a line of a stage must have: all of one of these."""
_Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(ge=0, le=3600)]


class Price(BaseModel):
    """One line of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    engine: str = "*"
    """As in the stage's table of engines."""
    at: str = "*"
    """Server or service, as the engine calls it."""
    model: str = "*"
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    """Code of ISO 4217. Nothing is converted."""
    per_minute: _Money | None = None
    """Of sound."""
    least_s: _Seconds = 0.0
    """What a shorter request is billed as, seconds."""
    step_s: _Seconds = 0.0
    """Seconds are billed in whole steps of so many; 0: as they are."""
    per_million_characters: _Money | None = None
    per_million_prompt: _Money | None = None
    """Tokens."""
    per_million_cached: _Money | None = None
    """Without it, tokens from a cache cost what others cost."""
    per_million_cache_write: _Money | None = None
    """The same for those that are written to one."""
    per_million_completion: _Money | None = None
    date: datetime.date | None = None
    """When this was the price."""
    source: str = ""
    """Where that is written."""

    def fits(self, stage: Stage, engine: str, at: str, model: str) -> bool:
        """Whether this is the price of an engine's model; capitals make no difference."""
        pairs = ((self.engine, engine), (self.at, at), (self.model, model))
        return stage == self.stage and all(
            fnmatchcase(name.casefold(), pattern.casefold()) for pattern, name in pairs
        )

    @property
    def by_tokens(self) -> bool:
        """Whether it is of tokens, which an engine may not tell."""
        return self.per_million_prompt is not None

    def cost(self, used: Amounts, each_s: Iterable[float] = ()) -> Decimal:
        """What it costs.

        `each_s`: the seconds of each request, which are billed one by one.
        """
        if self.per_million_characters is not None:
            return self.per_million_characters * used.characters / _MILLION
        if self.per_minute is not None:
            seconds = sum(self._billed_s(s) for s in each_s) if self._rounds else used.seconds
            return self.per_minute * Decimal(str(seconds)) / _MINUTE_S
        plain = max(0, used.prompt_tokens - used.cached_tokens - used.cache_write_tokens)
        parts = (
            (self.per_million_prompt, plain),
            (_first(self.per_million_cached, self.per_million_prompt), used.cached_tokens),
            (
                _first(self.per_million_cache_write, self.per_million_prompt),
                used.cache_write_tokens,
            ),
            (self.per_million_completion, used.completion_tokens),
        )
        return sum((_first(price) * count for price, count in parts), Decimal(0)) / _MILLION

    @property
    def _rounds(self) -> bool:
        return self.least_s > 0 or self.step_s > 0

    def _billed_s(self, seconds: float) -> float:
        if self.step_s:
            # What was cut in hops of 10 ms is no step longer for the last bit of a float.
            seconds = math.ceil(round(seconds / self.step_s, 6)) * self.step_s
        return max(self.least_s, seconds)

    def __str__(self) -> str:
        """For people: `0.006 USD a minute (2026-11-26)`."""
        names = {
            "per_minute": "a minute",
            "per_million_characters": "a million characters",
            "per_million_prompt": "a million prompt tokens",
            "per_million_completion": "a million completion tokens",
        }
        parts = [
            f"{value.normalize():f} {self.currency} {unit}"
            for name, unit in names.items()
            if (value := getattr(self, name)) is not None
        ]
        return ", ".join(parts) + (f" ({self.date})" if self.date else "")


def _first(*prices: Decimal | None) -> Decimal:
    """The first that is known; 0 without any."""
    return next((price for price in prices if price is not None), Decimal(0))


@dataclass(frozen=True, slots=True)
class Prices:
    """All lines, the one that counts first."""

    lines: tuple[Price, ...] = ()

    def find(self, stage: Stage, *, engine: str, at: str, model: str) -> Price | None:
        """The first line that fits; None: nothing is known."""
        fitting = (line for line in self.lines if line.fits(stage, engine, at, model))
        return next(fitting, None)


def read_prices(own: Path | None = None) -> Prices:
    """The table that comes with this package, with the lines of the file `own` before it.

    Raises:
        ConfigError: a file cannot be read, or a line of it is wrong; one line says where.
    """
    mine = _lines(own) if own is not None else ()
    return Prices((*mine, *_lines(SHIPPED)))


def _lines(path: Path) -> tuple[Price, ...]:
    try:
        content = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    tables = content.get("price", [])
    unknown = content.keys() - {"price"}
    if unknown or not isinstance(tables, list):
        raise ConfigError(f"{path} should have [[price]] tables alone (docs/costs.md)")
    return tuple(_line(path, number, table) for number, table in enumerate(tables, 1))


def _line(path: Path, number: int, table: Any) -> Price:
    where = f"{path}, price {number}"
    try:
        price = Price.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        near = get_close_matches(name, Price.model_fields, n=1)
        if first["type"] == "extra_forbidden":
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"{where}: {name} is not a field{hint}") from error
        raise ConfigError(f"{where}: {name}: {first['msg']}") from error
    has = {name for name in Price.model_fields if name.startswith("per_")} & price.model_fields_set
    known = {name for units in _UNITS[price.stage] for name in units}
    if price.stage == "llm":
        known |= {"per_million_cached", "per_million_cache_write"}
    if foreign := sorted(has - known):
        raise ConfigError(f"{where}: {foreign[0]} is not what {price.stage} engines are paid by")
    whole = [units for units in _UNITS[price.stage] if has.issuperset(units)]
    if not whole:
        choices = ", or ".join(" and ".join(units) for units in _UNITS[price.stage])
        raise ConfigError(f"{where}: it needs {choices}")
    if has - set(whole[0]) - {"per_million_cached", "per_million_cache_write"}:
        raise ConfigError(f"{where}: it has prices in more than one unit")
    return price
