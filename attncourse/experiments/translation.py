"""Translate the strings of a user interface: one vector against attention, over training time.

Two recurrent networks of equal size read an English string and write it in Spanish, word by word,
or in Chinese, character by character. They differ in what the decoder may read, as in
``letters_to_sounds``. What they read is split in ``bitext``, and ``translation_scores`` judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from attncourse import data
from attncourse.experiments.bitext import MAX_LEN, Pair, encode, strings
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.translation_scores import Said, judge
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

#: Adam's step size: of 3e-3 and 8e-3 the one with the lower loss on the strings kept for tuning.
RATE = 8e-3


def build(language: data.Language, memory: str, seed: int = 0) -> Seq2Seq:
    """Make one of the networks; the one without attention is never the smaller one."""
    known = strings(language)

    def made(kind: Any, d_decoder: int) -> Seq2Seq:
        set_seed(seed)
        sizes = {"d_embed": 64, "d_encoder": 96, "d_decoder": d_decoder}
        return Seq2Seq(len(known.english), len(known.foreign), kind, **sizes)

    if memory == "attention":
        return made(AdditiveAttention, 128)
    size = count_parameters(made(AdditiveAttention, 128))
    return made(FixedVector, match_size(lambda width: made(FixedVector, width), size))


def loss(model: Seq2Seq, source: Tensor, target: Tensor) -> Tensor:
    """Give the number that ``model.loss`` gives, in three fifths of the time.

    The output layer is most of the work with thousands of words, so it is asked once for all steps,
    and not for the padding.
    """
    state, memory = model.encode(source)
    before = torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)
    embedded, read = model.embed_out(before), []
    for t in range(target.shape[1]):
        context, _ = model.memory(state, memory)
        state = model.decoder(torch.cat([embedded[:, t], context], dim=-1), state)
        read.append(torch.cat([state, context], dim=-1))
    there = target != PAD
    return F.cross_entropy(model.out(torch.stack(read, dim=1)[there]), target[there])


def learn(
    model: Seq2Seq,
    language: data.Language,
    n_steps: int,
    seed: int = 0,
    label: str = "training",
    every: int = 0,
) -> History:
    """Train in place; each model of one seed reads the same strings in the same order.

    With ``every``, the loss on the strings kept for tuning is looked at every so many steps.
    """
    known = strings(language)

    def numbers(pairs: list[Pair]) -> list[tuple[list[int], list[int]]]:
        return [(encode(a, known.english), encode(b, known.foreign)) for a, b in pairs]

    batches = BucketedBatches(numbers(known.train), batch_size=64, seed=seed)
    unread = list(BucketedBatches(numbers(known.valid), batch_size=64)) if every else []

    def watch() -> float:
        return float(np.mean([loss(model, *batch).item() for batch in unread]))

    return train(
        model,
        lambda *batch: loss(model, *batch),
        batches,
        n_steps=n_steps,
        learning_rate=RATE,
        label=label,
        validate=watch if every else None,
        every=every or n_steps,
    )


def translate(
    model: Seq2Seq, language: data.Language, sources: Sequence[tuple[str, ...]]
) -> list[Said]:
    """Write each string in the other language, taking the likeliest word at each step."""
    known = strings(language)
    found: dict[int, Said] = {}
    ordered = sorted(range(len(sources)), key=lambda i: len(sources[i]))  # little padding
    for start in range(0, len(ordered), 256):
        batch = ordered[start : start + 256]
        numbers, weights = model.generate(
            pad([encode(sources[i], known.english) for i in batch]), MAX_LEN
        )
        for row, i in enumerate(batch):
            words = tuple(known.foreign.decode(numbers[row]))  # pyrefly: ignore
            looked = None
            if weights is not None:
                looked = weights[row, : len(words) + 1, : len(sources[i])].numpy()
            found[i] = Said(sources[i], words, looked)
    return [found[i] for i in range(len(sources))]


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and let it translate what was held out."""
    name, memory = trial.condition.split(", ")
    language = LANGUAGES[name]
    known, model = strings(language), build(language, memory, trial.seed)
    learn(model, language, trial.n_steps, trial.seed, str(trial))
    return {
        part: judge(language, translate(model, language, [a for a, _ in pairs]), pairs)
        for part, pairs in {"new": known.new, "siblings": known.siblings}.items()
    }


LANGUAGES: dict[str, data.Language] = {"Spanish": "es", "Chinese": "zh-Hans"}

EXPERIMENT = Experiment(
    __file__,
    budgets={
        "Spanish, attention": (200, 600, 1500),
        "Spanish, one vector": (200, 600, 1500),
        "Chinese, attention": (300,),
        "Chinese, one vector": (300,),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
