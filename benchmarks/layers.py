"""The attention layer against its peers, side by side in one run: forward, and with gradients.

All layers are causal, without biases, and of one size. Each round calls every layer once, in an
order of its own, so that what slows the machine down slows all of them. A ratio is taken within a
round; the table shows its median and its quartiles. Peers are measured where they are installed
(`pip install x-transformers llms-from-scratch`); `make bench` runs it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

import attncourse.pytorch as att

PACKAGES = ("torch", "x-transformers", "llms-from-scratch")
#: What is aimed at: ours (the second) is at least so fast as the first, as a ratio of times.
TARGETS = [
    ("raw fused", "fused", 0.95),
    ("nn.MultiheadAttention", "fused", 1.0),
    ("x-transformers (flash)", "fused", 1.0),
    ("llms-from-scratch", "fused", 1.0),
    ("minimal plain", "plain", 1 / 1.1),
]


class Raw(nn.Module):
    """One joint projection, and PyTorch's kernel: what there is to do, and nothing else."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.joint = nn.Linear(d_model, 3 * d_model, bias=False)
        self.out = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        joint = self.joint(x).unflatten(-1, (3, self.n_heads, -1))
        q, k, v = joint.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(x.shape))


class MinimalPlain(nn.Module):
    """The textbook's ten lines."""

    def __init__(self, d_model: int, n_heads: int, length: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query, self.key, self.value, self.out = (
            nn.Linear(d_model, d_model, bias=False) for _ in range(4)
        )
        self.register_buffer("future", torch.ones(length, length, dtype=torch.bool).triu(1))

    def forward(self, x: Tensor) -> Tensor:
        layers = (self.query, self.key, self.value)
        q, k, v = (f(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for f in layers)
        scores = q @ k.mT / q.shape[-1] ** 0.5
        weights = scores.masked_fill(self.future, -torch.inf).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(x.shape))


def layers(d_model: int, n_heads: int, length: int) -> dict[str, tuple[nn.Module, Callable]]:
    """Every layer with the call that makes it causal."""
    ours = {"fused": att.fused_attention, "plain": att.scaled_dot_product_attention}
    raw, minimal = Raw(d_model, n_heads), MinimalPlain(d_model, n_heads, length)
    theirs = nn.MultiheadAttention(d_model, n_heads, bias=False, batch_first=True)
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    hidden = {"attn_mask": future, "is_causal": True, "need_weights": False}
    found: dict[str, tuple[nn.Module, Callable]] = {
        "raw fused": (raw, raw),
        "minimal plain": (minimal, minimal),
        "nn.MultiheadAttention": (theirs, lambda x: theirs(x, x, x, **hidden)[0]),
    }
    for name, attend in ours.items():
        layer = att.MultiHeadAttention(d_model, n_heads, attend=attend)
        found[name] = (layer, lambda x, layer=layer: layer(x, causal=True))
    for name, make in {"x-transformers (flash)": flash, "llms-from-scratch": scratch}.items():
        try:
            layer = make(d_model, n_heads, length)
        except ImportError:
            continue
        found[name] = (layer, lambda x, layer=layer: first(layer(x)))
    return found


def flash(d_model: int, n_heads: int, length: int) -> nn.Module:
    theirs = importlib.import_module("x_transformers.x_transformers").Attention
    return theirs(d_model, heads=n_heads, dim_head=d_model // n_heads, causal=True, flash=True)


def scratch(d_model: int, n_heads: int, length: int) -> nn.Module:
    theirs = importlib.import_module("llms_from_scratch.ch03").MultiHeadAttention
    return theirs(d_model, d_model, length, 0.0, n_heads, False)


def first(result: Tensor | tuple[Tensor, ...]) -> Tensor:
    return result[0] if isinstance(result, tuple) else result


def seconds(layer: nn.Module, call: Callable, x: Tensor, backward: bool) -> float:
    """The time of one call, or of one call and its gradients."""
    start = time.perf_counter()
    if backward:
        call(x).sum().backward()
    else:
        with torch.no_grad():
            call(x)
    taken = time.perf_counter() - start
    layer.zero_grad(set_to_none=True)
    return taken


def measure(
    which: dict[str, tuple[nn.Module, Callable]], x: Tensor, backward: bool, budget: float
) -> dict[str, list[float]]:
    """Times by layer, round after round, until the time is used up (five rounds at least)."""
    names, times = list(which), {name: [] for name in which}
    for name in names:  # once for nothing
        seconds(*which[name], x, backward)
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(times[names[0]]) < 5:
        random.shuffle(names)
        for name in names:
            times[name].append(seconds(*which[name], x, backward))
    return times


def quartiles(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=4, method="inclusive")


def verdict(ratio: float, high: float, target: float) -> str:
    """Say whether a target is met, or lies within the spread."""
    return "met" if ratio >= target else "within" if high >= target else "missed"


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 512, 2048])
    parser.add_argument("--d-model", type=int, default=256)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each row of the table")
    parser.add_argument("--save", type=Path, help="write times and ratios as JSON")
    args = parser.parse_args()
    if min(args.lengths) < 1:
        parser.error(f"--lengths takes numbers from 1 up, got {args.lengths}")
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    random.seed(0)

    shape = f"batch {args.batch}, {args.heads} heads, {args.d_model} wide, {args.threads} thread(s)"
    table = Table(title=f"attention layers, {shape}, torch {torch.__version__}")
    for column in ("length", "", "layer", "against", "ours (ms)", "ratio", "quartiles", "target"):
        table.add_column(column, justify="left" if column in ("layer", "against") else "right")
    rows = []
    for length in args.lengths:
        which = layers(args.d_model, args.heads, length)
        x = torch.randn(args.batch, length, args.d_model)
        for backward in (False, True):
            times = measure(which, x, backward, args.seconds)
            for peer, ours, target in TARGETS:
                if peer not in times:
                    continue
                pairs = zip(times[peer], times[ours], strict=True)
                low, ratio, high = quartiles([a / b for a, b in pairs])
                row = {
                    "length": length,
                    "backward": backward,
                    "layer": ours,
                    "against": peer,
                    "milliseconds": [round(1e3 * t, 3) for t in quartiles(times[ours])],
                    "ratio": [round(r, 3) for r in (low, ratio, high)],
                    "target": round(target, 3),
                    "rounds": len(times[ours]),
                }
                rows.append(row)
                table.add_row(
                    str(length),
                    "with gradients" if backward else "alone",
                    ours,
                    peer,
                    f"{row['milliseconds'][1]:.2f}",
                    f"{ratio:.2f}",
                    f"{low:.2f} to {high:.2f}",
                    f"{target:.2f} {verdict(ratio, high, target)}",
                )
    Console(width=120).print(table)
    if args.save:
        command = f"python -m benchmarks.layers {' '.join(sys.argv[1:])}".strip()
        found = {"command": command, "versions": versions(), "shape": shape, "rows": rows}
        args.save.parent.mkdir(parents=True, exist_ok=True)
        args.save.write_text(json.dumps(found, indent=1) + "\n", "utf8")


if __name__ == "__main__":
    main()
