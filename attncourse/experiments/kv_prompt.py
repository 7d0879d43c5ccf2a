"""What a compressed prompt still knows: the cache is cut down, then a question is answered.

Sentences with a fact each stand between speeches of a play. SmolLM2 reads them, its cache is cut
down to a few positions a head, and it is told the beginning of the answer. Measured is -log p of
the rest. The question is either the end of the prompt that is cut, or it comes after the cut.
Nothing is trained. A trial's ``n_steps`` is the number of positions kept, its ``seed`` the number
of the story.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

import attncourse.pytorch as att
from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.kv_cache import N_SINKS, given

WATCH = 16  # the last queries of a prompt, whose weights SnapKV looks at
POOL = 7  # neighbours of a position that is looked at are kept with it


class Fact(NamedTuple):
    """A sentence in the story, a question, the beginning of its answer, and the rest."""

    told: str
    question: str
    begun: str
    answer: str


FACTS = (
    Fact(
        "The old sailor's dog is called Biscuit.",
        "What is the old sailor's dog called?",
        "The old sailor's dog is called",
        " Biscuit",
    ),
    Fact(
        "The spare key of the boathouse hangs behind the clock.",
        "Where does the spare key of the boathouse hang?",
        "The spare key of the boathouse hangs behind the",
        " clock",
    ),
    Fact(
        "Marta's favourite fruit is the lemon.",
        "What is Marta's favourite fruit?",
        "Marta's favourite fruit is the",
        " lemon",
    ),
    Fact(
        "The train to Porto leaves from platform 7.",
        "From which platform does the train to Porto leave?",
        "The train to Porto leaves from platform",
        " 7",
    ),
    Fact(
        "The baker's daughter plays the trumpet.",
        "Which instrument does the baker's daughter play?",
        "The baker's daughter plays the",
        " trumpet",
    ),
    Fact(
        "The stolen painting was found in the bakery.",
        "Where was the stolen painting found?",
        "The stolen painting was found in the",
        " bakery",
    ),
    Fact(
        "Uncle Otto painted his bicycle purple.",
        "Which colour did Uncle Otto paint his bicycle?",
        "Uncle Otto painted his bicycle",
        " purple",
    ),
    Fact(
        "The lighthouse is closed every Tuesday.",
        "On which day is the lighthouse closed?",
        "The lighthouse is closed every",
        " Tuesday",
    ),
)


class Read(NamedTuple):
    """What a prompt leaves behind.

    Attributes
    ----------
    caches
        Of each block, as the model gives them.
    totals
        For each layer the weight that each position got from all queries, (n_kv_heads, kv_len).
    watched
        The same from the last queries alone.
    """

    caches: tuple[Any, ...]
    totals: list[Tensor]
    watched: list[Tensor]


@cache
def story(number: int) -> str:
    """Put the facts between speeches of a play that is in no training part of the course."""
    plays = data.shakespeare("test").values()
    speeches = [play[play.index("\n\n") + 2 :].split("\n\n") for play in plays]
    spoken = speeches[number % 2][40 * number :]
    parts = [
        part for n, fact in enumerate(FACTS) for part in (*spoken[2 * n : 2 * n + 2], fact.told)
    ]
    return "\n\n".join([*parts, *spoken[16:18]])


def numbers(text: str) -> Tensor:
    """Give a text as numbers of tokens, (1, seq)."""
    return torch.tensor([given()[1].encode(text).ids])


@torch.no_grad()
def read(tokens: Tensor, past: Read | None = None) -> Read:
    """Read tokens behind what was read before, and watch where the queries look."""
    totals, watched = [], []

    def attend(q: Tensor, k: Tensor, v: Tensor, **options: Any) -> Tensor:
        output, weights = att.scaled_dot_product_attention(q, k, v, return_weights=True, **options)
        shared = weights[0].unflatten(0, (k.shape[1], -1)).sum(1)
        totals.append(shared.sum(1))
        watched.append(shared[:, -WATCH:].sum(1))
        return output

    before = None if past is None else past.caches
    _, caches = given()[0].with_cache(tokens, caches=before, attend=attend)
    if past is not None:
        for new, old in zip(totals, past.totals, strict=True):
            new[:, : old.shape[-1]] += old
    return Read(caches, totals, watched)


@cache
def told(number: int) -> Read:
    """Read a story."""
    return read(numbers(f"<|im_start|>user\n{story(number)}\n\n"))


@cache
def asked(number: int, fact: int) -> Read:
    """Read a story and a question at its end."""
    return read(numbers(asking(FACTS[fact])), told(number))


def asking(fact: Fact) -> str:
    """Write the question as the model's training has it, up to where the answer begins."""
    return f"{fact.question}<|im_end|>\n<|im_start|>assistant\n"


