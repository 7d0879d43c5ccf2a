"""Workers that begin with their libraries imported, each in a box of its own.

Importing NumPy takes a tenth of a second, and PyTorch ten times that. So a process imports them
once, runs no learner's code ever, and forks: the fork enters a box that stands ready (see
:mod:`attncourse.grading.box`), gives up every privilege, and only then is a worker. Started as a
script, like the worker, it knows no check and no expected value.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import fcntl
import importlib.util
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

#: The kinds of namespaces of a box, in the order in which they are entered.
_SPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")
_NS_GET_PARENT = 0xB702
_NO_NEW_PRIVILEGES, _BOUND_DROP, _DIE_WITH_PARENT = 38, 24, 1
_CAPABILITIES_V3 = 0x20080522
_REQUEST = 4096


def _load(name: str) -> Any:
    # By path, as the worker loads its parts: the package must not be imported here.
    spec = importlib.util.spec_from_file_location(
        f"_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)  # pyrefly: ignore
    sys.modules[f"_{name}"] = module
    spec.loader.exec_module(module)  # pyrefly: ignore
    return module


def _serve(control: socket.socket, worker: Any) -> None:
    """Fork a worker for each request. PyTorch's are forked by a fork that has imported it."""
    inner: socket.socket | None = None
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, _REQUEST, 4)
        if not data:
            return
        request = json.loads(data)
        if request["torch"] and "torch" not in sys.modules:
            inner = inner or _with_torch(control, worker)
            socket.send_fds(inner, [data], descriptors)
        elif os.fork() == 0:
            _apart(_enter, control, worker, request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _with_torch(control: socket.socket, worker: Any) -> socket.socket:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        here.close()
        control.close()
        _apart(_import_torch, there, worker)
    there.close()
    return here


def _import_torch(control: socket.socket, worker: Any) -> None:
    import torch

    torch.set_num_threads(1)
    _serve(control, worker)


def _apart(work: Any, *given: Any) -> None:
    """Run in this fork and end it, whatever happens: it must never return to the server's loop."""
    try:
        work(*given)
    finally:
        os._exit(1)


def _enter(
    control: socket.socket, worker: Any, request: dict[str, Any], descriptors: list[int]
) -> None:
    """Enter the box, fork the worker there, and report how it ends."""
    control.close()
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reply, source, sink, status = descriptors
    try:
        _join(request["holder"])
        pid = os.fork()
    except OSError as error:
        os.write(reply, f"the box cannot be entered: {error}".encode())
        return
    if pid == 0:
        # Only what a worker needs: no way back to the server, no file of the grader's.
        os.dup2(source, 0)
        os.dup2(sink, 1)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 2)
        os.closerange(3, 1 << 16)
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        _give_up()
        os.chdir("/tmp")
        sys.modules["numpy"].random.seed()  # else all forks would draw the same
        sys.argv = ["worker.py", request["limits"]]
        worker.main()
        return
    for descriptor in (source, sink):
        os.close(descriptor)
    os.write(reply, str(pid).encode())
    os.close(reply)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):  # nobody may be there to read it
        os.write(status, f"{code}\n".encode())


def _join(holder: int) -> None:
    """Make the namespaces of a box this process's own; of its processes, those to be forked."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder = f"/proc/{holder}/ns"
    user = os.open(f"{folder}/user", os.O_RDONLY)
    # Bubblewrap makes a second user namespace inside the first, which owns all the others.
    outer = fcntl.ioctl(user, _NS_GET_PARENT)
    rest = [os.open(f"{folder}/{name}", os.O_RDONLY) for name in _SPACES]
    for descriptor in (outer, *rest, user):
        if libc.setns(descriptor, 0):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        os.close(descriptor)


def _give_up() -> None:
    """Drop every capability, for this process and all that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(64):
        libc.prctl(_BOUND_DROP, capability, 0, 0, 0)
    header = array.array("I", [_CAPABILITIES_V3, 0])
    nothing = array.array("I", [0] * 6)
    if libc.capset(*(ctypes.c_void_p(a.buffer_info()[0]) for a in (header, nothing))):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def main() -> None:
    """Import what workers need, then serve until the grader hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    worker = _load("worker")
    worker.prepare()
    _serve(control, worker)


if __name__ == "__main__":
    main()
