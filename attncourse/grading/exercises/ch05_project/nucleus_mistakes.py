"""Mistakes in choosing the tokens that may be drawn."""

from __future__ import annotations

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch03_algorithm.oracles import softmax as oracle_softmax


def _shares(p: np.ndarray) -> np.ndarray:
    return p / p.sum(-1, keepdims=True)


def _kept(p: np.ndarray, keep) -> np.ndarray:
    """Probabilities where ``keep(ranked, reached before each)`` says so; zeros elsewhere."""
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, -1)
    before = ranked.cumsum(-1) - ranked
    kept = np.where(keep(ranked, before), ranked, 0.0)
    return np.take_along_axis(kept, np.argsort(order, -1), -1)


def suspects(logits: np.ndarray, top_p: float, temperature: float) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    logits = logits.astype(np.float64)
    p, cold = oracle_softmax(logits / temperature), oracle_softmax(logits)

    def cut(p: np.ndarray) -> np.ndarray:
        return _kept(p, lambda ranked, before: before < top_p - 1e-9)

    def ascending() -> np.ndarray:
        # Sorted from the smallest, the likeliest come last, and are the first to be cut.
        order = np.argsort(p, axis=-1, kind="stable")
        ranked = np.take_along_axis(p, order, -1)
        kept = np.where(ranked.cumsum(-1) - ranked < top_p, ranked, 0.0)
        return _shares(np.take_along_axis(kept, np.argsort(order, -1), -1))

    def unsorted() -> np.ndarray:
        return _shares(np.where(p.cumsum(-1) - p < top_p, p, 0.0))

    def left_sorted() -> np.ndarray:
        return -np.sort(-_shares(cut(p)), axis=-1)

    def sorted_twice() -> np.ndarray:
        order = np.argsort(-p, axis=-1, kind="stable")
        ranked = np.take_along_axis(_shares(cut(p)), order, -1)
        return np.take_along_axis(ranked, order, -1)

    def with_ties() -> np.ndarray:
        kept = cut(p)
        least = np.where(kept > 0, kept, np.inf).min(-1, keepdims=True)
        return _shares(np.where(p >= least, p, 0.0))

    def one_more() -> np.ndarray:
        kept = _kept(p, lambda ranked, before: np.roll(before, 1, -1) * 0 + before < top_p)
        size = (kept > 0).sum(-1, keepdims=True)
        rank = np.argsort(np.argsort(-p, axis=-1, kind="stable"), axis=-1)
        return _shares(np.where(rank <= size, p, 0.0))

    def short() -> np.ndarray:
        kept = _kept(p, lambda ranked, before: before + ranked <= top_p)
        return np.divide(kept, kept.sum(-1, keepdims=True))

    def short_but_one() -> np.ndarray:
        return _shares(
            _kept(p, lambda ranked, before: (before + ranked <= top_p) | (before < 1e-12))
        )

    def after() -> np.ndarray:
        kept = cut(cold)
        powers = np.where(kept > 0, np.exp((logits - logits.max()) / temperature), 0.0)
        return _shares(powers)

    def by_floor() -> np.ndarray:
        return _shares(np.where(p >= (1 - top_p) * p.max(-1, keepdims=True), p, 0.0))

    crossing = (
        "The token that crosses top_p is left out, so the set does not reach it. It belongs to the "
        "set: keep a token while the ones before it have not reached top_p."
    )
    return [
        Suspect("crossing token left out", crossing, short),
        Suspect(
            "crossing token left out",
            "The likeliest token stays, but of the others the one that crosses top_p is left "
            "out. It "
            "belongs to the set: ask what the ones before it have reached.",
            short_but_one,
        ),
        Suspect(
            "one too many",
            "One token too many: the set had reached top_p before it.",
            one_more,
        ),
        Suspect(
            "not renormalised",
            "The set is right, but its probabilities do not sum to 1. Divide by what they sum to.",
            lambda: cut(p),
        ),
        Suspect(
            "temperature ignored",
            "The temperature has no effect. Divide the logits by it, before anything else.",
            lambda: _shares(cut(cold)),
        ),
        Suspect(
            "temperature multiplied",
            "The logits are multiplied by the temperature. They are divided: small is sharp.",
            lambda: _shares(cut(oracle_softmax(logits * temperature))),
        ),
        Suspect(
            "temperature after",
            "The set is chosen before the temperature is used. It comes first, since it changes "
            "which "
            "tokens reach top_p.",
            after,
        ),
        Suspect(
            "not cut",
            "All tokens are still there: this is plain softmax.",
            p,
        ),
        Suspect(
            "sorted upwards",
            "You add up from the least likely token, so the likeliest are cut. Begin with the "
            "likeliest.",
            ascending,
        ),
        Suspect(
            "not sorted",
            "The probabilities are added up in the order of the vocabulary. Sort them first, the "
            "likeliest in front.",
            unsorted,
        ),
        Suspect(
            "left sorted",
            "The result is in sorted order. Each probability has to go back to its own token.",
            left_sorted,
        ),
        Suspect(
            "sorted twice",
            "The way back is not the way there: take_along_axis with the same order sorts once "
            "more. "
            "put_along_axis goes back, or take_along_axis with argsort of the order.",
            sorted_twice,
        ),
        Suspect(
            "softmax again",
            "A second softmax runs over the probabilities. Divide by their sum instead.",
            lambda: oracle_softmax(_shares(cut(p))),
        ),
        Suspect(
            "ties kept",
            "Tokens as likely as the last one of the set are all kept. The set is the smallest "
            "that "
            "reaches top_p: of equal ones the first.",
            with_ties,
        ),
        Suspect(
            "floor",
            "You keep what is likely enough beside the likeliest, which is min-p. Here the "
            "tokens of "
            "the set together reach top_p.",
            by_floor,
        ),
        Suspect(
            "floor",
            "You keep each token whose own probability reaches top_p. It is their sum that counts.",
            lambda: np.nan_to_num(_shares(np.where(p >= top_p, p, 0.0))),
        ),
        Suspect(
            "unstable",
            "exp of a large logit is infinite, and ∞/∞ is NaN. Take each row's largest logit away "
            "before you call exp.",
            lambda: _shares(cut(_shares(np.exp(logits / temperature)))),
        ),
        Suspect(
            "greedy",
            "Only the likeliest token is left.",
            lambda: _kept(p, lambda ranked, before: before < 1e-12) > 0,
        ),
    ]
