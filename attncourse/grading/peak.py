"""What a process takes, read from outside of it: memory at its most, threads, files.

Linux keeps the most memory that a process ever held, and sets it back when asked. What a process
says of itself is not asked.
"""

from __future__ import annotations

import os
from pathlib import Path

#: More than a library of numbers starts, and files than a notebook writes. Linux by itself counts
#: neither the threads of a user who is root, nor what an empty file costs.
MOST_THREADS, MOST_FILES = 256, 20_000


class Gauge:
    """Measures one process, between :meth:`start` and :meth:`read`.

    Parameters
    ----------
    pid
        The process; by default this one.
    """

    def __init__(self, pid: int | None = None):
        self.pid = os.getpid() if pid is None else pid
        self._folder = Path("/proc", str(self.pid))
        self._before = 0

    def start(self) -> None:
        """Begin: what is held now does not count."""
        self._before = 0
        try:
            (self._folder / "clear_refs").write_text("5")
            self._before = self._most()
        except (OSError, ValueError, StopIteration):
            return

    def read(self) -> int | None:
        """Bytes held at the most since :meth:`start`, beyond those before it.

        None where that cannot be known: not on Linux, or the process has ended.
        """
        try:
            return max(0, self._most() - self._before) if self._before else None
        except (OSError, ValueError, StopIteration):
            return None

    def _most(self) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def below(pid: int, depth: int) -> int | None:
    """Return the process so many levels below one; None as long as there is none."""
    for _ in range(depth):
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        if len(children) != 1:
            return None
        pid = int(children[0])
    return pid


def excess(pid: int | None, *, boxed: bool) -> str:
    """What a process has too much of, in words; nothing if it is within bounds, or is not there."""
    if pid is None:
        return ""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        threads = next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))
        if threads > MOST_THREADS:
            return f"it has more than {MOST_THREADS} threads"
        if boxed:
            # As the box sees it: a disk of its own, in memory.
            disk = os.statvfs(Path(f"/proc/{pid}", "root", "tmp"))
            if disk.f_files - disk.f_ffree > MOST_FILES:
                return f"it has more than {MOST_FILES} files"
    except (OSError, ValueError, StopIteration):
        pass
    return ""
