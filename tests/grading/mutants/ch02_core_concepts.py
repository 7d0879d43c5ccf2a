"""Wrong answers, written as learners write them, and right ones written in other ways."""

import math

import numpy as np

# --- right -------------------------------------------------------------------------------------


def _softmax(s, axis=-1):
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max(axis=axis, keepdims=True))
        return e / e.sum(axis=axis, keepdims=True)


def lookup_one_by_one(query, keys, values, temperature):
    out = np.zeros((*query.shape[:-1], values.shape[-1]))
    for place in np.ndindex(*query.shape[:-1]):
        scores = np.array([np.dot(np.float64(query[place]), np.float64(k)) for k in keys[place]])
        lead = scores.max() - scores
        if temperature == 0:
            w = (lead == 0).astype(float)
        else:
            w = np.array([math.exp(-min(a / temperature, 700)) for a in lead])
        out[place] = w / w.sum() @ values[place]
    return out


def lookup_by_powers(query, keys, values, temperature):
    s = np.einsum("...d,...jd->...j", query, keys)
    s = s - s.max(-1, keepdims=True)
    with np.errstate(all="ignore"):
        w = np.where(s == 0, 1, 0) if temperature == 0 else np.exp(s / temperature)
    return np.einsum("...j,...jd->...d", w, values) / w.sum(-1)[..., None]


def selves_row_by_row(x, w_query, w_key, w_value):
    rows = []
    for i in range(x.shape[-2]):
        q = x[..., i : i + 1, :] @ w_query
        s = (q * (x @ w_key)).sum(-1) / math.sqrt(w_query.shape[1])
        rows.append((_softmax(s)[..., None] * (x @ w_value)).sum(-2))
    return np.stack(rows, -2)


def selves_by_columns(x, w_query, w_key, w_value):
    """The scores turned round, softmax down the columns, and the weights turned back."""
    s = (x @ w_key) @ (x @ w_query).swapaxes(-1, -2) * w_key.shape[-1] ** -0.5
    return _softmax(s, axis=-2).swapaxes(-1, -2) @ (x @ w_value)


def layer_by_einsum(x, w_query, w_key, w_value, context=None, mask=None):
    read = x if context is None else context
    q = np.einsum("...id,dk->...ik", x, w_query) / np.sqrt(w_query.shape[1])
    s = np.einsum("...ik,...jd,dk->...ij", q, read, w_key)
    if mask is not None:
        s = np.where(mask, s, -np.inf)
    return np.einsum("...ij,...jd,dv->...iv", np.nan_to_num(_softmax(s)), read, w_value)


def layer_values_last(x, w_query, w_key, w_value, context=None, mask=None):
    """Mix the vectors first and project afterwards: the same, since both are sums."""
    read = context if context is not None else x
    seen = True if mask is None else mask
    s = x @ w_query @ w_key.T @ read.swapaxes(-1, -2) / math.sqrt(w_key.shape[1])
    e = np.where(seen, np.exp(s - s.max(-1, keepdims=True, where=seen, initial=-1e30)), 0)
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ read @ w_value


def shares_by_norm(weights, values):
    lengths = np.linalg.norm(values.astype(np.float32), axis=-1)
    parts = np.einsum("...ij,...j->...ij", weights, lengths)
    return np.nan_to_num(parts / parts.sum(-1)[..., None])


def shares_by_terms(weights, values):
    terms = weights[..., None].astype(np.float64) * values[..., None, :, :].astype(np.float64)
    lengths = np.sqrt(np.einsum("...d,...d->...", terms, terms))
    total = lengths.sum(-1, keepdims=True)
    return np.divide(lengths, total, out=np.zeros_like(lengths), where=total > 0)


def crowd_by_steps(query_norm, key_norm, d_k, weight):
    best = query_norm * key_norm / d_k**0.5
    others = math.exp(best) * (1 / weight - 1)
    return others / math.exp(-best) + 1


