"""Answers to the two questions about gradients."""

import numpy as np

ROW = {"axis": -1, "keepdims": True}


def wide(x):
    return x.astype(np.promote_types(x.dtype, np.float32))


def weights_of(q, k, mask):
    s = np.where(mask, q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]), -1e30)
    e = np.exp(s - s.max(**ROW)) * mask
    return e / np.maximum(e.sum(**ROW), 1e-30)


# --- right -------------------------------------------------------------------------------------


def softmax_backward_by_jacobian(grad, weights):
    g, p = wide(grad), wide(weights)
    jacobian = p[..., :, None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])
    # Large slopes that all share are taken off first, which changes nothing.
    return ((g - g[..., :1])[..., None, :] @ jacobian)[..., 0, :] * (p.sum(**ROW) > 0)


def softmax_backward_by_rows(grad, weights):
    out = np.zeros(weights.shape, np.promote_types(grad.dtype, np.float32))
    for place in np.ndindex(*weights.shape[:-1]):
        g, p = wide(grad[place]), wide(weights[place])
        out[place] = p * g - p * np.dot(p, g)
    return out


def attention_backward_by_output(grad, q, k, v, mask):
    a = weights_of(q, k, mask)
    d = np.einsum("...id,...id->...i", grad, a @ v)
    ds = a * (np.einsum("...id,...jd->...ij", grad, v) - d[..., None])
    scale = q.shape[-1] ** -0.5
    dq = np.einsum("...ij,...jd->...id", ds, k) * scale
    dk = np.einsum("...ij,...id->...jd", ds, q) * scale
    return dq, dk, np.einsum("...ij,...id->...jd", a, grad)


def attention_backward_by_queries(grad, q, k, v, mask):
    mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for *place, i in np.ndindex(*q.shape[:-1]):
        at = tuple(place)
        open_ = np.flatnonzero(mask[(*at, i)])
        if not len(open_):
            continue
        keys, values = k[at][open_], v[at][open_]
        s = keys @ q[(*at, i)] / np.sqrt(q.shape[-1])
        p = np.exp(s - s.max())
        p /= p.sum()
        told = p * ((values - p @ values) @ grad[(*at, i)]) / np.sqrt(q.shape[-1])
        dq[(*at, i)] = told @ keys
        dk[at][open_] += np.outer(told, q[(*at, i)])
        dv[at][open_] += np.outer(p, grad[(*at, i)])
    return dq, dk, dv


RIGHT = {
    "softmax_backward": [softmax_backward_by_jacobian, softmax_backward_by_rows],
    "attention_backward": [attention_backward_by_output, attention_backward_by_queries],
}

# --- wrong: softmax_backward -------------------------------------------------------------------


def softmax_no_mean(grad, weights):
    return wide(grad) * weights


def softmax_diagonal(grad, weights):
    return wide(grad) * weights * (1 - weights)


def softmax_off_diagonal(grad, weights):
    g = wide(grad)
    return -weights * (g * weights).sum(**ROW)


def softmax_no_weights_outside(grad, weights):
    g = wide(grad)
    return g - (g * weights).sum(**ROW)


def softmax_plain_mean(grad, weights):
    g = wide(grad)
    return weights * (g - g.mean(**ROW))


def softmax_plain_sum(grad, weights):
    g = wide(grad)
    return weights * (g - g.sum(**ROW))


def softmax_mean_of_products(grad, weights):
    g = wide(grad)
    return weights * (g - (g * weights).mean(**ROW))


def softmax_plus(grad, weights):
    g = wide(grad)
    return weights * (g + (g * weights).sum(**ROW))


def softmax_negated(grad, weights):
    g = wide(grad)
    return weights * ((g * weights).sum(**ROW) - g)


def softmax_swapped(grad, weights):
    return softmax_backward_by_rows(weights, grad)


def softmax_of_softmax(grad, weights):
    e = np.exp(wide(weights))
    return softmax_backward_by_rows(grad, e / e.sum(**ROW))


def softmax_normalised(grad, weights):
    p = wide(weights)
    return softmax_backward_by_rows(grad, p / p.sum(**ROW))


def softmax_over_queries(grad, weights):
    g = wide(grad)
    return weights * (g - (g * weights).sum(axis=0, keepdims=True))


def softmax_over_all(grad, weights):
    g = wide(grad)
    return weights * (g - (g * weights).sum())


def softmax_in_place(grad, weights):
    right = softmax_backward_by_rows(grad, weights)
    grad -= (weights * grad).sum(**ROW)
    return right