def best(worth: Tensor, room: int, n_newest: int, n_first: int = 0) -> Tensor:
    """Choose positions: the newest, the first, and those of the greatest worth, in order.

    Parameters
    ----------
    worth
        (n_kv_heads, kv_len).
    room, n_newest, n_first
        How many in all, and how many of them stand at the two ends.
    """
    worth = worth.clone()
    worth[:, worth.shape[-1] - n_newest :] = torch.inf
    worth[:, :n_first] = torch.inf
    return worth.topk(room).indices.sort().values


def snapkv(watched: Tensor, room: int) -> Tensor:
    """Choose what the last queries looked at, with its neighbours, and those queries' positions."""
    pooled = F.max_pool1d(watched, POOL, stride=1, padding=POOL // 2)
    return best(pooled, room, min(WATCH, room // 2))


def sampled(shape: torch.Size, room: int) -> Tensor:
    """Choose the first few, the newest half, and a random sample between them: the control."""
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(shape[-1]))
    return best(noise, room, room // 2, N_SINKS)


RULES: dict[str, Callable[[Tensor, Tensor, int], Tensor]] = {
    "window and sinks": lambda total, _, room: best(total, room, room - N_SINKS, N_SINKS),
    "heavy hitters": lambda total, _, room: best(total, room, room // 2),
    "SnapKV": lambda _, watched, room: snapkv(watched, room),
    "sinks and random": lambda total, _, room: sampled(total.shape, room),
}


def cut(what: Read, rule: str, room: int) -> tuple[Any, ...]:
    """Give caches that hold the chosen positions alone: smaller arrays, each head its own."""
    smaller = []
    for block, total, watched in zip(*what, strict=True):
        rows = RULES[rule](total, watched, room)[None, :, :, None]
        kept = [x.take_along_dim(rows, -2) for x in block.self_attention]
        smaller.append(block._replace(self_attention=att.KVCache(*kept)))
    return tuple(smaller)


@torch.no_grad()
def surprise(caches: tuple[Any, ...], seen: int, said: str, answer: str) -> float:
    """Give -log p of an answer after what is said, behind caches of ``seen`` tokens of text."""
    first, rest = numbers(said), numbers(answer)
    tokens = torch.cat([first, rest], -1)
    places = torch.arange(seen, seen + tokens.shape[-1])
    logits, _ = given()[0].with_cache(tokens, caches=caches, positions=places)
    logp = logits[0, first.shape[-1] - 1 : -1].log_softmax(-1)
    return -logp.gather(-1, rest[0, :, None]).sum().item()


def answer(number: int, fact: int, rule: str, when: str, room: int) -> float:
    """Cut a story's cache, with the question in it or before the question comes; then answer."""
    what = told(number) if when == "asked after" else asked(number, fact)
    seen = what.totals[0].shape[-1]
    caches = what.caches if rule == "everything" else cut(what, rule, room)
    one = FACTS[fact]
    said = (asking(one) if when == "asked after" else "") + one.begun
    return surprise(caches, seen, said, one.answer)


def measure(trial: Trial) -> dict[str, list[float]]:
    """Answer all questions of one story."""
    rule, _, when = trial.condition.partition(", ")
    each = [answer(trial.seed, n, rule, when, trial.n_steps) for n in range(len(FACTS))]
    return {"surprise": [round(found, 3) for found in each]}


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "everything, asked before": (1024,),
        **{f"{rule}, asked before": (32, 64, 128) for rule in RULES},
        **{f"{rule}, asked after": (128,) for rule in RULES},
    },
    seeds=(0, 1, 2),
    measure=measure,
)
