"""Run a question's checks against a learner's function, wherever it lives."""

from __future__ import annotations

from collections.abc import Sequence

from attncourse.grading.checks import Call, Check, Question, Unanswered, Wrong, generator
from attncourse.grading.records import CheckResult, QuestionResult, Status, summary

_STATUS: dict[str, Status] = {
    "not started": "not started",
    "undefined": "undefined",
    "deadline": "over",
    "died": "over",
}
#: Readings that say what is off and not why.
_UNCLEAR = {"values", "nan", "infinity", "factor", "offset", "shape"}


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
            found = {
                name: getattr(wrong, name)
                for name in ("bug", "difference", "where", "yours", "expected")
            }
            message = wrong.message
            if leans_on and wrong.bug in _UNCLEAR:
                message += f" It calls {' and '.join(leans_on)}: mend that first."
            results.append(_result(check, "wrong", message=message, **found))
        except Unanswered as failure:
            status: Status = "error"
            if failure.final:
                over, status = failure, _STATUS[failure.reason]
            results.append(_result(check, status, message=failure.message, bug=failure.bug))
        else:
            results.append(_result(check, "passed"))
    return summary(question.name, results)


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