def crowd_by_logarithms(query_norm, key_norm, d_k, weight):
    gap = 2 * query_norm * key_norm * d_k**-0.5
    return float(1 + np.exp(gap + np.log1p(-weight) - np.log(weight)))


RIGHT = {
    "soft_lookup": [lookup_one_by_one, lookup_by_powers],
    "self_attention": [selves_row_by_row, selves_by_columns],
    "attention_layer": [layer_by_einsum, layer_values_last],
    "contributions": [shares_by_norm, shares_by_terms],
    "longest_context": [crowd_by_steps, crowd_by_logarithms],
}

# --- wrong: a look-up --------------------------------------------------------------------------


def _scores(query, keys):
    return np.einsum("...d,...jd->...j", query, keys)


def _read(w, values):
    return np.einsum("...j,...jd->...d", w, values)


def _best(s):
    best = s == s.max(-1, keepdims=True)
    return best / best.sum(-1, keepdims=True)


def _lookup(weigh):
    """Right at temperature 0, and ``weigh(scores, temperature)`` above."""

    def lookup(query, keys, values, temperature):
        s = _scores(query, keys)
        with np.errstate(all="ignore"):
            w = _best(s) if temperature == 0 else weigh(s, temperature)
        return _read(w, values)

    return lookup


def _calm(s, t):
    return _softmax((s - s.max(-1, keepdims=True)) / t)


def _power(s, t):
    return np.exp(s / t) / np.exp(s / t).sum(-1, keepdims=True)


def lookup_hot_is_nothing(query, keys, values, temperature):
    return _read(_softmax(_scores(query, keys)), values)


def lookup_nan(query, keys, values, temperature):
    s = _scores(query, keys)
    s = s - s.max(-1, keepdims=True)
    with np.errstate(all="ignore"):
        return _read(_softmax(s / np.float64(temperature)), values)


def lookup_first_winner(query, keys, values, temperature):
    s = _scores(query, keys)
    if temperature == 0:
        return _read(np.eye(keys.shape[-2])[s.argmax(-1)], values)
    return _read(_calm(s, temperature), values)


def lookup_hard(query, keys, values, temperature):
    return _read(_best(_scores(query, keys)), values)


def lookup_keys(query, keys, values, temperature):
    return lookup_by_powers(query, keys, keys, temperature)


def lookup_mean(query, keys, values, temperature):
    return values.mean(-2)


def lookup_cosine(query, keys, values, temperature):
    q, k = (a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), 1e-9) for a in (query, keys))
    return lookup_by_powers(q, k, values, temperature)


def lookup_in_place(query, keys, values, temperature):
    right = lookup_by_powers(query, keys, values, temperature)
    values *= 0
    return right


# --- wrong: self-attention ---------------------------------------------------------------------


def _selves(score=None, weigh=_softmax, read=None):
    def attention(x, w_query, w_key, w_value):
        q, k, v = x @ w_query, x @ w_key, x @ w_value
        s = score(q, k, x) if score else q @ k.swapaxes(-1, -2) / np.sqrt(k.shape[-1])
        return weigh(s) @ (read(x, q, k) if read else v)

    return attention


def selves_as_given(x, w_query, w_key, w_value):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    scores = keys @ queries.swapaxes(-1, -2) / np.sqrt(keys.shape[-1])
    scores -= scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ values


def selves_in_place(x, w_query, w_key, w_value):
    right = selves_row_by_row(x, w_query, w_key, w_value)
    x += 1
    return right


def _dots(q, k):
    return q @ k.swapaxes(-1, -2)


def _naive(s):
    return np.exp(s) / np.exp(s).sum(-1, keepdims=True)


# --- wrong: a layer ----------------------------------------------------------------------------


def _closed(s, mask):
    return s if mask is None else np.where(mask, s, -np.inf)


def _layer(weigh=lambda s, mask: np.nan_to_num(_softmax(_closed(s, mask))), scale=None, read=None):
    def layer(x, w_query, w_key, w_value, context=None, mask=None):
        other = x if context is None else context
        q, k, v = x @ w_query, other @ w_key, other @ w_value
        s = _dots(q, k) / (scale(x, k) if scale else np.sqrt(k.shape[-1]))
        return weigh(s, mask) @ (read(other, k) if read else v)

    return layer


