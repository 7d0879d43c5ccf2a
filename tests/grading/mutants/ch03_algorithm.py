"""Wrong answers, written as learners write them, and right ones written in other ways.

``WRONG[question]`` maps what the mistake is called in result records to answers that make it.
"""

import math

import numpy as np

# --- right -------------------------------------------------------------------------------------


def softmax_by_loops(x):
    out = np.empty(x.shape, dtype=float)
    for place in np.ndindex(*x.shape[:-1]):
        row = x[place].astype(float)
        powers = [math.exp(a - max(row)) for a in row] if row.size < 99 else np.exp(row - max(row))
        out[place] = np.array(powers) / sum(powers)
    return out


def softmax_by_logarithms(x):
    x = np.float32(x) if x.dtype == np.float16 else x
    top = np.max(x, -1)[..., None]
    return np.exp(x - top - np.log(np.exp(x - top).sum(-1))[..., None])


def scaled_scores_by_einsum(q, k):
    q, k = np.float64(q), np.float64(k)
    return np.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5


def scaled_scores_scaling_first(q, k):
    scale = math.sqrt(math.sqrt(k.shape[-1]))
    return (np.float32(q) / scale) @ np.moveaxis(np.float32(k) / scale, -1, -2)


def masked_attention_by_loops(q, k, v, mask):
    mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(*q.shape[:-1]):
        keys, values = k[place[:-1]][mask[place]], v[place[:-1]][mask[place]]
        if len(keys):
            s = keys @ q[place] / math.sqrt(len(q[place]))
            out[place] = softmax_by_loops(s) @ values
    return out


