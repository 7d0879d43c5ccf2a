"""Checkpoints: a run that was stopped goes on as if it had not been, and no file is ever lost."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from attncourse import training
from attncourse.training.checkpoint import Supply, random_states, set_random_states

N_STEPS = 12


class Drawn:
    """Batches that the global generators draw, all three of them, one for each."""

    def __iter__(self):
        while True:
            scale = 1 + random.random() + float(np.random.rand())  # noqa: NPY002
            yield (scale * torch.randn(4, 3),)


class Remembering:
    """Batches in an order of their own, another in each pass, chosen when a pass begins."""

    def __init__(self):
        self.random = random.Random(3)
        self.rows = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))

    def __iter__(self):
        order = list(range(5))
        self.random.shuffle(order)
        return iter([(self.rows[i],) for i in order])


def loader():
    rows = torch.randn(14, 3, generator=torch.Generator().manual_seed(2))  # four batches
    return DataLoader(TensorDataset(rows), batch_size=4, shuffle=True)


def bucketed():
    pairs = [([3] * (1 + i % 3), [4]) for i in range(8)]
    return training.BucketedBatches(pairs, batch_size=2, seed=1)


SUPPLIES = {
    "drawn": Drawn,
    "remembering": Remembering,
    "generator": lambda: ((torch.eye(3) * n,) for n in range(20)),
    "shuffled": lambda: _Tuples(loader()),
    "bucketed": lambda: _Rows(bucketed()),
    "list": lambda: [(torch.eye(3),), (torch.ones(2, 3),)],
}


class _Tuples:
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return (tuple(batch) for batch in self.batches)


class _Rows(_Tuples):
    def __iter__(self):
        return ((source[:, :1].float().expand(-1, 3) / 9,) for source, _ in self.batches)


def run(supply, *, stop_at=None, checkpoint=None, patience=None, scores=None, **settings):
    """One run from the same beginning, which may be interrupted in the middle of a step."""
    training.seed(5)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Linear(4, 1))
    calls = []

    def loss(x):
        calls.append(1)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return model(x).square().mean() + 0.1 * torch.rand(())

    def validate():
        return (
            scores[len(calls)] if scores else float(model(torch.ones(1, 3)).abs() + torch.rand(()))
        )

    given = {"n_steps": N_STEPS, "every": 4, "save_every": 3, **settings}
    history = training.train(
        model, loss, supply, validate=validate, patience=patience, checkpoint=checkpoint, **given
    )
    return model, history


def equal(a, b):
    (model, history), (other, others) = a, b
    assert history.losses == others.losses
    assert history.validations == others.validations
    for mine, theirs in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("stop_at", [1, 5, 9])
@pytest.mark.parametrize("name", SUPPLIES)
def test_an_interrupted_run_goes_on_to_the_same_bits(name, stop_at, tmp_path):
    whole = run(SUPPLIES[name]())
    drawn = torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
    path = tmp_path / "deep" / "run.pt"
    with pytest.raises(KeyboardInterrupt):
        run(SUPPLIES[name](), stop_at=stop_at, checkpoint=path)
    assert path.exists() == (stop_at > 3), "the last checkpoint is kept"
    resumed = run(SUPPLIES[name](), checkpoint=path)
    equal(resumed, whole)
    again = torch.rand(3), random.random(), np.random.rand()  # noqa: NPY002
    assert torch.equal(again[0], drawn[0])
    assert again[1:] == drawn[1:], "every generator stands where it would have stood"
    assert resumed[1].cpu_seconds > 0


def test_a_resumed_run_takes_only_the_steps_that_are_left(tmp_path):
    path = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt):
        run(Drawn(), stop_at=8, checkpoint=path)
    _, history = run(Drawn(), stop_at=7, checkpoint=path)  # six steps are done, six are left
    assert len(history.losses) == N_STEPS


def test_the_early_stop_goes_on_as_well(tmp_path):
    scores = {step: 10.0 - step if step <= 4 else 20.0 for step in range(1, 13)}
    given = {"every": 2, "patience": 2, "save_every": 1}

    def by_step(done):
        return {call: scores[call + done] for call in range(1, 13 - done)}

    whole = run(Drawn(), scores=scores, **given)
    assert [step for step, _ in whole[1].validations] == [2, 4, 6, 8], "it stops early"
    path = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt):
        run(Drawn(), scores=scores, stop_at=8, checkpoint=path, **given)
    resumed = run(Drawn(), scores=by_step(7), checkpoint=path, **given)
    equal(resumed, whole)
    finished = run(Drawn(), stop_at=1, checkpoint=path, **given)
    equal(finished, whole)
    assert not finished[0].training
    run(Drawn(), scores=scores, checkpoint=tmp_path / "late.pt", **{**given, "save_every": 100})
    assert training.load_checkpoint(tmp_path / "late.pt")["progress"]["step"] == 8, "at its end"


def test_a_finished_run_is_not_run_again(tmp_path):
    path = tmp_path / "run.pt"
    first = run(Drawn(), checkpoint=path)
    before = path.read_bytes()
    equal(run(Drawn(), stop_at=1, checkpoint=path), first)
    assert path.read_bytes() == before


def test_a_checkpoint_changes_nothing_in_the_run(tmp_path):
    equal(run(Drawn(), checkpoint=tmp_path / "run.pt"), run(Drawn()))


@pytest.mark.parametrize("failing", ["torch.save", "os.fsync", "os.replace"])
def test_a_failed_writing_keeps_the_old_file_and_leaves_no_other(failing, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    training.save_checkpoint(path, {"n": 1})
    before = path.read_bytes()

    def fail(*args, **kwargs):
        if failing == "torch.save":
            args[1].write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(failing, fail)
    with pytest.raises(KeyboardInterrupt):
        training.save_checkpoint(path, {"n": 2})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    assert training.load_checkpoint(path) == {"n": 1}


class Trap:
    """Code that a pickle would run."""

    def __reduce__(self):
        return (print, ("trapped",))


BAD_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no checkpoint"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Trap(), protocol=2)),
    "trap": lambda path: torch.save({"format": "attncourse.training/1", "x": Trap()}, path),
    "foreign": lambda path: torch.save({"model": {}}, path),
    "tensor": lambda path: torch.save(torch.ones(2), path),
    "partial": lambda path: training.save_checkpoint(path, {"model": {}}),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_checkpoint_is_refused_and_kept(kind, tmp_path, capsys):
    path = tmp_path / "run.pt"
    run(Drawn(), checkpoint=path)
    BAD_FILES[kind](path)
    before = path.read_bytes()
    with pytest.raises(training.CheckpointError, match=r"run\.pt: expected a checkpoint"):
        run(Drawn(), checkpoint=path)
    assert path.read_bytes() == before
    assert "trapped" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_steps": 13}, "the setting n_steps = 12, now it is 13"),
        ({"learning_rate": 1.0}, "the setting learning_rate = 0.003, now it is 1.0"),
        ({"every": 5, "clip": 2.0}, "clip = 1.0, now it is 2.0, and 1 more"),
        ({"patience": 3}, "the setting patience = None, now it is 3"),
    ],
)
def test_another_run_is_refused(change, words, tmp_path):
    path = tmp_path / "run.pt"
    run(Drawn(), checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(training.CheckpointError, match=words):
        run(Drawn(), checkpoint=path, **change)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (nn.Linear(2, 2), r"the model's weight = \(1, 2\).*float32, now it is \(2, 2\)"),
        (nn.Linear(2, 1, bias=False), r"bias = \(1,\).*, now it is None"),
        (nn.Linear(2, 1).double(), "now it is .*float64, and 1 more"),
    ],
)
def test_another_model_is_refused_and_left_alone(other, words, tmp_path):
    path, given = tmp_path / "run.pt", {"n_steps": 2}
    model = nn.Linear(2, 1)
    training.train(model, lambda x: model(x).sum(), [(torch.ones(1, 2),)], checkpoint=path, **given)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(training.CheckpointError, match=words):
        training.train(other, lambda x: other(x).sum(), [()], checkpoint=path, **given)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        training.load_checkpoint(tmp_path / "none.pt")


def test_saving_needs_at_least_one_step():
    with pytest.raises(ValueError, match="save_every: expected at least 1, got 0"):
        run(Drawn(), save_every=0)


def test_the_state_of_every_generator():
    training.seed(1)
    np.random.randn()  # noqa: NPY002 (a second normal number is kept for later)
    random.gauss(0, 1)
    states = random_states()

    def draw():
        return torch.rand(1).item(), random.gauss(0, 1), np.random.randn()  # noqa: NPY002

    first = draw()
    assert draw() != first
    set_random_states(states)
    assert draw() == first


def test_a_supply_goes_back_to_its_place():
    for taken in (1, 4, 5, 6, 13):
        supply = Supply(Remembering())
        for _ in range(taken):
            next(supply)
        other = Supply(Remembering())
        other.go_to(supply.place())
        assert other.place()["n_passes"] == supply.n_passes == (taken - 1) // 5
        for _ in range(9):
            assert torch.equal(next(other)[0], next(supply)[0])