def _over_queries(s, mask):
    return np.nan_to_num(_softmax(_closed(s, mask), axis=-2))


def _averaging(s, mask):
    return _softmax(s if mask is None else np.where(mask, s, -1e30))


def _inverted(s, mask):
    return np.nan_to_num(_softmax(s if mask is None else np.where(mask, -np.inf, s)))


def _causal(s, mask):
    s = np.where(np.tri(*s.shape[-2:], dtype=bool), s, -np.inf)
    return np.nan_to_num(_softmax(_closed(s, mask)))


def _quiet(s, mask):
    if mask is None:
        return _softmax(s)
    blind = ~np.broadcast_to(mask, s.shape).any(-1, keepdims=True)
    return np.where(blind, 0, _softmax(np.where(mask, s, -10.0)))


def _quiet_and_zeroed(s, mask):
    return _softmax(s) if mask is None else mask * _softmax(np.where(mask, s, -1e4))


def _transposing(s, mask):
    if mask is not None and mask.shape[-1] == mask.shape[-2]:
        mask = mask.swapaxes(-1, -2)
    return np.nan_to_num(_softmax(_closed(s, mask)))


def _swapping(s, mask):
    if s.shape[-1] == s.shape[-2]:
        s = s.swapaxes(-1, -2)
    return np.nan_to_num(_softmax(_closed(s, mask)))


def _overflowing(s, mask):
    e = np.exp(s) if mask is None else np.where(mask, np.exp(s), 0)
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def layer_swapped_matrices(x, w_query, w_key, w_value, context=None, mask=None):
    if w_query.shape == w_key.shape:
        w_query, w_key = w_key, w_query
    return layer_by_einsum(x, w_query, w_key, w_value, context, mask)


def layer_context_asks(x, w_query, w_key, w_value, context=None, mask=None):
    if context is None:
        return layer_by_einsum(x, w_query, w_key, w_value, None, mask)
    return layer_by_einsum(context, w_query, w_key, w_value, x, mask)


def layer_values_from_x(x, w_query, w_key, w_value, context=None, mask=None):
    read = x if context is None else context
    told = x if x.shape == read.shape else read
    s = _dots(x @ w_query, read @ w_key) / np.sqrt(w_key.shape[1])
    return np.nan_to_num(_softmax(_closed(s, mask))) @ (told @ w_value)


def layer_reads_itself(x, w_query, w_key, w_value, context=None, mask=None):
    return layer_by_einsum(x, w_query, w_key, w_value, None, mask)


def layer_needs_context(x, w_query, w_key, w_value, context=None, mask=None):
    s = _dots(x @ w_query, context @ w_key) / np.sqrt(w_key.shape[1])
    return np.nan_to_num(_softmax(_closed(s, mask))) @ (context @ w_value)


def layer_in_place(x, w_query, w_key, w_value, context=None, mask=None):
    right = layer_by_einsum(x, w_query, w_key, w_value, context, mask)
    if mask is not None:
        mask |= True
    return right


# --- wrong: contributions ----------------------------------------------------------------------


def _norms(values):
    return np.sqrt((values.astype(float) ** 2).sum(-1))[..., None, :]


def _shared(parts, axis=-1):
    total = parts.sum(axis=axis, keepdims=True)
    with np.errstate(all="ignore"):
        return np.where(total == 0, 0, parts / total)


def shares_of_weights(weights, values):
    return _shared(weights.astype(float))


def shares_of_lengths(weights, values):
    return _shared(_norms(values) * np.ones(weights.shape))


def shares_by_output(weights, values):
    with np.errstate(all="ignore"):
        parts = weights * _norms(values) / np.linalg.norm(weights @ values, axis=-1)[..., None]
    return np.nan_to_num(parts)


