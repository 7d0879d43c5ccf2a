"""The benchmarks run, and say what they measured."""

from __future__ import annotations

import json
import re
import sys

import pytest

from attncourse.grading import isolated
from benchmarks import grading, layers, scaled_dot_product


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


def test_layers_are_compared_and_the_result_is_kept(monkeypatch, capsys, tmp_path):
    """Peers only where they are installed; the forward pass alone, and with gradients."""
    kept = tmp_path / "some" / "layers.json"
    given = "--lengths 6 --d-model 8 --heads 2 --batch 3 --seconds 0 --save"
    monkeypatch.setattr(sys, "argv", ["bench", *given.split(), str(kept)])
    layers.main()
    out = capsys.readouterr().out
    assert "minimal plain" in out
    assert "quartiles" in out
    found = json.loads(kept.read_text("utf8"))
    assert found["command"].startswith("python -m benchmarks.layers --lengths 6")
    assert {"python", "torch"} <= set(found["versions"])
    pairs = {(row["layer"], row["against"]) for row in found["rows"]}
    assert {("fused", "raw fused"), ("plain", "minimal plain")} <= pairs
    for row in found["rows"]:
        low, middle, high = row["ratio"]
        assert 0 < low <= middle <= high
        assert row["rounds"] >= 5
    assert {row["backward"] for row in found["rows"]} == {False, True}


def test_all_compared_layers_are_causal_and_one_size():
    x = layers.torch.randn(2, 5, 8)
    for name, (_, call) in layers.layers(8, 2, 5).items():
        y, other = call(x), x.clone()
        other[:, 3:] += 1
        assert y.shape == x.shape, name
        assert layers.torch.allclose(call(other)[:, :3], y[:, :3], atol=1e-6), name
        assert not layers.torch.allclose(call(other)[:, 3], y[:, 3]), name


def test_the_verdict_on_a_target():
    words = [layers.verdict(*numbers, 0.95) for numbers in ((0.96, 1.0), (0.9, 0.95), (0.9, 0.94))]
    assert words == ["met", "within", "missed"]


def test_a_class_is_graded_and_the_result_is_kept(monkeypatch, capsys, tmp_path):
    """Ours alone; the peers live in an environment of their own."""
    kept = tmp_path / "grading.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--class", "2", "--save", str(kept)])
    grading.main()
    isolated.close()
    assert "attncourse" in capsys.readouterr().out
    found = json.loads(kept.read_text("utf8"))
    (row,) = found["rows"]
    assert (row["grader"], row["notebooks"], row["ratio"]) == ("attncourse", 2, 1.0)
    assert row["seconds"] > 0
