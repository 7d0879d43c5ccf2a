"""Wrong answers, written as learners write them, and right ones written in other ways."""

import numpy as np

# --- right -------------------------------------------------------------------------------------


def _softmax(s, axis=-1):
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def kernel_by_rows(queries, keys, values, bandwidth):
    rows = []
    for i in range(queries.shape[-2]):
        d = np.linalg.norm(keys - queries[..., i : i + 1, :], axis=-1) / bandwidth
        e = np.exp((d.min(-1, keepdims=True) ** 2 - d**2) / 2)
        rows.append(np.einsum("...j,...jd->...d", e, values) / e.sum(-1)[..., None])
    return np.stack(rows, axis=-2)


def kernel_by_logarithms(queries, keys, values, bandwidth):
    gaps = (np.expand_dims(queries, -2) - np.expand_dims(keys, -3)) / bandwidth
    s = -0.5 * np.einsum("...ijd,...ijd->...ij", gaps, gaps)
    total = np.logaddexp.reduce(s, axis=-1)
    return np.exp(s - total[..., None]) @ values


def states_one_by_one(x, lengths, w_x, w_h, b):
    out = np.zeros((*lengths.shape, len(b)), dtype=x.dtype)
    for place in np.ndindex(*lengths.shape):
        for word in x[place][: lengths[place]]:
            out[place] = np.tanh(word @ w_x + out[place] @ w_h + b)
    return out


def states_all_kept(x, lengths, w_x, w_h, b):
    states = [np.zeros((*x.shape[:-2], w_h.shape[0]))]
    for word in np.moveaxis(np.where(np.isfinite(x), x, 0), -2, 0):
        states.append(
            np.tanh(np.concatenate([word, states[-1]], -1) @ np.concatenate([w_x, w_h]) + b)
        )
    picked = np.eye(len(states))[lengths]
    return np.einsum("t...h,...t->...h", np.stack(states), picked)


def look_place_by_place(state, memory, mask, w_query, w_key, v):
    scores = [
        np.tanh(state @ w_query + memory[..., j, :] @ w_key) @ v for j in range(mask.shape[-1])
    ]
    s = np.where(mask, np.stack(scores, -1), -1e30)
    e = mask * np.exp(s - s.max(-1, keepdims=True))
    w = e / np.where(e.sum(-1) == 0, 1, e.sum(-1))[..., None]
    return np.einsum("...j,...jd->...d", w, memory), w


def look_by_einsum(state, memory, mask, w_query, w_key, v):
    hidden = np.einsum("...s,sh->...h", state, w_query)[..., None, :] + np.einsum(
        "...jm,mh->...jh", memory, w_key
    )
    s = np.where(mask, np.einsum("...jh,h->...j", np.tanh(hidden), v), -np.inf)
    with np.errstate(invalid="ignore"):
        w = np.nan_to_num(_softmax(s))
    return (w[..., None, :] @ memory)[..., 0, :], w


def mean_row_by_row(x, mask):
    out = np.zeros((*x.shape[:-2], x.shape[-1]))
    for place in np.ndindex(*mask.shape[:-1]):
        if mask[place].any():
            out[place] = np.mean(x[place][mask[place]].astype(float), axis=0)
    return out


def mean_by_numpy(x, mask):
    wide = np.promote_types(x.dtype, np.float32)
    seen = mask[..., None]
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.mean(x, axis=-2, where=seen, dtype=wide))


RIGHT = {
    "kernel_regression": [kernel_by_rows, kernel_by_logarithms],
    "last_states": [states_one_by_one, states_all_kept],
    "bahdanau_context": [look_place_by_place, look_by_einsum],
    "masked_mean": [mean_row_by_row, mean_by_numpy],
}

# --- wrong: kernel regression ------------------------------------------------------------------


def _squares(queries, keys):
    return ((queries[..., :, None, :] - keys[..., None, :, :]) ** 2).sum(-1)


def kernel_as_printed(queries, keys, values, bandwidth):
    bells = np.exp(-_squares(queries, keys) / (2 * bandwidth**2))
    return bells @ values / bells.sum(-1, keepdims=True)


def kernel_with_epsilon(queries, keys, values, bandwidth):
    bells = np.exp(-_squares(queries, keys) / (2 * bandwidth**2))
    return bells @ values / (bells.sum(-1, keepdims=True) + 1e-9)


def kernel_sum(queries, keys, values, bandwidth):
    return np.exp(-_squares(queries, keys) / (2 * bandwidth**2)) @ values


