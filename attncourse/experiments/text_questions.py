"""What ``text_classification`` asks of a trained network: what is right, and why it says so."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from attncourse import data
from attncourse.experiments import text_classification as task
from attncourse.training import TextClassifier, pad

#: Distances of a mean rating from zero; people agree more the further it is.
CLEAR = (0.0, 0.5, 1.0, 1.5, 4.0)
N_EXPLAINED = 100  # sentences


def ranks(x: np.ndarray) -> np.ndarray:
    """Ranks of the numbers; equal ones share the mean of theirs."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation: 1 for the same order, 0 for none; 0 where one of them is constant."""
    a, b = ranks(np.asarray(a)), ranks(np.asarray(b))
    if not (np.ptp(a) and np.ptp(b)):
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def subsets(texts: task.Texts) -> dict[str, np.ndarray]:
    """Which of the film sentences have a negation, and how far each rating is from zero."""
    negated = np.array([bool(task.NEGATIONS & set(words)) for words in texts.words])
    far = np.abs(np.array(texts.ratings))
    bins = {f"{low:g} to {high:g}": (far > low) & (far <= high) for low, high in pairwise(CLEAR)}
    return {"all": np.ones_like(negated), "negated": negated, "plain": ~negated, **bins}


def one_alone(found: Sequence[data.Rated]) -> np.ndarray:
    """Say how often one person's sign is that of all the others, for each text; no sign is half."""
    shares = []
    for rated in found:
        each = np.array(rated.ratings)
        others = np.sign(each.sum() - each)
        shares.append(np.where(each * others == 0, 0.5, np.sign(each) == others).mean())
    return np.array(shares)


def right_in(said: np.ndarray, texts: task.Texts) -> dict[str, list[int]]:
    """Right ones and all, for each subset."""
    right = (said > 0) == texts.good
    return {k: [int(right[w].sum()), int(w.sum())] for k, w in subsets(texts).items()}


def judged(model: TextClassifier, condition: str, seed: int = 0) -> dict[str, Any]:
    """Say which held-out film sentences a network gets right, as they are and shuffled."""
    texts = task.films("test")
    rows, draw = task.numbered(condition, texts), random.Random(seed)
    shuffled = [draw.sample(row, len(row)) for row in rows]
    as_it_is = shuffled if task.SETTINGS[condition].shuffled else rows
    return {
        "right": right_in(task.look(model, as_it_is)[0], texts),
        "right, shuffled": right_in(task.look(model, shuffled)[0], texts)["all"],
        "turned": turned(model, condition),
    }


def turned(model: TextClassifier, condition: str) -> dict[str, list[int]]:
    """Count pairs in which "it is good" beats "it is bad", and "it is not good" loses.

    A network that adds up words, each with a weight of its own, cannot have both.
    """
    setting = task.SETTINGS[condition]

    def said(words: Sequence[str], form: str) -> np.ndarray:
        return task.look(model, [task.encode(setting, [*form.split(), w]) for w in words])[0]

    return {
        form: [int(found.sum()), found.size]
        for form, found in (
            ("it is", said(task.GOOD, "it is")[:, None] > said(task.BAD, "it is")),
            ("it is not", said(task.GOOD, "it is not")[:, None] < said(task.BAD, "it is not")),
        )
    }


def left_out(model: TextClassifier, row: list[int]) -> np.ndarray:
    """How far the logit moves when one word is left out, for each word."""
    others = [row[:j] + row[j + 1 :] for j in range(len(row))]
    whole, _ = task.look(model, [row])
    return task.look(model, others)[0] - whole[0]


def gradients(model: TextClassifier, row: list[int]) -> np.ndarray:
    """Gradient of the logit times the embedding, for each word: to first order, what it adds."""
    x = model.embed(pad([row])).detach().requires_grad_()
    vector, _ = model.read(x, torch.ones(1, len(row), dtype=torch.bool))
    (slope,) = torch.autograd.grad(model.out(vector).sum(), x)
    return (slope * x).sum(-1)[0].detach().numpy()


@torch.no_grad()
def parts(model: TextClassifier, row: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Each word's weight A and what its state says, h · w; the logit is b plus all A (h · w)."""
    x, mask = model.embed(pad([row])), torch.ones(1, len(row), dtype=torch.bool)
    _, weights = model.words(x, mask)
    says = model.words.states(x, mask)[0] @ model.out.weight[0]
    return weights[0].numpy(), says.numpy()


def explained(model: TextClassifier, condition: str) -> dict[str, list[float]]:
    """Rank correlations with the effect of leaving a word out, one for each of some sentences."""
    rows = [r for r in task.numbered(condition, task.films("test")) if 6 <= len(r) <= 30]
    found: dict[str, list[float]] = {"weight": [], "share": [], "gradient": [], "drawn": []}
    draw = np.random.default_rng(0)
    for row in rows[:N_EXPLAINED]:
        effect = np.abs(left_out(model, row))
        weight, says = parts(model, row)
        found["weight"].append(spearman(weight, effect))
        found["share"].append(spearman(np.abs(weight * says), effect))
        found["gradient"].append(spearman(np.abs(gradients(model, row)), effect))
        found["drawn"].append(spearman(draw.permutation(weight), effect))
    return {name: [round(float(np.mean(r)), 4)] for name, r in found.items()} | {
        "moved": moved(model, rows[:N_EXPLAINED])
    }


@torch.no_grad()
def moved(model: TextClassifier, rows: list[list[int]]) -> list[float]:
    """Give the share of verdicts that change if weights change places among a sentence's words.

    The second number is that of equal weights in their place.
    """
    turns, draw, b = np.zeros((2, len(rows))), np.random.default_rng(0), model.out.bias.item()
    for i, row in enumerate(rows):
        weight, says = parts(model, row)
        said = weight @ says + b > 0
        turns[0, i] = said != (draw.permutation(weight) @ says + b > 0)
        turns[1, i] = said != (says.mean() + b > 0)
    return [round(float(t), 4) for t in turns.mean(1)]


def held_out_reviews() -> task.Texts:
    """All reviews and editorials that nothing was learned from: nothing was tuned on any."""
    parts = [task.reviews("valid"), task.reviews("test")]
    return task.Texts(
        [w for p in parts for w in p.words],
        [r for p in parts for r in p.ratings],
        np.concatenate([p.good for p in parts]),
    )


def reviews_judged(model: TextClassifier, condition: str) -> dict[str, Any]:
    """Say how many reviews are right, and whether weight falls where people felt most."""
    texts, levels = held_out_reviews(), task.SETTINGS[condition].levels
    logits, weights = task.look(model, task.numbered(condition, texts), levels)
    right = (logits > 0) == texts.good
    found: dict[str, Any] = {"right": {"all": [int(right.sum()), len(right)]}}
    if condition == "review: two levels":
        found["felt"] = felt(texts, weights)
    return found


def felt(texts: task.Texts, weights: list[np.ndarray]) -> list[float]:
    """Mean rank correlation of sentences' weights with the strength of their ratings.

    The second number is that of weights that have changed places in their review.
    """
    draw, pairs = np.random.default_rng(0), []
    for ratings, weight in zip(texts.ratings, weights, strict=True):
        if len(ratings) > 3:
            strong = np.abs(ratings)
            pairs.append((spearman(weight, strong), spearman(draw.permutation(weight), strong)))
    return [round(float(n), 4) for n in np.mean(pairs, axis=0)]
