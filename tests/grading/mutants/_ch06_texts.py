"""Answers to ``copy_distribution`` and ``attention_pooling``."""

import math

import numpy as np

# --- copy_distribution -------------------------------------------------------------------------


def copy_by_adding(p_known, gate, weights, source, n_words):
    p = np.zeros((*gate.shape, n_words))
    for place in np.ndindex(*gate.shape):
        p[place][: p_known.shape[-1]] = gate[place] * p_known[place]
        np.add.at(p[place], source[place], (1 - gate[place]) * weights[place])
    return p


def copy_by_product(p_known, gate, weights, source, n_words):
    words = np.eye(n_words)
    looked = np.einsum("...j,...jw->...w", weights, words[source])
    said = p_known @ words[: p_known.shape[-1]]
    return looked + gate[..., None] * (said - looked)


def _known(p_known, n_words):
    return np.concatenate(
        [p_known, np.zeros((*p_known.shape[:-1], n_words - p_known.shape[-1]))], -1
    )


def _each(change):
    """Step by step: ``change(p, g, weights, source, n_known)`` writes the copies into ``p``."""

    def mix(p_known, gate, weights, source, n_words):
        p = gate[..., None] * _known(p_known, n_words)
        for place in np.ndindex(*gate.shape):
            change(p[place], gate[place], weights[place], source[place], p_known.shape[-1])
        return p

    return mix


def _plus(p, g, weights, source, n_known):
    p[source] += (1 - g) * weights


def _assign(p, g, weights, source, n_known):
    p[source] = (1 - g) * weights


def _larger(p, g, weights, source, n_known):
    most = np.zeros(len(p))
    np.maximum.at(most, source, weights)
    p += (1 - g) * most


def _averaged(p, g, weights, source, n_known):
    times = np.bincount(source, minlength=len(p))
    p += (1 - g) * np.bincount(source, weights, len(p)) / np.maximum(times, 1)


def _without_g(p, g, weights, source, n_known):
    np.add.at(p, source, weights)


def _same_g(p, g, weights, source, n_known):
    np.add.at(p, source, g * weights)


def _only_unknown(p, g, weights, source, n_known):
    new = source >= n_known
    np.add.at(p, source[new], (1 - g) * weights[new])


def _only_known(p, g, weights, source, n_known):
    old = source < n_known
    np.add.at(p, source[old], (1 - g) * weights[old])


def _as_unk(p, g, weights, source, n_known):
    np.add.at(p, np.where(source < n_known, source, 0), (1 - g) * weights)


def _by_place(p, g, weights, source, n_known):
    p[: len(weights)] += (1 - g) * weights


def _evenly(p, g, weights, source, n_known):
    np.add.at(p, source, (1 - g) / len(source))


def copy_turned(p_known, gate, weights, source, n_words):
    return copy_by_adding(p_known, 1 - gate, weights, source, n_words)


def copy_without_gate(p_known, gate, weights, source, n_words):
    return 2 * copy_by_adding(p_known, gate * 0 + 0.5, weights, source, n_words)


def copy_half(p_known, gate, weights, source, n_words):
    return copy_by_adding(p_known, gate * 0 + 0.5, weights, source, n_words)


def copy_nothing(p_known, gate, weights, source, n_words):
    return gate[..., None] * _known(p_known, n_words)


def copy_alone(p_known, gate, weights, source, n_words):
    return copy_by_adding(p_known * 0, gate, weights, source, n_words)


def copy_in_place(p_known, gate, weights, source, n_words):
    p = copy_by_adding(p_known, gate, weights, source, n_words)
    p_known *= gate[..., None]
    return p


def copy_of_batches(p_known, gate, weights, source, n_words):
    p = gate * _known(p_known, n_words)
    np.add.at(p, source, (1 - gate) * weights)
    return p


# --- attention_pooling -------------------------------------------------------------------------


def pool_by_loops(h, w_key, b, v, mask):
    out = np.zeros((*h.shape[:-2], h.shape[-1]))
    for place in np.ndindex(*h.shape[:-2]):
        states = h[place][mask[place]]
        if len(states):
            scores = [float(np.tanh(state @ w_key + b) @ v) for state in states]
            powers = [math.exp(s - max(scores)) for s in scores]
            out[place] = sum(p * s for p, s in zip(powers, states, strict=True)) / sum(powers)
    return out