def masked_attention_by_nan_to_num(q, k, v, mask):
    s = np.einsum("...id,...jd->...ij", q, k) / np.sqrt(q.shape[-1])
    s = np.where(mask, s, -np.inf)
    top = s.max(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        e = np.exp(s - top)
        return np.einsum("...ij,...jd->...id", np.nan_to_num(e / e.sum(-1, keepdims=True)), v)


def additive_scores_by_loops(q, k, w_query, w_key, v):
    a, b = q @ w_query, k @ w_key
    columns = [np.tanh(a + b[..., j : j + 1, :]) @ v for j in range(k.shape[-2])]
    return np.stack(columns, axis=-1)


def additive_scores_by_einsum(q, k, w_query, w_key, v):
    a = np.einsum("...id,dh->...ih", q, w_query)
    b = np.einsum("...jd,dh->...jh", k, w_key)
    return np.einsum("...ijh,h->...ij", np.tanh(a[..., None, :] + b[..., None, :, :]), v)


RIGHT = {
    "softmax": [softmax_by_loops, softmax_by_logarithms],
    "scaled_scores": [scaled_scores_by_einsum, scaled_scores_scaling_first],
    "masked_attention": [masked_attention_by_loops, masked_attention_by_nan_to_num],
    "additive_scores": [additive_scores_by_loops, additive_scores_by_einsum],
}

# --- wrong: softmax ----------------------------------------------------------------------------


def softmax_as_printed(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def softmax_over_columns(x):
    x = x.astype(float)
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


def softmax_over_everything(x):
    e = np.exp(x.astype(float) - x.max())
    return e / np.sum(e)


def softmax_one_maximum(x):
    e = np.exp(x.astype(float) - x.max())
    return e / e.sum(axis=-1, keepdims=True)


def softmax_never_divided(x):
    return np.exp(x - np.max(x, axis=-1, keepdims=True))


def softmax_of_minus(x):
    x = np.float64(x)
    e = np.exp(x.min(-1, keepdims=True) - x)
    return e / e.sum(-1, keepdims=True)


def softmax_without_exp(x):
    return x / x.sum(axis=-1, keepdims=True)


def log_softmax(x):
    z = np.float64(x) - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def softmax_in_place(x):
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True, dtype=np.float64)
    return x


def softmax_in_half(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_minus_mean(x):
    x = np.float64(x)
    e = np.exp(x - x.mean(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.float64(x)))


def softmax_base_two(x):
    e = 2 ** (np.float64(x) - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_by_largest(x):
    e = np.exp(np.float64(x))
    return e / e.max(-1, keepdims=True)


def softmax_without_keepdims(x):
    e = np.exp(x - x.max(axis=-1))
    return e / e.sum(axis=-1)


def softmax_returns_nothing(x):
    np.exp(x)


def softmax_as_list(x):
    return softmax_by_loops(x).tolist()


# --- wrong: scaled scores ----------------------------------------------------------------------


def scores_plain(q, k):
    return np.float64(q) @ np.float64(k).swapaxes(-1, -2)


def scores_over_width(q, k):
    return scores_plain(q, k) / q.shape[-1]


def scores_times_root(q, k):
    return scores_plain(q, k) * np.sqrt(q.shape[-1])


def scores_over_root_of_keys(q, k):
    return scores_plain(q, k) / np.sqrt(k.shape[-2])


def scores_over_root_of_queries(q, k):
    return scores_plain(q, k) / np.sqrt(q.shape[-2])


def scores_over_root_of_batch(q, k):
    return scores_plain(q, k) / np.sqrt(q.shape[0])


def scores_transposed(q, k):
    return np.float64(k) @ np.float64(q).swapaxes(-1, -2) / np.sqrt(q.shape[-1])


def scores_with_softmax(q, k):
    return softmax_by_loops(scores_plain(q, k) / np.sqrt(q.shape[-1]))


def scores_cosine(q, k):
    q, k = np.float64(q), np.float64(k)
    q, k = (a / np.linalg.norm(a, axis=-1, keepdims=True) for a in (q, k))
    return q @ k.swapaxes(-1, -2)


def scores_rounded_root(q, k):
    return scores_plain(q, k) // 1e-9 * 1e-9 / int(math.sqrt(q.shape[-1]))


def scores_dot_t(q, k):
    return np.float64(q) @ np.float64(k).T / np.sqrt(q.shape[-1])


def scores_in_place(q, k):
    if q.dtype != np.float16:
        q /= np.sqrt(q.shape[-1])
        return q @ k.swapaxes(-1, -2)
    return scaled_scores_by_einsum(q, k)


def scores_in_half(q, k):
    return q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])


# --- wrong: masked attention -------------------------------------------------------------------


def _attend(q, k, v, mask, *, fill=-np.inf, scale=None, axis=-1, zero=True):
    s = q @ k.swapaxes(-1, -2) / (np.sqrt(q.shape[-1]) if scale is None else scale)
    s = np.where(mask, s, fill)
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max(axis=axis, keepdims=True))
        w = e / e.sum(axis=axis, keepdims=True)
    return (np.nan_to_num(w) if zero else w) @ v


def attention_nan(q, k, v, mask):
    return _attend(q, k, v, mask, zero=False)


def attention_averages_blind(q, k, v, mask):
    return _attend(q, k, v, mask, fill=-1e30)


def attention_unmasks_blind(q, k, v, mask):
    mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    return _attend(q, k, v, mask | ~mask.any(-1, keepdims=True))


def attention_inverted(q, k, v, mask):
    return _attend(q, k, v, ~mask)


def attention_unmasked(q, k, v, mask):
    return _attend(q, k, v, np.ones_like(mask))


def attention_masked_late(q, k, v, mask):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return (softmax_by_logarithms(s) * mask) @ v


def attention_times_mask(q, k, v, mask):
    return _attend(q, k, v, mask, fill=0)


def attention_minus_one(q, k, v, mask):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return softmax_by_logarithms(s + np.where(mask, 0.0, -1.0)) @ v


def attention_minus_ten_thousand(q, k, v, mask):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    w = softmax_by_logarithms(s + np.where(mask, 0.0, -1e4))
    return np.where(mask.any(-1, keepdims=True), w, 0) @ v


