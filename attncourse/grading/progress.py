"""The learner's progress: a file of result records, one JSON line a run, only ever added to."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs

from attncourse.grading.records import Record


def home() -> Path:
    """Folder of the course's own files: ``ATTNCOURSE_HOME``, or the user's data folder."""
    chosen = os.environ.get("ATTNCOURSE_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("attncourse", False))


def path() -> Path:
    """The progress file."""
    return home() / "progress.jsonl"


def remember(record: Record) -> str:
    """Add a run. Returns a warning, or nothing: progress never stands in the way of a result."""
    _, warning = load()
    line = json.dumps(record.as_json(), ensure_ascii=False) + "\n"
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        with path().open("ab+") as file:
            # A run whose last byte was lost must not spoil the next one's line.
            if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                line = "\n" + line
            file.write(line.encode())
    except OSError as error:
        return f"progress was not saved: {path()}: {error.strerror or error}"
    return warning


def load() -> tuple[list[dict[str, Any]], str]:
    """All remembered runs, oldest first, and a warning if the file was damaged.

    A damaged file is moved aside, whole; the lines that can be read go on in a new one.
    """
    try:
        data = path().read_bytes()
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"progress cannot be read: {path()}: {error.strerror or error}"
    good, bad = [], 0
    for line in data.splitlines():
        if line.strip():
            record = _parse(line)
            if record is None:
                bad += 1
            else:
                good.append(record)
    if not bad:
        return good, ""
    aside = _free_name(path().with_name(f"progress-damaged-{datetime.now():%Y%m%d-%H%M%S}.jsonl"))
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in good)
    try:
        path().rename(aside)
        path().write_text(lines, encoding="utf-8")
    except OSError as error:
        return good, f"the progress file is damaged and cannot be moved: {error.strerror or error}"
    noun = "line" if bad == 1 else "lines"
    return good, f"{bad} damaged {noun} in the progress file; the old file is kept as {aside}"


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
        for key, kind in (("exercise", str), ("when", str), ("questions", list)):
            if not isinstance(record[key], kind):
                return None
        datetime.fromisoformat(record["when"])
        for question in record["questions"]:
            if not isinstance(question["question"], str):
                return None
            if not isinstance(question["earned"], int) or not isinstance(question["points"], int):
                return None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return record


def _free_name(wanted: Path) -> Path:
    found, count = wanted, 1
    while found.exists():
        count += 1
        found = wanted.with_stem(f"{wanted.stem}-{count}")
    return found
