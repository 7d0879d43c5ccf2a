"""What the verdict on rare words says of commoner ones."""

from __future__ import annotations

import pytest

from attncourse import claims

COPIES = {"attention": [10.0, 11.0, 12.0]}
RULE = {"with attention": [20.0, 21.0, 22.0], "with one vector": [20.0, 20.0, 20.0]}
FEW = {"attention": [18.0, 18.0, 18.0], "one vector": [11.0, 11.0, 11.0]}


@pytest.mark.parametrize(("common", "too"), [(53.0, True), (44.0, False)])
def test_a_gain_that_commoner_words_have_too_is_not_one_of_rare_words(common, too):
    more = {"attention": [common] * 3, "one vector": [43.0] * 3}
    verdict = claims.lookup("C32").decide(few=FEW, more=more, copied=COPIES, rule=RULE)
    assert verdict.outcome == "holds if"
    assert ("commoner words gain as much or more" in str(verdict)) is too
