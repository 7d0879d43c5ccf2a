"""Run a question's checks against a learner's function, wherever it lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from attncourse.grading.checks import Call, Check, Question, Unanswered, Wrong, generator
from attncourse.grading.records import UNCLEAR, CheckResult, QuestionResult, Status, summary

_STATUS: dict[str, Status] = {
    "not started": "not started",
    "undefined": "undefined",
    "deadline": "over",
    "died": "over",
}
_FACTS = ("bug", "difference", "where", "yours", "expected")


def run_question(
    question: Question,
    call: Call,
    *,
    exercise: str,
    seed: int,
    hidden: bool,
    leans_on: Sequence[str] = (),
) -> QuestionResult:
    """Run the checks of one question, in order.

    Parameters
    ----------
    question
        What to check.
    call
        Reaches the learner's function.
    exercise, seed
        Determine each check's random input.
    hidden
        Run the hidden checks too.
    leans_on
        Questions that this answer calls and that lost points themselves.

    Returns
    -------
    QuestionResult
        Points and messages. A wrong answer never raises.
    """
    results: list[CheckResult] = []
    candidates: dict[str, tuple[tuple[str, str], ...]] = {}
    over: Unanswered | None = None
    for check in question.checks:
        if check.hidden and not hidden:
            continue
        if over is not None:
            results.append(_result(check, _STATUS[over.reason], message=over.message))
            continue
        try:
            check.run(call, generator(seed, exercise, question.name, check.name))
        except Wrong as wrong:
            facts = {name: getattr(wrong, name) for name in _FACTS}
            candidates[check.name] = wrong.candidates
            results.append(_result(check, "wrong", message=wrong.message, **facts))
        except Unanswered as failure:
            status: Status = "error"
            if failure.final:
                over, status = failure, _STATUS[failure.reason]
            results.append(_result(check, status, message=failure.message, bug=failure.bug))
        else:
            results.append(_result(check, "passed"))
    return summary(question.name, _settle(results, candidates, leans_on))


def _settle(
    results: list[CheckResult],
    candidates: dict[str, tuple[tuple[str, str], ...]],
    leans_on: Sequence[str],
) -> list[CheckResult]:
    """Where several mistakes fit a failure, take the one that fits most failures."""
    count = Counter(bug for found in candidates.values() for bug in {bug for bug, _ in found})
    settled = []
    for result in results:
        found = candidates.get(result.name)
        if found:
            bug, message = max(found, key=lambda pair: count[pair[0]])
            if leans_on and bug in UNCLEAR:
                message += f" It calls {' and '.join(leans_on)}: mend that first."
            result = replace(result, bug=bug, message=message)
        settled.append(result)
    return settled


def same_for_all(
    question: Question, status: Status, message: str, *, hidden: bool
) -> QuestionResult:
    """A result without running anything: not started, undefined, ready-made."""
    checks = [c for c in question.checks if hidden or not c.hidden]
    points = sum(c.points for c in checks)
    results = tuple(_result(c, status, message=message) for c in checks)
    return QuestionResult(question.name, points, 0, status, message, results)


def _result(check: Check, status: Status, **found) -> CheckResult:
    passed = status == "passed"
    return CheckResult(
        name=check.name,
        says=check.says,
        points=check.points,
        earned=check.points if passed else 0,
        hidden=check.hidden,
        status=status,
        hint="" if passed else check.hint,
        **found,
    )