def kernel_average(queries, keys, values, bandwidth):
    bells = np.exp(-_squares(queries, keys) / (2 * bandwidth**2))
    return (bells[..., None] * values[..., None, :, :]).mean(-2)


def _kernel(score):
    return lambda q, k, v, h: _softmax(score(q, k, h)) @ v


def kernel_over_queries(queries, keys, values, bandwidth):
    return _softmax(-_squares(queries, keys) / (2 * bandwidth**2), axis=-2) @ values


def kernel_nearest(queries, keys, values, bandwidth):
    nearest = _squares(queries, keys).argmin(-1)
    return np.eye(keys.shape[-2])[nearest] @ values


def kernel_pairs(queries, keys, values, bandwidth):
    d = ((queries - keys) ** 2).sum(-1, keepdims=True)
    return _softmax(-d / (2 * bandwidth**2)) @ values


def kernel_in_place(queries, keys, values, bandwidth):
    right = kernel_by_rows(queries, keys, values, bandwidth)
    keys /= bandwidth
    return right


# --- wrong: last states ------------------------------------------------------------------------


def _states(x, w_x, w_h, b, step=lambda w, s, w_x, w_h, b: np.tanh(w @ w_x + s @ w_h + b)):
    states = [np.zeros((*x.shape[:-2], len(b)))]
    for t in range(x.shape[-2]):
        states.append(step(x[..., t, :], states[-1], w_x, w_h, b))
    return np.stack(states, -2)


def _picked(states, lengths):
    return np.take_along_axis(states, lengths[..., None, None], axis=-2)[..., 0, :]


def _stepping(step):
    return lambda x, lengths, w_x, w_h, b: _picked(_states(x, w_x, w_h, b, step), lengths)


def states_through_padding(x, lengths, w_x, w_h, b):
    return _states(x, w_x, w_h, b)[..., -1, :]


def states_zero_padding(x, lengths, w_x, w_h, b):
    seen = np.arange(x.shape[-2]) < lengths[..., None]
    return _states(np.where(seen[..., None], x, 0), w_x, w_h, b)[..., -1, :]


def states_erased(x, lengths, w_x, w_h, b):
    state = np.zeros((*lengths.shape, len(b)))
    for t in range(x.shape[-2]):
        state = np.tanh(x[..., t, :] @ w_x + state @ w_h + b)
        state = np.where((t < lengths)[..., None], state, 0)
    return state


def states_early(x, lengths, w_x, w_h, b):
    return _picked(_states(x, w_x, w_h, b), np.maximum(lengths - 1, 0))


def states_late(x, lengths, w_x, w_h, b):
    return _picked(_states(x, w_x, w_h, b)[..., 1:, :], np.minimum(lengths, x.shape[-2] - 1))


def states_shortest(x, lengths, w_x, w_h, b):
    return _states(x[..., : lengths.min(), :], w_x, w_h, b)[..., -1, :]


def states_longest(x, lengths, w_x, w_h, b):
    return _states(x[..., : lengths.max(), :], w_x, w_h, b)[..., -1, :]


def states_mean(x, lengths, w_x, w_h, b):
    states = _states(x, w_x, w_h, b)[..., 1:, :]
    out = np.zeros((*lengths.shape, len(b)))
    for place in np.ndindex(*lengths.shape):
        if lengths[place]:
            out[place] = states[place][: lengths[place]].mean(0)
    return out


def states_backwards(x, lengths, w_x, w_h, b):
    out = np.zeros((*lengths.shape, len(b)))
    for place in np.ndindex(*lengths.shape):
        for word in x[place][: lengths[place]][::-1]:
            out[place] = np.tanh(word @ w_x + out[place] @ w_h + b)
    return out


def states_times_mask(x, lengths, w_x, w_h, b):
    state = np.zeros((*lengths.shape, len(b)))
    for t in range(x.shape[-2]):
        runs = 1.0 * (t < lengths)[..., None]
        state = runs * np.tanh(x[..., t, :] @ w_x + state @ w_h + b) + (1 - runs) * state
    return state


def states_from_behind(x, lengths, w_x, w_h, b):
    return _picked(_states(x, w_x, w_h, b)[..., 1:, :], lengths - 1)


def states_in_place(x, lengths, w_x, w_h, b):
    right = states_one_by_one(x, lengths, w_x, w_h, b)
    x *= 0
    return right


# --- wrong: one look of a decoder --------------------------------------------------------------


