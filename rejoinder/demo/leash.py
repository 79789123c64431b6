"""Runs one command and ends it, its children too, when the process that holds the leash dies.

Run by path with `python -I -S leash.py GRACE_S COMMAND…`, in a session of its own, standard
input a pipe whose other end the supervisor holds. The pipe's end of file means: the supervisor
is gone, whatever killed it. Then the command gets SIGTERM and, after GRACE_S seconds, the whole
process group gets SIGKILL. Works where there are pipes and process groups; needs no thread.

SIGTERM, SIGINT and SIGHUP are passed to the command alone: what it started is its own to end,
and the supervisor ends the group after it. Exits with the command's code, or 128 + signal.
"""

import os
import select
import signal
import subprocess
import sys
import time

CANNOT_RUN = 127
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(grace_s: float, command: list[str]) -> int:
    """Run the command; returns its exit code."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for handled in (signal.SIGCHLD, *_PASSED_ON):
        signal.signal(handled, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]} cannot be run: {error.strerror}", file=sys.stderr, flush=True)
        return CANNOT_RUN
    deadline: float | None = None
    waiting_for = [0, woken]
    while child.poll() is None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            break
        ready, _, _ = select.select(waiting_for, [], [], left)
        if woken in ready:
            for number in os.read(woken, 64):
                if number in _PASSED_ON:
                    child.send_signal(number)
        if 0 in ready and not os.read(0, 64):
            waiting_for.remove(0)
            deadline = time.monotonic() + grace_s
            child.terminate()
    if deadline is not None:
        os.killpg(0, signal.SIGKILL)  # this process too
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