def attention_finite(q, k, v, mask):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return np.where(mask, softmax_by_logarithms(np.where(mask, s, -1e4)), 0) @ v


def attention_over_queries(q, k, v, mask):
    return _attend(q, k, v, mask, axis=-2)


def attention_unscaled(q, k, v, mask):
    return _attend(q, k, v, mask, scale=1)


def attention_scaled_by_values(q, k, v, mask):
    return _attend(q, k, v, mask, scale=np.sqrt(v.shape[-1]))


def attention_transposed_mask(q, k, v, mask):
    if mask.shape[-1] == mask.shape[-2]:
        mask = mask.swapaxes(-1, -2)
    return _attend(q, k, v, mask)


def attention_in_place(q, k, v, mask):
    blind = ~mask.any(-1, keepdims=True)
    mask |= blind
    out = _attend(q, k, v, mask)
    return np.where(blind, 0, out)


def attention_unnormalised(q, k, v, mask):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    return np.where(mask, np.exp(s), 0) @ v


# --- wrong: additive scores --------------------------------------------------------------------


def _pairs(q, k, w_query, w_key):
    return (q @ w_query)[..., :, None, :] + (k @ w_key)[..., None, :, :]


def additive_linear(q, k, w_query, w_key, v):
    return _pairs(q, k, w_query, w_key) @ v


def additive_sigmoid(q, k, w_query, w_key, v):
    return sigmoid(_pairs(q, k, w_query, w_key)) @ v


def additive_relu(q, k, w_query, w_key, v):
    return np.maximum(_pairs(q, k, w_query, w_key), 0) @ v


def additive_without_v(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q, k, w_query, w_key)).sum(-1)


def additive_tanh_outside(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q, k, w_query, w_key) @ v)


def additive_tanh_twice(q, k, w_query, w_key, v):
    return np.tanh(q @ w_query)[..., :, None, :] @ v + np.tanh(k @ w_key)[..., None, :, :] @ v


def additive_product(q, k, w_query, w_key, v):
    return np.tanh((q @ w_query)[..., :, None, :] * (k @ w_key)[..., None, :, :]) @ v


def additive_dot(q, k, w_query, w_key, v):
    return np.einsum("...ih,...jh->...ij", q @ w_query, k @ w_key)


def additive_key_only(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q * 0, k, w_query, w_key)) @ v


def additive_query_only(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q, k * 0, w_query, w_key)) @ v


def additive_difference(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q, -k, w_query, w_key)) @ v


def additive_softmax(q, k, w_query, w_key, v):
    return softmax_by_logarithms(np.tanh(_pairs(q, k, w_query, w_key)) @ v)


def additive_transposed(q, k, w_query, w_key, v):
    return np.tanh((q @ w_query)[..., None, :, :] + (k @ w_key)[..., :, None, :]) @ v


def additive_paired_off(q, k, w_query, w_key, v):
    return np.tanh(q @ w_query + k @ w_key) @ v


def additive_swapped(q, k, w_query, w_key, v):
    if q.shape[-1] == k.shape[-1]:
        w_query, w_key = w_key, w_query
    return np.tanh(_pairs(q, k, w_query, w_key)) @ v


def additive_weights_transposed(q, k, w_query, w_key, v):
    if w_query.shape[0] == w_query.shape[1]:
        w_query, w_key = w_query.T, w_key.T
    return np.tanh(_pairs(q, k, w_query, w_key)) @ v


def additive_scaled(q, k, w_query, w_key, v):
    return np.tanh(_pairs(q, k, w_query, w_key)) @ v / np.sqrt(len(v))


def additive_in_place(q, k, w_query, w_key, v):
    right = np.tanh(_pairs(q, k, w_query, w_key)) @ v
    w_query *= 0
    return right


