"""Sum up a docstring in one line: one vector, attention, attention that copies, two rounds of it.

Networks of equal size read the name of a function and the text below its first line, and say that
line. What they say is judged on files that they have not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.summary_scores import focus, pairs_of, repeats, rouge
from attncourse.experiments.summary_texts import N_READ, N_SAID, UNKNOWN, Pair, rare, texts
from attncourse.training import (
    PAD,
    START,
    AdditiveAttention,
    BucketedBatches,
    FixedVector,
    History,
    Seq2Seq,
    count_parameters,
    match_size,
    pad,
    train,
)
from attncourse.training import seed as set_seed

WIDTH = 96  # of the decoder's state


class TwoRounds(nn.Module):
    """Additive attention twice: what the first look found is added to the second one's question."""

    def __init__(self, d_state: int, d_memory: int) -> None:
        super().__init__()
        self.first, self.second = (AdditiveAttention(d_state, d_memory) for _ in range(2))
        self.ask = nn.Linear(d_memory, d_state)

    def remember(self, states: Tensor, summary: Tensor, mask: Tensor) -> Any:
        """Keep what both rounds read."""
        return [look.remember(states, summary, mask) for look in (self.first, self.second)]

    def forward(self, state: Tensor, memory: Any) -> tuple[Tensor, Tensor]:
        """Look, ask again, look again; the weights are those of the second look."""
        found, _ = self.first(state, memory[0])
        return self.second(state + self.ask(found), memory[1])


class Summariser(Seq2Seq):
    """A sequence-to-sequence model that may copy a word of its source.

    Source: See et al. (2017), section 2.2, arXiv:1704.04368; attention here asks with the
    state before the step, s_{t-1}, which has not been told the word said last (Bahdanau's order),
    where See asks with s_t. The gate hears of that word through s_t alone, without See's direct
    input of it, and there is no coverage.
    """

    def __init__(self, n_known: int, memory: Any, *, copies: bool, d_decoder: int) -> None:
        super().__init__(n_known, n_known, memory, d_embed=64, d_encoder=96, d_decoder=d_decoder)
        self.n_known, self.copies = n_known, copies
        self.gate = nn.Linear(d_decoder + 2 * 96, 1) if copies else None

    def known(self, numbers: Tensor) -> Tensor:
        """Replace words that have a number in their pair only."""
        unknown = texts().vocabulary.encode([UNKNOWN])[0]
        return numbers.where(numbers < self.n_known, torch.full_like(numbers, unknown))

    def chances(self, features: Tensor, weights: Tensor | None, source: Tensor) -> Tensor:
        """Give the probability of each word, known or to be copied.

        Parameters
        ----------
        features
            Decoder's state and context, (batch, q_len, d_decoder + d_memory).
        weights
            Of the source's words, (batch, q_len, kv_len).
        source
            Their numbers, (batch, kv_len).
        """
        said = self.out(features).softmax(-1)
        if self.gate is None or weights is None:
            return said
        says = self.gate(features).sigmoid()
        wide = max(self.n_known, int(source.max()) + 1) - self.n_known
        both = F.pad(said * says, (0, wide))
        where = source[:, None].expand_as(weights)
        return both.scatter_add(-1, where, (1 - says) * weights)

    def loss(self, source: Tensor, target: Tensor) -> Tensor:
        """Average -log p over all target words that are not padding."""
        wanted = target if self.copies else self.known(target)
        state, memory = self.encode(self.known(source))
        previous = torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)
        told = self.embed_out(self.known(previous))
        features, looked = [], []
        for t in range(target.shape[1]):
            context, weights = self.memory(state, memory)
            state = self.decoder(torch.cat([told[:, t], context], dim=-1), state)
            features.append(torch.cat([state, context], dim=-1))
            looked.append(weights)
        maps = torch.stack(looked, dim=1) if self.copies else None
        # The output layer once: it is most of the work.
        p = self.chances(torch.stack(features, dim=1), maps, source)
        right = p.gather(-1, wanted[..., None])[..., 0].clamp(min=1e-9).log()
        counts = target != PAD
        return -(right * counts).sum() / counts.sum()

    @torch.no_grad()
    def sum_up(self, source: Tensor, max_len: int = N_SAID) -> tuple[Tensor, Tensor | None, Tensor]:
        """Say the likeliest word at each step; give the words, the weights and the gate.

        The gate is the share of the vocabulary, 1 where nothing can be copied.
        """
        state, memory = self.encode(self.known(source))
        said = torch.full_like(source[:, 0], START)
        symbols, maps, gates = [], [], []
        for _ in range(max_len):
            context, weights = self.memory(state, memory)
            state = self.decoder(
                torch.cat([self.embed_out(self.known(said)), context], dim=-1), state
            )
            features = torch.cat([state, context], dim=-1)[:, None]
            p = self.chances(features, None if weights is None else weights[:, None], source)
            said = p[:, 0].argmax(-1)
            symbols.append(said)
            maps.append(weights)
            gates.append(
                torch.ones_like(p[:, 0, 0])
                if self.gate is None
                else self.gate(features)[:, 0, 0].sigmoid()
            )
        looked = None if maps[0] is None else torch.stack(maps, dim=1)
        return torch.stack(symbols, dim=1), looked, torch.stack(gates, dim=1)


