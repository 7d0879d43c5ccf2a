"""The server behind :mod:`attncourse.grading.isolated`: it forks a process for every notebook.

It has one thread and has imported whatever grading takes, so that a fork is quick and safe. For
each notebook there are two processes: one grades, the other waits for it, kills it at its deadline
or when nobody waits for the answer any more, and leaves nothing of it behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import shutil
import signal
import socket
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

# Imported for whoever is forked.
import IPython.core.inputtransformer2  # noqa: F401

from attncourse.grading import box, exercises, memo, remote
from attncourse.grading.box import NoBox
from attncourse.grading.reading import NotANotebook
from attncourse.grading.remote import Limits, ending
from attncourse.grading.session import UnknownExercise, grade

#: What the process that reads and judges may take, beyond what it began with.
MEMORY = 1 << 30
_REQUEST, _ANSWER = 1 << 16, 8 << 20
_SUBREAPER = 36
_libc = ctypes.CDLL(None)


def serve(descriptor: int) -> None:
    """Fork a process for every connection that comes through the socket, until it closes."""
    control = socket.socket(fileno=descriptor)
    with contextlib.suppress(NoBox):
        box.require()
        remote.ZYGOTE = remote.Zygote()
    for name in exercises.names():
        exercises.load(name)
    # Leaves what is there alone in every fork: its pages stay shared.
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    # A hostile file's text must not reach the terminal in a warning.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, 32, 1)
        if not data:
            return
        if data != b"x":  # one of many with the same input
            memo.rehearse_all(int(data))
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                _apart(_watch, control, connection)


def _apart(work: Any, *given: Any) -> None:
    """Run in this fork and end it, whatever happens: it must never return to the server's loop."""
    try:
        work(*given)
    finally:
        os._exit(1)


def _watch(control: socket.socket, connection: socket.socket) -> None:
    """Start the process that grades, wait for it, and clear up."""
    control.close()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Whoever loses its parent below this process becomes its child, and is found and killed.
    with contextlib.suppress(AttributeError):
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    request, content = _receive(connection)
    folder = tempfile.mkdtemp(prefix="attncourse-")
    source, sink = os.pipe()
    try:
        if content is not None:
            path = Path(folder, Path(request["path"]).name)
            path.write_bytes(content)
            request["path"] = str(path)
            del content
        child = os.fork()
        if child == 0:
            os.close(source)
            connection.close()
            _apart(_grade, request, folder, sink)
        os.close(sink)
        answer = _wait(child, source, connection, time.monotonic() + request["deadline"])
    finally:
        _kill_all()
        shutil.rmtree(folder, ignore_errors=True)
    # The answer comes last: whoever has it knows that nothing is left.
    connection.sendall(answer)
    os._exit(0)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], bytes | None]:
    """The request, and the bytes of the file where they come with it."""
    with connection.makefile("rb") as stream:
        line = stream.readline(_REQUEST)
        if not line.endswith(b"\n"):
            os._exit(1)
        request = json.loads(line)
        size = request["size"]
        content = None if size is None else stream.read(size)
    if content is not None and len(content) < size:
        os._exit(1)
    return request, content


def _wait(child: int, source: int, connection: socket.socket, end: float) -> bytes:
    """What the process writes until it ends; else why it wrote nothing that could be used."""
    data = bytearray()
    while True:
        ready = select.select([source, connection], [], [], max(0.0, end - time.monotonic()))[0]
        if connection in ready:
            return b""  # nobody waits any more
        if not ready:
            return _failed("Grading this notebook took too long, and was ended.", "over")
        part = os.read(source, 1 << 16)
        data += part
        if len(data) > _ANSWER:
            return _failed("What was found in this notebook is too much for a record.", "over")
        if not part:
            break
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        return bytes(data)
    if code == -signal.SIGXCPU:
        return _failed("Grading this notebook took too long, and was ended.", "over")
    return _failed(f"The process that graded this notebook ended early ({ending(code)}).", "over")


def _failed(said: str, status: str) -> bytes:
    return json.dumps({"failed": said, "status": status}).encode()


def _kill_all() -> None:
    """Kill all children of this process, their orphans as they arrive, until there are none."""
    end = time.monotonic() + 5
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                for pid in children.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.001)


def _grade(request: dict[str, Any], folder: str, sink: int) -> None:
    """Grade, within limits, and write the record."""
    tempfile.tempdir = folder
    _limit(request["deadline"])
    if request["overlay"]:
        exercises.lay_over(request["overlay"])
    try:
        record = grade(
            Path(request["path"]),
            exercise=request["exercise"],
            questions=request["questions"],
            seed=request["seed"],
            hidden=request["hidden"],
            boxed=request["boxed"],
            limits=Limits(**request["limits"]),
            follow=False,
        )
        answer = json.dumps({"record": record.as_json()}).encode()
    except NoBox as error:
        answer = json.dumps({"box": str(error)}).encode()
    except (NotANotebook, UnknownExercise) as error:
        answer = _failed(str(error), "error")
    except OSError as error:
        answer = _failed(f"The file cannot be read: {error.strerror or error}.", "error")
    except MemoryError:
        answer = _failed("Reading this notebook took more memory than it may.", "over")
    except BaseException as error:
        answer = _failed(f"Grading this notebook failed with {type(error).__name__}.", "error")
    while answer:
        answer = answer[os.write(sink, answer) :]
    os._exit(0)


def _limit(seconds: float) -> None:
    """Limit this process. The soft limits only: a worker below it sets its own."""
    import resource

    held = 0
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        held = pages * resource.getpagesize()
    wanted = {resource.RLIMIT_CPU: int(seconds) + 1, resource.RLIMIT_CORE: 0}
    if held:
        wanted[resource.RLIMIT_AS] = held + MEMORY
    for name, value in wanted.items():
        hard = resource.getrlimit(name)[1]
        resource.setrlimit(name, (value if hard < 0 else min(value, hard), hard))