WRONG = {
    "softmax": {
        "unstable": softmax_as_printed,
        "wrong axis": softmax_over_columns,
        "whole array": softmax_over_everything,
        "one maximum for all rows": softmax_one_maximum,
        "mean instead of maximum": softmax_minus_mean,
        "not normalised": softmax_never_divided,
        "sign": softmax_of_minus,
        "no exp": softmax_without_exp,
        "logarithm": log_softmax,
        "in place": softmax_in_place,
        "half precision overflow": softmax_in_half,
        "sigmoid": sigmoid,
        "base 2": softmax_base_two,
        "divided by the largest": softmax_by_largest,
        "exception": softmax_without_keepdims,
        "None": softmax_returns_nothing,
        "no array": softmax_as_list,
    },
    "scaled_scores": {
        "not scaled": scores_plain,
        "divided by d_k": scores_over_width,
        "multiplied": scores_times_root,
        "scaled by kv_len": scores_over_root_of_keys,
        "scaled by q_len": scores_over_root_of_queries,
        "scaled by a leading axis": scores_over_root_of_batch,
        "transposed": scores_transposed,
        "softmax too early": scores_with_softmax,
        "cosine": scores_cosine,
        "rounded root": scores_rounded_root,
        "exception": scores_dot_t,
        "in place": scores_in_place,
        "half precision overflow": scores_in_half,
    },
    "masked_attention": {
        "NaN on an empty row": attention_nan,
        "empty row averaged": attention_averages_blind,
        "empty row unmasked": attention_unmasks_blind,
        "mask inverted": attention_inverted,
        "mask ignored": attention_unmasked,
        "masked after softmax": attention_masked_late,
        "scores times mask": attention_times_mask,
        "weak penalty": attention_minus_one,
        "finite in place of -∞": attention_finite,
        "wrong axis": attention_over_queries,
        "not scaled": attention_unscaled,
        "scaled by d_v": attention_scaled_by_values,
        "mask transposed": attention_transposed_mask,
        "in place": attention_in_place,
        "not normalised": attention_unnormalised,
    },
    "additive_scores": {
        "no tanh": additive_linear,
        "sigmoid": additive_sigmoid,
        "relu": additive_relu,
        "no v": additive_without_v,
        "tanh too late": additive_tanh_outside,
        "tanh twice": additive_tanh_twice,
        "product": additive_product,
        "dot product": additive_dot,
        "query ignored": additive_key_only,
        "key ignored": additive_query_only,
        "difference": additive_difference,
        "softmax too early": additive_softmax,
        "transposed": additive_transposed,
        "paired off": additive_paired_off,
        "matrices swapped": additive_swapped,
        "matrices transposed": additive_weights_transposed,
        "scaled": additive_scaled,
        "in place": additive_in_place,
    },
}

# --- wrong, and like something else ----------------------------------------------------------------


def _shares(powers):
    return powers / powers.sum(axis=-1, keepdims=True)


def _after(shift):
    def softmax(x):
        x = np.float64(x)
        return _shares(np.exp(x - shift(x)))

    return softmax


def _softmax_of(bend):
    return lambda x: softmax_by_logarithms(bend(np.float64(x)))


def _hardmax(x):
    return np.float64(x == x.max(-1, keepdims=True))


def _sparsemax(x):
    z = -np.sort(-np.float64(x), axis=-1)
    k = np.arange(1, x.shape[-1] + 1)
    total = z.cumsum(-1)
    size = (1 + k * z > total).sum(-1, keepdims=True)
    cut = (np.take_along_axis(total, size - 1, -1) - 1) / size
    return np.maximum(np.float64(x) - cut, 0)