def pool_by_einsum(h, w_key, b, v, mask):
    scores = np.einsum("...m,m->...", np.tanh(np.einsum("...jd,dm->...jm", h, w_key) + b), v)
    scores = np.where(mask, scores, -np.inf)
    with np.errstate(invalid="ignore"):
        e = np.nan_to_num(np.exp(scores - scores.max(-1, keepdims=True)))
    e = e / np.maximum(e.sum(-1, keepdims=True), 1e-30)
    return np.einsum("...j,...jd->...d", e, h)


def _soft(scores, axis=-1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _sum(weights, h):
    return np.einsum("...j,...jd->...d", weights, h)


def _bent(h, w_key, b, v):
    return np.tanh(h @ w_key + b) @ v


def _masked(scores, mask, fill=-np.inf):
    """Weights, with zeros where everything is closed."""
    with np.errstate(invalid="ignore"):
        return np.where(mask.any(-1, keepdims=True), _soft(np.where(mask, scores, fill)), 0)


def _scored(score):
    return lambda h, w_key, b, v, mask: _sum(_masked(score(h, w_key, b, v), mask), h)


def pool_unmasked(h, w_key, b, v, mask):
    return _sum(_soft(_bent(h, w_key, b, v)), h)


def pool_inverted(h, w_key, b, v, mask):
    return _sum(_masked(_bent(h, w_key, b, v), ~mask), h)


def pool_masked_late(h, w_key, b, v, mask):
    return _sum(_soft(_bent(h, w_key, b, v)) * mask, h)


def pool_times_mask(h, w_key, b, v, mask):
    return _sum(_soft(_bent(h, w_key, b, v) * mask), h)


def pool_zeroed(h, w_key, b, v, mask):
    return pool_unmasked(h * mask[..., None], w_key, b, v, mask)


def pool_nan(h, w_key, b, v, mask):
    return _sum(_soft(np.where(mask, _bent(h, w_key, b, v), -np.inf)), h)


def pool_padding_mean(h, w_key, b, v, mask):
    return _sum(_soft(np.where(mask, _bent(h, w_key, b, v), -1e30)), h)


def pool_overflow(h, w_key, b, v, mask):
    e = np.where(mask, np.exp(_bent(h, w_key, b, v)), 0)
    total = e.sum(-1, keepdims=True)
    return _sum(e / np.where(total == 0, 1, total), h)


def pool_hidden(h, w_key, b, v, mask):
    return _sum(_masked(_bent(h, w_key, b, v), mask), np.tanh(h @ w_key + b))


def pool_mean(h, w_key, b, v, mask):
    return _sum(mask / np.maximum(mask.sum(-1, keepdims=True), 1), h)


def pool_averaged(h, w_key, b, v, mask):
    return (_masked(_bent(h, w_key, b, v), mask)[..., None] * h).mean(-2)


def pool_powers(h, w_key, b, v, mask):
    return _sum(np.where(mask, np.exp(_bent(h, w_key, b, v)), 0), h)


def pool_sigmoid(h, w_key, b, v, mask):
    return _sum(mask / (1 + np.exp(-_bent(h, w_key, b, v))), h)


def pool_scores(h, w_key, b, v, mask):
    return _sum(mask * _bent(h, w_key, b, v), h)


def pool_over_batch(h, w_key, b, v, mask):
    scores = np.where(mask, _bent(h, w_key, b, v), -np.inf)
    with np.errstate(invalid="ignore"):
        return _sum(np.nan_to_num(_soft(scores, axis=0)), h)


def pool_weights(h, w_key, b, v, mask):
    return _masked(_bent(h, w_key, b, v), mask)


def pool_minus_ten(h, w_key, b, v, mask):
    weights = _soft(_bent(h, w_key, b, v) - 10.0 * ~mask)
    return _sum(weights, h) * mask.any(-1, keepdims=True)


def pool_lowered(h, w_key, b, v, mask):
    weights = _soft(_bent(h, w_key, b, v) - 1e4 * ~mask)
    return _sum(weights, h) * mask.any(-1, keepdims=True)


def pool_finite(h, w_key, b, v, mask):
    return _sum(_masked(_bent(h, w_key, b, v), mask, -1e5) * mask, h)


def pool_in_place(h, w_key, b, v, mask):
    out = pool_by_loops(h, w_key, b, v, mask)
    h[~mask] = 0
    return out


def pool_transposed(h, w_key, b, v, mask):
    w_key = w_key.T if w_key.shape[0] == w_key.shape[1] else w_key
    return pool_by_loops(h, w_key, b, v, mask)


RIGHT = {
    "copy_distribution": [copy_by_adding, copy_by_product],
    "attention_pooling": [pool_by_loops, pool_by_einsum],
}
WRONG = {
    "copy_distribution": {
        "a word twice counts once": _each(_plus),
        "known words overwritten": _each(_assign),
        "largest of its places": _each(_larger),
        "mean of its places": _each(_averaged),
        "gate on one side": _each(_without_g),
        "one gate for both": _each(_same_g),
        "unknown words only": _each(_only_unknown),
        "unknown words lost": _each(_only_known),
        "unknown words in one": _each(_as_unk),
        "places for words": _each(_by_place),
        "every mention counts alike": _each(_evenly),
        "gate turned round": copy_turned,
        "no gate": copy_without_gate,
        "half and half": copy_half,
        "known only": copy_nothing,
        "copied only": copy_alone,
        "in place": copy_in_place,
        "exception": copy_of_batches,
    },
    "attention_pooling": {
        "mask ignored": pool_unmasked,
        "mask inverted": pool_inverted,
        "masked after softmax": pool_masked_late,
        "scores times mask": pool_times_mask,
        "states masked": pool_zeroed,
        "NaN for an empty sentence": pool_nan,
        "an empty sentence averaged": pool_padding_mean,
        "overflow": pool_overflow,
        "no tanh": _scored(lambda h, w_key, b, v: (h @ w_key + b) @ v),
        "no b": _scored(lambda h, w_key, b, v: np.tanh(h @ w_key) @ v),
        "no v": _scored(lambda h, w_key, b, v: np.tanh(h @ w_key + b).sum(-1)),
        "tanh outside": _scored(lambda h, w_key, b, v: np.tanh((h @ w_key + b) @ v)),
        "scaled": _scored(lambda h, w_key, b, v: _bent(h, w_key, b, v) / np.sqrt(len(v))),
        "hidden units pooled": pool_hidden,
        "plain mean": pool_mean,
        "divided once more": pool_averaged,
        "not normalised": pool_powers,
        "sigmoid": pool_sigmoid,
        "scores for weights": pool_scores,
        "softmax over the batch": pool_over_batch,
        "weights returned": pool_weights,
        "matrix transposed": pool_transposed,
        "weak penalty": pool_minus_ten,
        "finite in place of -∞": pool_finite,
        "in place": pool_in_place,
    },
}
UNNAMED = {
    "copy_distribution": [
        (lambda *a: 0 * copy_by_adding(*a), ()),
        (lambda *a: np.nan * copy_by_adding(*a), ()),
        (lambda *a: copy_by_adding(*a)[..., ::-1], ()),
        (lambda *a: copy_by_adding(*a) ** 2, ()),
        (lambda *a: _soft(copy_by_adding(*a)), ()),
        (lambda *a: np.full(copy_by_adding(*a).shape, 1 / a[-1]), ()),
        (lambda p, g, w, s, n: copy_by_adding(p, g, w[..., ::-1], s, n), ()),
        (lambda p, g, w, s, n: copy_by_adding(p[..., ::-1], 1 - g, w, s, n), ()),
        (lambda p, g, w, s, n: copy_by_adding(p, g**2, w, s, n), ()),
    ],
    "attention_pooling": [
        (pool_lowered, {"weak penalty"}),
        (lambda *a: 0 * pool_by_loops(*a), ()),
        (lambda *a: np.nan * pool_by_loops(*a), ()),
        (lambda *a: pool_by_loops(*a)[..., ::-1], ()),
        (lambda *a: np.tanh(pool_by_loops(*a)), ()),
        (lambda h, w, b, v, m: pool_by_loops(h, w, -b, v, m), ()),
        (lambda h, w, b, v, m: pool_by_loops(h, w, b, -v, m), ()),
        (lambda h, w, b, v, m: h[..., 0, :], ()),
        (lambda h, w, b, v, m: h.max(-2), ()),
        (lambda h, w, b, v, m: pool_by_loops(h, 2 * w, b, v, m), ()),
    ],
}
