"""What a cache may forget: SmolLM2's loss with a smaller cache of keys and values.

A rule decides which positions are kept, a rounding how many bits each number has. Both are an
``attend`` function, so one pass over a text gives what decoding it token by token would give: every
query sees what the cache held when its token came. Nothing is trained. A trial's ``n_steps`` is the
number of positions that a head keeps, its ``seed`` the number of the passage.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import attncourse.pytorch as att
from attncourse import data
from attncourse.analysis import kv_cache_bytes
from attncourse.experiments.core import Experiment, Trial
from attncourse.models import load_smollm2

SEQ, JUDGED = 512, 384  # tokens of a passage, and the last ones, on which a cache is judged
BIN = 32  # tokens that one number of a curve averages
N_SINKS = 4
GROUP = 32  # numbers that share a scale and a lowest value
SHAPES = {"n_layers": 30, "n_kv_heads": 3, "d_k": 64}  # SmolLM2's


class Rule(NamedTuple):
    """Which positions stay when there is no room: the newest, and what else.

    Attributes
    ----------
    n_sinks : int
        How many of the first positions are never dropped.
    older : str
        What half of the room is for: ``"heavy"``, ``"random"``, or nothing but the newest.
    """

    n_sinks: int = 0
    older: str = ""


RULES = {
    "window": Rule(),
    "window and sinks": Rule(N_SINKS),
    "heavy hitters": Rule(0, "heavy"),
    "random": Rule(0, "random"),
    "sinks and random": Rule(N_SINKS, "random"),
}


class Rounding(NamedTuple):
    """How keys and values are rounded: so many bits, and what shares a scale.

    ``"channel"`` puts 32 positions of one feature together, ``"token"`` 32 features of a position.
    """

    bits: int
    keys: str = "channel"
    values: str = "token"


ROUNDINGS = {
    f"{name}, {bits} bits": Rounding(bits, *along)
    for name, along in {
        "keys by channel": ("channel", "token"),
        "all by token": ("token", "token"),
        "all by channel": ("channel", "channel"),
    }.items()
    for bits in {"keys by channel": (2, 3, 4, 8), "all by token": (2, 4)}.get(name, (2,))
}


def visible(
    rule: Rule, scores: Tensor, room: int, n_kv_heads: int, generator: torch.Generator | None = None
) -> Tensor:
    """Give what each query sees if a cache keeps ``room`` positions: (n_kv_heads, seq, seq).

    Token after token: one position is dropped where there is no room, then the new one is kept.

    Parameters
    ----------
    rule
        What stays.
    scores
        Scaled scores of all queries, (n_heads, seq, seq); the future may stand in them.
    room, n_kv_heads
        Positions that each head of keys and values keeps, the newest among them; the heads.
    generator
        Draws the random sample of the past.
    """
    n = scores.shape[-1]
    kept = torch.zeros(n_kv_heads, n, dtype=torch.bool)
    seen = torch.zeros(n_kv_heads, n, n, dtype=torch.bool)
    noise = torch.rand(n_kv_heads, n, generator=generator)
    place, total = torch.arange(n, dtype=noise.dtype), torch.zeros(n_kv_heads, n)
    for t in range(n):
        if t >= room:
            worth = {"heavy": total, "random": noise}.get(rule.older, place.expand_as(noise))
            newest = room // 2 if rule.older else 0
            safe = (place < rule.n_sinks) | (place >= t - newest)
            worth = worth.masked_fill(~kept, torch.inf).masked_fill(safe, torch.inf)
            kept[torch.arange(n_kv_heads), worth.argmin(-1)] = False
        kept[:, t] = True
        seen[:, t] = kept
        if rule.older == "heavy":
            mine = scores[:, t].unflatten(0, (n_kv_heads, -1))
            weights = mine.masked_fill(~kept[:, None], -torch.inf).softmax(-1)
            total += weights.sum(1)  # over the queries that share the head
    return seen


def keeping(rule: Rule, room: int, seed: int = 0) -> Callable[..., Tensor]:
    """Make the ``attend`` of a cache with a rule; each layer's heads keep their own positions."""
    generator = torch.Generator().manual_seed(seed)

    def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
        n_shared = q.shape[1] // k.shape[1]
        scores = q[0] @ k[0].repeat_interleave(n_shared, 0).mT / k.shape[-1] ** 0.5
        seen = visible(rule, scores, room, k.shape[1], generator)
        mask = seen.repeat_interleave(n_shared, 0)
        return att.fused_attention(q, k, v, mask=mask, causal=causal)

    return attend


