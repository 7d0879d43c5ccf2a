from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from attncourse import tables


def test_rows_and_columns_are_headed_and_cells_escaped():
    shown = tables.show(["word", "a < b"], [["hello & co", 0.12345], ["x", "<b>"]], "scores")
    root = ET.fromstring(shown.data)
    assert [th.text for th in root.iter("th") if th.get("scope") == "col"] == ["word", "a < b"]
    assert [th.text for th in root.iter("th") if th.get("scope") == "row"] == ["hello & co", "x"]
    assert [td.text for td in root.iter("td")] == ["0.123", "<b>"]
    assert root.get("aria-label") == "scores"
    assert root.get("tabindex") == "0"


def test_numpy_floats_take_the_format_and_a_true_minus():
    shown = tables.show(["x", "y"], [["a", np.float64(-1.5)]], "signed", fmt=".1f")
    assert ">−1.5<" in shown.data


def test_a_column_without_a_name_is_refused():
    with pytest.raises(
        ValueError, match=r"header: expected a name for each column, got none for 1\."
    ):
        tables.show(["", "b"], [["1", "2"]], "A caption")


def test_a_short_row_is_refused():
    with pytest.raises(ValueError, match="expected 2 cells a row, got 1"):
        tables.show(["x", "y"], [["a"]], "short")


def test_whole_numbers_are_set_right_with_a_true_minus_and_without_digits():
    row = ["a", -2, np.int64(-3), np.float32(-0.5), True]
    shown = tables.show([*"vwxyz"], [row], "kinds", fmt=".1f").data
    cells = ET.fromstring(shown).findall(".//td")
    assert [td.text for td in cells] == ["−2", "−3", "−0.5", "True"]
    assert ["right" in td.get("style") for td in cells] == [True, True, True, False]


def test_a_vector_has_true_minus_signs_no_minus_zero_and_no_break():
    space = "\N{NO-BREAK SPACE}"
    assert tables.vector([-1, 0], 0) == f"(−1,{space}0)"
    assert tables.vector(np.array([-0.0004, 2.0])) == f"(0.000,{space}2.000)"
