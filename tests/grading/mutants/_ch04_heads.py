"""Answers to the two questions about heads."""

import numpy as np

from tests.grading.mutants._ch04_gradients import ROW, weights_of

# --- right -------------------------------------------------------------------------------------


def heads_by_einsum(x, w_query, w_key, w_value, w_out, mask, n_heads):
    wq, wk, wv = (w.reshape(len(w), n_heads, -1) for w in (w_query, w_key, w_value))
    q, k, v = (np.einsum("...nd,dhe->...hne", x, w) for w in (wq, wk, wv))
    wo = w_out.reshape(n_heads, -1, w_out.shape[1])
    return np.einsum("...hne,heo->...no", weights_of(q, k, mask) @ v, wo)


def heads_by_columns(x, w_query, w_key, w_value, w_out, mask, n_heads):
    found = []
    for wq, wk, wv in zip(
        *(np.split(w, n_heads, -1) for w in (w_query, w_key, w_value)), strict=True
    ):
        found.append(weights_of(x @ wq, x @ wk, mask) @ (x @ wv))
    return np.concatenate(found, axis=-1) @ w_out


def grouped_by_broadcast(q, k, v, mask):
    *batch, h, m, d = q.shape
    few = k.shape[-3]
    asked = q.reshape(*batch, few, h // few, m, d)
    # The mask has a heads axis of length 1 or none.
    mask = mask[..., None, :, :] if mask.ndim > 2 else mask
    out = weights_of(asked, k[..., None, :, :], mask) @ v[..., None, :, :]
    return out.reshape(*batch, h, m, -1)


def grouped_by_heads(q, k, v, mask):
    mask = np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2]))
    size, out = q.shape[-3] // k.shape[-3], []
    for h in range(q.shape[-3]):
        at = (..., h, slice(None), slice(None))
        of = (..., h // size, slice(None), slice(None))
        out.append(weights_of(q[at], k[of], mask[at]) @ v[of])
    return np.stack(out, axis=-3)


RIGHT = {
    "multi_head_attention": [heads_by_einsum, heads_by_columns],
    "grouped_attention": [grouped_by_broadcast, grouped_by_heads],
}

# --- wrong: multi_head_attention ---------------------------------------------------------------


def _split(y, n):
    return np.moveaxis(y.reshape(*y.shape[:-1], n, -1), -2, -3)


def _flat(y, n):
    return y.reshape(*y.shape[:-2], n, y.shape[-2], -1)


def _woven(y, n):
    return np.moveaxis(y.reshape(*y.shape[:-1], -1, n), -1, -3)


def _merge(o):
    return np.concatenate([o[..., h, :, :] for h in range(o.shape[-3])], axis=-1)


def _unflat(o):
    return o.reshape(*o.shape[:-3], o.shape[-2], -1)


def _weave(o):
    return np.stack([o[..., h, :, :] for h in range(o.shape[-3])], axis=-1).reshape(
        *o.shape[:-3], o.shape[-2], -1
    )


def _layer(split=_split, merge=_merge, attend=weights_of, out=True):
    def layer(x, w_query, w_key, w_value, w_out, mask, n_heads):
        q, k, v = (split(x @ w, n_heads) for w in (w_query, w_key, w_value))
        y = merge(attend(q, k, mask) @ v)
        return y @ w_out if out else y

    return layer


def heads_ignored(x, w_query, w_key, w_value, w_out, mask, n_heads):
    return heads_by_columns(x, w_query, w_key, w_value, w_out, mask, 1)


def heads_scaled_by_model(x, w_query, w_key, w_value, w_out, mask, n_heads):
    narrow = w_query / np.sqrt(n_heads)
    return heads_by_columns(x, narrow, w_key, w_value, w_out, mask, n_heads)


def heads_in_place(x, w_query, w_key, w_value, w_out, mask, n_heads):
    right = heads_by_columns(x, w_query, w_key, w_value, w_out, mask, n_heads)
    w_query *= w_query.shape[1] ** -0.5
    return right


def _unswapped(y, n):
    return y.reshape(*y.shape[:-1], n, -1)


def _never_reshaped(o):
    return np.moveaxis(o, -3, -2)


def _mean_of_heads(o):
    return np.tile(o.mean(axis=-3), o.shape[-3])


# --- wrong: grouped_attention ------------------------------------------------------------------


def _grouped(of_k, of_v=None, attend=weights_of):
    def grouped(q, k, v, mask):
        h, few = q.shape[-3], k.shape[-3]
        keys, values = of_k(k, h, few), (of_v or of_k)(v, h, few)
        return attend(q, keys, mask) @ values

    return grouped


def _repeat(x, h, few):
    return np.repeat(x, h // few, axis=-3)


def _tile(x, h, few):
    return np.concatenate([x] * (h // few), axis=-3)


def grouped_one_output(q, k, v, mask):
    out = grouped_by_heads(q, k, v, mask)
    return out[..., :: q.shape[-3] // k.shape[-3], :, :]


def grouped_mean_query(q, k, v, mask):
    size = q.shape[-3] // k.shape[-3]
    parts = q.reshape(*q.shape[:-3], k.shape[-3], size, *q.shape[-2:])
    mean = parts.mean(axis=-3, keepdims=True) + 0 * parts
    return grouped_by_heads(mean.reshape(q.shape), k, v, mask)


def grouped_blind_average(q, k, v, mask):
    k, v = (np.repeat(x, q.shape[-3] // x.shape[-3], axis=-3) for x in (k, v))
    s = np.where(mask, q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]), -1e30)
    e = np.exp(s - s.max(**ROW))
    return e / e.sum(**ROW) @ v


def grouped_in_place(q, k, v, mask):
    out = grouped_by_heads(q, k, v, mask)
    q /= np.sqrt(q.shape[-1])
    return out


def grouped_repeat_all(q, k, v, mask):
    k, v = (np.repeat(x, q.shape[-3] // x.shape[-3]) for x in (k, v))
    return weights_of(q, k, mask) @ v


def _unscaled(q, k, mask):
    return weights_of(q * np.sqrt(q.shape[-1]), k, mask)


WRONG = {
    "multi_head_attention": {
        "split and merged flat": _layer(_flat, _unflat),
        "split flat": _layer(_flat, _merge),
        "merged flat": _layer(_split, _unflat),
        "every other feature": _layer(_woven, _weave),
        "split woven": _layer(_woven, _merge),
        "merged woven": _layer(_split, _weave),
        "heads reversed": _layer(_split, lambda o: _merge(o[..., ::-1, :, :])),
        "one head": heads_ignored,
        "w_out missing": _layer(out=False),
        "heads averaged": _layer(merge=_mean_of_heads),
        "scaled by all heads": heads_scaled_by_model,
        "not scaled": _layer(attend=_unscaled),
        "mask ignored": _layer(attend=lambda q, k, m: weights_of(q, k, np.ones_like(m))),
        "mask inverted": _layer(attend=lambda q, k, m: weights_of(q, k, ~m)),
        "mask transposed": _layer(attend=lambda q, k, m: weights_of(q, k, m.swapaxes(-1, -2))),
        "in place": heads_in_place,
        "exception": _layer(merge=_never_reshaped),
    },
    "grouped_attention": {
        "tiled": _grouped(_tile),
        "values tiled": _grouped(_repeat, _tile),
        "keys tiled": _grouped(_tile, _repeat),
        "first head for all": _grouped(lambda x, h, few: x[..., :1, :, :]),
        "heads averaged": _grouped(lambda x, h, few: x.mean(axis=-3, keepdims=True)),
        "groups reversed": _grouped(lambda x, h, few: _repeat(x, h, few)[..., ::-1, :, :]),
        "wrong group size": _grouped(
            lambda x, h, few: x[..., [min(i // few, few - 1) for i in range(h)], :, :]
        ),
        "one output a group": grouped_one_output,
        "queries averaged": grouped_mean_query,
        "mask ignored": _grouped(_repeat, attend=lambda q, k, m: weights_of(q, k, m | True)),
        "mask inverted": _grouped(_repeat, attend=lambda q, k, m: weights_of(q, k, ~m)),
        "not scaled": _grouped(_repeat, attend=_unscaled),
        "empty row averaged": grouped_blind_average,
        "in place": grouped_in_place,
        "exception": grouped_repeat_all,
    },
}

# --- wrong, and like something else ------------------------------------------------------------


def _of_layer(bend):
    return lambda *given: bend(heads_by_columns(*given))


def _of_grouped(bend):
    return lambda *given: bend(grouped_by_heads(*given))


def _distances(q, k, mask):
    s = -((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(-1)
    e = np.exp(np.where(mask, s, -1e30) - np.where(mask, s, -1e30).max(**ROW)) * mask
    return e / np.maximum(e.sum(**ROW), 1e-30)


def _even(q, k, mask):
    return weights_of(0 * q, k, mask)


UNNAMED = {
    "multi_head_attention": [
        (_of_layer(lambda y: 2 * y), ()),
        (_of_layer(lambda y: 0 * y), ()),
        (_of_layer(lambda y: np.nan * y), ()),
        (_of_layer(lambda y: y[..., ::-1]), ()),
        (_of_layer(lambda y: y[..., ::-1, :]), ()),
        (_layer(attend=_distances), ()),
        (_layer(attend=_even), ()),
        (_layer(_flat, _unflat, attend=_distances), ()),
        (_layer(_split, _unflat, attend=_unscaled), ()),
        (_layer(_flat, _weave), ()),
        (_layer(_unswapped), {"split flat"}),
        (_layer(_unswapped, lambda o: o.reshape(*o.shape[:-2], -1)), {"split and merged flat"}),
        (lambda x, q, k, v, o, m, n: heads_by_columns(x, k, q, v, o, m, n), ()),
        (lambda x, q, k, v, o, m, n: heads_by_columns(x[..., ::-1, :], q, k, v, o, m, n), ()),
    ],
    "grouped_attention": [
        (_of_grouped(lambda y: 2 * y), ()),
        (_of_grouped(lambda y: 0 * y), ()),
        (_of_grouped(lambda y: np.nan * y), ()),
        (_of_grouped(lambda y: y[..., ::-1]), ()),
        (_of_grouped(lambda y: y[..., ::-1, :, :]), ()),
        (_grouped(_repeat, attend=_distances), ()),
        (_grouped(_repeat, attend=_even), ()),
        (_grouped(_tile, attend=_distances), ()),
        (_grouped(lambda x, h, few: x[..., -1:, :, :]), ()),
        (_grouped(lambda x, h, few: x.sum(axis=-3, keepdims=True)), ()),
        (_grouped(_tile, attend=_unscaled), ()),
    ],
}