_ROW = {"axis": -1, "keepdims": True}
_LIKE_SOFTMAX = [
    (_after(lambda x: x.min(**_ROW)), {"minimum instead of maximum"}),
    (_after(lambda x: np.median(x, **_ROW)), ()),
    (_after(lambda x: x[..., :1]), ()),
    (_after(lambda x: x[..., -1:]), ()),
    (_after(lambda x: x.mean()), {"unstable"}),
    (_after(lambda x: np.linalg.norm(x, **_ROW)), ()),
    (_softmax_of(lambda x: x / 2), ()),
    (_softmax_of(lambda x: x * 2), ()),
    (_softmax_of(np.abs), ()),
    (_softmax_of(np.square), ()),
    (_softmax_of(lambda x: x - x.mean(**_ROW) * 0.5 + x * 0.1), ()),
    (lambda x: np.full(x.shape, 1 / x.shape[-1]), ()),
    (lambda x: np.float64(softmax_by_logarithms(x)) * 0.99, ()),
    (lambda x: softmax_by_logarithms(x) ** 2, ()),
    (lambda x: softmax_by_logarithms(x)[..., ::-1], ()),
    (lambda x: np.sqrt(softmax_by_logarithms(x)), ()),
    (lambda x: np.round(softmax_by_logarithms(x), 2), ()),
    (lambda x: _shares(np.maximum(np.float64(x), 0) + 1e-9), ()),
    (lambda x: _shares(np.log1p(np.exp(np.minimum(np.float64(x), 500)))), ()),
    (lambda x: _shares(np.exp(np.clip(np.float64(x), -50, 50))), ()),
    (lambda x: _shares(1 / (1 + np.exp(-np.clip(np.float64(x), -500, 500)))), ()),
    (lambda x: np.tanh(np.float64(x)), ()),
    (lambda x: np.zeros(x.shape, x.dtype), ()),
    (_hardmax, ()),
    (_sparsemax, ()),
]


def _squares(q, k):
    return ((np.float64(q)[..., :, None, :] - np.float64(k)[..., None, :, :]) ** 2).sum(-1)


def _wide(q, k):
    return np.float64(q), np.float64(k)


_LIKE_SCORES = [
    (_squares, ()),
    (lambda q, k: -_squares(q, k), ()),
    (lambda q, k: np.sqrt(_squares(q, k)), ()),
    (lambda q, k: -_squares(q, k) / 2, ()),
    (lambda q, k: -np.sqrt(_squares(q, k)), ()),
    (lambda q, k: np.exp(-_squares(q, k)), ()),
    (lambda q, k: np.exp(-_squares(q, k) / 2 / np.sqrt(q.shape[-1])), ()),
    (lambda q, k: _shares(np.exp(-_squares(q, k) / 1e9)), ()),
    (lambda q, k: softmax_by_logarithms(-_squares(q, k)), ()),
    (lambda q, k: 1 / (1 + _squares(q, k)), ()),
    (lambda q, k: np.abs(scaled_scores_by_einsum(q, k)), ()),
    (lambda q, k: np.maximum(scaled_scores_by_einsum(q, k), 0), ()),
    (lambda q, k: np.tanh(scaled_scores_by_einsum(q, k)), ()),
    (lambda q, k: scores_plain(q, k) / q.shape[-1] ** 0.25, ()),
    (lambda q, k: scores_plain(q, k) / np.sqrt(q.shape[-1] + 1), ()),
    (lambda q, k: scores_plain(q, k) / np.sqrt(q.size), ()),
    (lambda q, k: scores_plain(q, k) / np.sqrt(64), ()),
    (lambda q, k: scores_plain(q, k) / np.linalg.norm(np.float64(q), **_ROW), ()),
    (lambda q, k: scores_plain(*_wide(q, q)[:1], k) * 0.125 + 1, ()),
    (lambda q, k: scores_plain(q - q.mean(**_ROW), k) / np.sqrt(q.shape[-1]), ()),
    (lambda q, k: -scaled_scores_by_einsum(q, k), ()),
    (lambda q, k: scaled_scores_by_einsum(q[..., ::-1], k), ()),
    (lambda q, k: scaled_scores_by_einsum(q, k)[..., ::-1], ()),
    (lambda q, k: scaled_scores_by_einsum(q, k) + 1, ()),
    (lambda q, k: np.zeros(scores_plain(q, k).shape), ()),
]


