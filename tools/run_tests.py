"""All tests, in two lanes side by side: those that wait for sound, and those that compute.

Room and browser tests run in real time and leave most of a core idle. With arguments there is
one lane: they go to pytest as they are.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

_IN_REAL_TIME = "room or browser"
_NO_TESTS = 5
"""pytest's exit code when it has found none."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest; returns 0 only if all tests passed."""
    # Hundreds of processes start: without the compiled files each would compile all it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments])
    with ExitStack() as stack:
        sink = stack.enter_context(tempfile.TemporaryFile())
        other = subprocess.Popen(
            [*pytest, "-m", _IN_REAL_TIME], stdout=sink, stderr=subprocess.STDOUT
        )
        stack.callback(other.kill)
        # What waits for sound must not wait for a processor.
        first = subprocess.call(["nice", "-n", "10", *pytest, "-m", f"not ({_IN_REAL_TIME})"])
        print(f"\n{_IN_REAL_TIME}, which ran beside it:", flush=True)
        second = other.wait()
        sink.seek(0)
        sys.stdout.buffer.write(sink.read())
        sys.stdout.flush()
    return next((code for code in (first, second) if code not in (0, _NO_TESTS)), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
