"""The claim on focus holds without a condition only where all three parts of it do."""

from __future__ import annotations

from attncourse import claims
from tests.claims.cases_ch06_medical import CASES

MEASURED = CASES["C18-medical"].measured


def verdict(**change):
    return claims.lookup("C18-medical").decide(**MEASURED | change)


def test_each_condition_is_named_for_what_fails():
    better = {"spots": {"gated": [0.9, 0.95], "plain": [0.7, 0.8]}}
    alone = {name: [0.9] * 5 for name in MEASURED["bare"]}
    assert str(verdict(dice=better, bare=alone)) == "holds"
    assert verdict(dice=better).condition == "the layers are normalised"
    assert verdict(bare=alone).condition == "the focus alone is meant and not accuracy"
    one = MEASURED["gates"] | {"other spots": {"trained": [0.4] * 5, "untrained": [0.3] * 5}}
    told = verdict(dice=better, bare=alone | {"other spots": [0.9] * 5}, gates=one).condition
    assert told == "it is compared with the rest"


def test_one_task_that_is_won_is_told_apart():
    won = MEASURED["dice"] | {"large spots": {"gated": [0.9, 0.95], "plain": [0.7, 0.8]}}
    assert verdict(dice=won).condition.endswith("not accuracy, large spots apart")
