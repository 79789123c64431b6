"""What a worker learns about its engines while it runs, shared by all its processes.

A process holds one call, which is too short to learn from. Pages are anonymous shared memory:
made in the process that the others are forked from (`agent.call.parts.preload`), inherited by
each, gone with the last. Where processes are not forked, each has its own.
"""

import mmap

_pages: dict[str, mmap.mmap] = {}


def page(name: str, size: int) -> mmap.mmap:
    """`size` bytes under this name, zero at first.

    Processes write without a lock: let each value stand alone in one aligned word.
    """
    if name not in _pages:
        _pages[name] = mmap.mmap(-1, size)
    return _pages[name]
