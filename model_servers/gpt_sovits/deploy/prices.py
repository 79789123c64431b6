"""What an endpoint costs per hour, from a file that a person keeps."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

PAGE = "https://aws.amazon.com/sagemaker/ai/pricing/"
_OWN = "prices.toml"


class PricesError(ValueError):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per hour of one instance, by region and type."""

    table: dict[str, dict[str, float]]
    file: str

    def cost(self, region: str, instance: str, count: int) -> str:
        """What so many of them cost, for people."""
        price = self.table.get(region, {}).get(instance)
        what = f"{count} × {instance} in {region or 'no region'}"
        if price is None:
            return f"{what}: unknown: see {PAGE} (and write it into {self.file})"
        return f"{what}: {price * count:.3f} USD per hour until it is deleted ({self.file})"


def read_prices(path: Path | None) -> Prices:
    """Read a file of prices; None: the one beside this module.

    Raises:
        PricesError: it cannot be read, or is no table of prices.
    """
    file = path or Path(str(resources.files(__package__) / _OWN))
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PricesError(f"{file} cannot be read: {error}") from error
    table: dict[str, dict[str, float]] = {}
    for region, prices in told.items():
        if not isinstance(prices, dict):
            raise PricesError(f"{file}: {region} must be a table, [{region}]")
        for instance, price in prices.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
                raise PricesError(f"{file}: [{region}] {instance} must be USD per hour")
            table.setdefault(region, {})[instance] = float(price)
    return Prices(table, str(file))
