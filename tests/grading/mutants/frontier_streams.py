"""Answers to ``gated_delta_rule``, ``traffic_ratio`` and ``online_attention``, right and wrong."""

import math

import numpy as np

# --- the delta rule ----------------------------------------------------------------------------


def delta_by_matrices(q, k, v, beta, decay, state):
    """Each token multiplies the memory with a matrix and adds another."""
    d, out = k.shape[-1], []
    for t in range(k.shape[-2]):
        kt, b = k[..., t, :], beta[..., t, None, None]
        keep = decay[..., t, None, None] * (np.eye(d) - b * kt[..., :, None] * kt[..., None, :])
        state = keep @ state + b * kt[..., :, None] * v[..., t, None, :]
        out.append(np.einsum("...d,...de->...e", q[..., t, :], state))
    return np.stack(out, axis=-2), state


def delta_at_once(q, k, v, beta, decay, state):
    """What each key writes, from a triangular system; then attention without softmax."""
    seq = k.shape[-2]
    logs = np.cumsum(np.log(decay), axis=-1)
    low = np.tril(np.ones((seq, seq)))
    with np.errstate(over="ignore"):
        fade = np.where(low > 0, np.exp(np.minimum(logs[..., :, None] - logs[..., None, :], 0)), 0)
    since = np.exp(logs)[..., None]
    known = np.tril(beta[..., None] * (k @ k.swapaxes(-1, -2)) * fade, -1)
    right = beta[..., None] * (v - since * (k @ state))
    written = np.linalg.solve(np.eye(seq) + known, right)
    out = ((q @ k.swapaxes(-1, -2)) * fade) @ written + since * (q @ state)
    tail = fade[..., -1, :, None]
    return out, since[..., -1:, :] * state + (k * tail).swapaxes(-1, -2) @ written


def _delta(step, late=False):
    def run(q, k, v, beta, decay, state):
        out = []
        for t in range(q.shape[-2]):
            before = state
            row = slice(t, t + 1)
            b, g = beta[..., t, None, None], decay[..., t, None, None]
            state = step(state, k[..., row, :], v[..., row, :], b, g)
            out.append((q[..., row, :] @ (before if late else state))[..., 0, :])
        return np.stack(out, -2), state

    return run


def _col(k):
    return k.swapaxes(-1, -2)


def _right(R, k, v, b, g):
    R = g * R
    return R + b * _col(k) * (v - k @ R)


delta_adds = _delta(lambda R, k, v, b, g: g * R + _col(k) @ (b * v))
delta_no_beta = _delta(lambda R, k, v, b, g: _right(R, k, v, 1, g))
delta_beta_on_value = _delta(lambda R, k, v, b, g: g * R + _col(k) @ (b * v - k @ (g * R)))
delta_beta_on_memory = _delta(lambda R, k, v, b, g: g * R + _col(k) @ (v - b * (k @ (g * R))))
delta_no_decay = _delta(lambda R, k, v, b, g: _right(R, k, v, b, 1))
delta_decay_late = _delta(lambda R, k, v, b, g: g * _right(R, k, v, b, 1))
delta_asks_early = _delta(lambda R, k, v, b, g: g * R + b * _col(k) @ (v - k @ R))
delta_exp_decay = _delta(lambda R, k, v, b, g: _right(R, k, v, b, np.exp(g)))
delta_fades_all = _delta(lambda R, k, v, b, g: (1 - b) * (g * R) + b * _col(k) @ v)
delta_plus = _delta(lambda R, k, v, b, g: g * R + b * _col(k) @ (v + k @ (g * R)))
delta_replaces = _delta(lambda R, k, v, b, g: b * _col(k) @ (v - k @ (g * R)))
delta_reads_early = _delta(_right, late=True)
delta_odd = _delta(lambda R, k, v, b, g: g * R + b * np.tanh(_col(k) @ v))
delta_fades_twice = _delta(lambda R, k, v, b, g: _right(g * R, k, v, b * b, g))


def delta_from_nothing(q, k, v, beta, decay, state):
    return delta_by_matrices(q, k, v, beta, decay, 0 * state)


def delta_returns_first(q, k, v, beta, decay, state):
    return delta_by_matrices(q, k, v, beta, decay, state)[0], state