def shares_along_output(weights, values):
    out = (weights.astype(float) @ values.astype(float))[..., None, :]
    return _shared((weights[..., None] * values[..., None, :, :] * out).sum(-1))


def shares_nan(weights, values):
    parts = weights * _norms(values)
    with np.errstate(all="ignore"):
        return parts / parts.sum(-1, keepdims=True)


def shares_in_half(weights, values):
    with np.errstate(all="ignore"):
        return _shared(weights * np.sqrt((values * values).sum(-1))[..., None, :])


def shares_in_place(weights, values):
    right = shares_by_terms(weights, values)
    values *= 2
    return right


# --- wrong: a crowd ----------------------------------------------------------------------------


def _crowd(number):
    """From gap, weight, and the rest of the arguments."""

    def crowd(query_norm, key_norm, d_k, weight):
        return float(number(2 * query_norm * key_norm / math.sqrt(d_k), weight, d_k))

    return crowd


def _n(gap, w):
    return 1 + np.exp(np.minimum(gap, 700)) * (1 - w) / w


WRONG = {
    "soft_lookup": {
        "temperature ignored": lookup_hot_is_nothing,
        "temperature multiplied": _lookup(lambda s, t: _softmax(s * t)),
        "temperature after softmax": _lookup(lambda s, t: _softmax(s) / t),
        "NaN at temperature 0": lookup_nan,
        "ties broken": lookup_first_winner,
        "always the best key": lookup_hard,
        "small number in place of 0": lambda q, k, v, t: lookup_by_powers(q, k, v, max(t, 1e-9)),
        "unstable": _lookup(_power),
        "overflow before the maximum": _lookup(lambda s, t: _softmax(s / s.dtype.type(t))),
        "scaled by √d": lambda q, k, v, t: lookup_by_powers(q / k.shape[-1] ** 0.5, k, v, t),
        "cosine": lookup_cosine,
        "sign": lambda q, k, v, t: lookup_by_powers(-q, k, v, t) if t else lookup_hard(q, k, v, t),
        "not normalised": _lookup(lambda s, t: np.exp((s - s.max(-1, keepdims=True)) / t)),
        "keys read": lookup_keys,
        "plain mean": lookup_mean,
        "distance": lambda q, k, v, t: lookup_by_powers(
            np.ones((*q.shape[:-1], 1)), -((k - q[..., None, :]) ** 2).sum(-1)[..., None], v, t
        ),
        "in place": lookup_in_place,
    },
    "self_attention": {
        "roles swapped": selves_as_given,
        "wrong axis": _selves(weigh=lambda s: _softmax(s, axis=-2)),
        "weights turned round": _selves(weigh=lambda s: _softmax(s).swapaxes(-1, -2)),
        "not scaled": _selves(lambda q, k, x: _dots(q, k)),
        "divided by d_k": _selves(lambda q, k, x: _dots(q, k) / k.shape[-1]),
        "scaled by √d_model": _selves(lambda q, k, x: _dots(q, k) / np.sqrt(x.shape[-1])),
        "scaled by √seq": _selves(lambda q, k, x: _dots(q, k) / np.sqrt(len(x[..., :, 0].T))),
        "no values": _selves(read=lambda x, q, k: x),
        "keys read": _selves(read=lambda x, q, k: k),
        "queries alone": _selves(lambda q, k, x: _dots(q, q) / np.sqrt(k.shape[-1])),
        "keys alone": _selves(lambda q, k, x: _dots(k, k) / np.sqrt(k.shape[-1])),
        "causal": _selves(weigh=lambda s: _causal(s, None)),
        "unstable": _selves(weigh=_naive),
        "in place": selves_in_place,
    },
    "attention_layer": {
        "mask ignored": _layer(lambda s, mask: _softmax(s)),
        "mask inverted": _layer(_inverted),
        "masked after softmax": _layer(lambda s, m: _softmax(s) * (1 if m is None else m)),
        "scores times mask": _layer(lambda s, mask: _softmax(s if mask is None else s * mask)),
        "NaN on an empty row": _layer(lambda s, mask: _softmax(_closed(s, mask))),
        "empty row averaged": _layer(_averaging),
        "not scaled": _layer(scale=lambda x, k: 1),
        "divided by d_k": _layer(scale=lambda x, k: k.shape[-1]),
        "scaled by √d_model": _layer(scale=lambda x, k: np.sqrt(x.shape[-1])),
        "scaled by √d_v": lambda *a, **k: _layer(scale=lambda x, _: a[3].shape[1] ** 0.5)(*a, **k),
        "weak penalty": _layer(lambda s, m: _softmax(s if m is None else s - 100 * ~m)),
        "finite in place of -∞": _layer(_quiet),
        "values from x": layer_values_from_x,
        "wrong axis": _layer(_over_queries),
        "values not projected": _layer(read=lambda other, k: other),
        "keys read": _layer(read=lambda other, k: k),
        "context ignored": layer_reads_itself,
        "context asks": layer_context_asks,
        "always causal": _layer(_causal),
        "roles swapped": _layer(_swapping),
        "mask transposed": _layer(_transposing),
        "matrices swapped": layer_swapped_matrices,
        "unstable": _layer(_overflowing),
        "exception": layer_needs_context,
        "in place": layer_in_place,
    },
    "contributions": {
        "weights handed back": shares_of_weights,
        "lengths without weights": shares_of_lengths,
        "not divided": lambda weights, values: weights * _norms(values),
        "divided by the output's length": shares_by_output,
        "squared length": lambda weights, values: _shared(weights * _norms(values) ** 2),
        "squared parts": lambda weights, values: _shared((weights * _norms(values)) ** 2),
        "absolute values": lambda w, v: _shared(w * np.abs(v.astype(float)).sum(-1)[..., None, :]),
        "largest number": lambda w, v: _shared(w * np.abs(v).max(-1)[..., None, :].astype(float)),
        "plain sum": lambda w, v: _shared(w * v.astype(float).sum(-1)[..., None, :]),
        "along the output": shares_along_output,
        "wrong axis": lambda w, v: _shared(w * _norms(v), axis=-2),
        "softmax": lambda w, v: _softmax(w * _norms(v)),
        "whole array": lambda w, v: w * _norms(v) / max((w * _norms(v)).sum(), 1e-99),
        "small number in the denominator": lambda w, v: (
            w * _norms(v) / ((w * _norms(v)).sum(-1, keepdims=True) + 1e-9)
        ),
        "NaN where nothing arrives": shares_nan,
        "half precision overflow": shares_in_half,
        "in place": shares_in_place,
    },
    "longest_context": {
        "others at zero": _crowd(lambda g, w, d: _n(g / 2, w)),
        "not scaled": _crowd(lambda g, w, d: _n(g * math.sqrt(d), w)),
        "divided by d_k": _crowd(lambda g, w, d: _n(g / math.sqrt(d), w)),
        "others at zero, not scaled": _crowd(lambda g, w, d: _n(g / 2 * math.sqrt(d), w)),
        "the one left out": _crowd(lambda g, w, d: _n(g, w) - 1),
        "odds upside down": _crowd(lambda g, w, d: _n(g, 1 - w)),
        "weight as odds": _crowd(lambda g, w, d: math.exp(g) / w),
        "weight ignored": _crowd(lambda g, w, d: _n(g, 0.5)),
        "share forgotten": _crowd(lambda g, w, d: 1 + math.exp(g) * (1 - w)),
        "the gap itself": _crowd(lambda g, w, d: g),
        "the logarithm": _crowd(lambda g, w, d: math.log(_n(g, w))),
        "no power": _crowd(lambda g, w, d: 1 + g * (1 - w) / w),
        "powers of two": _crowd(lambda g, w, d: 1 + 2**g * (1 - w) / w),
        "rounded": _crowd(lambda g, w, d: math.floor(_n(g, w))),
    },
}

