"""The results of a class run: a file of records that is only ever added to.

A record is on the disk before the next submission is begun. What a killed run leaves half written
is cut off by the next, which goes on behind it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from attncourse.grading.checks import plain_text


class BadLedger(ValueError):
    """The folder of grades holds something that this program did not write."""


@dataclass(frozen=True)
class Run:
    """What all records of a class run share.

    Parameters
    ----------
    seed
        Determines all input. Drawn once, so that no score depends on whose turn it was.
    round
        Counts up when the class is graded again.
    only
        The learners of the last round; none means all.
    """

    seed: int
    round: int = 1
    only: tuple[str, ...] = ()

    def covers(self, learner: str) -> bool:
        """Whether the last round is about this learner."""
        return not self.only or learner in self.only


def digest(overlay: str, exercise: str) -> str:
    """What tells an instructor's own checks of an exercise from others; nothing without any."""
    path = Path(overlay, f"{exercise}.py")
    return hashlib.sha256(path.read_bytes()).hexdigest() if overlay and path.is_file() else ""


def _only_one(path: Path) -> IO[str]:
    """Hold a folder's lock; it goes with the process, however that ends."""
    file = path.open("w")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows
        pass
    except OSError:
        file.close()
        raise BadLedger(
            f"another run is at work on {plain_text(path.parent)}. Wait for it, or end it."
        ) from None
    return file


class Ledger:
    """The records of one folder of grades.

    Parameters
    ----------
    folder
        Made if it is not there. ``run.json`` holds what the records share, ``records.jsonl`` them.
    seed
        For a new folder; by default drawn. A folder that has one keeps it.

    Raises
    ------
    BadLedger
        The folder's files are not those of a run, or another seed was asked for.
    """

    def __init__(self, folder: Path, seed: int | None = None):
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._path, self._about = folder / "records.jsonl", folder / "run.json"
        self._alone = _only_one(folder / "run.lock")
        self.run = self._begin(seed)
        self.records = self._read()

    def _begin(self, seed: int | None) -> Run:
        try:
            said = json.loads(self._about.read_text("utf-8"))
            run = Run(int(said["seed"]), int(said["round"]), tuple(map(str, said["only"])))
        except FileNotFoundError:
            if self._path.exists():
                raise BadLedger(
                    f"{plain_text(self._path)} has records, and run.json with their seed is gone. "
                    "Put it back, or choose another folder."
                ) from None
            run = Run(secrets.randbits(32) if seed is None else seed)
            self._write(run)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadLedger(
                f"{plain_text(self._about)} cannot be read ({plain_text(error, 80)}). "
                "Put the file back, or choose another folder."
            ) from None
        if seed not in (None, run.seed):
            raise BadLedger(
                f"{plain_text(self.folder)} was begun with another seed. One class has one seed: "
                "leave --seed out, or choose another folder."
            )
        return run

    def _write(self, run: Run) -> None:
        part = self._about.with_suffix(".part")
        part.write_text(json.dumps(asdict(run)) + "\n", "utf-8")
        part.replace(self._about)

    def again(self, learners: Iterable[str]) -> None:
        """Begin another round, over these learners or, if none is named, over all."""
        self.run = Run(self.run.seed, self.run.round + 1, tuple(learners))
        self._write(self.run)

    def _read(self) -> dict[str, dict[str, Any]]:
        """The last record of each submission, by the name of its file."""
        found: dict[str, dict[str, Any]] = {}
        whole = 0
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if not line.endswith(b"\n"):
                        break  # a run was killed while it wrote this
                    whole += len(line)
                    record = self._parse(line, number)
                    found[record["file"]] = record
        except FileNotFoundError:
            return {}
        if whole != self._path.stat().st_size:
            os.truncate(self._path, whole)
        return found

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line)
            if {"file", "hash", "round", "learner", "record"} <= set(record):
                return record
        except (ValueError, TypeError, RecursionError):
            pass
        raise BadLedger(
            f"line {number} of {plain_text(self._path)} is damaged. Nothing was changed. Take the "
            "line out (its submission is then graded again), or choose another folder."
        )

    def close(self) -> None:
        """Let another run have the folder."""
        self._alone.close()

    def has(self, name: str, fingerprint: str, learner: str) -> bool:
        """Whether this very file has its record, from the last round that is about its learner."""
        record = self.records.get(name)
        if record is None or record["hash"] != fingerprint:
            return False
        return record["round"] == self.run.round or not self.run.covers(learner)

    def same_checks(self, overlay: str, learners: Iterable[str]) -> None:
        """Refuse to go on with other checks than those by which these learners were graded.

        Raises
        ------
        BadLedger
            An instructor's own checks have come, gone or changed since.
        """
        known = set(learners)
        for record in self.records.values():
            # Without the key: written before it was kept.
            current = record["round"] == self.run.round or not self.run.covers(record["learner"])
            exercise = record["record"].get("exercise", "")
            new = digest(overlay, exercise)
            if current and record["learner"] in known and record.get("overlay", new) != new:
                raise BadLedger(
                    f"{exercise} was graded with other checks of yours. Give the same --overlay, "
                    "or grade all again with these: attncourse regrade, with no --learner."
                )

    def retime(self, told: Mapping[str, str]) -> None:
        """Note when these files were handed in, where a record says otherwise."""
        for name, when in told.items():
            record = self.records.get(name)
            if record is not None and record.get("submitted") != when:
                self._append(record | {"submitted": when})

    def add(self, record: dict[str, Any]) -> None:
        """Write a record down, whole and on the disk, before this returns."""
        self._append(record | {"round": self.run.round})

    def _append(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
        with self._lock:
            with self._path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self.records[record["file"]] = record
