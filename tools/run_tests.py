"""All tests: first those in real time, alone; then those that compute, in two lanes side by side.

Room and browser tests listen and speak in real time: beside others, on two cores, a pause of
0.8 s becomes one of 1.3 s. With arguments there is one run: they go to pytest as they are.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

_IN_REAL_TIME = "room or browser"
_LANES = ("unit", f"not (unit or {_IN_REAL_TIME})")
_NO_TESTS = 5
"""pytest's exit code when it has found none."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest; returns 0 only if all tests passed."""
    # Hundreds of processes start: without the compiled files each would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments])
    codes = [subprocess.call([*pytest, "-m", _IN_REAL_TIME])]
    with ExitStack() as stack:
        sink = stack.enter_context(tempfile.TemporaryFile())
        beside = subprocess.Popen([*pytest, "-m", _LANES[0]], stdout=sink, stderr=subprocess.STDOUT)
        stack.callback(beside.kill)
        codes.append(subprocess.call([*pytest, "-m", _LANES[1]]))
        codes.append(beside.wait())
        print(f"\n{_LANES[0]}, which ran beside it:", flush=True)
        sink.seek(0)
        sys.stdout.buffer.write(sink.read())
        sys.stdout.flush()
    return next((code for code in codes if code not in (0, _NO_TESTS)), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
