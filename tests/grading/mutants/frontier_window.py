"""Answers to ``window_attention`` and ``select_blocks``, right and wrong."""

import math

import numpy as np

# --- window ------------------------------------------------------------------------------------


def window_by_loops(q, k, v, window):
    q_len, kv_len = q.shape[-2], k.shape[-2]
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for i in range(q_len):
        end = kv_len - q_len + i + 1
        if end <= 0:
            continue
        part = slice(max(0, end - window), end)
        s = np.einsum("...d,...jd->...j", q[..., i, :], k[..., part, :]) / math.sqrt(q.shape[-1])
        e = np.exp(s - s.max(-1, keepdims=True))
        out[..., i, :] = np.einsum(
            "...j,...jd->...d", e / e.sum(-1, keepdims=True), v[..., part, :]
        )
    return out


def window_by_tri(q, k, v, window):
    q_len, kv_len = q.shape[-2], k.shape[-2]
    shift = kv_len - q_len
    mask = np.tri(q_len, kv_len, shift, dtype=bool) & ~np.tri(
        q_len, kv_len, shift - window, dtype=bool
    )
    return _attend(q, k, v, mask)


def _attend(q, k, v, mask, *, scale=None, fill=-np.inf, blind=0.0):
    s = q @ k.swapaxes(-1, -2) / (np.sqrt(q.shape[-1]) if scale is None else scale)
    s = np.where(mask, s, fill)
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max(-1, keepdims=True))
        w = e / e.sum(-1, keepdims=True)
    if blind is not None:
        w = np.where(mask.any(-1, keepdims=True), w, blind)
    return w @ v


def _band(q, k, back, ahead=0, shift=None):
    q_len, kv_len = q.shape[-2], k.shape[-2]
    i = np.arange(q_len)[:, None] + (kv_len - q_len if shift is None else shift)
    j = np.arange(kv_len)
    return (i - back < j) & (j <= i + ahead)


def window_too_wide(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window + 1))


def window_too_narrow(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window - 1))


def window_without_self(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window, -1))


def window_one_ahead(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window - 1, 1))


def window_open_future(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window, 10**6))


def window_both_sides(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window, window - 1))


def window_forgotten(q, k, v, window):
    return _attend(q, k, v, _band(q, k, 10**6))


def window_no_mask(q, k, v, window):
    return _attend(q, k, v, _band(q, k, 10**6, 10**6))


def window_top_left(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window, shift=0))


def window_in_chunks(q, k, v, window):
    i = np.arange(q.shape[-2])[:, None] + k.shape[-2] - q.shape[-2]
    j = np.arange(k.shape[-2])
    return _attend(q, k, v, (i // window == j // window) & (j <= i))


def window_masked_late(q, k, v, window):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    e = np.exp(s - s.max(-1, keepdims=True))
    return np.where(_band(q, k, window), e / e.sum(-1, keepdims=True), 0) @ v


def window_times_mask(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), fill=0.0, blind=None)


def window_nan(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), blind=None)


def window_averages_blind(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), fill=-1e9, blind=None)


def window_finite(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), fill=-1e4)


def window_finite_maximum(q, k, v, window):
    """The maximum of what is open, begun at a number."""
    seen = _band(q, k, window)
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    top = s.max(-1, keepdims=True, where=seen, initial=-1e5)
    e = np.where(seen, np.exp(np.minimum(s - top, 0)), 0)
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ v


def window_without_maximum(q, k, v, window):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    with np.errstate(all="ignore"):
        e = np.where(_band(q, k, window), np.exp(s), 0)
        total = e.sum(-1, keepdims=True)
        return np.where(total == 0, 0, e / total) @ v


def window_unscaled(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), scale=1)


def window_over_width(q, k, v, window):
    return _attend(q, k, v, _band(q, k, window), scale=q.shape[-1])


def window_in_place(q, k, v, window):
    q /= np.sqrt(q.shape[-1])
    return _attend(q, k, v, _band(q, k, window), scale=1)


def window_and_lengths(q, k, v, window):
    """Distances of vectors where their products belong, in a window too wide."""
    s = -((q[..., :, None, :] - k[..., None, :, :]) ** 2).sum(-1)
    s = np.where(_band(q, k, window + 1), s, -np.inf)
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max(-1, keepdims=True))
        return np.nan_to_num(e / e.sum(-1, keepdims=True)) @ v


def window_doubled(q, k, v, window):
    return 2 * window_by_tri(q, k, v, window)


def window_of_values(q, k, v, window):
    return _attend(q, k, v, _band(q, k, 2 * window + 1), scale=1)


def window_backwards(q, k, v, window):
    return window_by_tri(q, k[..., ::-1, :], v[..., ::-1, :], window)


# --- blocks ------------------------------------------------------------------------------------


