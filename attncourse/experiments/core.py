"""What a long run is: conditions, budgets and seeds, what is measured, and where it is kept."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
#: Packages whose version may change a number.
LIBRARIES = ("numpy", "torch")


@dataclass(frozen=True)
class Trial:
    """One training: what is trained, for how many steps, from which seed."""

    condition: str
    n_steps: int
    seed: int

    def __str__(self) -> str:
        return f"{self.condition}, {self.n_steps:,} steps, seed {self.seed}"


@dataclass(frozen=True)
class Experiment:
    """A comparison of trained models.

    Parameters
    ----------
    file
        Where it is defined, ``__file__``: the stored results carry a hash of that code.
    budgets
        For each condition, the numbers of steps that are trained; each is a training of its own.
    seeds
        At least three: a gap smaller than the spread over them is no gap.
    measure
        Trains one model and gives what is measured, as plain numbers, lists and dicts.
    """

    file: str
    budgets: Mapping[str, Sequence[int]]
    seeds: Sequence[int]
    measure: Callable[[Trial], dict[str, Any]]

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < 3:
            raise ValueError(f"seeds: expected at least three, got {list(self.seeds)}.")

    @property
    def name(self) -> str:
        """The experiment's name, that of its file."""
        return Path(self.file).stem

    @property
    def path(self) -> Path:
        """Where its results are kept."""
        return RESULTS / f"{self.name}.json"

    def trials(self) -> list[Trial]:
        """All trainings, the short ones first, so that an interrupted run has the most to show."""
        found = [Trial(c, n, s) for c, ns in self.budgets.items() for n in ns for s in self.seeds]
        return sorted(found, key=lambda trial: trial.n_steps)

    def definition(self) -> str:
        """Hash the code that defines it: its syntax without docstrings, so that words are free.

        Which trials there are does not say how one is measured: budgets and seeds are free, too.
        """
        tree = ast.parse(Path(self.file).read_text("utf8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Experiment":
                node.keywords = [k for k in node.keywords if k.arg not in ("budgets", "seeds")]
            if (
                isinstance(node, WITH_DOCSTRING)
                and ast.get_docstring(node, clean=False) is not None
            ):
                del node.body[0]
        return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


class StaleResults(ValueError):
    """Stored results come from another definition, or from other versions."""


def cpu() -> str:
    """Name the processor's model, where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text("utf8").splitlines() if told.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def provenance(experiment: Experiment) -> dict[str, Any]:
    """Say what a result rests on, as far as a machine can."""
    return {
        "command": f"make runs ONLY={experiment.name}",
        "definition": experiment.definition(),
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cpu": cpu(),
        "threads": 1,
        **{name: version(name).partition("+")[0] for name in LIBRARIES},
    }


def stored(experiment: Experiment) -> dict[Trial, dict[str, Any]]:
    """Give what was measured, by trial; nothing where nothing is kept yet.

    Raises
    ------
    StaleResults
        The file was made by another definition of the experiment.
    """
    if not experiment.path.exists():
        return {}
    try:
        record = json.loads(experiment.path.read_text("utf8"))
        kept = record["provenance"]["definition"]
        found = {Trial(**entry["trial"]): entry["measured"] for entry in record["results"]}
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise StaleResults(
            f"{experiment.path.name} is damaged ({type(error).__name__}: {error}). Take it from "
            f"the repository again, or delete it and run 'make runs ONLY={experiment.name}'."
        ) from None
    if kept != experiment.definition():
        raise StaleResults(
            f"{experiment.path.name} was measured with another definition of {experiment.name}. "
            f"Run 'make runs ONLY={experiment.name} FRESH=1' to measure again."
        )
    return found


def curve(
    experiment: Experiment, condition: str, read: Callable[[dict[str, Any]], float]
) -> Iterator[tuple[int, list[float]]]:
    """Give, for each budget of a condition, one number a seed, read out of what was measured."""
    found = stored(experiment)
    for n_steps in experiment.budgets[condition]:
        trials = [Trial(condition, n_steps, seed) for seed in experiment.seeds]
        yield n_steps, [read(found[trial]) for trial in trials if trial in found]


def run(
    experiment: Experiment, *, fresh: bool = False, jobs: int = 1, say: Callable[[str], None]
) -> None:
    """Measure every trial that is not kept yet; write each down as soon as it is done.

    An interrupted run goes on where it stopped. More than one of the ``jobs`` measures side by
    side, in processes of their own; the numbers are the same.
    """
    import torch

    torch.set_num_threads(1)
    known = {} if fresh else stored(experiment)
    record: dict[str, Any] = {"provenance": provenance(experiment), "results": []}
    if known:
        record = json.loads(experiment.path.read_text("utf8"))
        before, now = record["provenance"], provenance(experiment)
        other = [f"{k} {before[k]} (now {now[k]})" for k in LIBRARIES if before[k] != now[k]]
        if other and len(known) < len(experiment.trials()):
            raise StaleResults(
                f"{experiment.path.name} was begun with {', '.join(other)}; numbers of two "
                f"versions do not mix. Run 'make runs ONLY={experiment.name} FRESH=1'."
            )
    todo = [trial for trial in experiment.trials() if trial not in known]
    total, done, began = sum(t.n_steps for t in todo), 0, time.monotonic()
    say(f"{experiment.name}: {len(known)} trials are kept, {len(todo)} to run")
    results = _in_turn(experiment, todo) if jobs == 1 else _side_by_side(experiment, todo, jobs)
    with contextlib.closing(results):
        for trial, measured, cpu_seconds in results:
            record["results"].append(
                {
                    "trial": vars(trial),
                    "cpu_seconds": round(cpu_seconds, 3),
                    "date": datetime.now(UTC).date().isoformat(),
                    "measured": measured,
                }
            )
            write(experiment.path, record)
            done += trial.n_steps
            left = (time.monotonic() - began) * (total - done) / done
            say(f"  {trial}: done; about {left / 60:.0f} minutes left")


Result = tuple[Trial, dict[str, Any], float]


def _in_turn(experiment: Experiment, todo: Sequence[Trial]) -> Generator[Result]:
    for trial in todo:
        yield _timed(experiment.measure, trial)


def _timed(measure: Callable[[Trial], dict[str, Any]], trial: Trial) -> Result:
    start = time.process_time()
    measured = measure(trial)
    return trial, measured, time.process_time() - start


def _side_by_side(experiment: Experiment, todo: Sequence[Trial], jobs: int) -> Generator[Result]:
    """Measure in processes of their own, each on one thread: a trial gives what it gives alone."""
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
    try:
        asked = [pool.submit(_measured, experiment.measure, trial) for trial in todo]
        for answered in as_completed(asked):
            yield answered.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _measured(measure: Callable[[Trial], dict[str, Any]], trial: Trial) -> Result:
    """Measure one trial in this process; the other one sent the function by its name."""
    import torch

    torch.set_num_threads(1)
    return _timed(measure, trial)


def write(path: Path, record: dict[str, Any]) -> None:
    """Replace the file in one step, so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record["results"].sort(key=lambda entry: tuple(map(str, entry["trial"].values())))
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in record["results"])
    text = json.dumps(record["provenance"], ensure_ascii=False)
    beside = path.with_suffix(".json.part")
    beside.write_text(f'{{"provenance": {text},\n"results": [\n{lines}\n]}}\n', "utf8")
    os.replace(beside, path)
