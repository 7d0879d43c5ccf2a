"""What is said of an answer that gave no array to judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attncourse.grading.checks import Returns, Unanswered, accept, kind_text, plain_text
from attncourse.grading.remote import Gone


def ready_made(name: str, call: str) -> str:
    """What to say of an answer that calls one."""
    return (
        f"{name} uses {call}. This question asks you to build it, so that counts no points. "
        "Write the steps yourself with plain array operations."
    )


def taken(name: str, value: Any, returns: Returns) -> Any:
    """What a function gave back, as the kind that was asked for; raise Unanswered if it is not."""
    try:
        return accept(value, returns)
    except TypeError as error:
        raise refused(name, str(error), returns) from None


def refused(name: str, kind: str, returns: Returns = "array") -> Unanswered:
    """What to say of a result of another kind."""
    if kind == "None":
        return Unanswered(
            "refused", f"{name} returned None. Is the return line missing?", bug="None"
        )
    return Unanswered(
        "refused",
        f"{name} returned {plain_text(kind, 80)}; expected {kind_text(returns)}.",
        bug="no array" if returns == "array" else "another kind",
    )


def not_run(name: str, answer: dict[str, Any], is_stub: Callable[[str], bool]) -> Unanswered:
    """What to say of an exception out of a learner's function."""
    frames = answer.get("frames") or []
    inner = str(frames[-1][2]) if frames else name
    if answer["error"] == "NotImplementedError":
        if inner == name and is_stub(name):
            return Unanswered("not started", "not started")
        if inner == name:
            return Unanswered(
                "error",
                f"The line raise NotImplementedError still stands in {name}. Delete it.",
                bug="marker left",
            )
        return Unanswered(
            "error",
            f"{name} calls {plain_text(inner, 80)}, which is not started.",
            bug="needs other",
        )
    if answer["error"] == "MemoryError":
        return Unanswered("error", f"{name} ran out of memory.", bug="memory")
    if answer["error"] in {"SystemExit", "KeyboardInterrupt", "GeneratorExit"}:
        return Unanswered("error", f"{name} tried to end the program.", bug="exit")
    return Unanswered("error", f"{name} stops with {error_text(answer)}.", bug="exception")


def clean(answer: dict[str, Any]) -> dict[str, Any]:
    """A worker's report of an exception, with every part of the type that it should have."""
    frames = answer.get("frames")
    kept = []
    for frame in frames if isinstance(frames, list) else []:
        match frame:
            case [int(cell), int(line), str(name)] if 0 <= cell < 10**6 and 0 <= line < 10**6:
                kept.append([cell, line, name])
    return {
        "error": str(answer.get("error")),
        "message": str(answer.get("message", "")),
        "frames": kept,
    }


def error_text(answer: dict[str, Any]) -> str:
    """An exception in a line: type, message, place."""
    text = plain_text(answer["error"], 60)
    if message := plain_text(answer.get("message", ""), 200):
        text += f": {message.rstrip('.')}"
    frames = answer.get("frames") or []
    if not frames:
        return text
    cell, line = frames[-1][:2]
    return f"{text} ({f'cell {cell}, ' if cell else ''}line {line})"


def lost_cell(gone: Gone, seconds: float) -> str:
    """What to say of a cell that took its process with it."""
    if gone.reason == "deadline":
        return f"did not finish in {seconds:g} s; it was left out"
    if gone.reason == "garbled":
        return "wrote into the grader's line; it was left out"
    return f"ended its process ({gone}); it was left out"


def lost_call(gone: Gone, name: str, seconds: float) -> Unanswered:
    """What to say of a call that took its process with it."""
    if gone.reason == "deadline":
        return Unanswered(
            "deadline",
            f"{name} did not return in {seconds:.3g} s. Is there a loop that never ends?",
            bug="endless",
        )
    if gone.reason == "garbled":
        return Unanswered("died", f"{name} wrote into the grader's line.", bug="garbled")
    return Unanswered("died", f"{name} ended its process ({gone}).", bug="died")


def whole(seconds: float) -> Unanswered:
    """What to say where the time of the whole submission is over."""
    said = f"Running this notebook took more than {seconds:g} s in all; the rest was not judged."
    return Unanswered("deadline", said, bug="whole")
