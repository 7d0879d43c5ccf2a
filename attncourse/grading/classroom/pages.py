"""Feedback for each learner and a summary for the instructor, as pages that need no network.

Everything that a learner wrote is escaped, and the pages run no script and load nothing.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attncourse.grading.checks import plain_text
from attncourse.grading.classroom.standing import Standing
from attncourse.grading.html import bars, render
from attncourse.grading.records import UNCLEAR, CheckResult
from attncourse.grading.report import SAYS

#: Mistakes in the summary's table.
_MOST = 10


def feedback(one: Standing) -> str:
    """What one learner sees of one exercise: points, mistakes, hints; never the seed."""
    found = {q["question"]: _findings(q) for q in one.record["questions"]}
    return render("feedback", one=one, found=found, says=SAYS)


def summary(found: Sequence[Standing]) -> str:
    """What the instructor sees: the distribution, the hardest questions, the common mistakes."""
    parts: dict[str, list[Standing]] = {}
    for one in found:
        if one.exercise:
            parts.setdefault(one.exercise, []).append(one)
    return render(
        "summary",
        parts=[_part(name, mine) for name, mine in parts.items()],
        look_at=[one for one in found if one.flags],
    )


def file_name(text: str) -> str:
    """A learner's name as the name of a file: no separators, no dots in front, no control codes."""
    return re.sub(r"[^\w.@ -]", "_", plain_text(text, 120)).lstrip(". ") or "_"


def write_feedback(folder: Path, found: Sequence[Standing]) -> None:
    """Write a page for each standing: ``folder/LEARNER/EXERCISE.html``."""
    taken: set[Path] = set()
    for one in found:
        stem = one.exercise or f"not graded {file_name(Path(one.file).name)}"
        path, count = folder / file_name(one.learner) / f"{stem}.html", 1
        while path in taken:  # two names that look alike once they are cleaned
            count += 1
            path = folder / f"{file_name(one.learner)}-{count}" / f"{stem}.html"
        taken.add(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(feedback(one), encoding="utf-8")


def _findings(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What failed, each message once, with the points that it cost in all."""
    found: dict[str, dict[str, Any]] = {}
    for check in question["checks"]:
        if check["status"] == "passed":
            continue
        fields = {k: v for k, v in check.items() if k in CheckResult.__dataclass_fields__}
        numbers = ("difference", "yours", "expected")
        fields |= {k: float(fields[k]) for k in numbers if fields.get(k) is not None}
        one = found.setdefault(
            check["message"],
            {
                "message": check["message"],
                "facts": CheckResult(**fields).facts,
                "hint": check["hint"],
                "lost": 0,
                "says": [],
            },
        )
        one["lost"] += check["points"] - check["earned"]
        one["says"].append(check["says"][:1].lower() + check["says"][1:])
    return list(found.values())


def _part(exercise: str, mine: Sequence[Standing]) -> dict[str, Any]:
    """One exercise in numbers."""
    totals = sorted(one.total for one in mine)
    most = mine[0].most
    cuts = statistics.quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else totals * 3
    told: dict[tuple[str, str], str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for one in mine:
        for question in one.record["questions"]:
            bugs = {
                c["bug"]: c["message"]
                for c in question["checks"]
                if c["bug"] not in (None, *UNCLEAR)
            }
            for bug, message in bugs.items():
                counted[question["question"], bug] += 1
                told.setdefault((question["question"], bug), message)
    return {
        "exercise": exercise,
        "learners": len(mine),
        "most": most,
        "lower": cuts[0],
        "median": statistics.median(totals),
        "upper": cuts[2],
        "late": sum(one.days_late > 0 for one in mine),
        "untouched": sum(
            all(q["status"] == "not started" for q in one.record["questions"]) for one in mine
        ),
        "histogram": bars(_histogram(totals, most), "Learners by points", 1),
        "hardest": bars(
            _hardest(mine), "Points earned, in per cent, the hardest question first", 100
        ),
        "mistakes": [
            {"question": q, "bug": bug, "learners": n, "message": told[q, bug]}
            for (q, bug), n in counted.most_common(_MOST)
        ],
    }


def _histogram(totals: Sequence[float], most: int) -> list[tuple[str, float]]:
    """How many learners have how many points, in at most ten steps."""
    step = max(1, -(-(most + 1) // 10))
    counts = Counter(min(int(total), most) // step for total in totals)
    last = most // step
    return [
        (
            f"{i * step}" if step == 1 else f"{i * step} to {min(most, (i + 1) * step - 1)}",
            counts[i],
        )
        for i in range(last + 1)
    ]


def _hardest(mine: Sequence[Standing]) -> list[tuple[str, float]]:
    """The share of its points that each question gave, the smallest first."""
    shares = {}
    for question, of in mine[0].of.items():
        earned = [one.points.get(question, 0.0) for one in mine]
        shares[question] = sum(earned) / (len(earned) * of) if of else 0.0
    return sorted(shares.items(), key=lambda item: item[1])
