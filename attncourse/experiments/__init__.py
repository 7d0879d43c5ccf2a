"""Long runs: what a page has no time for, computed once by a command and kept as small files.

A page trains one short run live. Further seeds and longer trainings stand in ``results/``, one
JSON file an experiment, with what made them; ``make runs`` computes them, goes on where it was
interrupted, and computes nothing twice. Page and command import the same definition: a file of
this room with an :class:`Experiment` named ``EXPERIMENT``. A new file is found by itself. Three
files hold none: ``keep`` trains networks that the package keeps (``make trained``),
``encoder_heads`` counts what a published model's heads do, and ``alignment`` reads the translator
that is kept.

>>> from attncourse import experiments
>>> from attncourse.experiments import say_it_back
>>> [(steps, len(shares)) for steps, shares in experiments.curve(
...     say_it_back.EXPERIMENT, "attention", lambda measured: measured["right"][11])]
[(500, 3), (1500, 3), (6000, 3)]
"""

from __future__ import annotations

import importlib
import pkgutil

from attncourse.experiments.core import Experiment, StaleResults, Trial, curve, run, stored

__all__ = ["Experiment", "StaleResults", "Trial", "curve", "known", "run", "stored"]


def known() -> dict[str, Experiment]:
    """Every experiment of this room, by name."""
    found = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        if isinstance(experiment := getattr(module, "EXPERIMENT", None), Experiment):
            found[experiment.name] = experiment
    return dict(sorted(found.items()))
