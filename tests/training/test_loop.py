"""The training loop: it learns, it scales, it stops, and it says what went wrong and where."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from attncourse import training


@pytest.fixture(autouse=True)
def as_the_book_does(monkeypatch):
    monkeypatch.delenv("ATTNCOURSE_STEPS", raising=False)


@pytest.fixture
def line():
    """A task with a known answer: y = 3 x1 - 2 x2 + 1."""
    training.seed(0)
    x = torch.randn(64, 2)
    y = x @ torch.tensor([3.0, -2.0]) + 1
    model = nn.Linear(2, 1)
    return model, lambda x, y: ((model(x)[:, 0] - y) ** 2).mean(), [(x, y)]


def test_it_finds_the_answer(line):
    model, loss, batches = line
    history = training.train(model, loss, batches, n_steps=400, learning_rate=0.1)
    assert model.weight.tolist()[0] == pytest.approx([3, -2], abs=1e-3)
    assert model.bias.item() == pytest.approx(1, abs=1e-3)
    assert len(history.losses) == 400
    assert history.losses[-1] < 1e-5 < history.losses[0]
    assert history.cpu_seconds > 0
    assert not model.training


def test_the_same_seed_gives_the_same_model():
    finals = []
    for n in (1, 1, 2):
        training.seed(n)
        model = nn.Linear(3, 1)
        batches = [torch.randn(8, 3) for _ in range(3)]
        training.train(model, lambda x, m=model: m(x).square().mean(), batches, n_steps=5)
        finals.append(model.weight.detach().numpy().copy())
    assert np.array_equal(finals[0], finals[1])
    assert not np.array_equal(finals[0], finals[2])


def test_the_learning_rate_warms_up_and_falls_to_nothing(line, monkeypatch):
    model, loss, batches = line
    rates = []
    plain = torch.optim.Adam.step

    def spy(self, *args, **kwargs):
        rates.append(self.param_groups[0]["lr"])
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", spy)
    training.train(model, loss, batches, n_steps=50, learning_rate=1.0)
    assert rates[:3] == pytest.approx([0.2, 0.4, 0.6])
    assert max(rates) < 1
    assert rates[-1] < 0.01
    assert rates[5:] == sorted(rates[5:], reverse=True)


def test_an_early_stop_goes_back_to_the_best_weights():
    model = nn.Linear(1, 1)
    scores = iter([3.0, 1.0, 2.0, 2.0, 0.0])
    seen = []

    def validate():
        assert not model.training
        seen.append(model.weight.item())
        return next(scores)

    history = training.train(
        model,
        lambda x: model(x).square().sum(),
        [torch.ones(1, 1)],
        n_steps=100,
        validate=validate,
        every=10,
        patience=2,
    )
    assert history.validations == [(10, 3.0), (20, 1.0), (30, 2.0), (40, 2.0)]
    assert len(history.losses) == 40
    assert model.weight.item() == seen[1] != seen[-1]


def test_a_first_validation_that_is_no_number_does_not_end_the_run(line):
    scores = iter([float("nan"), 1.0, 0.5])
    history = training.train(*line, n_steps=3, every=1, patience=2, validate=lambda: next(scores))
    assert [step for step, _ in history.validations] == [1, 2, 3]


def test_patience_needs_something_to_watch(line):
    with pytest.raises(ValueError, match="needs validate="):
        training.train(*line, n_steps=5, patience=2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_says_at_which_step(bad):
    model = nn.Linear(1, 1)
    factors = [1.0, 1.0, bad]

    def loss(factor):
        return factor * model(torch.ones(1, 1)).square().sum()

    with pytest.raises(FloatingPointError, match=rf"^rain: the loss is {bad} at step 3 of 9"):
        training.train(model, loss, factors, n_steps=9, label="rain", learning_rate=0.5)
    assert torch.isfinite(model.weight).all()


def test_batches_start_again_and_an_exhausted_generator_is_explained(line):
    model, loss, batches = line
    training.train(model, loss, batches, n_steps=3)
    with pytest.raises(ValueError, match="A generator can be used only once"):
        training.train(model, loss, (b for b in batches), n_steps=3)
    with pytest.raises(ValueError, match="nothing to train on"):
        training.train(model, loss, [], n_steps=3)


def test_steps_are_scaled_by_the_setting(monkeypatch):
    assert training.steps(1200) == 1200
    monkeypatch.setenv("ATTNCOURSE_STEPS", "0.1")
    assert training.steps(1200) == 120
    assert training.steps(1) == 1
    monkeypatch.setenv("ATTNCOURSE_STEPS", "2")
    assert training.steps(1200) == 2400


@pytest.mark.parametrize("setting", ["many", "0", "-1", "nan", "inf", ""])
def test_a_setting_that_is_no_factor_is_refused(setting, monkeypatch):
    monkeypatch.setenv("ATTNCOURSE_STEPS", setting)
    with pytest.raises(ValueError, match="expected a number above zero, got"):
        training.steps(10)


def test_a_matched_width_is_the_smallest_that_is_not_smaller():
    def build(width):
        return nn.Linear(5, width)  # 6 parameters for each unit of width

    assert training.count_parameters(build(7)) == 42
    assert training.match_size(build, 42) == 7
    assert training.match_size(build, 43) == 8
    with pytest.raises(ValueError, match="even at width 10"):
        training.match_size(build, 100, widest=10)


@pytest.mark.parametrize(
    ("environment", "kernel", "shown"),
    [
        ({}, True, False),  # executed for the book
        ({"JPY_SESSION_NAME": "a.ipynb"}, True, True),  # open before a reader
        ({"JPY_SESSION_NAME": "a.ipynb", "ATTNCOURSE_PROGRESS": "0"}, True, False),
        ({"ATTNCOURSE_PROGRESS": "1"}, False, True),
        ({}, False, False),  # under pytest, no terminal
    ],
)
def test_the_bar_shows_only_where_somebody_looks(
    environment, kernel, shown, line, capsys, monkeypatch
):
    for name in ("ATTNCOURSE_PROGRESS", "JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    modules = dict(training.loop.sys.modules)
    modules.pop("ipykernel", None)
    monkeypatch.setattr(
        training.loop.sys, "modules", modules | ({"ipykernel": 1} if kernel else {})
    )
    assert training.loop._is_watched() is shown
    training.train(*line, n_steps=2, label="visible")
    assert ("visible" in capsys.readouterr().err) is shown
