"""The grader's end of :mod:`attncourse.grading.zygote`: workers that begin with their libraries."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

from attncourse.grading.peak import below

#: For processes that compute: several run beside each other, each on one processor.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


class NoZygote(RuntimeError):
    """A worker could not be forked; start one as a program of its own."""


class Zygote:
    """The server, from the grader's side. Several processes may hold it and ask at once."""

    def __init__(self) -> None:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = here
        # Nothing of the grader's environment: the forks could read it.
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "HOME": "/tmp",
            "MPLBACKEND": "Agg",
            **ONE_THREAD,
        }
        script = str(Path(__file__).resolve().with_name("zygote.py"))
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-I", script, str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd="/",
                start_new_session=True,
            )

    def start(
        self, holder: int, source: int, sink: int, status: int, *, limits: str, torch: bool
    ) -> int:
        """Start a worker in the box that a process holds.

        Parameters
        ----------
        holder
            A process in the box, as seen from here.
        source, sink
            Descriptors from which the worker reads requests, and to which it writes answers.
        status
            Descriptor to which one line is written when it has ended: its exit code, negative for
            a signal.
        limits
            As :mod:`attncourse.grading.worker` takes them.
        torch
            Begin with PyTorch, too.

        Returns
        -------
        int
            The worker's process, as seen from here.

        Raises
        ------
        NoZygote
            The server has ended, or the box could not be entered.
        """
        ours, theirs = socket.socketpair()
        request = {"holder": holder, "limits": limits, "torch": torch}
        with ours:
            with theirs:
                descriptors = [theirs.fileno(), source, sink, status]
                try:
                    socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
                except OSError as error:
                    raise NoZygote(str(error)) from None
            ours.settimeout(30)
            try:
                said = ours.recv(256)
            except OSError as error:
                raise NoZygote(str(error)) from None
        if not said.isdigit():
            raise NoZygote(said.decode(errors="replace") or "it has ended")
        return int(said)

    def close(self) -> None:
        """End the server, once nobody holds it any more."""
        self._control.close()


class Boxed:
    """A worker in a box of its own; as a ``Popen``, as far as a grader uses one.

    Parameters
    ----------
    zygote
        Forks it.
    holder
        Command of a box in which nothing runs but ``cat``. What kills it kills the worker.
    limits, torch
        As of :meth:`Zygote.start`.

    Raises
    ------
    NoZygote
        The box does not stand, or cannot be entered.
    """

    def __init__(self, zygote: Zygote, holder: list[str], *, limits: str, torch: bool):
        self._holder = subprocess.Popen(
            holder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        self.pid = self._holder.pid
        self.returncode: int | None = None
        self._open = True
        ends: list[int] = []
        try:
            self._await_box()
            for _ in range(3):
                ends += os.pipe()
            source, self_in, self_out, sink, self._status, status = ends
            # Two of bubblewrap's processes stand above it.
            inside = below(self.pid, 2)
            if inside is None:
                raise NoZygote("the box has ended")
            self.worker = zygote.start(inside, source, sink, status, limits=limits, torch=torch)
        except (OSError, NoZygote) as error:
            for end in ends:
                os.close(end)
            self._kill()
            raise NoZygote(str(error)) from None
        for end in (source, sink, status):
            os.close(end)
        self.stdin, self.stdout = os.fdopen(self_in, "wb"), os.fdopen(self_out, "rb")

    def _await_box(self) -> None:
        """Return once the box stands: ``cat`` says back what it is told."""
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.write(b"x")
        self._holder.stdin.flush()
        if not select.select([self._holder.stdout], [], [], 30)[0]:
            raise NoZygote("the box did not come up")
        if self._holder.stdout.read(1) != b"x":
            raise NoZygote("the box ended at once")

    def poll(self) -> int | None:
        """The worker's exit code, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the worker's end, and return how it ended."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("worker", timeout or 0)
            said = os.read(self._status, 32).strip()
            # The server's fork was killed with it and has said nothing.
            self.returncode = int(said) if said else -signal.SIGKILL
        return self.returncode

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # pyrefly: ignore

    def close(self) -> None:
        """Kill the box with all that is in it. May be called again."""
        if not self._open:
            return
        self._open = False
        self._kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(5)
        os.close(self._status)
