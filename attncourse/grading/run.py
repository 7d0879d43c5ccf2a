"""Run a question's checks against a learner's function, wherever it lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from attncourse.grading.checks import Call, Check, Question, Unanswered, Wrong, generator
from attncourse.grading.compare import Comparison, gather, weigh
from attncourse.grading.readings import BLANKET
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
    failures: dict[str, Wrong] = {}
    over: Unanswered | None = None
    broken: list[str] = []
    with gather() as comparisons:
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
                failures[check.name] = wrong
                results.append(_result(check, "wrong", message=wrong.message, **facts))
            except Unanswered as failure:
                status: Status = "error"
                if failure.final:
                    over, status = failure, _STATUS[failure.reason]
                results.append(_result(check, status, message=failure.message, bug=failure.bug))
            except Exception as error:
                # The check met an answer that its author did not think of.
                kind = type(error).__name__
                said = f"This check could not judge the answer: it stopped with {kind}."
                broken.append(f"{check.name}: {said}")
                results.append(_result(check, "error", message=said, bug="check"))
            else:
                results.append(_result(check, "passed"))
    settled = summary(question.name, _settle(results, failures, comparisons, leans_on))
    return replace(settled, flags=tuple(broken))


def _settle(
    results: list[CheckResult],
    failures: dict[str, Wrong],
    comparisons: Sequence[Comparison],
    leans_on: Sequence[str],
) -> list[CheckResult]:
    """Name the mistake that all the numbers together speak for, or none."""
    named = {pair for wrong in failures.values() for pair in wrong.candidates}
    weights = {pair: weigh(pair, comparisons) for pair in named}
    read = Counter(wrong.reading[0] for wrong in failures.values())
    settled = []
    for result in results:
        if wrong := failures.get(result.name):
            bug, message = _explain(wrong, weights, read)
            if leans_on and bug in UNCLEAR:
                message += f" It calls {' and '.join(leans_on)}: mend that first."
            result = replace(result, bug=bug, message=message)
        settled.append(result)
    return settled


def _explain(
    wrong: Wrong, weights: dict[tuple[str, str], int], read: Counter[str | None]
) -> tuple[str | None, str]:
    """The mistake behind one failure; what the numbers show by themselves if none is certain."""
    best = max((weights[pair] for pair in wrong.candidates), default=0)
    heaviest = dict(pair for pair in reversed(wrong.candidates) if weights[pair] == best)
    blanket = read[wrong.reading[0]] if wrong.reading[0] in BLANKET else 0
    # A mistake that leaves most failures unexplained is not the one; and two that explain equally
    # much cannot be told apart by numbers, so neither is named.
    if 2 * best < sum(read.values()) or len(heaviest) > 1 or blanket > best:
        return wrong.reading
    return next(iter(heaviest.items()))


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
