"""The one training loop of the course: steps, a progress bar, an early stop, clear failures."""

from __future__ import annotations

import copy
import math
import os
import random
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from attncourse import _checks


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


@dataclass
class History:
    """What a training run leaves behind besides the trained model.

    Parameters
    ----------
    losses
        The loss at each step.
    validations
        Pairs (steps done, what ``validate`` gave).
    cpu_seconds
        The processor's time, all threads together; it does not grow when others use the machine.
    """

    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    cpu_seconds: float = 0.0


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
) -> History:
    r"""Train a model with Adam; the learning rate warms up, then falls along a cosine.

    .. math:: \eta_t = \eta \min\left(\frac{t + 1}{w}, \frac{1 + \cos(\pi t / n)}{2}\right),
        \qquad w = \lceil n / 10 \rceil

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

    References
    ----------
    Kingma and Ba (2015), Adam: A Method for Stochastic Optimization, arXiv:1412.6980.
    Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts, equation 5,
    arXiv:1608.03983.
    """
    _checks.count("n_steps", n_steps, minimum=1)
    _checks.count("every", every, minimum=1)
    if patience is not None and validate is None:
        raise ValueError("patience: an early stop needs validate=, which gives what to watch")
    warm = math.ceil(n_steps / 10)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda t: min((t + 1) / warm, (1 + math.cos(math.pi * t / n_steps)) / 2),
    )
    history, best, since_best, best_weights = History(), math.inf, 0, None
    began = time.process_time()
    supply = _endless(batches)
    model.train()
    with tqdm(total=n_steps, desc=label, leave=False, disable=not _is_watched()) as bar:
        for step in range(1, n_steps + 1):
            batch = next(supply)
            value = loss(*batch) if isinstance(batch, tuple) else loss(batch)
            number = value.item()
            if not math.isfinite(number):
                before = f"{history.losses[-1]:.4g}" if history.losses else "not known"
                raise FloatingPointError(
                    f"{label}: the loss is {number} at step {step} of {n_steps}; the step before "
                    f"it was {before}. Lower the learning rate (now {learning_rate:g}), or look "
                    "for a logarithm of zero, a division by zero or a row without any key."
                )
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimiser.step()
            schedule.step()
            history.losses.append(number)
            bar.update()
            bar.set_postfix(loss=f"{number:.3f}", refresh=False)
            if validate is not None and (step % every == 0 or step == n_steps):
                model.eval()
                with torch.no_grad():
                    score = float(validate())
                model.train()
                history.validations.append((step, score))
                if score < best:
                    best, since_best = score, 0
                    if patience is not None:
                        best_weights = copy.deepcopy(model.state_dict())
                else:
                    since_best += 1
                    if patience is not None and since_best >= patience:
                        break
    if best_weights is not None:
        model.load_state_dict(best_weights)
    model.eval()
    history.cpu_seconds = time.process_time() - began
    return history


def _endless(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        found = False
        for batch in batches:
            found = True
            yield batch
        if not found:
            raise ValueError(
                "batches: nothing to train on (any more). A generator can be used only once: pass "
                "a list, a DataLoader or another object that can be iterated again and again."
            )


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