def delta_in_place(q, k, v, beta, decay, state):
    out, last = delta_by_matrices(q, k, v, beta, decay, state)
    state[...] = last
    return out, state


def delta_scaled(q, k, v, beta, decay, state):
    return delta_by_matrices(q / np.sqrt(q.shape[-1]), k, v, beta, decay, state)


def delta_reads_with_key(q, k, v, beta, decay, state):
    return delta_by_matrices(k, k, v, beta, decay, state)


def delta_output_alone(q, k, v, beta, decay, state):
    return delta_by_matrices(q, k, v, beta, decay, state)[0]


def delta_remembers_all(q, k, v, beta, decay, state):
    s = np.tril(np.exp(q @ k.swapaxes(-1, -2)))
    _, last = delta_by_matrices(q, k, v, beta, decay, state)
    return s / s.sum(-1, keepdims=True) @ v, last


def delta_nan(q, k, v, beta, decay, state):
    out, last = delta_by_matrices(q, k, v, beta, decay, state)
    return np.where(np.arange(out.shape[-2])[:, None] == 0, np.nan, out), last


def delta_transposed_state(q, k, v, beta, decay, state):
    out, last = delta_by_matrices(q, k, v, beta, decay, state)
    return out, last.swapaxes(-1, -2)


# --- traffic -----------------------------------------------------------------------------------


def traffic_step_by_step(q_len, kv_len, d, fast):
    rows = fast // (4 * d)
    n_tiles = len(range(0, q_len, rows))
    square = q_len * kv_len
    scores, soft, out = (q_len + kv_len) * d + square, 2 * square, square + (kv_len + q_len) * d
    return (scores + soft + out) / (n_tiles * 2 * kv_len * d + q_len * (2 * d + 1))


def traffic_by_numpy(q_len, kv_len, d, fast):
    tile = np.floor(fast / (4 * d))
    moved = np.float64(q_len) * (2 * d + 1) + np.ceil(q_len / tile) * kv_len * 2 * d
    return (4.0 * q_len * kv_len + 2.0 * d * (q_len + kv_len)) / moved