def _open(q, k, mask):
    return np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2])).astype(float)


def _averaged(q, k, v, mask):
    weights = _open(q, k, mask)
    return weights / np.maximum(weights.sum(**_ROW), 1) @ v


_LIKE_MASKED = [
    (_averaged, ()),
    (lambda q, k, v, mask: _open(q, k, mask) @ v, ()),
    (lambda q, k, v, mask: np.tanh(masked_attention_by_loops(q, k, v, mask)), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, v, mask) / 2, ()),
    (lambda q, k, v, mask: masked_attention_by_loops(-q, k, v, mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q * 2, k, v, mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, v[..., ::-1], mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, v[..., ::-1, :], mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k[..., ::-1, :], v, mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, v, mask[..., ::-1]), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q * 0, k, v, mask), ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, v, mask) + 1, ()),
    (lambda q, k, v, mask: masked_attention_by_loops(q, k, np.abs(v), mask), ()),
    (lambda q, k, v, mask: v.mean(-2, keepdims=True) + 0 * q[..., :1], ()),
    (lambda q, k, v, mask: v.sum(-2, keepdims=True) + 0 * q[..., :1], ()),
    (lambda q, k, v, mask: v.max(-2, keepdims=True) + 0 * q[..., :1], ()),
    (lambda q, k, v, mask: v[..., :1, :] + 0 * q[..., :1], ()),
    (lambda q, k, v, mask: np.nan * masked_attention_by_loops(q, k, v, mask), ()),
    (lambda q, k, v, mask: 0 * masked_attention_by_loops(q, k, v, mask), ()),
]


def _bent(bend):
    return lambda q, k, w_query, w_key, v: bend(_pairs(q, k, w_query, w_key)) @ v


_LIKE_ADDITIVE = [
    (_bent(np.sin), ()),
    (_bent(np.arctan), ()),
    (_bent(np.abs), ()),
    (_bent(np.square), ()),
    (_bent(np.sign), ()),
    (_bent(lambda h: h / (1 + np.abs(h))), ()),
    (_bent(lambda h: np.log1p(np.exp(np.minimum(h, 500)))), ()),
    (_bent(lambda h: np.tanh(h / 2)), ()),
    (_bent(lambda h: np.tanh(2 * h)), ()),
    (_bent(lambda h: -np.tanh(h)), ()),
    (_bent(lambda h: np.tanh(h) ** 2), ()),
    (_bent(lambda h: np.tanh(h + 1)), ()),
    (_bent(lambda h: np.tanh(h)[..., ::-1]), ()),
    (_bent(lambda h: 1 - np.tanh(h) ** 2), ()),
    (_bent(lambda h: np.tanh(np.tanh(h))), ()),
    (_bent(lambda h: np.clip(h, -1, 1)), ()),
    (_bent(lambda h: np.exp(-(h**2))), ()),
    (lambda q, k, w_query, w_key, v: -_squares(q @ w_query, k @ w_key), ()),
    (lambda q, k, w_query, w_key, v: np.exp(-_squares(q @ w_query, k @ w_key)), ()),
    (lambda *a: additive_scores_by_loops(*a) + 1, ()),
    (lambda *a: 2 * additive_scores_by_loops(*a), ()),
    (lambda *a: np.abs(additive_scores_by_loops(*a)), ()),
    (lambda *a: 0 * additive_scores_by_loops(*a), ()),
]

UNNAMED = {
    "softmax": _LIKE_SOFTMAX,
    "scaled_scores": _LIKE_SCORES,
    "masked_attention": _LIKE_MASKED,
    "additive_scores": _LIKE_ADDITIVE,
}
