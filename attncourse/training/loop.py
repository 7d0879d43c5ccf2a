"""The training loop of the course: steps, a progress bar, an early stop, clear failures."""

from __future__ import annotations

import math
import os
import random
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from attncourse import _checks
from attncourse.training.checkpoint import Supply
from attncourse.training.run import History, Run


def steps(n: int) -> int:
    """Give the number of training steps: ``n`` times the environment's ``ATTNCOURSE_STEPS``.

    The setting is 1 where it is not given. The tests run every notebook at 0.1; a reader with a
    faster machine, or more patience, may set 2. At least one step is left.
    """
    _checks.count("n", n, minimum=1)
    setting = os.environ.get("ATTNCOURSE_STEPS", "1")
    try:
        factor = float(setting)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise ValueError(
            f"ATTNCOURSE_STEPS: expected a number above zero, got {setting!r}; "
            "unset it to train as the book does."
        )
    return max(1, round(n * factor))


def seed(n: int) -> None:
    """Seed Python's, NumPy's and PyTorch's random numbers."""
    random.seed(n)
    np.random.seed(n)  # noqa: NPY002 (for libraries that use the global state)
    torch.manual_seed(n)


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def match_size(build: Callable[[int], nn.Module], n_parameters: int, widest: int = 4096) -> int:
    """Find the smallest width at which ``build(width)`` has at least so many parameters.

    For fair comparisons: the baseline is never the smaller model. Nothing is allocated.
    """
    with torch.device("meta"):
        widths = range(1, widest + 1)
        found = bisect_left(widths, n_parameters, key=lambda w: count_parameters(build(w)))
    if found == len(widths):
        raise ValueError(f"n_parameters: even at width {widest} there are fewer than it asks for")
    return widths[found]


def train(
    model: nn.Module,
    loss: Callable[..., Tensor],
    batches: Iterable[Any],
    *,
    n_steps: int,
    learning_rate: float = 3e-3,
    clip: float = 1.0,
    validate: Callable[[], float] | None = None,
    every: int = 100,
    patience: int | None = None,
    label: str = "training",
    checkpoint: str | Path | None = None,
    save_every: int = 100,
) -> History:
    r"""Train a model with Adam; the learning rate warms up, then falls along a cosine.

    .. math:: \eta_t = \eta \min\left(\frac{t + 1}{w}, \frac{1 + \cos(\pi t / n)}{2}\right),
        \qquad w = \lceil n / 10 \rceil

    Source: Kingma and Ba (2015), Adam, arXiv:1412.6980; Loshchilov and Hutter (2017), SGDR,
    equation 5, arXiv:1608.03983.

    Parameters
    ----------
    model
        Trained in place, and left in evaluation mode.
    loss
        Called as ``loss(*batch)``, or ``loss(batch)`` where a batch is not a tuple.
    batches
        Anything that can be iterated, again from the start when it ends.
    n_steps
        How many batches to train on; write ``steps(1200)`` so that readers can scale it.
    learning_rate
        The highest one, :math:`\eta`.
    clip
        The largest norm of the gradient.
    validate
        Gives a number to be made small, on data not trained on. Called every ``every`` steps.
    patience
        Stop after so many validations without a new best, and go back to the best weights.
    label
        What the progress bar and the messages call this run.
    checkpoint
        A file that the run is written to, every ``save_every`` steps and at its end. If it is
        there already, the run goes on from it, to the very numbers that it would have given
        without a stop (on the same machine, with the same batches; those taken before are drawn
        again and dropped). An interrupted run keeps the last checkpoint.
    save_every
        How many steps from one checkpoint to the next.

    Returns
    -------
    History
        Losses, validations and the processor's time.

    Raises
    ------
    FloatingPointError
        The loss is not finite; the message says at which step.
    ValueError
        The batches ran out, or patience is asked for without a validation.
    CheckpointError
        The file is damaged, of another kind, or of another run: other settings, another model.
        Nothing is changed, neither the file nor the model.
    """
    _checks.count("n_steps", n_steps, minimum=1)
    _checks.count("every", every, minimum=1)
    if patience is not None and validate is None:
        raise ValueError("patience: an early stop needs validate=, which gives what to watch")
    _checks.count("save_every", save_every, minimum=1)
    warm = math.ceil(n_steps / 10)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda t: min((t + 1) / warm, (1 + math.cos(math.pi * t / n_steps)) / 2),
    )
    run = Run(model, optimiser, schedule, Supply(batches))
    settings = {"n_steps": n_steps, "learning_rate": learning_rate, "clip": clip}
    settings |= {"every": every, "patience": patience, "validated": validate is not None}
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint, settings)
    history, before = run.history, run.history.cpu_seconds
    began = time.process_time()
    model.train()
    with tqdm(
        total=n_steps, initial=run.step, desc=label, leave=False, disable=not _is_watched()
    ) as bar:
        while run.step < n_steps and not run.stopped:
            batch = next(run.supply)
            step = run.step + 1
            value = loss(*batch) if isinstance(batch, tuple) else loss(batch)
            number = value.item()
            if not math.isfinite(number):
                last = f"{history.losses[-1]:.4g}" if history.losses else "not known"
                raise FloatingPointError(
                    f"{label}: the loss is {number} at step {step} of {n_steps}; the step before "
                    f"it was {last}. Lower the learning rate (now {learning_rate:g}), or look "
                    "for a logarithm of zero, a division by zero or a row without any key."
                )
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimiser.step()
            schedule.step()
            history.losses.append(number)
            run.step = step
            bar.update()
            bar.set_postfix(loss=f"{number:.3f}", refresh=False)
            if validate is not None and (step % every == 0 or step == n_steps):
                model.eval()
                with torch.no_grad():
                    score = float(validate())
                model.train()
                run.judge(score, patience)
            history.cpu_seconds = before + time.process_time() - began
            ended = run.stopped or step == n_steps
            if checkpoint is not None and (ended or step % save_every == 0):
                run.save(checkpoint, settings)
    if run.best_weights is not None:
        model.load_state_dict(run.best_weights)
    model.eval()
    return history


def _is_watched() -> bool:
    """Whether somebody sees a bar: a terminal, or a notebook that a person has open.

    A notebook that is executed for the book must come out the same each time, without bars.
    """
    setting = os.environ.get("ATTNCOURSE_PROGRESS")
    if setting is not None:
        return setting not in ("", "0")
    open_notebook = ("JPY_SESSION_NAME", "VSCODE_PID", "COLAB_RELEASE_TAG")
    if "ipykernel" in sys.modules:
        return any(name in os.environ for name in open_notebook)
    return sys.stderr.isatty()