# --- wrong, and like something else ------------------------------------------------------------

UNNAMED = {
    "soft_lookup": [
        (_lookup(lambda s, t: _softmax(s / t**2)), ()),
        (_lookup(lambda s, t: _softmax(s / np.sqrt(t))), ()),
        (_lookup(lambda s, t: _shared(1 / (1 + np.exp(-s / t)))), ()),
        (lambda q, k, v, t: lookup_by_powers(q[..., ::-1], k, v, t), ()),
        (lambda q, k, v, t: lookup_by_powers(q, k, v[..., ::-1], t), ()),
        (lambda q, k, v, t: lookup_by_powers(q, k, v, t) + 1, ()),
        (lambda q, k, v, t: v.max(-2), ()),
        (lambda q, k, v, t: 0 * lookup_by_powers(q, k, v, t), ()),
        (lambda q, k, v, t: np.nan * lookup_by_powers(q, k, v, t), ()),
    ],
    "self_attention": [
        (_selves(lambda q, k, x: -((q[..., None, :] - k[..., None, :, :]) ** 2).sum(-1)), ()),
        (_selves(lambda q, k, x: _dots(k, q)), ()),
        (
            _selves(weigh=lambda s: _softmax(s.swapaxes(-1, -2), axis=-2)),
            {"weights turned round"},
        ),
        (_selves(lambda q, k, x: _dots(q, k) / k.shape[-1] ** 0.25), ()),
        (_selves(lambda q, k, x: -_dots(q, k) / np.sqrt(k.shape[-1])), ()),
        (lambda x, w_query, w_key, w_value: x @ w_value, ()),
        (
            lambda x, w_query, w_key, w_value: np.tanh(
                selves_row_by_row(x, w_query, w_key, w_value)
            ),
            (),
        ),
        (lambda *a: 0 * selves_row_by_row(*a), ()),
        (lambda *a: np.nan * selves_row_by_row(*a), ()),
    ],
    "attention_layer": [
        (_layer(_quiet_and_zeroed), {"finite in place of -∞"}),
        (_layer(scale=lambda x, k: -np.sqrt(k.shape[-1])), ()),
        (_layer(scale=lambda x, k: k.shape[-1] ** 0.25), ()),
        (_layer(lambda s, mask: 1 / (1 + np.exp(-_closed(s, mask)))), ()),
        (_layer(lambda s, mask: _inverted(s.swapaxes(-1, -2).swapaxes(-1, -2) * 2, mask)), ()),
        (lambda *a, **k: layer_by_einsum(*a, **k)[..., ::-1], ()),
        (lambda *a, **k: layer_by_einsum(*a, **k) + 1, ()),
        (lambda *a, **k: 0 * layer_by_einsum(*a, **k), ()),
        (lambda *a, **k: np.nan * layer_by_einsum(*a, **k), ()),
    ],
    "contributions": [
        (lambda w, v: shares_by_terms(w, v)[..., ::-1], ()),
        (lambda w, v: _shared(w + _norms(v)), ()),
        (lambda w, v: _shared(w * np.sqrt(_norms(v))), ()),
        (lambda w, v: _shared(np.sqrt(w) * _norms(v)), ()),
        (lambda w, v: _shared(w / (_norms(v) + 1e-9)), ()),
        (lambda w, v: np.full(w.shape, 1 / w.shape[-1]), ()),
        (lambda w, v: 0 * shares_by_terms(w, v), ()),
    ],
    "longest_context": [
        (_crowd(lambda g, w, d: 0), ()),
        (_crowd(lambda g, w, d: math.nan), ()),
        (_crowd(lambda g, w, d: d), ()),
        (_crowd(lambda g, w, d: -_n(g, w)), ()),
        (_crowd(lambda g, w, d: _n(g, w) ** 2), ()),
        (_crowd(lambda g, w, d: math.sqrt(_n(g, w))), ()),
        (_crowd(lambda g, w, d: _n(3 * g / 4, w)), ()),
        (_crowd(lambda g, w, d: math.inf), ()),
    ],
}