MEMORIES = {
    "one vector": (FixedVector, False),
    "attention": (AdditiveAttention, False),
    "attention that copies": (AdditiveAttention, True),
    "two rounds": (TwoRounds, True),
}


def build(condition: str, seed: int = 0) -> Summariser:
    """Make one of the networks; none is smaller than the one with attention."""
    memory, copies = MEMORIES[condition]
    n_known = len(texts().vocabulary)

    def made(d_decoder: int, memory: Any = memory, copies: bool = copies) -> Summariser:
        set_seed(seed)
        return Summariser(n_known, memory, copies=copies, d_decoder=d_decoder)

    size = count_parameters(made(WIDTH, AdditiveAttention, copies=False))
    if condition == "one vector":
        return made(match_size(made, size))
    return made(WIDTH)


def learn(model: Summariser, n_steps: int, seed: int = 0, label: str = "training") -> History:
    """Train; each model of one seed reads the same docstrings in the same order."""
    pairs = [texts().encode(pair) for pair in texts().train]
    batches = BucketedBatches(pairs, batch_size=32, seed=seed)
    return train(model, model.loss, batches, n_steps=n_steps, label=label)


def summaries(
    model: Summariser, asked: Sequence[Pair]
) -> tuple[list[list[str]], list[np.ndarray | None], list[np.ndarray]]:
    """Sum up each; give the words, the weights of each on the source, and the gate at each."""
    said: list[Any] = [None] * len(asked)
    maps, gates = list(said), list(said)
    order = sorted(range(len(asked)), key=lambda i: len(asked[i].source))
    for first in range(0, len(order), 128):
        rows = order[first : first + 128]
        source = pad([texts().encode(asked[i])[0] for i in rows])
        numbers, looked, gate = model.sum_up(source)
        for row, i in enumerate(rows):
            said[i] = texts().decode(asked[i], numbers[row].tolist())
            if looked is not None:
                maps[i] = looked[row, : len(said[i]), : len(asked[i].source)].numpy()
            gates[i] = gate[row, : len(said[i])].numpy()
    return said, maps, gates


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge what it says of held-out files."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.n_steps, trial.seed, str(trial))
    asked = texts().test
    said, maps, gates = summaries(model, asked)
    found = rouge(said, asked)
    long = np.array([len(pair.source) == N_READ for pair in asked])
    hits = [(len(rare(p) & set(s)), len(rare(p))) for s, p in zip(said, asked, strict=True)]
    known = set().union(*(pairs_of(pair.target) for pair in texts().train))
    pairs = [pair for words_said in said for pair in pairs_of(words_said)]
    looked = [] if maps[0] is None else focus(maps, asked)
    return {
        "rouge": round(float(found.mean()), 4),
        "short": round(float(found[~long].mean()), 4),
        "long": round(float(found[long].mean()), 4),
        "rare": round(sum(n for n, _ in hits) / sum(n for _, n in hits), 4),
        "gate": round(float(np.concatenate(gates).mean()), 4),
        "words": round(float(np.mean([len(s) for s in said])), 2),
        "known pairs": round(float(np.mean([pair in known for pair in pairs])), 4),
        "repeats": round(float(np.mean([repeats(s) for s in said])), 4),
        "focus": [round(float(each), 4) for each in looked],
    }


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "one vector": (75, 150, 300, 600),
        "attention": (75, 150, 300, 600),
        "attention that copies": (75, 150, 300, 600, 1200),
        "two rounds": (75,),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