def blocks_by_loops(scores, block_len, n_selected):
    out = np.zeros(scores.shape, bool)
    for place in np.ndindex(*scores.shape[:-1]):
        own = place[-1] // block_len
        out[(*place, own)] = True
        if n_selected > 1 and own:
            out[(*place, np.argsort(scores[place][:own])[max(0, own - n_selected + 1) :])] = True
    return out


def blocks_by_threshold(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    s = np.where(past, scores, -np.inf)
    least = -np.sort(-s, axis=-1)[..., min(n_selected - 1, s.shape[-1] - 1), None]
    better = s > least if n_selected <= s.shape[-1] else past
    return (better & past) | own


def _past(scores, block_len):
    own = np.arange(scores.shape[-2])[:, None] // block_len
    b = np.arange(scores.shape[-1])
    return b < own, b == own


def _top(s, n):
    order = np.argsort(-s, axis=-1)[..., :n]
    out = np.zeros(s.shape, bool)
    np.put_along_axis(out, order, True, axis=-1)
    return out


def blocks_future(scores, block_len, n_selected):
    _, own = _past(scores, block_len)
    return _top(np.where(own, np.inf, scores), n_selected)


def blocks_plain_top(scores, block_len, n_selected):
    return _top(scores, n_selected)


def blocks_filled_up(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return _top(np.where(own, np.inf, np.where(past, scores, -np.inf)), n_selected)


def blocks_own_competes(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return _top(np.where(past | own, scores, -np.inf), n_selected) & (past | own)


def blocks_own_on_top(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return (_top(np.where(past, scores, -np.inf), n_selected) & past) | own


def blocks_one_too_few(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return (_top(np.where(past, scores, -np.inf), max(0, n_selected - 2)) & past) | own


def blocks_without_own(scores, block_len, n_selected):
    past, _ = _past(scores, block_len)
    return _top(np.where(past, scores, -np.inf), n_selected) & past


def blocks_lowest(scores, block_len, n_selected):
    return blocks_by_loops(-scores, block_len, n_selected)


def blocks_closed_with_zero(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return _top(np.where(own, np.inf, np.where(past, scores, 0)), n_selected)


def blocks_all_before(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    return np.broadcast_to(past | own, scores.shape)


def blocks_recent(scores, block_len, n_selected):
    return blocks_by_loops(np.arange(scores.shape[-1]) + 0 * scores, block_len, n_selected)


def blocks_one_choice(scores, block_len, n_selected):
    shared = scores.copy()
    for top in range(0, scores.shape[-2], block_len):
        rows = slice(top, top + block_len)
        shared[..., rows, :] = scores[..., rows, :].mean(-2, keepdims=True)
    return blocks_by_loops(shared, block_len, n_selected)


def blocks_of_all_heads(scores, block_len, n_selected):
    mean = scores.mean(axis=tuple(range(scores.ndim - 2))) if scores.ndim > 2 else scores
    return blocks_by_loops(np.broadcast_to(mean, scores.shape), block_len, n_selected)


def blocks_in_place(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    scores[..., ~(past | own)] = -np.inf
    return blocks_by_loops(scores, block_len, n_selected)


def blocks_by_position(scores, block_len, n_selected):
    return (
        blocks_by_loops(scores, 1, n_selected)
        if scores.shape[-1] >= scores.shape[-2]
        else (_by_position(scores, n_selected))
    )


def _by_position(scores, n_selected):
    i, b = np.arange(scores.shape[-2])[:, None], np.arange(scores.shape[-1])
    s = np.where(b == i, np.inf, np.where(b < i, scores, -np.inf))
    return _top(s, n_selected) & (b <= i)


def blocks_own_at_a_number(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    s = np.where(own, 1e4, np.where(past, scores, -np.inf))
    return _top(s, n_selected) & (past | own)


def blocks_lowered(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    s = np.where(own, np.inf, scores - 1e5 * ~past)
    return _top(s, n_selected) & (past | own)


def window_lowered(q, k, v, window):
    seen = _band(q, k, window)
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]) - 1e5 * ~seen
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True) * seen.any(-1, keepdims=True) @ v


def blocks_finite(scores, block_len, n_selected):
    past, own = _past(scores, block_len)
    s = np.where(own, np.inf, np.where(past, scores, -1e4))
    return _top(s, n_selected) & (past | own)


def blocks_magnitude(scores, block_len, n_selected):
    return blocks_by_loops(np.abs(scores), block_len, n_selected)


def blocks_all(scores, block_len, n_selected):
    return np.ones(scores.shape, bool)


def blocks_own_only(scores, block_len, n_selected):
    return _past(scores, block_len)[1] & np.ones(scores.shape, bool)


def blocks_lowest_with_future(scores, block_len, n_selected):
    return _top(-scores, n_selected)


def blocks_as_scores(scores, block_len, n_selected):
    return np.where(blocks_by_loops(scores, block_len, n_selected), scores, 0)


def blocks_inverted(scores, block_len, n_selected):
    return ~blocks_by_loops(scores, block_len, n_selected)
