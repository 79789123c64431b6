"""Looking at processes from outside."""

import os
import socket
import subprocess
from pathlib import Path

PATIENCE_S = 8.0


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith("Z")


def sockets_next_to(port: int) -> set[tuple[str, int]]:
    """Every TCP listener and UDP socket of the process that listens on a TCP port (Linux).

    IPv6 addresses are given as the kernel writes them, in hexadecimal.
    """
    by_inode: dict[str, tuple[str, int]] = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if table.startswith("udp") or cells[3] == "0A":
                address, _, number = cells[1].partition(":")
                if len(address) == 8:
                    address = socket.inet_ntoa(bytes.fromhex(address)[::-1])
                by_inode[f"socket:[{cells[9]}]"] = address, int(number, 16)
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            links = {os.readlink(fd) for fd in folder.iterdir()}
        except OSError:
            continue
        found = {by_inode[link] for link in links & by_inode.keys()}
        if port in {number for _, number in found}:
            return found
    return set()
