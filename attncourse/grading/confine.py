"""What a worker gives up before a learner's code runs in a box: system calls that no answer needs.

A box has no capabilities, no network and no files. What it would still have: processes without
number, memory that no limit counts (memfds, System V segments, keyrings), sockets that no network
namespace holds (vsock). One filter takes all of these. So there is one process, and its own limit
of memory is the limit of the whole; no control group is needed for that.

Loaded by its path, like the worker, and imports nothing of the course. As a script it seals itself
and prints what then still works.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import struct

#: Threads of a worker. Counted by the kernel where the box's user is not root outside, and by the
#: grader's own watch everywhere.
THREADS = 128
#: Open files: what sockets and pipes hold in the kernel counts against no other limit.
FILES = 256

#: By machine: the kernel's name for it, and the numbers of system calls. Refused are, in order,
#: fork and vfork (which the second machine does not have), memfd_create, memfd_secret, shmget,
#: msgget, semget, mq_open; ptrace, process_vm_readv, process_vm_writev, userfaultfd, bpf,
#: perf_event_open; io_uring_setup, add_key, request_key, keyctl, unshare, setns, personality;
#: mount, umount2, pivot_root, open_by_handle_at, fanotify_init.
_MACHINES = {
    "x86_64": (
        0xC000003E,
        {"clone": 56, "clone3": 435, "socket": 41, "socketpair": 53},
        [
            *(57, 58, 319, 447, 29, 68, 64, 240),
            *(101, 310, 311, 323, 321, 298),
            *(425, 248, 249, 250, 272, 308, 135),
            *(165, 166, 155, 304, 300),
        ],
    ),
    "aarch64": (
        0xC00000B7,
        {"clone": 220, "clone3": 435, "socket": 198, "socketpair": 199},
        [
            *(279, 447, 194, 186, 190, 180),
            *(117, 270, 271, 282, 280, 241),
            *(425, 217, 218, 219, 97, 268, 92),
            *(40, 39, 41, 265, 262),
        ],
    ),
}
#: Mounting in new ways: open_tree to fspick, and mount_setattr. The same numbers everywhere.
_MOUNTS = (428, 429, 430, 431, 432, 433, 442)
#: Families of sockets: to the same machine, and of a network that the box does not have.
_FAMILIES = (1, 2, 10)

_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_THREAD = 0x00010000


def program(machine: str) -> bytes | None:
    """The filter, as the kernel takes it; None for a machine whose numbers are not known here."""
    if machine not in _MACHINES:
        return None
    kernel, calls, refused = _MACHINES[machine]
    lines: list[tuple[int, int, int, int]] = []

    def add(code: int, value: int, then: int = 0, otherwise: int = 0) -> None:
        lines.append((code, then, otherwise, value))

    def refuse(number: int) -> None:
        add(_RETURN, _REFUSE | number)

    add(_LOAD, _MACHINE)
    add(_EQUAL, kernel, 1)
    refuse(errno.EPERM)  # calls of another machine, which have other numbers
    add(_LOAD, _NUMBER)
    add(_AT_LEAST, 0x40000000, 0, 1)
    refuse(errno.EPERM)
    for call in (*refused, *_MOUNTS):
        add(_EQUAL, call, 0, 1)
        refuse(errno.EPERM)
    # The flags of clone3 cannot be seen from here; the C library then takes clone.
    add(_EQUAL, calls["clone3"], 0, 1)
    refuse(errno.ENOSYS)
    add(_EQUAL, calls["clone"], 0, 4)
    add(_LOAD, _ARGUMENT)
    add(_BITS, _THREAD, 1)
    refuse(errno.EPERM)
    add(_RETURN, _ALLOW)
    for name in ("socket", "socketpair"):
        add(_EQUAL, calls[name], 0, len(_FAMILIES) + 3)
        add(_LOAD, _ARGUMENT)
        for i, family in enumerate(_FAMILIES):
            add(_EQUAL, family, len(_FAMILIES) - i)
        refuse(errno.EAFNOSUPPORT)
        add(_RETURN, _ALLOW)
    add(_RETURN, _ALLOW)
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def seal() -> bool:
    """Give all this up, for good. False if the kernel, or this file, does not know how."""
    import resource

    for limit, value in ((resource.RLIMIT_NPROC, THREADS), (resource.RLIMIT_NOFILE, FILES)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard < 0 else min(value, hard)
        # Before Linux 5.14 processes outside the box count too: there an honest one would fail.
        if limit != resource.RLIMIT_NPROC or _counts_by_box():
            resource.setrlimit(limit, (value, value))
    code = program(os.uname().machine)
    if code is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    held = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return libc.prctl(_SECCOMP, _FILTER, ctypes.c_char_p(head), 0, 0) == 0


def _counts_by_box() -> bool:
    version = os.uname().release.split(".")[:2]
    return all(part.isdigit() for part in version) and tuple(map(int, version)) >= (5, 14)


def report() -> dict[str, bool]:
    """What of this is in force in the present process; it tries."""
    import socket

    def fails(work) -> bool:
        try:
            work()
        except OSError:
            return True
        return False

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)

    return {
        "one process": fails(fork),
        "no memory that is not counted": fails(lambda: os.close(os.memfd_create("x"))),
        "no vsock": fails(lambda: socket.socket(getattr(socket, "AF_VSOCK", 40)).close()),
        "no network": fails(lambda: socket.create_connection(("192.0.2.1", 9), 0.2)),
        "no writing to shared memory": not os.access("/dev/shm", os.W_OK),
        "no settings of the kernel": not os.access("/proc/sys/kernel/hostname", os.W_OK),
    }


if __name__ == "__main__":
    seal()
    print(json.dumps(report()))
