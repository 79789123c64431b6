"""What engines cost."""

from pathlib import Path

from agent.options.fields import Section, setting


class PriceOptions(Section):
    """What engines cost: a table that you can edit (docs/costs.md)."""

    file: Path | None = setting(
        None,
        "TOML file of prices of your own, which count before those that come with the package",
    )
    told: bool = setting(
        True,
        "whether clients in the room are told what the call costs; the log and a recording have it "
        "in any case",
    )