def _look(score=None, close=None):
    def look(state, memory, mask, w_query, w_key, v):
        asks, told = (state @ w_query)[..., None, :], memory @ w_key
        s = score(asks, told, v) if score else np.tanh(asks + told) @ v
        w = close(s, mask) if close else _closed(s, mask)
        return np.einsum("...j,...jd->...d", w, memory), w

    return look


def _closed(s, mask):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(_softmax(np.where(mask, s, -np.inf)))


def _over_the_batch(s, mask):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(_softmax(np.where(mask, s, -np.inf), axis=0))


def _without_care(s, mask):
    e = np.exp(s) * mask
    return np.where(mask.any(-1, keepdims=True), e / e.sum(-1, keepdims=True), 0)


def _context(mix):
    def look(state, memory, mask, w_query, w_key, v):
        _, w = look_by_einsum(state, memory, mask, w_query, w_key, v)
        return mix(w, memory, mask, w_key), w

    return look


def look_swapped_results(*given):
    return look_by_einsum(*given)[::-1]


def look_swapped_matrices(state, memory, mask, w_query, w_key, v):
    if w_query.shape == w_key.shape:
        w_query, w_key = w_key, w_query
    return look_by_einsum(state, memory, mask, w_query, w_key, v)


def look_in_place(state, memory, mask, w_query, w_key, v):
    memory[~mask] = 0
    return look_by_einsum(state, memory, mask, w_query, w_key, v)


def look_context_alone(*given):
    return look_by_einsum(*given)[0]


# --- wrong: a masked mean ----------------------------------------------------------------------


def mean_as_given(x, mask):
    kept = np.where(mask[..., None], x, 0)
    average = kept.mean(axis=-2)
    return np.where(mask.any(axis=-1, keepdims=True), average, 0)


def mean_of_all(x, mask):
    return x.mean(axis=-2)


def mean_padding_in_the_sum(x, mask):
    return x.sum(-2) / np.maximum(mask.sum(-1, keepdims=True), 1)


def mean_inverted(x, mask):
    return mean_row_by_row(x, ~mask)


def mean_sum(x, mask):
    return np.where(mask[..., None], x, 0).sum(-2, dtype=float)


def mean_one_count(x, mask):
    return mean_sum(x, mask) / mask.sum()


def mean_one_more(x, mask):
    return mean_sum(x, mask) / (mask.sum(-1, keepdims=True) + 1)


def mean_nan(x, mask):
    return mean_sum(x, mask) / mask.sum(-1, keepdims=True)


def mean_times_mask(x, mask):
    return (x.astype(float) * mask[..., None]).sum(-2) / np.maximum(mask.sum(-1, keepdims=True), 1)


def mean_in_place(x, mask):
    x[~mask] = 0
    return mean_row_by_row(x, mask)


def mean_in_half(x, mask):
    total = np.where(mask[..., None], x, x.dtype.type(0)).sum(-2)
    return total / np.maximum(mask.sum(-1, keepdims=True), 1)


def mean_largest(x, mask):
    top = np.where(mask[..., None], x, -np.inf).max(-2)
    return np.where(mask.any(-1, keepdims=True), top, 0)


def mean_first(x, mask):
    return x[..., 0, :]


def mean_over_the_batch(x, mask):
    return mean_sum(x, mask) / mask.sum(0)[..., None]