def softmax_in_half(grad, weights):
    return weights * (grad - (weights * grad).sum(**ROW))


def softmax_no_keepdims(grad, weights):
    return weights * (wide(grad) - (weights * grad).sum(axis=-1))


# --- wrong: attention_backward -----------------------------------------------------------------


def _back(grad, q, k, v, mask, through=None, scale=None):
    a = weights_of(q, k, mask)
    da = grad @ v.swapaxes(-1, -2)
    ds = (through or softmax_backward_by_rows)(da, a)
    ds = ds / (np.sqrt(q.shape[-1]) if scale is None else scale)
    return ds @ k, ds.swapaxes(-1, -2) @ q, a.swapaxes(-1, -2) @ grad


def back_unscaled(*given):
    return _back(*given, scale=1)


def back_scaled_twice(grad, q, k, v, mask):
    return _back(grad, q, k, v, mask, scale=q.shape[-1])


def back_q_unscaled(grad, q, k, v, mask):
    dq, dk, dv = _back(grad, q, k, v, mask)
    return dq * np.sqrt(q.shape[-1]), dk, dv


def back_k_unscaled(grad, q, k, v, mask):
    dq, dk, dv = _back(grad, q, k, v, mask)
    return dq, dk * np.sqrt(q.shape[-1]), dv


def back_values_only(grad, q, k, v, mask):
    return np.zeros_like(q), np.zeros_like(k), _back(grad, q, k, v, mask)[2]


def back_no_softmax(*given):
    return _back(*given, through=lambda g, p: g)


def back_no_mean(*given):
    return _back(*given, through=softmax_no_mean)


def back_diagonal(*given):
    return _back(*given, through=softmax_diagonal)


def back_over_queries(*given):
    return _back(*given, through=lambda g, p: p * (g - (p * g).sum(axis=-2, keepdims=True)))


def back_k_first(*given):
    dq, dk, dv = _back(*given)
    return dk, dq, dv


def back_v_second(*given):
    dq, dk, dv = _back(*given)
    return dq, dv, dk


def back_reversed(*given):
    return _back(*given)[::-1]


def back_negated(*given):
    return tuple(-x for x in _back(*given))


def back_of_ones(grad, *rest):
    return _back(np.ones_like(grad), *rest)


def back_unmasked(grad, q, k, v, mask):
    return _back(grad, q, k, v, np.ones_like(mask))


def back_weights_straight(grad, q, k, v, mask):
    dq, dk, dv = _back(grad, q, k, v, mask)
    a = weights_of(q, k, mask)
    return dq, dk, (a @ grad if a.shape[-1] == a.shape[-2] else dv)


def back_scores_straight(grad, q, k, v, mask):
    dq, dk, dv = _back(grad, q, k, v, mask)
    a = weights_of(q, k, mask)
    ds = softmax_backward_by_rows(grad @ v.swapaxes(-1, -2), a) / np.sqrt(q.shape[-1])
    return dq, (ds @ q if a.shape[-1] == a.shape[-2] else dk), dv


def back_values_through_scores(grad, q, k, v, mask):
    ds = softmax_backward_by_rows(grad @ v.swapaxes(-1, -2), weights_of(q, k, mask))
    return *_back(grad, q, k, v, mask)[:2], ds.swapaxes(-1, -2) @ grad


def back_batch_summed(*given):
    found = _back(*given)
    return tuple(x.sum(axis=tuple(range(x.ndim - 2))) for x in found)


def back_values_unweighted(grad, q, k, v, mask):
    dv = np.zeros_like(v) + grad.sum(axis=-2, keepdims=True)
    return *_back(grad, q, k, v, mask)[:2], dv


def back_scaled_by_values(grad, q, k, v, mask):
    return _back(grad, q, k, v, mask, scale=np.sqrt(v.shape[-1]))


def _back_with_softmax(grad, q, k, v, mask, closed):
    s = np.where(mask, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), closed)
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max(**ROW))
        a = e / e.sum(**ROW)
        ds = softmax_backward_by_rows(grad @ v.swapaxes(-1, -2), a) / np.sqrt(q.shape[-1])
        return ds @ k, ds.swapaxes(-1, -2) @ q, a.swapaxes(-1, -2) @ grad


def back_blind_average(*given):
    return _back_with_softmax(*given, -1e9)


def back_blind_nan(*given):
    return _back_with_softmax(*given, -np.inf)


def back_in_place(grad, q, k, v, mask):
    found = _back(grad, q, k, v, mask)
    k /= np.sqrt(q.shape[-1])
    return found


