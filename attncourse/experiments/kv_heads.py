"""Smaller caches that are trained for: heads shared, a latent, layers shared, a window.

Small language models of equal size read Shakespeare letter by letter. They differ in what a layer
keeps of each position; what that saves in parameters goes into the MLP. The loss on unread plays is
looked at as training goes on, at a rate that stays the same, so one training gives the whole curve.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse import data
from attncourse.analysis import kv_cache_bytes, latent_cache_bytes
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.reading_the_code import text
from attncourse.training import count_parameters, match_size
from attncourse.training import seed as set_seed

D_MODEL, N_HEADS, N_LAYERS = 64, 4, 2
D_K = D_MODEL // N_HEADS
D_LATENT, D_ROPE = 16, 8
SEQ, BATCH = 64, 8
RATE = 3e-3
LOOKS = (75, 150, 300, 600)  # steps after which the unread plays are looked at
N_JUDGED = 64  # windows of them


class Kind(NamedTuple):
    """What a layer keeps."""

    n_kv_heads: int = N_HEADS
    latent: bool = False
    paired: bool = False  # every second layer asks the keys and values of the one before
    window: int | None = None


KINDS = {
    "multi-head": Kind(),
    "grouped": Kind(2),
    "multi-query": Kind(1),
    "latent": Kind(latent=True),
    "layers in pairs": Kind(paired=True),
    "window": Kind(window=16),
}


def weight(d_in: int, d_out: int) -> nn.Parameter:
    """Draw a matrix that keeps the size of what it is given."""
    return nn.Parameter(torch.randn(d_in, d_out) * d_in**-0.5)


class Heads(nn.Module):
    """Heads that share keys and values, their own or another layer's."""

    def __init__(self, n_kv_heads: int, borrows: bool) -> None:
        super().__init__()
        self.n_kv_heads = n_kv_heads
        self.query, self.out = weight(D_MODEL, D_MODEL), weight(D_MODEL, D_MODEL)
        if not borrows:
            self.key = weight(D_MODEL, n_kv_heads * D_K)
            self.value = weight(D_MODEL, n_kv_heads * D_K)

    def forward(self, x: Tensor, lent: Any, window: int | None) -> tuple[Tensor, Any]:
        """Give what the heads bring back, and the keys and values for a layer that borrows."""
        places, turns = torch.arange(x.shape[-2]), att.rotary_frequencies(D_K)
        q = att.rotary(att.split_heads(x @ self.query, N_HEADS), places, turns)
        if lent is None:
            k, v = (att.split_heads(x @ w, self.n_kv_heads) for w in (self.key, self.value))
            lent = att.rotary(k, places, turns), v
        heads = att.fused_attention(q, *lent, causal=True, window=window)
        return att.merge_heads(heads) @ self.out, lent


class Latent(nn.Module):
    """Keys and values of all heads from a latent, as in DeepSeek-V2."""

    def __init__(self) -> None:
        super().__init__()
        inner, turned = N_HEADS * D_K, N_HEADS * D_ROPE
        self.parts = nn.ParameterDict(
            {
                "w_query_up": weight(D_MODEL, inner),
                "w_query_rope": weight(D_MODEL, turned),
                "w_kv_down": weight(D_MODEL, D_LATENT),
                "kv_norm": nn.Parameter(torch.ones(D_LATENT)),
                "w_key_up": weight(D_LATENT, inner),
                "w_key_rope": weight(D_MODEL, D_ROPE),
                "w_value_up": weight(D_LATENT, inner),
                "w_out": weight(inner, D_MODEL),
            }
        )

    def forward(self, x: Tensor, lent: Any, window: int | None) -> tuple[Tensor, Any]:
        """Give what the heads bring back, and nothing to borrow."""
        given = att.LatentParameters(**dict(self.parts.items()))
        turns = att.rotary_frequencies(D_ROPE)
        options: Any = {"n_heads": N_HEADS, "causal": True, "window": window}
        return att.multi_head_latent_attention(x, given, turns, **options)[0], None


