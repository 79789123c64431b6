"""What a call has cost so far: one line for each engine that was asked, and sums by currency.

What an engine of one's own costs is 0 unless a line of the table says otherwise; of a hosted one
that no line fits nothing is known, and its cost is in no sum.
"""

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from agent.costs.amounts import Amounts
from agent.costs.meter import EngineMeter, Meter, Place, Usage
from agent.costs.prices import Price, Prices

_PLACES = Decimal("0.000001")
"""What money is rounded to: a request to a small model costs some millionths."""


@dataclass(frozen=True, slots=True)
class Line:
    """One engine."""

    place: Place
    model: str
    """Empty: it has no name of its own."""
    used: Amounts
    """All of it, with what was thrown away."""
    thrown: Amounts
    failed: int
    """Requests that were refused or did not arrive."""
    estimated: int
    """Requests whose tokens were not told: those of the others, scaled to their length."""
    price: Literal["own", "listed", "unknown"]
    currency: str = ""
    cost: Decimal = Decimal(0)
    thrown_cost: Decimal = Decimal(0)
    unpriced: int = 0
    """Requests whose cost is not known."""
    date: datetime.date | None = None
    """When the price was looked up."""

    @property
    def label(self) -> str:
        """Name and model, as people see them."""
        return f"{self.place.name} · {self.model}" if self.model else self.place.name

    def as_json(self) -> dict[str, Any]:
        """The wire form: docs/room-protocol.md."""
        found: dict[str, Any] = {
            "stage": self.place.stage,
            "position": self.place.position,
            "engine": self.place.name,
            "model": self.model,
            "used": self.used.as_json(),
            "thrown_away": self.thrown.as_json(),
            "failed": self.failed,
            "estimated": self.estimated,
            "price": self.price,
            "unpriced": self.unpriced,
        }
        if self.currency:
            found["cost"] = _money(self.currency, self.cost, self.thrown_cost)
        return found


@dataclass(frozen=True, slots=True)
class Bill:
    """One call, up to now."""

    lines: tuple[Line, ...]
    final: bool

    @property
    def sums(self) -> dict[str, tuple[Decimal, Decimal]]:
        """By currency: what all cost, and what of it was thrown away."""
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for line in self.lines:
            if line.currency:
                cost, thrown = found.get(line.currency, (Decimal(0), Decimal(0)))
                found[line.currency] = (cost + line.cost, thrown + line.thrown_cost)
        return found

    @property
    def complete(self) -> bool:
        """Whether the cost of every request is known."""
        return not any(line.unpriced for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """The wire form: docs/room-protocol.md."""
        dates = [line.date for line in self.lines if line.date is not None]
        return {
            "final": self.final,
            "sums": [_money(currency, *sums) for currency, sums in self.sums.items()],
            "complete": self.complete,
            "estimated": any(line.estimated for line in self.lines if line.price == "listed"),
            "prices_of": str(min(dates)) if dates else "",
            "engines": [line.as_json() for line in self.lines],
        }

    def as_log(self) -> dict[str, Any]:
        """Flat facts for one log line."""
        facts: dict[str, Any] = {"complete": self.complete}
        for currency, (cost, thrown) in self.sums.items():
            facts[f"cost_{currency}"] = float(round(cost, 6))
            facts[f"thrown_away_{currency}"] = float(round(thrown, 6))
        for line in self.lines:
            name = f"{line.place.stage}_{line.place.position}"
            facts[name] = f"{line.label} ({line.price})"
            for kind, amounts in (("", line.used), ("_thrown_away", line.thrown)):
                counted = amounts.as_json()
                if counted:
                    facts[f"{name}{kind}_used"] = " ".join(f"{k}={v}" for k, v in counted.items())
        return facts


def bill_of(meter: Meter, prices: Prices, *, final: bool = False) -> Bill:
    """What the call of `meter` costs by `prices`; `final`: it is over."""
    lines = (_line(*of, prices) for of in meter.usage(final=final))
    return Bill(tuple(lines), final)


@dataclass(frozen=True, slots=True)
class _Part:
    """Requests of one fate, with the tokens of those that did not tell theirs."""

    usage: Usage
    estimate: Amounts | None
    """None: nothing is known to estimate them by."""

    @property
    def amounts(self) -> Amounts:
        amounts = Amounts()
        amounts.add(self.usage.amounts)
        amounts.add(self.estimate or Amounts())
        return amounts

    @property
    def unknown(self) -> int:
        """Requests whose tokens are not known."""
        return self.usage.untold_requests if self.estimate is None else 0

    @property
    def estimated(self) -> int:
        """Requests whose tokens are estimated."""
        return self.usage.untold_requests - self.unknown


def _line(meter: EngineMeter, kept: Usage, thrown: Usage, prices: Prices) -> Line:
    place, model = meter.place, meter.engine.model
    total = Usage()
    total.add(kept)
    total.add(thrown)
    parts = [_Part(usage, _estimated(usage, total)) for usage in (kept, thrown)]
    used = parts[0].amounts
    used.add(parts[1].amounts)
    line = Line(
        place,
        "" if model in ("unknown", place.name) else model,
        used,
        parts[1].amounts,
        failed=total.failed,
        estimated=sum(part.estimated for part in parts),
        price="unknown" if place.hosted else "own",
        unpriced=used.requests if place.hosted else 0,
    )
    price = prices.find(place.stage, engine=place.engine, at=meter.engine.provider, model=model)
    return line if price is None else _priced(line, price, parts)


def _priced(line: Line, price: Price, parts: list[_Part]) -> Line:
    kept, thrown = (price.cost(part.amounts, part.usage.each_s) for part in parts)
    return replace(
        line,
        price="listed",
        currency=price.currency,
        cost=kept + thrown,
        thrown_cost=thrown,
        estimated=line.estimated if price.by_tokens else 0,
        unpriced=sum(part.unknown for part in parts) if price.by_tokens else 0,
        date=price.date,
    )


def _estimated(usage: Usage, total: Usage) -> Amounts | None:
    """Tokens of the requests that did not tell theirs; None: no other request tells."""
    if not usage.untold_requests:
        return Amounts()
    told, all_told = total.amounts, total.told
    if not (told.prompt_tokens and all_told.prompt):
        return None
    if usage.untold.completion and not all_told.completion:
        return None
    asked = usage.untold.prompt / all_told.prompt
    said = usage.untold.completion / all_told.completion if all_told.completion else 0.0
    return Amounts(
        prompt_tokens=round(told.prompt_tokens * asked),
        cached_tokens=round(told.cached_tokens * asked),
        cache_write_tokens=round(told.cache_write_tokens * asked),
        completion_tokens=round(told.completion_tokens * said),
    )


def _money(currency: str, cost: Decimal, thrown: Decimal) -> dict[str, Any]:
    amounts = (float(amount.quantize(_PLACES)) for amount in (cost, thrown))
    return dict(zip(("currency", "amount", "thrown_away"), (currency, *amounts), strict=True))
