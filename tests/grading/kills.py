"""How many wrong answers the checks of a question refuse, of how many that were tried.

Two kinds are tried: those that were written by hand (``tests/grading/mutants``), and the solution
with one token changed. ``python -m tests.grading.kills`` (``make kills``) counts them into
``solutions/kills.json``, from where the exercises' pages take them. What survives is listed there: a
change that makes no difference, or one that a check should have seen.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from attncourse.grading import notebook
from attncourse.grading.memo import rehearse
from tests.grading import course, mutants
from tests.mutation.breaks import breaks

PATH = course.ROOT / "solutions/kills.json"
SEED = 20_261_128
#: Seconds for a call: a changed loop may never end.
PATIENCE = 1.0


def written(exercise: str, question: str) -> list:
    """The wrong answers that were written by hand."""
    table = mutants.load(exercise)
    lookalikes = getattr(table, "UNNAMED", {}).get(question, [])
    return [*table.WRONG[question].values(), *(wrong for wrong, _ in lookalikes)]


def refused(exercise: str, question: str, function) -> bool:
    """Whether an answer loses points."""
    result = course.judge(exercise, question, function, SEED)
    return result.earned < result.points


def code_of(exercise: str, question: str) -> str:
    """What was changed, as a hash: other code has to be counted again."""
    return hashlib.sha256(course.solution(exercise, question).encode()).hexdigest()[:16]


def count(exercise: str, question: str) -> dict:
    """Try every wrong answer to a question."""
    rehearse(exercise, SEED)  # all are held against the same right answers
    by_hand = written(exercise, question)
    text = course.solution(exercise, question)
    changes, survivors = breaks(Path(question), text), []
    for one in changes:
        space = course.solved(exercise)
        try:
            exec(one.applied(text), space)
        except Exception:
            continue  # it does not even define its function: nobody would hand it in
        if not refused(exercise, question, space[question]):
            line = text.splitlines()[one.line - 1]
            end = one.column + len(one.old)
            marked = f"{line[: one.column]}⟦{line[one.column : end]}⟧{line[end:]}".strip()
            survivors.append(f"{marked} → {one.new or 'nothing'}")
    return {
        "by_hand": [sum(refused(exercise, question, wrong) for wrong in by_hand), len(by_hand)],
        "changes": [len(changes) - len(survivors), len(changes)],
        "survivors": survivors,
        "code": code_of(exercise, question),
    }


def main() -> None:
    """Count what has changed, or what is named: ``python -m tests.grading.kills softmax``."""
    notebook.CALL_SECONDS = PATIENCE
    old = json.loads(PATH.read_text("utf8")) if PATH.exists() else {}
    found: dict[str, dict] = {}
    for exercise, question in course.QUESTIONS:
        kept = old.get(exercise, {}).get(question, {})
        same = kept.get("code") == code_of(exercise, question) and kept["by_hand"][1] == len(
            written(exercise, question)
        )
        if not same or question in sys.argv[1:]:
            kept = count(exercise, question)
            print(f"{exercise} {question}: {kept['by_hand']} {kept['changes']}", flush=True)
        found.setdefault(exercise, {})[question] = kept
        rest = {e: qs for e, qs in old.items() if e not in found}
        text = json.dumps({**rest, **found}, indent=1, ensure_ascii=False)
        PATH.write_text(text + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