class Model(nn.Module):
    """A table, blocks of attention and MLP, each behind a norm, and the table again."""

    def __init__(self, n_tokens: int, kind: Kind, d_hidden: int) -> None:
        super().__init__()
        self.kind = kind
        self.table = nn.Parameter(0.1 * torch.randn(n_tokens, D_MODEL))
        self.layers = nn.ModuleList(
            Latent() if kind.latent else Heads(kind.n_kv_heads, kind.paired and n % 2 == 1)
            for n in range(N_LAYERS)
        )
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(D_MODEL, d_hidden), nn.GELU(), nn.Linear(d_hidden, D_MODEL))
            for _ in range(N_LAYERS)
        )
        self.norms = nn.ModuleList(nn.RMSNorm(D_MODEL) for _ in range(2 * N_LAYERS + 1))

    def forward(self, tokens: Tensor) -> Tensor:
        """Give the logits of what follows each letter."""
        x, lent = self.table[tokens], None
        for n, (look, think) in enumerate(zip(self.layers, self.mlps, strict=True)):
            if not (self.kind.paired and n % 2 == 1):
                lent = None
            seen, lent = look(self.norms[2 * n](x), lent, self.kind.window)
            x = x + seen
            x = x + think(self.norms[2 * n + 1](x))
        return self.norms[-1](x) @ self.table.T


def build(condition: str, seed: int = 0) -> Model:
    """Make one of the models; none is smaller than the one with all its heads."""
    set_seed(seed)
    n, kind = len(text().alphabet), KINDS[condition]
    with torch.device("meta"):
        size = count_parameters(Model(n, KINDS["multi-head"], 2 * D_MODEL))
    return Model(n, kind, match_size(lambda width: Model(n, kind, width), size))


def kept_bytes(condition: str, n_tokens: int = 1, itemsize: int = 2) -> int:
    """Count what the cache of one text holds, by the library's counters."""
    kind, sizes = KINDS[condition], {"n_layers": N_LAYERS, "itemsize": itemsize}
    if kind.latent:
        return latent_cache_bytes(n_tokens, d_latent=D_LATENT, d_rope=D_ROPE, **sizes)
    sizes["n_layers"] //= 2 if kind.paired else 1
    shapes = {"n_kv_heads": kind.n_kv_heads, "d_k": D_K, "window": kind.window}
    return kv_cache_bytes(n_tokens, **shapes, **sizes)


def passages() -> Iterator[Tensor]:
    """Draw batches without end."""
    letters, steps = text().train, torch.arange(SEQ + 1)
    while True:
        yield letters[torch.randint(len(letters) - SEQ, (BATCH, 1)) + steps]


@cache
def unread() -> Tensor:
    """Give windows of the test plays, evenly spaced."""
    letters = text().encode("\n".join(data.shakespeare("test").values()))
    first = torch.linspace(0, len(letters) - SEQ - 1, N_JUDGED).long()
    return letters[first[:, None] + torch.arange(SEQ + 1)]


def loss(model: Model, windows: Tensor) -> Tensor:
    """Average -log p of each next letter."""
    return F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def judge(model: Model) -> float:
    """Give the loss on unread plays."""
    return loss(model, unread()).item()


def learn(model: Model, n_steps: int, seed: int = 0) -> dict[int, float]:
    """Train; give the loss on unread plays after so many steps. One seed reads one text."""
    set_seed(1000 + seed)
    optimiser, found = torch.optim.Adam(model.parameters(), lr=RATE), {}
    for step, windows in zip(range(1, n_steps + 1), passages(), strict=False):
        value = loss(model, windows)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step in LOOKS or step == n_steps:
            found[step] = judge(model)
    return found


def measure(trial: Trial) -> dict[str, Any]:
    """Train one model, and keep its curve."""
    found = learn(build(trial.condition, trial.seed), trial.n_steps, trial.seed)
    return {"steps": list(found), "loss": [round(x, 4) for x in found.values()]}


EXPERIMENT = Experiment(
    __file__,
    budgets=dict.fromkeys(KINDS, (LOOKS[-1],)),
    seeds=(0, 1, 2),
    measure=measure,
)
