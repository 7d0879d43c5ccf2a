"""Answers to the questions about linear attention and about parts that are merged."""

import numpy as np

# --- right -------------------------------------------------------------------------------------


def _divide(mixed, total):
    return np.divide(mixed, total, out=np.zeros_like(mixed), where=total != 0)


def linear_by_square(q, k, v, S, z):
    weights = np.tril(q @ k.swapaxes(-1, -2))
    mixed = weights @ v + q @ S
    total = weights.sum(-1, keepdims=True) + q @ z[..., None]
    out = mixed / np.where(total == 0, 1, total)
    return out, S + k.swapaxes(-1, -2) @ v, z + k.sum(-2)


def linear_by_cumsum(q, k, v, S, z):
    # A one beside each value carries the normaliser along.
    v1 = np.concatenate([v, np.ones((*v.shape[:-1], 1), v.dtype)], axis=-1)
    start = np.concatenate([S, z[..., None]], axis=-1)
    states = start[..., None, :, :] + np.cumsum(np.einsum("...ta,...tb->...tab", k, v1), axis=-3)
    read = np.einsum("...ta,...tab->...tb", q, states)
    return (
        _divide(read[..., :-1], np.broadcast_to(read[..., -1:], read[..., :-1].shape)),
        states[..., -1, :, :-1],
        states[..., -1, :, -1],
    )


def merge_one_after_the_other(outputs, log_sum_exps):
    out, lse = np.float64(outputs[0]), np.float64(log_sum_exps[0])
    for o, s in zip(outputs[1:], log_sum_exps[1:], strict=True):
        new = np.logaddexp(lse, s)
        safe = np.where(new == -np.inf, 0, new)
        out = np.exp(lse - safe)[..., None] * out + np.exp(s - safe)[..., None] * o
        lse = new
    return out, lse


def merge_by_softmax(outputs, log_sum_exps):
    s = np.maximum(log_sum_exps, -1e30)
    e = np.exp(s - s.max(0)) * np.isfinite(log_sum_exps)
    total = e.sum(0)
    out = np.einsum("p...,p...d->...d", e / np.maximum(total, 1e-30), outputs)
    return out, np.where(total > 0, s.max(0) + np.log(np.maximum(total, 1e-30)), -np.inf)


RIGHT = {
    "linear_attention_recurrent": [linear_by_square, linear_by_cumsum],
    "merge_attention": [merge_one_after_the_other, merge_by_softmax],
}

# --- wrong: linear_attention_recurrent ---------------------------------------------------------


def _steps(q, k, v, S, z, read, write=None):
    out = []
    for t in range(q.shape[-2]):
        S, z = (write or _write)(S, z, k[..., t, :], v[..., t, :])
        out.append(read(q[..., t, :], S, z, t))
    return np.stack(out, axis=-2), S, z


def _write(S, z, k, v):
    return S + k[..., :, None] * v[..., None, :], z + k


def _read(q, S, z, t=0):
    mixed, total = np.einsum("...a,...ab->...b", q, S), np.einsum("...a,...a->...", q, z)
    return mixed / np.where(total == 0, 1, total)[..., None]


def linear_read_first(q, k, v, S, z):
    out = []
    for t in range(q.shape[-2]):
        out.append(_read(q[..., t, :], S, z))
        S, z = _write(S, z, k[..., t, :], v[..., t, :])
    return np.stack(out, axis=-2), S, z


def linear_all_at_once(q, k, v, S, z):
    S, z = S + k.swapaxes(-1, -2) @ v, z + k.sum(-2)
    total = q @ z[..., None]
    return q @ S / np.where(total == 0, 1, total), S, z


def linear_undivided(q, k, v, S, z):
    return _steps(q, k, v, S, z, lambda q, S, z, t: np.einsum("...a,...ab->...b", q, S))


def linear_by_count(q, k, v, S, z):
    return _steps(q, k, v, S, z, lambda q, S, z, t: np.einsum("...a,...ab->...b", q, S) / (t + 1))


def linear_new_total(q, k, v, S, z):
    return _steps(q, k, v, S, np.zeros_like(z), _read)


def linear_new_state(q, k, v, S, z):
    return _steps(q, k, v, np.zeros_like(S), np.zeros_like(z), _read)