def rounded(x: Tensor, bits: int, along: str) -> Tensor:
    """Round (..., seq, dim) to 2^bits levels between the least and the greatest of each 32.

    Parameters
    ----------
    x
        Whole groups: 32 positions or a multiple by channel, 32 features or a multiple by token.
    bits, along
        As in :class:`Rounding`.
    """
    axis = -2 if along == "channel" else -1
    parts = x.unflatten(axis, (-1, GROUP))
    inner = axis if axis == -1 else -2
    low, high = parts.amin(inner, keepdim=True), parts.amax(inner, keepdim=True)
    step = ((high - low) / (2**bits - 1)).clamp(min=1e-12)
    return (low + ((parts - low) / step).round() * step).flatten(axis - 1, axis)


def rounding(how: Rounding) -> Callable[..., Tensor]:
    """Make the ``attend`` of a rounded cache: 32 positions are rounded once all of them are there.

    Until then they stand as they came, so nothing later can be read out of a scale.
    """

    def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
        n = k.shape[-2]
        k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], 1) for x in (k, v))
        whole = n // GROUP * GROUP
        coarse_k, coarse_v = k.clone(), v.clone()
        coarse_k[..., :whole, :] = rounded(k[..., :whole, :], how.bits, how.keys)
        coarse_v[..., :whole, :] = rounded(v[..., :whole, :], how.bits, how.values)
        group = torch.arange(n) // GROUP
        old = group[:, None] > group  # query i finds key j rounded
        scores = torch.where(old, q @ coarse_k.mT, q @ k.mT) / k.shape[-1] ** 0.5
        weights = scores.masked_fill(~torch.ones(n, n).tril().bool(), -torch.inf).softmax(-1)
        return (weights * old) @ coarse_v + (weights * ~old) @ v

    return attend


def sharing(n_layers: int = 2) -> Callable[..., Tensor]:
    """Make the ``attend`` of layers that share: the first of each few lends its keys and values."""
    lent: list[tuple[Tensor, Tensor]] = []

    def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
        lent.append(lent[-1] if len(lent) % n_layers else (k, v))
        return att.fused_attention(q, *lent[-1], causal=causal)

    return attend


def pooled(model: att.LanguageModel) -> att.LanguageModel:
    """Give a copy with one head of keys and values: the mean of those that there were."""
    model = copy.deepcopy(model)
    for block in model.decoder.blocks:
        layer = block.attention
        for part in (layer.key, layer.value):
            mean = part.weight.detach().unflatten(0, (layer.n_kv_heads, -1)).mean(0)
            part.weight = nn.Parameter(mean, requires_grad=False)
        layer.n_kv_heads = 1
    return model


def shallow(model: att.LanguageModel, n_layers: int) -> att.LanguageModel:
    """Give a model of the first layers and the last norm, of the same tensors."""
    stack = copy.copy(model.decoder)
    stack._modules = {**stack._modules, "blocks": stack.blocks[:n_layers]}
    stack.layer_options = stack.layer_options[:n_layers]
    model = copy.copy(model)
    model._modules = {**model._modules, "decoder": stack}
    return model


#: What is done to the model itself; "layers in pairs" is left to attend.
CHANGES: dict[str, Callable[[att.LanguageModel], att.LanguageModel]] = {
    "one head": pooled,
    "layers in pairs": lambda model: model,
    "first 20 layers": lambda model: shallow(model, 20),
    "first 10 layers": lambda model: shallow(model, 10),
}


