"""Checkpoints: a run written down so that it can go on as if it had never stopped."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FORMAT = "attncourse.training/1"


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; nothing has been changed, and the file is as it was."""


def save_checkpoint(path: str | Path, state: Mapping[str, Any]) -> None:
    """Write a state to a file: all of it, or the file stays as it was.

    Parameters
    ----------
    path
        Where. A file that is there is replaced in one step, once the new one is complete.
    state
        Tensors, numbers, texts, and tuples, lists and dicts of these.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_checkpoint(path: str | Path, parts: Collection[str] = ()) -> dict[str, Any]:
    """Read a state that :func:`save_checkpoint` wrote; nothing in the file is run.

    Parameters
    ----------
    path
        Where.
    parts
        What the state must hold at least.

    Raises
    ------
    CheckpointError
        The file is damaged, of another kind, or without one of the parts.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{path}: expected a checkpoint, got a file that cannot be read as one "
            f"({type(error).__name__}). Move it away to begin anew."
        ) from error
    found = state.get("format") if isinstance(state, dict) else type(state).__name__
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: expected a checkpoint of the format {FORMAT}, got {found!r}. "
            "Move it away to begin anew."
        )
    if missing := [part for part in parts if part not in state]:
        raise CheckpointError(
            f"{path}: expected a checkpoint with {', '.join(parts)}, got one without "
            f"{', '.join(missing)}. Move it away to begin anew."
        )
    del state["format"]
    return state


def same(path: str | Path, what: str, saved: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise if what was saved is not what there is now, by name."""
    different = [key for key in {**saved, **now} if saved.get(key) != now.get(key)]
    if different:
        key = different[0]
        more = f", and {len(different) - 1} more" if len(different) > 1 else ""
        raise CheckpointError(
            f"{path}: saved with {what} {key} = {saved.get(key)}, now it is {now.get(key)}{more}. "
            "Go on as the run began, or move the file away to begin anew."
        )


def shapes(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Give the shape and dtype of every tensor of a module's state."""
    return {name: f"{tuple(t.shape)} {t.dtype}" for name, t in state.items()}


def random_states() -> dict[str, Any]:
    """Give the state of every random number generator that :func:`seed` sets."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 (libraries use the global state)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def set_random_states(states: Mapping[str, Any]) -> None:
    """Set every generator as :func:`random_states` found it."""
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])


class Supply:
    """Batches without end, from the start again when they end, and the way back to a place.

    The way back is exact where random numbers are drawn when a pass begins, as shuffling does, or
    for one batch alone; not where a draw in the middle of a pass decides about later batches.

    Parameters
    ----------
    batches
        Anything that can be iterated.
    """

    def __init__(self, batches: Iterable[Any]) -> None:
        self.batches, self.n_passes, self.n_taken = batches, 0, 0
        self.iterator: Iterator[Any] | None = None

    def _begin(self) -> Iterator[Any]:
        # Shuffling draws when a pass begins: from here on it can be drawn again.
        self.random, self.n_taken = random_states(), 0
        self.iterator = iter(self.batches)
        return self.iterator

    def __next__(self) -> Any:
        for batch in self.iterator or self._begin():
            self.n_taken += 1
            return batch
        if self.n_taken == 0:
            raise ValueError(
                "batches: nothing to train on (any more). A generator can be used only once: pass "
                "a list, a DataLoader or another object that can be iterated again and again."
            )
        self.n_passes += 1
        self._begin()
        return next(self)

    def place(self) -> dict[str, Any]:
        """Give what :meth:`go_to` needs."""
        return {"n_passes": self.n_passes, "n_taken": self.n_taken, "random": self.random}

    def go_to(self, place: Mapping[str, Any]) -> None:
        """Take the batches that a run had taken when it was here, and drop them."""
        for _ in range(place["n_passes"]):
            for _ in self.batches:
                pass
        set_random_states(place["random"])
        self.n_passes, iterator = place["n_passes"], self._begin()
        for _ in range(place["n_taken"]):
            next(iterator, None)
        self.n_taken = place["n_taken"]
