"""What several tests of the hotline read."""

from pathlib import Path

import pytest


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of somebody's own documents."""
    (tmp_path / "returns.md").write_text(
        "# Returns\n\n## Can I return something?\n\nYes. Bring it back within thirty days. "
        "Keep the receipt. Opened games are excluded. We refund in cash.\n\n"
        "## Who pays the postage?\n\nWe do.\n",
        encoding="utf-8",
    )
    (tmp_path / "营业时间.md").write_text(
        "# 营业时间\n\n## 几点开门\n\n我们早上九点开门。晚上六点关门。周日休息。\n\n"
        "## 可以停车吗\n\n门口有停车场。第一个小时免费。\n",
        encoding="utf-8",
    )
    return tmp_path