def kept_bytes(
    n_tokens: int, *, room: int | None = None, bits: int = 16, sums: bool = False, **shapes: int
) -> int:
    """Count all that a cache holds after so many tokens: the one counter of the page.

    Parameters
    ----------
    n_tokens, room
        Tokens so far, and how many of them stay; all, if left out.
    bits
        Of a number; below 16, each 32 carry a scale and a lowest value of 16 bits, and what is no
        whole group of 32 positions is not rounded yet.
    sums
        Whether each position carries a sum of its weights, in 32 bits (heavy hitters).
    **shapes
        What differs from SmolLM2's ``n_layers``, ``n_kv_heads`` and ``d_k``.
    """
    sizes = SHAPES | shapes
    n = n_tokens if room is None else min(room, n_tokens)
    whole = n // GROUP * GROUP if bits < 16 else 0
    numbers = kv_cache_bytes(whole, itemsize=1, **sizes)
    total = kv_cache_bytes(n - whole, **sizes) + numbers * bits // 8 + numbers // GROUP * 4
    return total + (4 * n * sizes["n_layers"] * sizes["n_kv_heads"] if sums else 0)


def bytes_of(condition: str, room: int) -> int:
    """Count what a condition holds at the end of a passage."""
    if condition in ROUNDINGS:
        return kept_bytes(SEQ, bits=ROUNDINGS[condition].bits)
    shapes = {
        "one head": {"n_kv_heads": 1},
        "layers in pairs": {"n_layers": 15},
        "first 20 layers": {"n_layers": 20},
        "first 10 layers": {"n_layers": 10},
    }
    sums = condition == "heavy hitters"
    return kept_bytes(SEQ, room=room, sums=sums, **shapes.get(condition, {}))


@cache
def given() -> tuple[att.LanguageModel, Any]:
    """Load SmolLM2 and its tokenizer, once."""
    return load_smollm2()


@cache
def passages() -> tuple[Tensor, ...]:
    """Give passages of the test plays, each (1, 513): two of one play, one of the other."""
    first, second = data.shakespeare("test").values()
    cuts = (first[:8000], second[:8000], second[len(second) // 2 :][:8000])
    texts = [text[text.index("\n\n") + 2 :] for text in cuts]
    return tuple(torch.tensor([given()[1].encode(text).ids[: SEQ + 1]]) for text in texts)


@torch.no_grad()
def logits(condition: str, room: int, text: Tensor, seed: int = 0) -> Tensor:
    """Read a text with one of the caches: the logits after each token, (seq, n_tokens)."""
    model = given()[0]
    if condition in RULES:
        attend = keeping(RULES[condition], room, seed)
    elif condition in ROUNDINGS:
        attend = rounding(ROUNDINGS[condition])
    else:
        attend = sharing() if condition == "layers in pairs" else att.fused_attention
    return CHANGES.get(condition, lambda same: same)(model)(text, attend=attend)[0]


@cache
def whole(passage: int) -> Tensor:
    """Give what the full cache says of a passage."""
    return logits("everything", SEQ, passages()[passage][:, :-1])


def judge(said: Tensor, passage: int) -> dict[str, Any]:
    """Measure the loss, the loss along the text, and what is shared with the full cache.

    ``overlap`` is the mean of Σ min(p, q), the share of drafts that speculative decoding accepts.
    """
    losses = F.cross_entropy(said, passages()[passage][0, 1:], reduction="none")
    p, q = (x[-JUDGED:].softmax(-1) for x in (whole(passage), said))
    return {
        "loss": round(losses[-JUDGED:].mean().item(), 4),
        "along": [round(x, 3) for x in losses.unflatten(0, (-1, BIN)).mean(-1).tolist()],
        "overlap": round(torch.minimum(p, q).sum(-1).mean().item(), 4),
    }


def measure(trial: Trial) -> dict[str, Any]:
    """Read one passage with one cache."""
    text = passages()[trial.seed][:, :-1]
    return judge(logits(trial.condition, trial.n_steps, text, trial.seed), trial.seed)


EXPERIMENT = Experiment(
    __file__,
    budgets={
        **dict.fromkeys(RULES, (32, 64, 128)),
        "random": (64,),
        **dict.fromkeys(["everything", *ROUNDINGS, *CHANGES], (SEQ,)),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
