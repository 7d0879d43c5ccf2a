"""Source distributions: fetched without running a line of theirs.

``pip download`` asks a source distribution for its metadata and runs its ``setup.py`` to get them;
no option of pip stops that. So pip only says how it is set, and unearth finds and fetches the file.
"""

from __future__ import annotations

import ast
import logging
import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Later ones win, as in pip: its files, their part for downloads, the environment.
SECTIONS = ("global", "download", ":env:")


class NotOfferedError(LookupError):
    """No index and no folder that pip is set to has the file."""


class NotFetchedError(RuntimeError):
    """It could not be fetched; the message says why, in a few words."""


def settings() -> dict[str, str]:
    """How pip is set: index, further indexes, folders, certificate, as far as set at all.

    Raises
    ------
    ModuleNotFoundError
        This Python has no pip.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
    )
    if "No module named pip" in done.stderr:
        raise ModuleNotFoundError("No module named pip")
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return found["global"] | found["download"] | found[":env:"]


def download(requirement: str, filename: str, sha256: str, folder: Path) -> Path:
    """Put the file of that name into a folder; whoever asks checks what it is.

    Parameters
    ----------
    requirement
        The package and its version.
    filename
        The source distribution's.
    sha256
        Where several places have such a file, the one that says it has this hash.
    folder
        Where to.

    Raises
    ------
    ModuleNotFoundError
        This Python has no pip, which knows the index.
    NotOfferedError, NotFetchedError
        See there.
    """
    # Heavy, and needed once in a machine's life.
    from unearth import PackageFinder, UnpackError

    known = settings()
    said = _Heard()
    logger = logging.getLogger("unearth")
    passes_on, logger.propagate = logger.propagate, False
    logger.addHandler(said)
    try:
        session = _session(known)
        with session:
            finder = PackageFinder(
                session,
                index_urls=_indexes(known),
                find_links=_folders(known),
                no_binary=[requirement.partition("==")[0]],
                ignore_compatibility=True,
            )
            if _on(known.get("no-index")):
                finder.sources = [s for s in finder.sources if s["type"] != "index"]
            links = [p.link for p in finder.find_matches(requirement)]
            same = [link for link in links if link.filename == filename]
            if not same:
                failed = [line for line in said.lines if "Server Error" in line]
                raise NotFetchedError(failed[0]) if failed else NotOfferedError(filename)
            link = next((s for s in same if sha256 in _hashes(s)), same[0])
            found = finder.download(link, folder, hashes={})
    except UnpackError as error:
        raise NotFetchedError(_without_secrets(error)) from None
    except OSError:
        raise  # the disk's
    except (NotOfferedError, NotFetchedError):
        raise
    except Exception as error:  # httpx2's, a library that this file need not know
        raise NotFetchedError(f"{type(error).__name__}: {_without_secrets(error)}") from None
    finally:
        logger.removeHandler(said)
        logger.propagate = passes_on
    fresh = folder / filename
    return fresh if found == fresh else Path(shutil.copyfile(found, fresh))


class _Heard(logging.Handler):
    """Keeps what a library logs, which nobody needs to see while all goes well."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def _indexes(known: dict[str, str]) -> list[str]:
    from unearth import PackageFinder

    usual = PackageFinder().sources[0]["url"]  # where pip and unearth look if nobody says where
    return [known.get("index-url", usual), *known.get("extra-index-url", "").split()]


def _folders(known: dict[str, str]) -> list[str]:
    places = known.get("find-links", "").split()
    return [place for place in places if "://" in place or os.path.exists(place)]


def _session(known: dict[str, str]) -> Any:
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    cert = known.get("cert")
    session = PyPIClient(
        trusted_hosts=known.get("trusted-host", "").split(),
        verify=ssl.create_default_context(cafile=cert) if cert else True,
        proxy=known.get("proxy"),
        timeout=float(known.get("timeout", known.get("default-timeout", 15))),
        follow_redirects=True,
    )
    session.auth = MultiDomainBasicAuth(prompting=False, index_urls=_indexes(known))
    return session


def _hashes(link: Any) -> list[str]:
    told = {**(link.hashes or {}), **(link.hash_option or {})}
    return [h for value in told.values() for h in ([value] if isinstance(value, str) else value)]


def _on(value: str | None) -> bool:
    return (value or "").lower() in ("1", "true", "yes", "y", "on", "t")


def _without_secrets(error: Exception) -> str:
    """Say what went wrong without an address, which may hold a password."""
    words = str(error).split()
    return " ".join("(the index)" if "://" in word else word for word in words)[:160]
