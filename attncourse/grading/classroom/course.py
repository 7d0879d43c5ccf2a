"""One class run from beginning to end: grade, sum up, write everything down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attncourse.grading import exercises
from attncourse.grading.classroom import batch, hand_ins, pages, standing, tables
from attncourse.grading.classroom import policy as rules_of
from attncourse.grading.classroom.ledger import BadLedger, Ledger
from attncourse.grading.generate import BadSource

#: What is wrong with an instructor's files; each says what to do.
BAD = (
    hand_ins.BadFolder,
    rules_of.BadPolicy,
    standing.BadOverrides,
    tables.BadRoster,
    BadLedger,
    BadSource,
    batch.NoCluster,
    exercises.BadOverlay,
    ModuleNotFoundError,
)


def run(
    submissions: Path,
    out: Path,
    again: list[str] | None = None,
    *,
    exercise: str | None = None,
    policy: Path | None = None,
    times: Path | None = None,
    roster: Path | None = None,
    overlay: Path | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    dask: str | None = None,
    boxed: bool = True,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, str]:
    """Grade a class and write its tables and pages.

    Parameters
    ----------
    submissions, out
        Where the notebooks are, and where the grades go.
    again
        Grade these learners once more, all if the list is empty; None grades what is new.
    exercise, times, roster, overlay, seed, jobs, dask, boxed
        As on the command line.
    policy
        File of rules.
    step
        Told how many are done, of how many.

    Returns
    -------
    int, str
        How many were graded now, and the class in a sentence.
    """
    # All that can be wrong with the instructor's files is found before anything is graded.
    rules = rules_of.load(policy) if policy else rules_of.Policy()
    found = hand_ins.find(submissions, times)
    listed = tables.read_roster(roster) if roster else []
    learners = hand_ins.learners(found)
    graded = hand_ins.learners(one for one in found if not one.refused)
    rows = tables.match(graded, listed) if listed else {}
    changes = standing.read_overrides(out / "overrides.csv")
    if exercise is not None and exercise not in exercises.names():
        known = ", ".join(exercises.names())
        raise BadSource(f"no exercise is called {exercise!r}; there is {known}.")
    own = exercises.overlay(overlay) if overlay else ""
    if again and (strangers := sorted(set(again) - set(learners))):
        raise hand_ins.BadFolder(f"{strangers[0]} has handed nothing in.")
    ledger = Ledger(out, seed)
    try:
        if again is not None:
            if again:
                ledger.same_checks(own, set(learners) - set(again))
            ledger.again(again)
        else:
            ledger.same_checks(own, learners)
        done = batch.grade_class(
            found, ledger, exercise=exercise, boxed=boxed, jobs=jobs, dask=dask, overlay=own,
            step=step,
        )  # fmt: skip
        if times:
            ledger.retime({one.name: one.submitted.isoformat() for one in found if one.told})
        # Only what is there now: a file that was taken away counts no more.
        names = {hand_in.name for hand_in in found}
        kept = [record for name, record in sorted(ledger.records.items()) if name in names]
        standings = standing.standings(kept, rules, changes)
        _write(out, standings, rows)
    finally:
        ledger.close()
    return done, _sentence(standings)


def _write(out: Path, found: list[standing.Standing], rows) -> None:
    tables.write(out / "scores.csv", tables.scores(found))
    tables.write(out / "canvas.csv", tables.canvas(found, rows))
    tables.write(out / "moodle.csv", tables.moodle(found, rows))
    for one in found:
        if one.exercise:
            path = out / "gradescope" / pages.file_name(one.learner) / f"{one.exercise}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(tables.gradescope(one), encoding="utf-8")
    pages.write_feedback(out / "feedback", found)
    (out / "summary.html").write_text(pages.summary(found), encoding="utf-8")


def _sentence(found: list[standing.Standing]) -> str:
    graded = [one for one in found if one.exercise]
    most = sum(one.most for one in graded)
    share = sum(one.total for one in graded) / most if most else 0.0
    lost = sum(bool(one.record["failed"]) for one in found)
    said = f"{len(found)} results, {share:.0%} of all points"
    return f"{said}; {lost} could not be graded, see summary.html" if lost else said
