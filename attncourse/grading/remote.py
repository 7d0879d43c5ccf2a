"""The grader's end of a worker process: ask, wait no longer than the deadline, and kill."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attncourse.grading import box, rooms, wire
from attncourse.grading.forked import ONE_THREAD, Boxed, NoZygote, Zygote
from attncourse.grading.peak import Gauge, below, excess

#: Forks boxed workers where there is one: in a process that grades many notebooks.
ZYGOTE: Zygote | None = None
#: Seconds between two looks at a process that is at work.
_LOOK = 0.1


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Bytes and seconds.

    ``submission`` is for all its cells and questions together. When it is over, what has been
    judged stays, and the rest is not.
    """

    memory: int = 4 << 30
    cpu: int = 300
    file: int = 64 << 20
    start: float = 30.0
    cell: float = 30.0
    call: float = 5.0
    question: float = 30.0
    submission: float = 180.0


class Gone(Exception):
    """The worker gave no answer: it hung, died, or wrote what is no message."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason  # "deadline", "died" or "garbled"


class Worker:
    """One process that runs a notebook's cells and answers calls.

    Parameters
    ----------
    folder
        Where relative paths start, outside a box.
    boxed
        Start it in a box (see :mod:`attncourse.grading.box`).
    limits
        Resource limits and deadlines.
    torch
        The exercise uses PyTorch: begin with it, where that saves its import. Else no library of
        its kind can be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        boxed: bool = False,
        limits: Limits | None = None,
        torch: bool = False,
    ):
        self.limits, self._boxed = limits or Limits(), boxed
        self._scratch = tempfile.TemporaryDirectory(
            prefix="attncourse-", ignore_cleanup_errors=True
        )
        self._absent = rooms.MODULES if torch else (*rooms.MODULES, *rooms.LIBRARIES)
        self._process = (self._forked(torch) if boxed else None) or self._started(folder)
        self._pid: int | None = None
        self._gauge: Gauge | None = None
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # A thread of its own does the blocking reads and writes. If a stray grandchild keeps the
        # pipe open after the worker was killed, the thread is abandoned and the grader goes on.
        threading.Thread(target=self._talk, daemon=True).start()

    def _forked(self, torch: bool) -> Boxed | None:
        """A worker from the zygote; None where there is none, or the box cannot be entered."""
        if ZYGOTE is None:
            return None
        cat = shutil.which("cat", path=os.defpath) or "/bin/cat"
        holder = box.command([cat], {"PATH": os.defpath}, absent=self._absent)
        limits = self._orders()
        with contextlib.suppress(NoZygote):
            return Boxed(ZYGOTE, holder, limits=limits, torch=torch)
        return None

    def _orders(self) -> str:
        """What the worker is told at its start."""
        told = {"sealed": self._boxed, "absent": self._absent}
        return json.dumps(asdict(self.limits) | told)

    def _started(self, folder: Path) -> subprocess.Popen[bytes]:
        """A worker as a program of its own."""
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "MPLBACKEND": "Agg",
            **ONE_THREAD,
        }
        script = str(Path(__file__).resolve().with_name("worker.py"))
        inner = [sys.executable, "-I", script, self._orders()]
        if self._boxed:
            inner = box.command(inner, environment | {"HOME": "/tmp"}, absent=self._absent)
        else:
            kept = ("HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "XDG_CACHE_HOME")
            environment |= {name: os.environ[name] for name in kept if name in os.environ}
        return subprocess.Popen(
            inner,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name if self._boxed else folder,
            env=environment,
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        """The process that runs the cells, in its box if it has one; None before it is there."""
        if isinstance(self._process, Boxed):
            return self._process.worker
        if self._pid is None:  # in a box there are two of bubblewrap's processes above it
            self._pid = below(self._process.pid, 2 if self._boxed else 0)
        return self._pid

    @property
    def gauge(self) -> Gauge:
        """Measures the memory of the process that runs the cells."""
        if self._gauge is None:
            self._gauge = Gauge(self.pid or self._process.pid)
        return self._gauge

    @property
    def alive(self) -> bool:
        """Whether the process is there, and has not ended by itself."""
        return self._process.poll() is None

    def _talk(self) -> None:
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None
        assert sink is not None
        read = wire.reader(source)
        while (message := self._requests.get()) is not None:
            try:
                sink.write(message)
                sink.flush()
                self._answers.put(wire.unpack(read))
            except (EOFError, OSError, ValueError) as error:
                self._answers.put(Gone("died", str(error)))
            except wire.WireError as error:
                self._answers.put(Gone("garbled", str(error)))

    def ask(
        self, header: dict[str, Any], arrays: Sequence[np.ndarray] = (), *, deadline: float
    ) -> tuple[dict[str, Any], list[np.ndarray]]:
        """Send a request and return the answer.

        Raises
        ------
        Gone
            No answer came in ``deadline`` seconds, the process ended, or the answer belongs to no
            request. The worker is killed; start another.
        """
        identity = secrets.token_hex(8)
        self._requests.put(wire.pack(header | {"id": identity}, arrays))
        try:
            answer = self._wait(deadline)
        except Gone:
            self.close()
            raise
        if isinstance(answer, Gone):
            code = self._wait_for_end()
            self.close()
            if answer.reason == "died" and code is not None:
                answer = Gone("died", ending(code))
            raise answer
        if answer[0].get("id") != identity:
            self.close()
            raise Gone("garbled", "an answer to no request")
        return answer

    def _wait(self, seconds: float) -> Any:
        """The next answer; meanwhile see that the process does not outgrow its box."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            # The first look comes late: most answers are there before it.
            with contextlib.suppress(queue.Empty):
                return self._answers.get(timeout=min(left, _LOOK))
            if found := excess(self.pid, boxed=self._boxed):
                raise Gone("died", found)
        raise Gone("deadline", f"no answer in {seconds:g} s")

    def _wait_for_end(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=1)
        return None

    def close(self) -> None:
        """Kill the process and all of its group."""
        self._requests.put(None)
        if isinstance(self._process, Boxed):
            self._process.close()
            self._scratch.cleanup()
            return
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._scratch.cleanup()


def ending(code: int) -> str:
    """How a process ended, in words."""
    # bwrap reports a signal as 128 + its number, Popen as its negative.
    number = -code if code < 0 else code - 128
    if number > 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(number).name}"
    return f"exit status {code}"
