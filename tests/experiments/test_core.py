"""Long runs: nothing is computed twice, nothing is lost, nothing stale is shown."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import json
import os
import pickle
from pathlib import Path

import pytest

from attncourse import experiments
from attncourse.experiments import core
from attncourse.experiments.core import Experiment, StaleResults, Trial

CODE = '''"""A small experiment."""
STEP = 1


def measure(trial):
    """Count what is measured."""  # a comment
    return {"twice": 2 * trial.n_steps + STEP + trial.seed}
'''


@pytest.fixture
def made(tmp_path, monkeypatch):
    """An experiment in a folder of its own, and the trials that it has run."""
    monkeypatch.setattr(core, "RESULTS", tmp_path / "results")
    file, ran = tmp_path / "small.py", []
    file.write_text(CODE)

    def measure(trial):
        ran.append(trial)
        return {"twice": 2 * trial.n_steps, "seed": trial.seed}

    def experiment(**changed):
        given = {"budgets": {"a": (5, 10), "b": (10,)}, "seeds": (0, 1, 2), "measure": measure}
        return Experiment(str(file), **given | changed)

    return experiment, ran, file


def silent(_):
    pass


def test_every_trial_is_run_once_the_short_ones_first(made):
    experiment, ran, _ = made
    experiments.run(experiment(), say=silent)
    assert len(ran) == len(set(ran)) == 9
    assert [trial.n_steps for trial in ran] == sorted(trial.n_steps for trial in ran)
    experiments.run(experiment(), say=silent)
    assert len(ran) == 9, "what is kept is not run again"
    kept = experiments.stored(experiment())
    assert set(kept) == set(experiment().trials())
    curve = dict(experiments.curve(experiment(), "a", lambda measured: measured["twice"]))
    assert curve == {5: [10, 10, 10], 10: [20, 20, 20]}


@pytest.mark.parametrize("after", [0, 1, 4, 8])
def test_an_interrupted_run_goes_on_and_ends_the_same(made, after):
    experiment, ran, _ = made

    def stops(trial):
        if len(ran) == after:
            raise KeyboardInterrupt
        ran.append(trial)
        return {"twice": 2 * trial.n_steps, "seed": trial.seed}

    with pytest.raises(KeyboardInterrupt):
        experiments.run(experiment(measure=stops), say=silent)
    experiments.run(experiment(), say=silent)
    assert len(ran) == len(set(ran)) == 9
    interrupted = experiment().path.read_text()
    experiment().path.unlink()
    experiments.run(experiment(), say=silent)

    def without_times(text):
        record = json.loads(text)
        return [(entry["trial"], entry["measured"]) for entry in record["results"]]

    assert without_times(interrupted) == without_times(experiment().path.read_text())


SIDE_BY_SIDE = """
import os
import torch
from attncourse.experiments.core import Experiment


def measure(trial):
    if trial.seed == 3:
        raise ArithmeticError("seed 3")
    return {"process": os.getpid(), "threads": torch.get_num_threads(), "seed": trial.seed}


