"""Grade one notebook in a process of its own, so that no file can take a batch down.

Reading a hostile file can cost memory, minutes, or the process. :func:`grade_apart` hands it to a
small server (:mod:`attncourse.grading.nursery`), started once and with everything imported, which
forks a process for each file. That process has limits, and one deadline for all that happens to
the file. Whatever ends it, a record comes back.

Not ``multiprocessing``: it would import the program's ``__main__`` again in the child, and refuse
to start one below a worker of a cluster.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attncourse.grading import box, exercises
from attncourse.grading.checks import plain_text
from attncourse.grading.forked import ONE_THREAD
from attncourse.grading.records import BadRecord, Record
from attncourse.grading.remote import Limits
from attncourse.grading.run import same_for_all

#: Seconds beyond a deadline in which everything is killed and a word of it comes back.
_GRACE = 10.0
#: Seconds beyond ``Limits.submission`` for reading the file: the limit there ends questions one by
#: one and keeps the others' points, and should be the first to act.
_READING = 30.0
_MOST = 8 << 20


class _Nursery:
    """The server of this process. It ends when its socket closes, and this process with it."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = here
        code = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        code += "from attncourse.grading.nursery import serve; serve(int(sys.argv[2]))"
        line = [sys.executable, "-c", code, json.dumps(sys.path), str(there.fileno())]
        with there:
            self._process = subprocess.Popen(
                line,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | ONE_THREAD,
                start_new_session=True,
            )
        if here.recv(16) != b"ready":
            raise RuntimeError("the grader's server did not start")

    def send(self, end: socket.socket, seed: int | None) -> None:
        """Hand a connection over; with a seed, of which more are to come."""
        said = b"x" if seed is None else str(seed).encode()
        socket.send_fds(self._control, [said], [end.fileno()])

    def close(self) -> None:
        self._control.close()
        if self.owner == os.getpid():
            self._process.wait()


_nursery: _Nursery | None = None
_lock = threading.Lock()


def _send(end: socket.socket, seed: int | None) -> None:
    """Hand a connection to the server; start one where there is none, or none of this process."""
    global _nursery
    with _lock:
        if _nursery is not None and _nursery.owner == os.getpid():
            try:
                return _nursery.send(end, seed)
            except OSError:
                _nursery.close()
        _nursery = _Nursery()
        _nursery.send(end, seed)


@atexit.register
def close() -> None:
    """End the server; the next notebook starts another. What it is grading is dropped."""
    global _nursery
    with _lock:
        if _nursery is not None:
            _nursery.close()
        _nursery = None


def grade_apart(
    path: Path,
    *,
    exercise: str | None = None,
    questions: Sequence[str] = (),
    seed: int | None = None,
    hidden: bool = True,
    boxed: bool = True,
    limits: Limits | None = None,
    deadline: float | None = None,
    overlay: str = "",
    many: bool = False,
    content: bytes | None = None,
) -> Record:
    """Grade a notebook in a process of its own. May be called from several threads at once.

    Parameters
    ----------
    path, exercise, questions, seed, hidden, boxed, limits
        As of :func:`attncourse.grading.session.grade`. A link is not followed.
    deadline
        Seconds for everything, reading included. After these the process and all below it are
        killed. By default half a minute more than ``limits.submission``.
    many
        Others with the same seed follow: their right answers are worked out once.
    overlay
        Folder of an instructor's own checks (:func:`attncourse.grading.exercises.overlay`).
    content
        The file's bytes; ``path`` is then a name alone. They go with whoever grades them, so that
        no copy is left on the disk when this process is killed.

    Returns
    -------
    Record
        Where the notebook could not be graded at all, ``failed`` says why, in a sentence that is
        also its only note, and no question has a point.

    Raises
    ------
    KeyError, NoBox
        There is no such exercise or question, or no box on this machine: nothing that the file
        could be blamed for.
    """
    chosen = exercises.load(exercise) if exercise is not None else None
    asked = [chosen[name] for name in questions] if chosen else []
    if boxed:
        box.require()
    limits = limits or Limits()
    deadline = limits.submission + _READING if deadline is None else deadline
    request = {
        "path": str(path.absolute()),
        "exercise": exercise,
        "questions": list(questions),
        "seed": seed,
        "hidden": hidden,
        "boxed": boxed,
        "limits": asdict(limits),
        "deadline": deadline,
        "overlay": overlay,
        "size": None if content is None else len(content),
    }
    answer = _ask(request, content or b"", deadline + _GRACE, seed if many else None)
    if "box" in answer:
        raise box.NoBox(answer["box"])
    try:
        return Record.from_json(answer["record"])
    except (KeyError, BadRecord):
        pass
    said = plain_text(answer.get("failed") or "The process that graded it gave no record.", 400)
    status = "over" if answer.get("status") == "over" else "error"
    if chosen is None:
        named = [name for name in exercises.names() if path.stem.startswith(name)]
        chosen = exercises.load(named[-1]) if named else None
    results = tuple(
        same_for_all(question, status, said, hidden=hidden)
        for question in asked or (chosen.questions if chosen else [])
    )
    name = chosen.name if chosen else ""
    return Record(name, seed or 0, "command", results, notes=(said,), failed=said)


def _ask(
    request: dict[str, Any], content: bytes, seconds: float, seed: int | None
) -> dict[str, Any]:
    """What the server's process says of a file; nothing if it says nothing."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _send(theirs, seed)
        ours.settimeout(seconds)
        data = bytearray()
        with contextlib.suppress(OSError):
            ours.sendall(json.dumps(request).encode() + b"\n" + content)
            while len(data) < _MOST and (part := ours.recv(1 << 16)):
                data += part
    try:
        answer = json.loads(data)
        return answer if isinstance(answer, dict) else {}
    except (ValueError, RecursionError):
        return {}
