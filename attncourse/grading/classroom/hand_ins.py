"""What a class handed in: the notebooks of a folder, whose they are, and when they came.

Three layouts are understood, as they come out of a course's website: a folder a learner, with the
notebooks in it; one folder of files whose names begin with the learner's; and Moodle's and Canvas's
own names, ``Ada Lovelace_4711_assignsubmission_file`` and ``lovelaceada_LATE_12_345_03.ipynb``.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from attncourse.grading import exercises
from attncourse.grading.checks import plain_text

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_\w*", re.S)
_CANVAS = re.compile(r"(?P<name>[^\W_]+)_(?:LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)", re.S)
#: A notebook that is larger is not read, and its record says so.
_BLOCK = 1 << 20


class BadFolder(ValueError):
    """The folder of submissions, or a file beside it, cannot be used; the message says why."""


@dataclass(frozen=True)
class HandIn:
    """One notebook that was handed in.

    Parameters
    ----------
    learner
        Who: the name of the folder, or the beginning of the file's name.
    number
        The number that the course's website gave the learner, or nothing.
    path
        The notebook.
    name
        Its path below the folder of submissions, as text.
    submitted
        When.
    refused
        Why it cannot be graded, or nothing.
    called
        The file's name as the learner gave it: without what Canvas puts in front.
    told
        Whether a table of times said when.
    """

    learner: str
    number: str
    path: Path
    name: str
    submitted: datetime
    refused: str = ""
    called: str = ""
    told: bool = False

    def fingerprint(self) -> str:
        """Hash of what it holds; a changed file is another submission."""
        if self.refused:
            return hashlib.sha256(self.refused.encode()).hexdigest()
        found = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while block := file.read(_BLOCK):
                    found.update(block)
        except OSError as error:
            return f"unreadable: {error.strerror}"
        return found.hexdigest()


def find(folder: Path, times: Path | None = None) -> list[HandIn]:
    """Find the submissions of a class.

    Parameters
    ----------
    folder
        Holds a folder a learner, or files named after learners.
    times
        A table ``file,submitted``, where the files' own times are those of the download: the path
        below ``folder``, and a time as 2026-11-28T23:59:00+01:00.

    Returns
    -------
    list of HandIn
        In the order of their names. What is a link or no plain file is refused, and so is what
        holds no notebook; both stay in the list: something was handed in.

    Raises
    ------
    BadFolder
        There is no such folder, no notebook in it, or the table of times is damaged.
    """
    if not folder.is_dir():
        raise BadFolder(f"{plain_text(folder)} is no folder of submissions.")
    told = _times(times) if times else {}
    notebooks = sorted(_notebooks(folder))
    if not notebooks:
        raise BadFolder(f"{plain_text(folder)} holds no notebook (.ipynb).")
    found = [_hand_in(folder, path, told) for path in [*notebooks, *_without(folder, notebooks)]]
    found.sort(key=lambda one: one.path)
    if unknown := set(told) - {hand_in.name for hand_in in found}:
        first = plain_text(sorted(unknown)[0])
        raise BadFolder(f"the table of times has {first}, and there is no such file.")
    return found


def _notebooks(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "__MACOSX")):
            continue
        # A link is not followed: what stands behind it was not handed in by who made it.
        if path.is_dir() and not path.is_symlink():
            yield from _notebooks(path)
        elif path.suffix.lower() == ".ipynb":
            yield path


def _without(folder: Path, notebooks: Iterable[Path]) -> Iterator[Path]:
    """Learners' folders, and files that Canvas named, of learners without a notebook."""
    have = {_whose(path.relative_to(folder))[0] for path in notebooks}
    seen: set[str] = set()
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")) or path.is_symlink():
            continue
        if path.is_dir():
            learner = _whose(Path(path.name, "any"))[0]
        elif match := _CANVAS.fullmatch(path.name):
            learner = match["name"]
        else:
            continue
        if learner not in have | seen:
            seen.add(learner)
            yield path


def _hand_in(folder: Path, path: Path, told: dict[str, datetime]) -> HandIn:
    name = path.relative_to(folder).as_posix()
    inside = path.is_dir() and not path.is_symlink() and path.parent == folder
    learner, number = _whose(path.relative_to(folder) / "any" if inside else Path(name))
    refused = ""
    if path.is_symlink():
        refused = "It is a link to another file, and links are not followed. Hand in the file."
    elif inside or path.suffix.lower() != ".ipynb":
        refused = "There is no notebook (.ipynb) in what was handed in."
    elif not path.is_file():
        refused = "It is no plain file."
    stamp = path.lstat().st_mtime
    submitted = told.get(name) or datetime.fromtimestamp(stamp, UTC).replace(microsecond=0)
    match = _CANVAS.fullmatch(path.name) if path.parent == folder else None
    called = match["file"] if match else path.name
    return HandIn(learner, number, path, name, submitted, refused, called, name in told)


def _whose(path: Path) -> tuple[str, str]:
    if len(path.parts) > 1:
        top = path.parts[0]
        if match := _MOODLE.fullmatch(top):
            return match["name"].strip(), match["id"]
        return top, ""
    if match := _CANVAS.fullmatch(path.name):
        return match["name"], match["id"]
    # What stands before the exercise's name, ada in ada_03-algorithm.ipynb; else the whole name.
    for exercise in exercises.names():
        before, found, _ = path.stem.partition(exercise)
        if found and before.strip(" _-."):
            return before.strip(" _-."), ""
    return path.stem, ""


def _times(table: Path) -> dict[str, datetime]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        return dict(_time(row) for row in rows)
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadFolder(
            f"{plain_text(table)} is no table of times: it needs the columns file and submitted, "
            f"with times as 2026-11-28T23:59:00+01:00 ({plain_text(error, 80)})."
        ) from None


def _time(row: dict[str, str]) -> tuple[str, datetime]:
    when = datetime.fromisoformat(row["submitted"].strip())
    if when.tzinfo is None:
        raise ValueError(f"{row['submitted']} has no time zone")
    return row["file"].strip(), when


def learners(hand_ins: Iterable[HandIn]) -> dict[str, str]:
    """Every learner, with the number that the course's website gave, in the order of names."""
    found: dict[str, str] = {}
    for hand_in in hand_ins:
        found[hand_in.learner] = hand_in.number or found.get(hand_in.learner, "")
    return dict(sorted(found.items()))