def _traffic(*, square=4, ends=1, room=4, keys=2, lse=1, rows=2, count=math.ceil, passes=None):
    def ratio(q_len, kv_len, d, fast):
        plain = square * q_len * kv_len + ends * 2 * (q_len + kv_len) * d
        times = passes(q_len) if passes else count(q_len / (fast // (room * d)))
        return plain / (times * keys * kv_len * d + rows * q_len * d + lse * q_len)

    return ratio


traffic_keys_once = _traffic(passes=lambda q_len: 1)
traffic_keys_always = _traffic(passes=lambda q_len: q_len)
traffic_no_values = _traffic(keys=1)
traffic_no_lse = _traffic(lse=0)
traffic_no_output = _traffic(rows=1)
traffic_rounded_down = _traffic(count=math.floor)
traffic_broken_tiles = _traffic(count=lambda x: x)
traffic_three_tiles = _traffic(room=3)
traffic_two_tiles = _traffic(room=2)
traffic_output_back = _traffic(rows=3)
traffic_one_tile = _traffic(room=1)
traffic_square_twice = _traffic(square=2)
traffic_square_thrice = _traffic(square=3)
traffic_square_alone = _traffic(ends=0)
traffic_two_off = _traffic(square=2, lse=0, keys=1)
traffic_five_tiles = _traffic(room=5)


def traffic_upside_down(q_len, kv_len, d, fast):
    return 1 / traffic_by_numpy(q_len, kv_len, d, fast)


def traffic_keys_outside(q_len, kv_len, d, fast):
    tiles = -(-kv_len // (fast // (4 * d)))
    plain = 4 * q_len * kv_len + 2 * (q_len + kv_len) * d
    return plain / (2 * kv_len * d + tiles * 2 * q_len * d + q_len)


def traffic_swapped(q_len, kv_len, d, fast):
    return traffic_by_numpy(kv_len, q_len, d, fast)


def traffic_saved(q_len, kv_len, d, fast):
    return 1 - 1 / traffic_by_numpy(q_len, kv_len, d, fast)


def traffic_operations(q_len, kv_len, d, fast):
    return 4.0 * q_len * kv_len * d


def traffic_limit(q_len, kv_len, d, fast):
    return fast / (2 * d * d)


def traffic_doubled(q_len, kv_len, d, fast):
    return 2 * traffic_by_numpy(q_len, kv_len, d, fast)


# --- online ------------------------------------------------------------------------------------


def online_by_logarithms(scores, v, block_len):
    """Parts that are joined by their log-sum-exp."""
    out, lse = 0.0, np.full((*scores.shape[:-1], 1), -np.inf)
    for a in range(0, scores.shape[-1], block_len):
        s = scores[..., a : a + block_len]
        top = s.max(-1, keepdims=True)
        own = top + np.log(np.exp(s - top).sum(-1, keepdims=True))
        both = np.logaddexp(lse, own)
        out = np.exp(lse - both) * out + np.exp(own - both) * (
            np.exp(s - own) @ v[..., a : a + block_len, :]
        )
        lse = both
    return out


def online_twice(scores, v, block_len):
    """The maximum in a first pass, everything else in a second."""
    n = scores.shape[-1]
    tiles = [slice(a, a + block_len) for a in range(0, n, block_len)]
    top = np.max([scores[..., t].max(-1) for t in tiles], axis=0)[..., None]
    z = sum(np.exp(scores[..., t] - top).sum(-1, keepdims=True) for t in tiles)
    return sum(
        np.einsum("...ij,...jd->...id", np.exp(scores[..., t] - top) / z, v[..., t, :])
        for t in tiles
    )


def _online(
    *,
    sums="kept",
    outs="kept",
    top="running",
    remember=True,
    stop=0,
    divide=True,
    late=False,
    begin=-np.inf,
):
    def run(scores, v, block_len):
        m = np.full((*scores.shape[:-1], 1), begin)
        z, u = np.zeros_like(m), np.zeros((*scores.shape[:-1], v.shape[-1]))
        end = scores.shape[-1] // block_len * block_len if stop else scores.shape[-1]
        with np.errstate(all="ignore"):
            for a in range(0, end, block_len):
                s = scores[..., a : a + block_len]
                tops = {
                    "running": np.maximum(m, s.max(-1, keepdims=True)),
                    "tile": s.max(-1, keepdims=True),
                    "shared": np.maximum(m, s.max()),
                    "none": np.zeros_like(m),
                }
                new = tops[top]
                kept = np.exp(m - new) if top != "none" else 1.0
                how = {
                    "kept": kept,
                    "one": 1.0,
                    "inverse": np.nan_to_num(np.exp(new - m), posinf=0),
                }
                fresh = np.exp(s - new)
                if late:
                    z = (z + fresh.sum(-1, keepdims=True)) * kept
                    u = (u + fresh @ v[..., a : a + block_len, :]) * kept
                else:
                    z = z * how[sums] + fresh.sum(-1, keepdims=True)
                    u = u * how[outs] + fresh @ v[..., a : a + block_len, :]
                m = new if remember else m
            return u / z if divide else u

    return run


online_sum_stays = _online(sums="one")
online_output_stays = _online(outs="one")
online_both_stay = _online(sums="one", outs="one")
online_no_maximum = _online(top="none")
online_finite = _online(begin=-1e4)
online_tile_maximum = _online(top="tile")
online_shared_maximum = _online(top="shared")
online_forgets_maximum = _online(remember=False)
online_short = _online(stop=1)
online_undivided = _online(divide=False)
online_inverse = _online(sums="inverse", outs="inverse")
online_late = _online(late=True)
online_short_and_undivided = _online(stop=1, divide=False)


def online_mean_of_tiles(scores, v, block_len):
    starts = range(0, scores.shape[-1], block_len)
    parts = [(scores[..., a : a + block_len], v[..., a : a + block_len, :]) for a in starts]
    return np.mean([online_twice(s, x, block_len) for s, x in parts], axis=0)


def online_in_place(scores, v, block_len):
    scores -= scores.max(-1, keepdims=True)
    return online_twice(scores, v, block_len)


def online_linear(scores, v, block_len):
    return scores / scores.sum(-1, keepdims=True) @ v


def online_base_two(scores, v, block_len):
    return online_twice(scores * np.log(2), v, block_len)


def online_of_minus(scores, v, block_len):
    return online_twice(-scores, v, block_len)
