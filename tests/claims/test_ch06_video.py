"""Each of the three things that the claim on key frames says can fail alone, in one seed of three."""

from __future__ import annotations

import pytest

from attncourse import claims
from tests.claims.cases_ch06_video import ALONE, BLIND

DECIDE = claims.lookup("C18-video").decide


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("found", [1.0, 0.5, 1.0]),
        ("accuracy", [0.9, 0.51, 0.9]),
        ("first", [0.1, 0.89, 0.1]),
    ],
)
def test_one_seed_is_enough_to_fail(part, values):
    assert DECIDE(cases={"it stands out": ALONE}).outcome == "holds"
    assert DECIDE(cases={"it stands out": ALONE | {part: values}}).outcome == "does not hold"


def test_the_condition_names_what_held_and_the_reason_what_was_seen():
    verdict = DECIDE(cases={"it stands out": ALONE, "none stands out": BLIND})
    assert verdict.condition == "it stands out"
    assert "If none stands out, the most weight is on the key frame in 14% of the clips" in (
        verdict.because
    )
