"""What each of the processes does that test_ring.py starts through torchrun.

It calls ``ring_attention`` as the tables say and writes down what it got; the test judges.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

import attncourse.pytorch as att

PROCESSES, SEQ, HEADS, KV_HEADS = 4, 24, 6, 3
ZIGZAG = att.zigzag_order(SEQ, PROCESSES)
STRIPED = att.striped_order(SEQ, PROCESSES)

#: Calls that give numbers.
GOOD: dict[str, dict[str, Any]] = {
    "zigzag causal": {"order": ZIGZAG, "causal": True},
    "zigzag window": {"order": ZIGZAG, "window": 5},
    "striped causal": {"order": STRIPED, "causal": True, "scale": 0.3},
    "in order, all see all": {},
    "in order, causal": {"causal": True},
    "in order, causal and window": {"causal": True, "window": 9},
    "no heads": {"causal": True},
    "odd shards": {"causal": True},
    "half": {"order": ZIGZAG, "causal": True},
    "two rings": {"order": att.zigzag_order(SEQ // 2, 2), "causal": True},
    "keys alone": {"order": ZIGZAG, "causal": True},
}

#: Calls in which process 2 does what the others do not: its changes, or its inputs'.
BAD: dict[str, dict[str, Any]] = {
    "another length": {"q": lambda q: q[..., 1:, :]},
    "a shorter shard": {n: lambda x: x[..., 1:, :] for n in "qkv"},
    "more heads": {"q": lambda q: torch.cat([q, q], -3)},
    "a list": {"v": lambda v: v.tolist()},
    "NaN": {"k": lambda k: k * torch.nan},
    "another dtype": {n: lambda x: x.float() for n in "qkv"},
    "not causal": {"causal": lambda _: False},
    "another window": {"window": lambda _: 3},
    "window of none": {"window": lambda _: 0},
    "another order": {"order": lambda _: STRIPED},
    "a short order": {"order": lambda order: order[:8]},
    "no gradients": {n: lambda x: x.detach() for n in "qkv"},
}


def inputs(name: str) -> list[torch.Tensor]:
    """The whole text in its order, the same in each process: q, k, v and the output's gradient."""
    seq = 12 if name == "odd shards" else SEQ
    made = torch.Generator().manual_seed(len(name))
    shapes = [(2, HEADS, seq, 4), (2, KV_HEADS, seq, 4), (2, KV_HEADS, seq, 5), (2, HEADS, seq, 5)]
    whole = [torch.randn(shape, generator=made, dtype=torch.float64) for shape in shapes]
    if name == "no heads":
        whole = [x[0, 0] for x in whole]
    return [x.half() for x in whole] if name == "half" else whole


def wants_gradient(name: str) -> list[bool]:
    return [name != "keys alone", True, name != "keys alone"]


def shards(whole: torch.Tensor, order: torch.Tensor | None, size: int) -> tuple[torch.Tensor, ...]:
    return (whole if order is None else whole[..., order, :]).chunk(size, -2)


def run(name: str, options: dict[str, Any], rank: int, group: Any = None) -> dict[str, Any]:
    size = dist.get_world_size(group)
    given = inputs(name)
    if name == "two rings":  # each is on a half of the text of its own
        given = [x.chunk(2, -2)[dist.get_rank() % 2] for x in given]
    q, k, v, grad = (shards(x, options.get("order"), size)[rank].clone() for x in given)
    for x, wanted in zip((q, k, v), wants_gradient(name), strict=True):
        x.requires_grad_(wanted)
    output = att.ring_attention(q, k, v, group=group, **options)
    output.backward(grad)
    return {"output": output.detach(), "q": q.grad, "k": k.grad, "v": v.grad}


def run_wrong(change: dict[str, Any], rank: int) -> str:
    call: dict[str, Any] = {"order": ZIGZAG, "causal": True, "window": 7}
    whole = inputs("wrong")
    call |= {n: shards(x, ZIGZAG, PROCESSES)[rank] for n, x in zip("qkv", whole, strict=False)}
    call |= {n: call[n].clone().requires_grad_() for n in "qkv"}
    if rank == 2:
        call |= {name: how(call[name]) for name, how in change.items()}
    try:
        with att.check_values():
            att.ring_attention(**call)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=60))
    rank = dist.get_rank()
    pairs = [dist.new_group([0, 2]), dist.new_group([1, 3])]
    found: dict[str, Any] = {}
    for name, options in GOOD.items():
        if name == "two rings":
            found[name] = run(name, options, rank // 2, pairs[rank % 2])
        else:
            found[name] = run(name, options, rank)
    found |= {name: run_wrong(change, rank) for name, change in BAD.items()}
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
