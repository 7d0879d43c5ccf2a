"""Checks of ``split_by_group(groups, luck, share)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "split_by_group",
    ("groups", "luck", "share"),
    ready_made=oracles.READY_SPLIT,
    read="06-applications/machine-translation",
)


def suspects(groups: np.ndarray, luck: np.ndarray, share: float) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    n, n_groups = len(groups), len(luck)
    right = oracles.split_by_group(groups, luck, share)
    order = np.argsort(luck, kind="stable")
    sizes = np.bincount(groups, minlength=n_groups)
    behind = np.cumsum(sizes[order])

    def held(chosen: np.ndarray) -> np.ndarray:
        return np.isin(groups, chosen).astype(float)

    def cut(ranked: np.ndarray, many: int) -> np.ndarray:
        out = np.zeros(n)
        out[ranked[:many]] = 1
        return out

    def until(order: np.ndarray) -> np.ndarray:
        before = np.cumsum(sizes[order]) - sizes[order]
        return held(order[before < share * n])

    ranked = np.argsort(luck[groups], kind="stable")
    split = (
        "One group is cut in two: some of its examples are held out and some are learned from. "
        "The cut has to fall between groups, not between examples."
    )
    too_few = int((behind <= share * n).sum())
    enough = int((behind - sizes[order] < share * n).sum())
    return [
        *(
            Suspect("group cut in two", split, cut(ranked, many))
            for many in sorted({round(share * n), int(share * n), int(np.ceil(share * n))})
        ),
        Suspect(
            "by place",
            "You hold out the first examples of the file, whichever group they are from. Whole "
            "groups go, in the order of their luck.",
            cut(np.arange(n), round(share * n)),
        ),
        Suspect(
            "the end of the file",
            "You hold out the last examples of the file, whichever group they are from. Whole "
            "groups go, in the order of their luck.",
            cut(np.arange(n)[::-1], round(share * n)),
        ),
        Suspect(
            "stops too early",
            "You stop before the share is reached: the group that would pass it stays behind. "
            "Groups go until at least the share is held out, so that one goes too.",
            held(order[:too_few]),
        ),
        Suspect(
            "share rounded down",
            "You round the share of the examples down to a whole number. Where it is reached after "
            "the rounding and not before, one group is missing.",
            held(order[behind - sizes[order] < int(share * n)]),
        ),
        Suspect(
            "one group too many",
            "One group more than needed is held out. Stop as soon as the share is reached.",
            held(order[: enough + 1]),
        ),
        Suspect(
            "share of the groups",
            "You hold out a share of the groups. Groups differ in size; the share is one of the "
            "examples: add their sizes up.",
            held(order[: round(share * n_groups)]),
        ),
        Suspect(
            "share of the groups",
            "You hold out a share of the groups, rounded up. Groups differ in size; the share is "
            "one of the examples: add their sizes up.",
            held(order[: int(np.ceil(share * n_groups))]),
        ),
        Suspect(
            "sides swapped",
            "The two sides are swapped: True should mark what is held out, and it marks what is "
            "learned from.",
            1 - right,
        ),
        Suspect(
            "most luck first",
            "The groups go in the wrong order: the largest luck first. The smallest goes first.",
            until(order[::-1]),
        ),
        Suspect(
            "luck ignored",
            "The groups go in the order of their numbers, and luck is not used. Group 0 would be "
            "held out every time.",
            until(np.arange(n_groups)),
        ),
        Suspect(
            "largest group first",
            "The groups go by their sizes, not by their luck.",
            until(np.argsort(-sizes, kind="stable")),
        ),
        Suspect(
            "luck against the share",
            "You hold out each group whose luck is below the share. That is right on average and "
            "not here: go on until the share of the examples is reached.",
            held(np.flatnonzero(luck < share)),
        ),
        Suspect(
            "argsort for a rank",
            "argsort says which group comes at each place, not at which place a group comes. "
            "You use the one for the other.",
            held(np.flatnonzero(order < enough)),
        ),
        Suspect(
            "order of luck lost",
            "The sizes are added up in the order of luck, and the result is read in the order of "
            "the groups' numbers. Translate it back.",
            held(np.arange(enough)),
        ),
        Suspect(
            "group by group in the file",
            "You take it that a group's examples stand together in the file. They may stand "
            "anywhere: ask for each example whether its group is held out.",
            lambda: np.repeat(np.isin(np.arange(n_groups), order[:enough]), sizes).astype(float),
        ),
        Suspect(
            "places",
            "You return the places of what is held out. A mask is asked for: one boolean for each "
            "example.",
            np.flatnonzero(right).astype(float),
        ),
        Suspect(
            "groups",
            "You return which groups are held out. One boolean for each example is asked for: "
            "np.isin(groups, …).",
            order[:enough].astype(float),
        ),
        Suspect(
            "a mask of groups",
            "You return one boolean for each group. One for each example is asked for: index it "
            "with groups.",
            np.isin(np.arange(n_groups), order[:enough]).astype(float),
        ),
    ]


def _draw(
    rng: np.random.Generator, sizes: tuple[int, ...], share: float, *, mixed: bool = True
) -> tuple[np.ndarray, np.ndarray, float]:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    if mixed:
        groups = rng.permutation(groups)
    return groups, rng.random(len(sizes)), share


def _hold(call: Call, inputs: tuple[np.ndarray, np.ndarray, float]) -> np.ndarray:
    given = call("split_by_group", *inputs)
    right = oracles.split_by_group(*inputs)
    compare(given, right, suspects=suspects(*inputs), axes=("example",))
    return given


_SIZES = (3, 5, 2, 6, 4, 3, 7, 2, 5)


@QUESTION.check(
    points=2, hint="Write down, for the last group that goes, where its examples end up."
)
def no_group_on_both_sides(call: Call, rng: np.random.Generator) -> None:
    """Each group is on one side as a whole."""
    for share in (0.2, 0.37, 0.55):
        _hold(call, _draw(rng, tuple(rng.permutation(_SIZES)), share))


@QUESTION.check(points=2, hint="The group that passes the share goes too, and is the last.")
def enough_and_no_more(call: Call, rng: np.random.Generator) -> None:
    """At least the share is held out, and without the last group it would be less."""
    for share in (0.15, 0.42):
        _hold(call, _draw(rng, (4, 9, 1, 8, 2, 3), share))


@QUESTION.check(points=1, hint="luck says who goes first, and nothing else does.")
def the_least_luck_goes_first(call: Call, rng: np.random.Generator) -> None:
    """Groups of one size go in the order of their luck."""
    for _ in range(2):
        _hold(call, _draw(rng, (3,) * 8, 0.4))


@QUESTION.check(
    points=1, hint="Ask each example for its group: np.isin, or an array indexed by it."
)
def sorted_or_not(call: Call, rng: np.random.Generator) -> None:
    """The order of the file does not matter: group by group, or mixed."""
    sizes = tuple(rng.permutation(_SIZES))
    _hold(call, _draw(rng, sizes, 0.3, mixed=False))
    _hold(call, _draw(rng, sizes, 0.3))


@QUESTION.check(points=1, hint="luck.sort() sorts the caller's array. np.argsort leaves it alone.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, _draw(rng, _SIZES, 0.3))
    QUESTION.unchanged(call, "A right split")


@QUESTION.check(points=1, hidden=True, hint="Is the share reached? Then no further group goes.")
def exactly_the_share(call: Call, rng: np.random.Generator) -> None:
    """Where whole groups make exactly the share, no other goes."""
    for share in (0.25, 0.5, 0.75):
        _hold(call, _draw(rng, (4,) * 8, share))


@QUESTION.check(points=1, hidden=True, hint="Nothing may divide a group, however large it is.")
def one_large_group(call: Call, rng: np.random.Generator) -> None:
    """A group larger than the share goes as a whole."""
    groups, luck, share = _draw(rng, (2, 3, 12, 4, 2, 3), 0.2)
    luck[2] = luck.min() / 2
    _hold(call, (groups, luck, share))


@QUESTION.check(points=1, hidden=True, hint="np.bincount(groups, minlength=len(luck)).")
def a_group_without_examples(call: Call, rng: np.random.Generator) -> None:
    """A group that has no examples takes nothing from the share."""
    sizes = list(_SIZES)
    sizes[int(rng.integers(len(sizes) - 1))] = sizes[-1] = 0
    groups, luck, share = _draw(rng, tuple(sizes), 0.35)
    given = _hold(call, (groups, luck, share))
    if given.dtype != bool:
        raise Wrong("The right split, but not as booleans: a mask is asked for.", bug="no mask")
