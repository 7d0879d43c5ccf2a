"""Networks that are trained to be kept: the command, and that what is kept is not out of date."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from attncourse import trained
from attncourse.experiments import Trial, keep
from attncourse.training import History

BY_NAME = {network.experiment.name: network for network in keep.NETWORKS}


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder of its own in place of the package's."""
    monkeypatch.setattr(trained.file, "HERE", tmp_path)
    trained.load.cache_clear()
    yield tmp_path
    trained.load.cache_clear()


def small(learned: list):
    """A network of a few numbers that is trained by being told so."""

    def learn(model, trial):
        learned.append(trial)
        with torch.no_grad():
            model.weight.fill_(trial.seed)
        return History(validations=[(7, 0.25)])

    def judge(model, copy):
        off = (model.weight - copy.weight).detach().abs().max()
        return {"largest": float(off), "is copy": copy is not model}

    return dataclasses.replace(
        keep.NETWORKS[0],
        trial=Trial("attention", 7, 5),
        build=lambda trial: torch.nn.Linear(3, 2),
        learn=learn,
        judge=judge,
        symbols=lambda: {"letters": "abc"},
    )


def test_the_command_trains_once_rounds_and_writes_what_made_it(room, monkeypatch, capsys):
    learned: list = []
    monkeypatch.setattr(keep, "NETWORKS", (small(learned),))
    keep.main(only="letters_to_sounds")
    assert learned == [Trial("attention", 7, 5)]
    kept = trained.load("letters_to_sounds")
    np.testing.assert_allclose(kept.arrays["weight"], np.full((2, 3), 5.0), rtol=1e-6)
    assert (kept.record["seed"], kept.record["n_steps"]) == (5, 7)
    assert kept.record["log"] == [[7, 0.25]]
    assert kept.record["held out"] == {"largest": 0.0, "is copy": True}
    assert kept.record["letters"] == "abc"
    assert [path.name for path in room.iterdir()] == ["letters_to_sounds.safetensors"]
    assert "letters_to_sounds: " in capsys.readouterr().out


def test_an_unknown_network_is_refused(room):
    with pytest.raises(SystemExit, match="no network is called 'x'; known: letters_to_sounds"):
        keep.main(only="x")
    assert not list(room.iterdir())


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_kept_was_trained_by_the_code_as_it_is(name):
    record, network = trained.load(name).record, BY_NAME[name]
    assert record["definition"] == network.experiment.definition(), (
        f"run 'make trained ONLY={name}'"
    )
    assert {key: record[key] for key in vars(network.trial)} == vars(network.trial)
    for key, value in network.symbols().items():
        assert record[key] == value


def test_the_error_rates_are_those_of_the_network_that_is_kept():
    """Measured again, of the rounded one: the other is not kept."""
    network, kept = BY_NAME["letters_to_sounds"], trained.load("letters_to_sounds")
    model = keep.filled(network.build(network.trial), kept.arrays)
    found, told = network.judge(model, model), kept.record["held out"]
    # In float32 another machine may decide a few close calls otherwise.
    assert found["errors"]["int8"] == pytest.approx(told["errors"]["int8"], abs=2e-4)
    assert found["words right"]["int8"] == pytest.approx(told["words right"]["int8"], abs=1e-3)
    assert found["words"] == told["words"] == 5968
    assert told["said otherwise"] < 0.02 * told["words"]