WRONG = {
    "kernel_regression": {
        "unstable": kernel_as_printed,
        "small number in the denominator": kernel_with_epsilon,
        "not normalised": kernel_sum,
        "divided by the number of keys": kernel_average,
        "no half": _kernel(lambda q, k, h: -_squares(q, k) / h**2),
        "bandwidth not squared": _kernel(lambda q, k, h: -_squares(q, k) / (2 * h)),
        "bandwidth ignored": _kernel(lambda q, k, h: -_squares(q, k) / 2),
        "bandwidth multiplied": _kernel(lambda q, k, h: -_squares(q * h, k * h) / 2),
        "distance not squared": _kernel(lambda q, k, h: -np.sqrt(_squares(q, k)) / (2 * h**2)),
        "sign": _kernel(lambda q, k, h: _squares(q, k) / (2 * h**2)),
        "dot product": _kernel(lambda q, k, h: q @ k.swapaxes(-1, -2) / (2 * h**2)),
        "averaged over the coordinates": _kernel(
            lambda q, k, h: -_squares(q, k) / (2 * h**2) / k.shape[-1]
        ),
        "scaled by √d": _kernel(lambda q, k, h: -_squares(q, k) / (2 * h**2) / k.shape[-1] ** 0.5),
        "city blocks": _kernel(
            lambda q, k, h: -np.abs(q[..., :, None, :] - k[..., None, :, :]).sum(-1) / (2 * h**2)
        ),
        "signs cancel": _kernel(
            lambda q, k, h: -((q[..., :, None, :] - k[..., None, :, :]).sum(-1) ** 2) / (2 * h**2)
        ),
        "wrong axis": kernel_over_queries,
        "nearest key only": kernel_nearest,
        "exception": kernel_pairs,
        "in place": kernel_in_place,
    },
    "last_states": {
        "padding read": states_through_padding,
        "padding set to zero": states_zero_padding,
        "state erased": states_erased,
        "padding multiplied": states_times_mask,
        "counted from behind": states_from_behind,
        "one step early": states_early,
        "one step late": states_late,
        "stopped at the shortest": states_shortest,
        "stopped at the longest": states_longest,
        "no tanh": _stepping(lambda w, s, w_x, w_h, b: w @ w_x + s @ w_h + b),
        "sigmoid": _stepping(lambda w, s, w_x, w_h, b: 1 / (1 + np.exp(-(w @ w_x + s @ w_h + b)))),
        "relu": _stepping(lambda w, s, w_x, w_h, b: np.maximum(w @ w_x + s @ w_h + b, 0)),
        "no bias": _stepping(lambda w, s, w_x, w_h, b: np.tanh(w @ w_x + s @ w_h)),
        "bias outside": _stepping(lambda w, s, w_x, w_h, b: np.tanh(w @ w_x + s @ w_h) + b),
        "w_h transposed": _stepping(lambda w, s, w_x, w_h, b: np.tanh(w @ w_x + s @ w_h.T + b)),
        "no memory": _stepping(lambda w, s, w_x, w_h, b: np.tanh(w @ w_x + b)),
        "state added": _stepping(lambda w, s, w_x, w_h, b: s + np.tanh(w @ w_x + s @ w_h + b)),
        "backwards": states_backwards,
        "mean of the states": states_mean,
        "in place": states_in_place,
    },
    "bahdanau_context": {
        "mask ignored": _look(close=lambda s, mask: _softmax(s)),
        "mask inverted": _look(close=lambda s, mask: _closed(s, ~mask)),
        "masked after softmax": _look(close=lambda s, mask: _softmax(s) * mask),
        "scores times mask": _look(close=lambda s, mask: _softmax(s * mask)),
        "NaN without a source": _look(close=lambda s, m: _softmax(np.where(m, s, -np.inf))),
        "padding averaged": _look(close=lambda s, mask: _softmax(np.where(mask, s, -1e30))),
        "unstable": _look(close=_without_care),
        "no tanh": _look(lambda a, b, v: (a + b) @ v),
        "no v": _look(lambda a, b, v: np.tanh(a + b).sum(-1)),
        "dot product": _look(lambda a, b, v: (a * b).sum(-1)),
        "state ignored": _look(lambda a, b, v: np.tanh(b) @ v),
        "tanh too late": _look(lambda a, b, v: np.tanh((a + b) @ v)),
        "sigmoid": _look(lambda a, b, v: 1 / (1 + np.exp(-a - b)) @ v),
        "relu": _look(lambda a, b, v: np.maximum(a + b, 0) @ v),
        "weak penalty": _look(close=lambda s, mask: _softmax(s + np.where(mask, 0, -10.0))),
        "finite in place of -∞": _look(
            close=lambda s, mask: mask * _softmax(np.where(mask, s, -1e4))
        ),
        "scaled": _look(lambda a, b, v: np.tanh(a + b) @ v / np.sqrt(len(v))),
        "not normalised": _look(close=lambda s, mask: np.exp(s) * mask),
        "scores in place of weights": _look(close=lambda s, mask: s * mask),
        "wrong axis": _look(close=_over_the_batch),
        "plain mean": _context(lambda w, m, mask, w_key: mean_row_by_row(m, mask)),
        "sum of all": _context(lambda w, m, mask, w_key: m.sum(-2)),
        "context averaged": _context(lambda w, m, mask, w_key: (w[..., None] * m).mean(-2)),
        "projections mixed": _context(
            lambda w, m, mask, w_key: np.einsum("...j,...jd->...d", w, m @ w_key)
        ),
        "results swapped": look_swapped_results,
        "matrices swapped": look_swapped_matrices,
        "in place": look_in_place,
        "another kind": look_context_alone,
    },
    "masked_mean": {
        "divided by the padded length": mean_as_given,
        "padding averaged": mean_of_all,
        "padding in the sum": mean_padding_in_the_sum,
        "mask inverted": mean_inverted,
        "not divided": mean_sum,
        "one count for the batch": mean_one_count,
        "one too many": mean_one_more,
        "NaN without tokens": mean_nan,
        "padding multiplied": mean_times_mask,
        "half precision overflow": mean_in_half,
        "largest in place of mean": mean_largest,
        "first token only": mean_first,
        "in place": mean_in_place,
    },
}

