"""What the networks of ``four_writers`` cost: counted from their sizes, timed, and read.

Nothing is trained here, so there is no experiment in this file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attncourse import analysis
from attncourse.experiments import four_writers as four
from attncourse.experiments.reading_the_code import text
from attncourse.experiments.recurrent_writers import Recurrent
from attncourse.training import seed as set_seed
from attncourse.training import train

D_K = four.D_MODEL // four.N_HEADS
CHUNK = 32  # characters that gated linear attention computes at once


def shape() -> analysis.TransformerShape:
    """Give the sizes of the Transformer."""
    return analysis.TransformerShape(
        n_layers=four.N_LAYERS,
        d_model=four.D_MODEL,
        n_heads=four.N_HEADS,
        d_ff=4 * four.D_MODEL,
        n_vocab=len(text().alphabet),
        gated=False,
        norm_bias=True,
        tied=True,
    )


def operations(network: str, length: int) -> float:
    """Count the operations in matrix products for each character of a text, read at once."""
    pairs = analysis.visible_pairs(length, length, causal=True)
    if network == "attention":
        return analysis.model_operations(shape(), length, pairs=pairs).matmul / length
    if network == "GRU":
        model = four.build("GRU")
        assert isinstance(model, Recurrent)
        gru = model.gru
        return 2 * (
            3 * gru.hidden_size * (gru.input_size + gru.hidden_size) + model.out.weight.numel()
        )
    # The Transformer without its scores and its mixing, with what takes their place.
    without = analysis.model_operations(shape(), length, pairs=0).matmul
    sizes = {"n_heads": four.N_HEADS, "d_k": D_K, "d_v": D_K}
    mixing = analysis.chunked_linear_operations(length, chunk_len=min(CHUNK, length), **sizes)
    gates = 2 * length * four.D_MODEL * four.N_HEADS
    return (without + four.N_LAYERS * (mixing.matmul + gates)) / length


def kept(network: str, length: int) -> int:
    """Count the bytes, in float32, that a writer keeps of a text to go on with it."""
    if network == "attention":
        sizes = {"n_layers": four.N_LAYERS, "n_kv_heads": four.N_HEADS, "d_k": D_K}
        return analysis.kv_cache_bytes(length, itemsize=4, **sizes)
    if network == "GRU":
        model = four.build("GRU")
        assert isinstance(model, Recurrent)
        return 4 * model.gru.hidden_size
    return 4 * four.N_LAYERS * four.N_HEADS * D_K * D_K


def timed(work: Callable[[], object], n_times: int = 3) -> float:
    """Give the least processor time of a few repetitions, in seconds."""
    work()
    found = []
    for _ in range(n_times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def training_seconds(model: nn.Module, length: int, n_characters: int = 4096) -> float:
    """Time a step, forward and backward, for each character, in windows of a length."""
    rows = text().train[: n_characters + 1]
    read, wanted = (x.reshape(-1, length) for x in (rows[:-1], rows[1:]))

    def step() -> None:
        model.zero_grad()
        F.cross_entropy(model(read).mT, wanted).backward()

    return timed(step) / n_characters


def step_seconds(names: Sequence[str], n_steps: int = 20, n_rounds: int = 3) -> dict[str, float]:
    """Time a step of training, as the networks are trained; by turns, so that all meet the same.

    Parameters
    ----------
    names
        The networks, made anew for each round.
    n_steps, n_rounds
        Steps of a round; the least of the rounds counts.
    """
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(n_rounds):
        for name in names:
            history = train(
                model := four.build(name),
                lambda read, wanted, model=model: F.cross_entropy(model(read).mT, wanted),
                four.Windows(0.0),
                n_steps=n_steps,
                learning_rate=four.RATE,
                label=name,
            )
            found[name].append(history.cpu_seconds / n_steps)
    return {name: min(each) for name, each in found.items()}


def read_by(n_steps: int, seed: int = 0) -> Tensor:
    """Give the windows that a network of this seed has read, one in a row, in their order."""
    set_seed(seed)
    pairs = islice(four.Windows(0.0), n_steps)
    return torch.cat([torch.cat([read, wanted[:, -1:]], dim=1) for read, wanted in pairs])
