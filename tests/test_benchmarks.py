"""The benchmarks run, and say what they measured."""

from __future__ import annotations

import re
import sys

import pytest

from benchmarks import scaled_dot_product


def run(monkeypatch, capsys, *args):
    monkeypatch.setattr(sys, "argv", ["bench", *args])
    scaled_dot_product.main()
    return capsys.readouterr().out


def test_one_row_for_each_length_with_a_ratio(monkeypatch, capsys):
    out = run(
        monkeypatch, capsys, "--lengths", "8", "24", "--heads", "2", "--dim", "4", "--device", "cpu"
    )
    rows = re.findall(r"│\s+(\d+) │\s+([\d.]+) │\s+([\d.]+) │\s+([\d.]+) │", out)
    assert [int(length) for length, *_ in rows] == [8, 24]
    assert all(float(ratio) > 0 for *_, ratio in rows)
    assert "plain / fused" in out


def test_a_length_below_one_is_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, capsys, "--lengths", "0")
    assert "numbers from 1 up" in capsys.readouterr().err
