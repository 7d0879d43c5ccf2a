"""A box for code that nobody vouches for: bubblewrap with no network and almost no files.

Inside, the root is read-only and holds the interpreter and its packages; /tmp is empty; the
environment is cleared; other processes cannot be seen, and none can be started
(:mod:`attncourse.grading.confine`). The course's reference implementations,
checks and solutions are not there.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

import attncourse
from attncourse.grading import confine, rooms

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin")
_CONFIG = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
#: What the box may write, all of it to the temporary folder.
_SCRATCH = 64 << 20
_SEALS = ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]


class NoBox(RuntimeError):
    """A box was asked for and cannot be had on this machine; the message says why."""


@functools.cache
def require() -> str:
    """Return the path of a bubblewrap that works here.

    Raises
    ------
    NoBox
        It is not installed, or the system does not let it make namespaces.
    """
    path = shutil.which("bwrap")
    if path is None:
        raise NoBox(
            "no box: bubblewrap (bwrap) is not installed. On Debian or Ubuntu: "
            "apt install bubblewrap. Or use --no-box if you trust the notebook."
        )
    trial = [path, "--ro-bind", "/", "/", *_SEALS, sys.executable]
    try:
        done = subprocess.run([*trial, "-I", "-c", ""], capture_output=True, text=True, timeout=30)
        reason = done.stderr.strip().splitlines()[-1:] if done.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = [str(error)]
    if reason is not None:
        raise NoBox(
            f"no box: bwrap cannot make one here ({' '.join(reason)[:200]}). "
            "Use --no-box if you trust the notebook."
        )
    return path


def command(
    inner: list[str], environment: dict[str, str], *, absent: Sequence[str] = ()
) -> list[str]:
    """Wrap a command line in a box.

    Parameters
    ----------
    inner
        The command, its first word an absolute path.
    environment
        All the variables that it gets.
    absent
        Installed packages that are not to be found.
    """
    # Read-only /proc: to a process that is root outside, the kernel's settings are writable files.
    line = [require(), *_SEALS, "--die-with-parent", "--clearenv", "--hostname", "box"]
    line += ["--new-session", "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
    # Memory to share with nobody: there is one process.
    line += ["--tmpfs", "/dev/shm", "--remount-ro", "/dev/shm", "--remount-ro", "/dev"]
    # Before the folders that are let in: one of them may itself lie below /tmp.
    line += ["--size", str(_SCRATCH), "--tmpfs", "/tmp"]
    for path in _SYSTEM:
        if Path(path).is_symlink():
            line += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).exists():
            line += ["--ro-bind", path, path]
    for path in _CONFIG:
        line += ["--ro-bind-try", path, path]
    # What was installed here by hand is nobody's business, unless the interpreter is part of it.
    if Path("/usr/local").is_dir() and not any(map(_is_local, _all_python_folders())):
        line += ["--tmpfs", "/usr/local", "--remount-ro", "/usr/local"]
    for path in _python_folders():
        line += ["--ro-bind-try", path, path]
    package = str(Path(attncourse.__file__).resolve().parent)
    line += ["--ro-bind", package, package]
    for room in rooms.HIDDEN:
        if Path(package, room).is_dir():
            line += ["--tmpfs", f"{package}/{room}", "--remount-ro", f"{package}/{room}"]
    folders = {sysconfig.get_paths()[name] for name in ("purelib", "platlib")}
    for hidden in (f"{folder}/{name}" for folder in folders for name in absent):
        if Path(hidden).is_dir():
            line += ["--tmpfs", hidden, "--remount-ro", hidden]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", "/tmp", "--remount-ro", "/", "--", *inner]


def in_force() -> dict[str, bool]:
    """What a box on this machine holds back, each by trying it inside one.

    Raises
    ------
    NoBox
        There is none.
    """
    script = str(Path(confine.__file__).resolve())
    line = command([sys.executable, "-I", script], {"PATH": os.defpath, "HOME": "/tmp"})
    done = subprocess.run(line, capture_output=True, timeout=30)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise NoBox("no box: it does not answer. Use --no-box if you trust the notebook.") from None


def _is_local(path: str) -> bool:
    return Path(path).is_relative_to("/usr/local")


def _all_python_folders() -> list[str]:
    paths = sysconfig.get_paths()
    found = [sys.base_prefix, sys.prefix, paths["stdlib"], paths["purelib"], paths["platlib"]]
    # A virtual environment's interpreter is a chain of links; each link has to be there.
    link = Path(sys.executable)
    while link.is_symlink():
        link = link.parent / link.readlink()
        found.append(str(link.parent.parent.resolve()))
    return [str(Path(path).absolute()) for path in found]


def _python_folders() -> list[str]:
    kept: list[str] = []
    for path in _all_python_folders():
        inside = any(Path(path).is_relative_to(k) for k in (*kept, *_SYSTEM))
        if not inside and Path(path) != Path("/"):
            kept.append(path)
    return kept
