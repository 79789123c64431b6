"""What is fetched is what was pinned; what killed processes leave is removed."""

import os
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from rejoinder import leftovers

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(120)
@pytest.mark.idle
def test_another_uv_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    pinned = (ROOT / "deploy/uv.txt").read_text().split("uv==")[1].split()[0]
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / f"uv-{pinned}-py3-none-any.whl", "w") as wheel:
        info = f"uv-{pinned}.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    own = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(shelf), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        ["sh", str(ROOT / "deploy/get-uv.sh")],
        cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / ".tools").exists()


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path: Path) -> None:
    kept = [tmp_path / "get-new", tmp_path / "web-1", tmp_path / "other"]
    old = [tmp_path / "get-old", tmp_path / "get-file"]
    for folder in [*kept, old[0]]:
        (folder / "inner").mkdir(parents=True)
    old[1].write_text("x")
    (tmp_path / "get-link").symlink_to(tmp_path / "other")
    long_ago = time.time() - leftovers.OLD_S - 60
    for path in [*old, kept[1], kept[2]]:
        os.utime(path, (long_ago, long_ago))
    leftovers.sweep(tmp_path, "get-*")
    assert [path for path in [*kept, *old] if path.exists()] == kept
    assert (tmp_path / "other" / "inner").is_dir()