EXPERIMENT = Experiment(__file__, {"a": (5, 7)}, (0, 1, 2), measure)
"""


@pytest.fixture
def apart(tmp_path, monkeypatch):
    """An experiment in a module that other processes find, too."""
    monkeypatch.setattr(core, "RESULTS", tmp_path / "results")
    package = tmp_path / "room"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "apart.py").write_text(SIDE_BY_SIDE)
    monkeypatch.syspath_prepend(str(tmp_path))  # a spawned process is given the same path
    return importlib.import_module("room.apart").EXPERIMENT


def test_two_jobs_measure_in_processes_of_their_own_on_one_thread_each(apart):
    experiments.run(apart, jobs=2, say=silent)
    kept = experiments.stored(apart)
    assert set(kept) == set(apart.trials())
    assert all(measured["seed"] == trial.seed for trial, measured in kept.items())
    assert {measured["threads"] for measured in kept.values()} == {1}
    assert os.getpid() not in {measured["process"] for measured in kept.values()}


def test_a_trial_that_fails_beside_others_loses_nothing_that_is_done(apart):
    broken = dataclasses.replace(apart, seeds=(0, 1, 2, 3))
    with pytest.raises(ArithmeticError, match="seed 3"):
        experiments.run(broken, jobs=2, say=silent)
    experiments.run(apart, jobs=2, say=silent)
    assert set(experiments.stored(apart)) == set(apart.trials())


def test_another_process_finds_how_each_experiment_measures():
    for name, experiment in experiments.known().items():
        assert pickle.loads(pickle.dumps(experiment.measure)) is experiment.measure, name


def test_words_are_free_and_code_is_not(made):
    experiment, _, file = made
    before = experiment().definition()
    file.write_text(CODE.replace("Count what", "Say what").replace("a comment", "another"))
    assert experiment().definition() == before
    file.write_text(CODE.replace("STEP = 1", "STEP = 2"))
    assert experiment().definition() != before


def test_a_further_budget_runs_only_its_own_trials(made):
    """How many trials there are is no part of how one is measured; what measures it is."""
    experiment, ran, file = made
    made_by = "EXPERIMENT = Experiment(__file__, budgets={}, seeds=(0, 1, 2), measure=measure)\n"
    file.write_text(CODE + made_by.format("{'a': (5,)}"))
    experiments.run(experiment(budgets={"a": (5,)}), say=silent)
    file.write_text(CODE + made_by.format("{'a': (5, 7)}").replace("2)", "2, 3)"))
    experiments.run(experiment(budgets={"a": (5, 7)}, seeds=(0, 1, 2, 3)), say=silent)
    assert len(ran) == len(set(ran)) == 8
    before = experiment().definition()
    file.write_text(CODE + made_by.format("{'a': (5,)}").replace("=measure", "=other"))
    assert experiment().definition() != before


def test_another_definition_is_refused_until_fresh(made):
    experiment, ran, file = made
    experiments.run(experiment(), say=silent)
    file.write_text(CODE.replace("STEP = 1", "STEP = 2"))
    for ask in (experiments.stored, lambda e: experiments.run(e, say=silent)):
        with pytest.raises(StaleResults, match=r"another definition of small.*FRESH=1"):
            ask(experiment())
    assert len(ran) == 9
    experiments.run(experiment(), fresh=True, say=silent)
    assert len(ran) == 18
    experiments.stored(experiment())


def test_versions_do_not_mix(made, monkeypatch):
    experiment, ran, _ = made
    experiments.run(experiment(seeds=(0, 1, 2), budgets={"a": (5,)}), say=silent)
    monkeypatch.setattr(core, "version", lambda name: "0.0")
    with pytest.raises(StaleResults, match=r"was begun with .* \(now 0.0\)"):
        experiments.run(experiment(), say=silent)
    assert len(ran) == 3


@pytest.mark.parametrize("text", ["", "[]", '{"results": []}', "{"])
def test_a_damaged_file_says_what_to_do(made, text):
    experiment, _, _ = made
    experiment().path.parent.mkdir()
    experiment().path.write_text(text)
    with pytest.raises(StaleResults, match=r"small.json is damaged .*make runs ONLY=small"):
        experiments.stored(experiment())


def test_two_seeds_are_too_few(made):
    experiment, _, _ = made
    for seeds in ((0, 1), (0, 0, 1)):
        with pytest.raises(ValueError, match="at least three"):
            experiment(seeds=seeds)


def test_an_unknown_name_is_refused():
    main = importlib.import_module("attncourse.experiments.__main__").main
    with pytest.raises(SystemExit, match="no experiment is called 'nothing'; known: "):
        main(only="nothing")


@pytest.mark.parametrize("name", experiments.known())
def test_what_is_kept_is_whole_and_small(name):
    """Every trial of the definition is there, by this definition, with what made it."""
    experiment = experiments.known()[name]
    left = set(experiment.trials()) - set(experiments.stored(experiment))
    assert not left, f"{len(left)} trials are to run: make runs ONLY={name}"
    over = set(experiments.stored(experiment)) - set(experiment.trials())
    assert not over, f"{experiment.path} has trials of no budget: {', '.join(map(str, over))}"
    record = json.loads(experiment.path.read_text("utf8"))
    assert record["provenance"]["command"] == f"make runs ONLY={name}"
    assert {"torch", "numpy", "python", "processor", "cpu"} <= set(record["provenance"])
    assert all(entry["cpu_seconds"] > 0 and entry["date"] for entry in record["results"])
    assert experiment.path.stat().st_size < 200_000


def imported_as(code: str, name: str) -> str | None:
    """What a notebook's code calls a file of the experiments, if it imports it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == "attncourse.experiments":
            for alias in node.names:
                if alias.name == name:
                    return alias.asname or name
    return None


@pytest.mark.parametrize("name", experiments.known())
def test_a_page_runs_the_same_definition_live_and_shows_what_is_kept(name):
    """Some notebook imports the experiment's own file, works with it, and shows what is kept.

    It trains with it, where there is anything to train; a published model is only asked.
    """
    tree = ast.parse(Path(experiments.known()[name].file).read_text("utf8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    live = {"learn"} & defined or defined - {"measure"}
    using = []
    for path in sorted((Path(__file__).parents[2] / "book").rglob("*.ipynb")):
        cells = json.loads(path.read_text("utf8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        if f"{name}" in code and (short := imported_as(code, name)):
            using.append((path.stem, "".join(code.split()), short))
    assert using, f"no notebook of the book imports {name} from attncourse.experiments"
    for page, code, short in using:
        if f"{short}.EXPERIMENT" in code:
            kept = (f"experiments.{read}({short}.EXPERIMENT" for read in ("curve", "stored"))
            assert any(call in code for call in kept), f"{page} does not show what {name} kept"
            assert any(f"{short}.{function}(" in code for function in live), (
                f"{page} imports {name} and calls none of {', '.join(sorted(live))}"
            )
    assert any(f"{short}.EXPERIMENT" in code for _, code, short in using)


def test_a_new_file_is_found_by_itself(tmp_path, monkeypatch):
    (tmp_path / "quite_new.py").write_text(
        "from attncourse.experiments.core import Experiment\n"
        "EXPERIMENT = Experiment(__file__, {'a': (1,)}, (0, 1, 2), lambda trial: {})\n"
    )
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(tmp_path)])
    assert {"quite_new", "say_it_back"} <= set(experiments.known())


def test_a_trial_can_be_said():
    assert str(Trial("attention", 1500, 2)) == "attention, 1,500 steps, seed 2"