def back_as_one_array(*given):
    return _back(*given)[2]


WRONG = {
    "softmax_backward": {
        "row's mean missing": softmax_no_mean,
        "diagonal only": softmax_diagonal,
        "diagonal missing": softmax_off_diagonal,
        "weights missing outside": softmax_no_weights_outside,
        "plain mean": softmax_plain_mean,
        "plain sum": softmax_plain_sum,
        "divided by the length": softmax_mean_of_products,
        "sign inside": softmax_plus,
        "negated": softmax_negated,
        "arguments swapped": softmax_swapped,
        "softmax again": softmax_of_softmax,
        "row normalised": softmax_normalised,
        "wrong axis": softmax_over_queries,
        "whole array": softmax_over_all,
        "in place": softmax_in_place,
        "half precision overflow": softmax_in_half,
        "exception": softmax_no_keepdims,
    },
    "attention_backward": {
        "not scaled": back_unscaled,
        "q not scaled": back_q_unscaled,
        "k not scaled": back_k_unscaled,
        "scaled twice": back_scaled_twice,
        "scores get no gradient": back_values_only,
        "softmax skipped": back_no_softmax,
        "row's mean missing": back_no_mean,
        "diagonal only": back_diagonal,
        "wrong axis": back_over_queries,
        "q and k swapped": back_k_first,
        "k and v swapped": back_v_second,
        "reversed": back_reversed,
        "negated": back_negated,
        "grad ignored": back_of_ones,
        "mask ignored": back_unmasked,
        "weights not turned": back_weights_straight,
        "scores' gradient not turned": back_scores_straight,
        "v gets the scores' share": back_values_through_scores,
        "values in place of weights": back_values_unweighted,
        "batch summed": back_batch_summed,
        "scaled by d_v": back_scaled_by_values,
        "empty row averaged": back_blind_average,
        "NaN on an empty row": back_blind_nan,
        "in place": back_in_place,
        "another kind": back_as_one_array,
    },
}

# --- wrong, and like something else ------------------------------------------------------------


def _bent(bend):
    return lambda g, p: bend(softmax_backward_by_rows(g, p), wide(g), wide(p))


_LIKE_SOFTMAX = [
    (_bent(lambda y, g, p: 2 * y), ()),
    (_bent(lambda y, g, p: y + 1), ()),
    (_bent(lambda y, g, p: np.abs(y)), ()),
    (_bent(lambda y, g, p: y[..., ::-1]), ()),
    (_bent(lambda y, g, p: g), ()),
    (_bent(lambda y, g, p: p), ()),
    (_bent(lambda y, g, p: np.nan * y), ()),
    (_bent(lambda y, g, p: p * (g - g.max(**ROW))), ()),
    (_bent(lambda y, g, p: p * p * (g - (p * g).sum(**ROW))), ()),
    (_bent(lambda y, g, p: np.sqrt(p) * (g - (p * g).sum(**ROW))), ()),
    (_bent(lambda y, g, p: p * (g - (p * p * g).sum(**ROW))), ()),
    (_bent(lambda y, g, p: y / np.sqrt(p.shape[-1])), ()),
    (_bent(lambda y, g, p: p * (1 - p)), ()),
]


def _of_back(bend):
    return lambda *given: tuple(map(bend, _back(*given)))


_LIKE_BACK = [
    (_of_back(lambda x: 2 * x), ()),
    (_of_back(lambda x: np.abs(x)), ()),
    (_of_back(lambda x: np.nan * x), ()),
    (_of_back(lambda x: x[..., ::-1]), ()),
    (_of_back(lambda x: x[..., ::-1, :]), ()),
    (lambda *given: given[1:4], ()),
    (lambda *given: _back(*given, through=lambda g, p: p), ()),
    (lambda *given: _back(*given, through=softmax_plus), ()),
    (lambda *given: _back(*given, through=softmax_no_mean, scale=1), ()),
    (lambda *given: _back(*given, through=softmax_plain_mean, scale=1), ()),
    (lambda g, q, k, v, m: _back(g, q, k, v, m, scale=np.sqrt(k.shape[-2])), ()),
    (lambda g, q, k, v, m: _back(g, k[..., :1, :] + 0 * q, k, v, m), ()),
    (lambda g, q, k, v, m: _back(g, 2 * q, k, v, m), ()),
]
UNNAMED = {"softmax_backward": _LIKE_SOFTMAX, "attention_backward": _LIKE_BACK}