def linear_old_state(q, k, v, S, z):
    return linear_by_square(q, k, v, S, z)[0], S, z


def linear_not_carried(q, k, v, S, z):
    return _steps(q, k, v, S, z, _read, lambda _S, _z, k, v: _write(S, z, k, v))


def linear_nan(q, k, v, S, z):
    def read(q, S, z, t):
        with np.errstate(all="ignore"):
            return np.einsum("...a,...ab->...b", q, S) / (q * z).sum(-1)[..., None]

    return _steps(q, k, v, S, z, read)


def linear_softmax(q, k, v, S, z):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    e = np.tril(np.exp(s))
    return e / e.sum(-1, keepdims=True) @ v, *linear_by_square(q, k, v, S, z)[1:]


def linear_of_queries(q, k, v, S, z):
    return linear_by_square(k, q, v, S, z)


def linear_turned(q, k, v, S, z):
    def write(S, z, k, v):
        new = v[..., :, None] * k[..., None, :]
        return S + (new if new.shape == S.shape else np.swapaxes(new, -1, -2)), z + k

    return _steps(q, k, v, S, z, _read, write)


def linear_in_place(q, k, v, S, z):
    out = []
    for t in range(q.shape[-2]):
        S += k[..., t, :, None] * v[..., t, None, :]
        z += k[..., t, :]
        out.append(_read(q[..., t, :], S, z))
    return np.stack(out, axis=-2), S, z


def linear_output_only(q, k, v, S, z):
    return linear_by_square(q, k, v, S, z)[0]


# --- wrong: merge_attention --------------------------------------------------------------------


def _merged(weights=None, lse=None):
    def merge(outputs, log_sum_exps):
        out, new = merge_one_after_the_other(outputs, log_sum_exps)
        with np.errstate(all="ignore"):
            if weights:
                out = (weights(log_sum_exps)[..., None] * outputs).sum(0)
            return out, lse(log_sum_exps) if lse else new

    return merge


def _soft(s, axis=0):
    top = s.max(axis=axis, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(top), top, 0))
    return e / np.maximum(e.sum(axis=axis, keepdims=True), 1e-300)


def _soft_minus(s):
    return _soft(np.where(np.isfinite(s), -s, -np.inf))


def merge_best(outputs, log_sum_exps):
    best = log_sum_exps.argmax(0)
    return np.choose(best[..., None], outputs), log_sum_exps.max(0)


def merge_unstable(outputs, log_sum_exps):
    with np.errstate(all="ignore"):
        e = np.exp(log_sum_exps)
        out = np.einsum("p...,p...d->...d", e, outputs)
        return out / e.sum(0)[..., None], np.log(e.sum(0))


def merge_unstable_zeros(outputs, log_sum_exps):
    with np.errstate(all="ignore"):
        e = np.exp(log_sum_exps)
        total = e.sum(0)
        out = (e[..., None] * outputs).sum(0) / np.where(total > 0, total, 1)[..., None]
        return out, np.log(total)


def merge_nan(outputs, log_sum_exps):
    with np.errstate(all="ignore"):
        top = log_sum_exps.max(0)
        e = np.exp(log_sum_exps - top)
        return (e[..., None] * outputs).sum(0) / e.sum(0)[..., None], top + np.log(e.sum(0))


def merge_one_top(outputs, log_sum_exps):
    with np.errstate(all="ignore"):
        e = np.exp(log_sum_exps - np.max(log_sum_exps))
        out = np.einsum("p...,p...d->...d", e, outputs) / np.maximum(e.sum(0), 1e-300)[..., None]
        return out, np.max(log_sum_exps) + np.log(e.sum(0))


def merge_zero(outputs, log_sum_exps):
    out, lse = merge_one_after_the_other(outputs, log_sum_exps)
    return out, np.nan_to_num(lse, neginf=0.0)


def merge_in_place(outputs, log_sum_exps):
    found = merge_one_after_the_other(outputs, log_sum_exps)
    with np.errstate(invalid="ignore"):
        log_sum_exps -= log_sum_exps.max(axis=0)
    return found


def merge_output_only(outputs, log_sum_exps):
    return merge_one_after_the_other(outputs, log_sum_exps)[0]


