"""How much memory a call took at its most, read from outside of the process that made it.

Linux keeps the most memory that a process ever held, and sets it back when asked. What a process
says of itself is not asked.
"""

from __future__ import annotations

import os
from pathlib import Path


class Gauge:
    """Measures one process, between :meth:`start` and :meth:`read`.

    Parameters
    ----------
    pid
        The process; by default this one.
    """

    def __init__(self, pid: int | None = None):
        self._folder = Path("/proc", str(os.getpid() if pid is None else pid))
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


def below(pid: int, depth: int) -> int:
    """Return the process so many levels below one, as long as each has one child."""
    for _ in range(depth):
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            break
        if len(children) != 1:
            break
        pid = int(children[0])
    return pid