# --- wrong, and like something else ------------------------------------------------------------


def _bent(bend):
    return _stepping(lambda w, s, w_x, w_h, b: bend(w @ w_x + s @ w_h + b))


UNNAMED = {
    "kernel_regression": [
        (_kernel(lambda q, k, h: 1 / (1 + _squares(q, k) / (2 * h**2))), ()),
        (_kernel(lambda q, k, h: -np.sqrt(_squares(q, k)) / h), ()),
        (_kernel(lambda q, k, h: -np.abs(q[..., :, None, :] - k[..., None, :, :]).sum(-1) / h), ()),
        (_kernel(lambda q, k, h: -_squares(q, k) / (3 * h**2)), ()),
        (_kernel(lambda q, k, h: -_squares(q, -k) / (2 * h**2)), ()),
        (_kernel(lambda q, k, h: -_squares(q, k) / (2 * h**2) / np.sqrt(k.shape[-2])), ()),
        (lambda q, k, v, h: kernel_by_rows(q, k, v[..., ::-1], h), ()),
        (lambda q, k, v, h: kernel_by_rows(q, k, v, h) + 1, ()),
        (lambda q, k, v, h: 0 * kernel_by_rows(q, k, v, h), ()),
        (lambda q, k, v, h: np.nan * kernel_by_rows(q, k, v, h), ()),
        (lambda q, k, v, h: v.mean(-2, keepdims=True) + 0 * q[..., :1], ()),
    ],
    "last_states": [
        (_bent(np.sin), ()),
        (_bent(lambda h: np.tanh(h / 2)), ()),
        (_bent(lambda h: -np.tanh(h)), ()),
        (_stepping(lambda w, s, w_x, w_h, b: np.tanh(w @ w_x - s @ w_h + b)), ()),
        (_stepping(lambda w, s, w_x, w_h, b: (s + np.tanh(w @ w_x + s @ w_h + b)) / 2), ()),
        (lambda *a: states_through_padding(*a) / 2, ()),
        (lambda *a: np.ones_like(states_early(*a)), ()),
        (lambda *a: states_one_by_one(*a) * np.nan, ()),
        (lambda *a: states_one_by_one(*a)[..., ::-1], ()),
        (lambda x, n, w_x, w_h, b: states_through_padding(x, n, w_x, w_h.T, b), ()),
    ],
    "bahdanau_context": [
        (
            _look(close=lambda s, m: m.any(-1, keepdims=True) * _softmax(s - 1e4 * ~m)),
            {"weak penalty"},
        ),
        (_look(lambda a, b, v: np.sin(a + b) @ v), ()),
        (_look(lambda a, b, v: np.tanh(a - b) @ v), ()),
        (_look(lambda a, b, v: -((a - b) ** 2).sum(-1)), ()),
        (_look(lambda a, b, v: np.tanh(a + b) @ v / 2), ()),
        (_look(lambda a, b, v: (a + b) @ v, lambda s, mask: _softmax(s)), ()),
        (_look(close=lambda s, mask: np.full(s.shape, 1 / s.shape[-1])), ()),
        (_look(close=lambda s, mask: 1 / (1 + np.exp(-s))), ()),
        (_context(lambda w, m, mask, w_key: np.abs(np.einsum("...j,...jd->...d", w, m))), ()),
        (lambda *a: tuple(part * 0 for part in look_by_einsum(*a)), ()),
        (lambda *a: tuple(part * np.nan for part in look_by_einsum(*a)), ()),
    ],
    "masked_mean": [
        (lambda x, mask: mean_row_by_row(x, mask) * 2, ()),
        (lambda x, mask: np.abs(mean_row_by_row(x, mask)), ()),
        (lambda x, mask: mean_row_by_row(x, mask) + 1, ()),
        (lambda x, mask: mean_row_by_row(x, mask)[..., ::-1], ()),
        (lambda x, mask: np.median(x, axis=-2), ()),
        (lambda x, mask: x[..., -1, :], ()),
        (lambda x, mask: mean_sum(x, ~mask), ()),
        (lambda x, mask: mean_sum(x, mask) / (x.shape[-2] + 1), ()),
        (lambda x, mask: 0 * mean_sum(x, mask), ()),
    ],
}
