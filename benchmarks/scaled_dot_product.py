"""Plain attention against the fused path, side by side in one run: time and peak memory by length.

Absolute times belong to one machine; read the ratios. `make bench` runs it.
"""

from __future__ import annotations

import argparse
import platform

import torch
from rich.console import Console
from rich.table import Table
from torch.utils import benchmark

import attncourse.pytorch as att


def seconds(function, *args, **kwargs) -> float:
    """Median time of one call, measured for at least half a second."""
    timer = benchmark.Timer(
        "function(*args, **kwargs)",
        globals={"function": function, "args": args, "kwargs": kwargs},
        num_threads=torch.get_num_threads(),
    )
    return timer.blocked_autorange(min_run_time=0.5).median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 256, 512, 1024, 2048])
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if min(args.lengths) < 1:
        parser.error(f"--lengths takes numbers from 1 up, got {args.lengths}")
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    device = torch.device(args.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    table = Table(
        title=f"causal, {args.heads} heads of {args.dim}, {name}, torch {torch.__version__}"
    )
    for column in (
        "length",
        "plain (ms)",
        "fused (ms)",
        "plain / fused",
        "time per length² (relative)",
    ):
        table.add_column(column, justify="right")

    first = None
    for length in args.lengths:
        q, k, v = torch.randn(3, 1, args.heads, length, args.dim, device=device).unbind(0)
        plain = seconds(att.scaled_dot_product_attention, q, k, v, causal=True)
        fused = seconds(att.fused_attention, q, k, v, causal=True)
        per_pair = plain / length**2
        first = first or per_pair
        table.add_row(
            str(length),
            f"{plain * 1e3:.2f}",
            f"{fused * 1e3:.2f}",
            f"{plain / fused:.2f}",
            f"{per_pair / first:.2f}",
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
