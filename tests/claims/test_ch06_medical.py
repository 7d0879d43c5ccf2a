"""The claim on focus holds without a condition only where all parts of it do."""

from __future__ import annotations

import pytest

from attncourse import claims
from tests.claims.cases_ch06_medical import CASES

MEASURED = CASES["C18-medical"].measured
LIFTED = {name: {"trained": [0.9] * 5, "untrained": [0.5] * 5} for name in MEASURED["gates"]}
#: What each condition takes away if it is measured otherwise.
MENDED = {
    "the finer of the two gates is meant": {"coarser": LIFTED},
    "focus means higher rather than shut elsewhere": {"passing": [0.02] * 5},
    "the layers are normalised": {"bare": LIFTED},
    "the focus alone is meant and not accuracy": {
        "dice": {"spots": {"gated": [0.9, 0.95], "plain": [0.7, 0.8]}}
    },
}
ALL = {name: value for change in MENDED.values() for name, value in change.items()}


def verdict(**change):
    return claims.lookup("C18-medical").decide(**MEASURED | change)


def test_all_that_was_measured_is_named():
    first, second, third, last = MENDED
    assert verdict().condition == f"{first}, {second}, {third}, and {last}"


def test_it_holds_where_nothing_fails():
    assert str(verdict(**ALL)) == "holds"


@pytest.mark.parametrize("condition", MENDED)
def test_each_condition_is_named_for_what_fails(condition):
    kept = {name: value for name, value in ALL.items() if name not in MENDED[condition]}
    assert verdict(**kept).condition == condition


def test_gates_are_held_against_untrained_ones_of_the_same_recipe():
    low = LIFTED["other spots"] | {"untrained": [0.5, 0.95]}
    told = verdict(**ALL | {"bare": LIFTED | {"other spots": low}}).condition
    assert told == "the layers are normalised"


def test_one_comparison_that_is_lost_is_named():
    lost = MEASURED["gates"] | {"other spots": {"trained": [0.4] * 5, "untrained": [0.3] * 5}}
    assert verdict(**ALL | {"gates": lost}).condition == "it is compared with the rest"


def test_one_task_that_is_won_is_told_apart():
    won = MEASURED["dice"] | {"large spots": {"gated": [0.9, 0.95], "plain": [0.7, 0.8]}}
    assert verdict(dice=won).condition.endswith("not accuracy, large spots apart")
