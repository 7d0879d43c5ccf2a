"""A box for code that nobody vouches for: bubblewrap with no network and almost no files.

Inside, the root is read-only and holds the interpreter and its packages; /tmp is empty; the
environment is cleared; other processes cannot be seen. The course's reference implementations,
checks and solutions are not there.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import attncourse
from attncourse.grading import rooms

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin")
_CONFIG = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
#: What the box may write: to the temporary folder, and to memory shared between processes.
_SCRATCH, _SHARED = 64 << 20, 16 << 20
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


def command(inner: list[str], environment: dict[str, str]) -> list[str]:
    """Wrap a command line in a box.

    Parameters
    ----------
    inner
        The command, its first word an absolute path.
    environment
        All the variables that it gets.
    """
    # Read-only /proc: to a process that is root outside, the kernel's settings are writable files.
    line = [require(), *_SEALS, "--die-with-parent", "--clearenv", "--hostname", "box"]
    line += ["--new-session", "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]
    line += ["--size", str(_SHARED), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    # Before the folders that are let in: one of them may itself lie below /tmp.
    line += ["--size", str(_SCRATCH), "--tmpfs", "/tmp"]
    for path in _SYSTEM:
        if Path(path).is_symlink():
            line += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).exists():
            line += ["--ro-bind", path, path]
    for path in _CONFIG:
        line += ["--ro-bind-try", path, path]
    for path in _python_folders():
        line += ["--ro-bind-try", path, path]
    package = str(Path(attncourse.__file__).resolve().parent)
    line += ["--ro-bind", package, package]
    for room in rooms.HIDDEN:
        if Path(package, room).is_dir():
            line += ["--tmpfs", f"{package}/{room}", "--remount-ro", f"{package}/{room}"]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", "/tmp", "--remount-ro", "/", "--", *inner]


def _python_folders() -> list[str]:
    paths = sysconfig.get_paths()
    found = [sys.base_prefix, sys.prefix, paths["stdlib"], paths["purelib"], paths["platlib"]]
    # A virtual environment's interpreter is a chain of links; each link has to be there.
    link = Path(sys.executable)
    while link.is_symlink():
        link = link.parent / link.readlink()
        found.append(str(link.parent.parent.resolve()))
    kept: list[str] = []
    for path in map(str, (Path(p).absolute() for p in found)):
        inside = any(Path(path).is_relative_to(k) for k in (*kept, *_SYSTEM))
        if not inside and Path(path) != Path("/"):
            kept.append(path)
    return kept