WRONG = {
    "linear_attention_recurrent": {
        "read before writing": linear_read_first,
        "future seen": linear_all_at_once,
        "not normalised": linear_undivided,
        "divided by the count": linear_by_count,
        "key_sum starts at zero": linear_new_total,
        "state ignored": linear_new_state,
        "old state given back": linear_old_state,
        "state overwritten": linear_not_carried,
        "NaN without weight": linear_nan,
        "softmax": linear_softmax,
        "queries in the state": linear_of_queries,
        "state transposed": linear_turned,
        "in place": linear_in_place,
        "another kind": linear_output_only,
    },
    "merge_attention": {
        "outputs averaged": _merged(lambda s: np.ones(s.shape) / len(s)),
        "seen parts averaged": _merged(
            lambda s: np.isfinite(s) / np.maximum(np.isfinite(s).sum(0), 1)
        ),
        "outputs added": _merged(np.ones_like),
        "not normalised": _merged(lambda s: np.exp(s)),
        "weighed by logarithms": _merged(lambda s: s / s.sum(0)),
        "signs turned": _merged(_soft_minus),
        "base 2": _merged(lambda s: _soft(s * np.log(2))),
        "wrong axis": _merged(lambda s: _soft(s, -1)),
        "best part only": merge_best,
        "first part only": lambda outputs, log_sum_exps: (outputs[0], log_sum_exps[0]),
        "log-sum-exps added": _merged(lse=lambda s: s.sum(0)),
        "largest log-sum-exp": _merged(lse=lambda s: s.max(0)),
        "log-sum-exps averaged": _merged(lse=lambda s: s.mean(0)),
        "maximum not given back": _merged(
            lse=lambda s: np.log(np.exp(s - np.maximum(s.max(0), -1e30)).sum(0))
        ),
        "logarithm forgotten": _merged(lse=lambda s: np.exp(s).sum(0)),
        "unstable": merge_unstable,
        "NaN where nothing was seen": merge_nan,
        "one maximum for all queries": merge_one_top,
        "zero where nothing was seen": merge_zero,
        "in place": merge_in_place,
        "another kind": merge_output_only,
    },
}

# --- wrong, and like something else ------------------------------------------------------------


def _of_linear(bend):
    return lambda *given: tuple(map(bend, linear_by_square(*given)))


def _of_merge(bend):
    return lambda *given: tuple(map(bend, merge_one_after_the_other(*given)))


UNNAMED = {
    "linear_attention_recurrent": [
        (_of_linear(lambda y: 2 * y), ()),
        (_of_linear(lambda y: 0 * y), ()),
        (_of_linear(lambda y: np.nan * y), ()),
        (_of_linear(lambda y: y[..., ::-1]), ()),
        (lambda q, k, v, S, z: linear_by_square(q, k, 2 * v, S, z), ()),
        (lambda q, k, v, S, z: linear_by_square(q**2, k**2, v, S, z), ()),
        (lambda q, k, v, S, z: linear_by_square(q + 1, k + 1, v, S, z), ()),
        (lambda q, k, v, S, z: linear_by_square(q, k, v, 0.9 * S, 0.9 * z), ()),
        (lambda q, k, v, S, z: linear_read_first(q, k, v, S, 2 * z), ()),
        (lambda q, k, v, S, z: (v, S, z), ()),
        (lambda q, k, v, S, z: linear_all_at_once(k, q, v, S, z), ()),
    ],
    "merge_attention": [
        (_of_merge(lambda y: 2 * y), ()),
        (_of_merge(lambda y: 0 * y), ()),
        (_of_merge(lambda y: np.nan * y), ()),
        (_of_merge(lambda y: y[..., ::-1]), ()),
        (_merged(lambda s: _soft(2 * s)), ()),
        (_merged(lambda s: _soft(s / 2)), ()),
        (_merged(lambda s: np.sqrt(_soft(s))), ()),
        (_merged(_soft_minus, lambda s: s.max(0)), ()),
        (_merged(lambda s: np.abs(s) / np.abs(s).sum(0)), ()),
        (_merged(lambda s: _soft(s[::-1])), ()),
        (lambda o, s: (o[-1], s[-1]), ()),
        (merge_unstable_zeros, {"unstable"}),
    ],
}
