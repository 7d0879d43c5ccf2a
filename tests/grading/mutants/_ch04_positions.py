"""Answers to the questions about rotary positions and about counts."""

import numpy as np

# --- right -------------------------------------------------------------------------------------


def rotary_by_complex_numbers(x, positions, base):
    a, b = np.split(x, 2, axis=-1)
    theta = 1 / base ** (np.arange(0, x.shape[-1], 2) / x.shape[-1])
    z = (a + 1j * b) * np.exp(1j * np.outer(positions, theta))
    return np.concatenate([z.real, z.imag], axis=-1)


def rotary_by_rotate_half(x, positions, base):
    theta = base ** (-2 * np.arange(x.shape[-1] // 2) / x.shape[-1])
    angles = np.tile(np.outer(positions, theta), 2)
    a, b = np.split(x, 2, axis=-1)
    return x * np.cos(angles) + np.concatenate([-b, a], axis=-1) * np.sin(angles)


def rotary_by_matrices(x, positions, base):
    half, out = x.shape[-1] // 2, np.zeros(x.shape)
    for row, p in enumerate(positions):
        turn = np.zeros((2 * half, 2 * half))
        for i in range(half):
            t = p * base ** (-i / half)
            turn[i, i] = turn[i + half, i + half] = np.cos(t)
            turn[i, i + half], turn[i + half, i] = np.sin(t), -np.sin(t)
        out[..., row, :] = x[..., row, :] @ turn
    return out


def count_by_formula(q_len, kv_len, d_model, n_heads, n_kv_heads):
    return 2 * q_len * d_model * (d_model + d_model // n_heads * n_kv_heads + kv_len)


def count_by_products(q_len, kv_len, d_model, n_heads, n_kv_heads):
    d = d_model / n_heads
    return sum(
        [
            q_len * d_model * (n_heads * d),
            q_len * d_model * (n_kv_heads * d) * 2,
            n_heads * q_len * d * kv_len,
            n_heads * q_len * kv_len * d,
            q_len * (n_heads * d) * d_model,
        ]
    )


RIGHT = {
    "rotary": [rotary_by_complex_numbers, rotary_by_rotate_half, rotary_by_matrices],
    "multiply_adds": [count_by_formula, count_by_products],
}

# --- wrong: rotary -----------------------------------------------------------------------------


def _rotary(theta=None, place=lambda p: p, pair=None, sign=1):
    def turn(x, positions, base):
        d = x.shape[-1]
        t = base ** (-2 * np.arange(d // 2) / d) if theta is None else theta(d, base)
        angles = sign * np.outer(place(positions), t)
        return (pair or _halves)(x, np.cos(angles), np.sin(angles))

    return turn


def _halves(x, c, s):
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * c - b * s, a * s + b * c], axis=-1)


def _neighbours(x, c, s):
    a, b, out = x[..., 0::2], x[..., 1::2], np.empty(x.shape)
    out[..., 0::2], out[..., 1::2] = a * c - b * s, a * s + b * c
    return out


def _woven(x, c, s):
    a, b = np.split(x, 2, axis=-1)
    out = np.empty(x.shape)
    out[..., 0::2], out[..., 1::2] = a * c - b * s, a * s + b * c
    return out


def _plus(x, c, s):
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * c + b * s, a * s + b * c], axis=-1)


def _stale(x, c, s):
    x = x.copy()
    h = x.shape[-1] // 2
    x[..., :h] = x[..., :h] * c - x[..., h:] * s
    x[..., h:] = x[..., :h] * s + x[..., h:] * c
    return x


def _apart(x, c, s):
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * c, b * s], axis=-1)


def _sinusoidal(x, c, s):
    return x + np.concatenate([s, c], axis=-1)


def rotary_base(x, positions, base):
    return rotary_by_complex_numbers(x, positions, 10_000.0)


def rotary_in_place(x, positions, base):
    x[...] = rotary_by_complex_numbers(x, positions, base)
    return x


def rotary_by_batch(x, positions, base):
    # The angles stand at the first axis where they belong to the last but one.
    theta = base ** (-2 * np.arange(x.shape[-1] // 2) / x.shape[-1])
    angles = positions.reshape(-1, *[1] * (x.ndim - 1)) * theta
    return _halves(x, np.cos(angles), np.sin(angles))


# --- wrong: multiply_adds ----------------------------------------------------------------------


def _bill(change):
    """A count from the six products by name: change them, then add them up."""

    def count(q_len, kv_len, d_model, n_heads, n_kv_heads):
        m, n, d, h, few = q_len, kv_len, d_model, n_heads, n_kv_heads
        parts = {
            "q": m * d * d,
            "k": m * d * few * d // h,
            "v": m * d * few * d // h,
            "s": m * n * d,
            "a": m * n * d,
            "o": m * d * d,
        }
        return sum(change(dict(parts), m, n, d, h, few).values())

    return count


def _without(*names):
    return _bill(lambda parts, *_: {k: x for k, x in parts.items() if k not in names})


def _times(names, factor):
    def change(parts, *sizes):
        return {k: x * (factor(*sizes) if k in names else 1) for k, x in parts.items()}

    return _bill(change)


WRONG = {
    "rotary": {
        "handed back": lambda x, positions, base: x * 1,
        "wrong way round": _rotary(sign=-1),
        "neighbours paired": _rotary(pair=_neighbours),
        "halves woven": _rotary(pair=_woven),
        "frequencies one late": _rotary(lambda d, b: b ** (-2 * np.arange(1, d // 2 + 1) / d)),
        "exponent halved": _rotary(lambda d, b: b ** (-np.arange(d // 2) / d)),
        "exponent doubled": _rotary(lambda d, b: b ** (-4 * np.arange(d // 2) / d)),
        "last frequency 1/base": _rotary(lambda d, b: np.geomspace(1, 1 / b, d // 2)),
        "frequencies grow": _rotary(lambda d, b: b ** (2 * np.arange(d // 2) / d)),
        "one frequency": _rotary(lambda d, b: np.ones(d // 2)),
        "frequencies reversed": _rotary(lambda d, b: b ** (-2 * np.arange(d // 2)[::-1] / d)),
        "base ignored": rotary_base,
        "positions ignored": _rotary(place=lambda p: np.arange(p.size)),
        "positions from 1": _rotary(place=lambda p: p + 1),
        "positions from the first": _rotary(place=lambda p: p - p[0]),
        "degrees": _rotary(place=np.deg2rad),
        "full turns": _rotary(place=lambda p: 2 * np.pi * p),
        "both plus": _rotary(pair=_plus),
        "first overwritten": _rotary(pair=_stale),
        "halves not mixed": _rotary(pair=_apart),
        "added": _rotary(pair=_sinusoidal),
        "in place": rotary_in_place,
    },
    "multiply_adds": {
        "operations": _times("qkvsao", lambda *_: 2),
        "cache projected again": _times("kv", lambda m, n, d, h, few: n / m),
        "queries projected for the cache": _times("qkvo", lambda m, n, d, h, few: n / m),
        "groups ignored": _times("kv", lambda m, n, d, h, few: h / few),
        "groups in the pairs": _times("sa", lambda m, n, d, h, few: few / h),
        "keys or values missing": _without("v"),
        "keys and values missing": _without("k", "v"),
        "one projection missing": _without("o"),
        "projections missing": _without("q", "k", "v", "o"),
        "one product of pairs": _without("a"),
        "pairs missing": _without("s", "a"),
        "heads times the width": _times("sa", lambda m, n, d, h, few: h),
        "one head's pairs": _times("sa", lambda m, n, d, h, few: 1 / h),
        "new tokens only": _times("sa", lambda m, n, d, h, few: m / n),
        "square of the length": _times("sa", lambda m, n, d, h, few: n / m),
        "half the pairs": _times("sa", lambda m, n, d, h, few: (n - (m - 1) / 2) / n),
        "MLP counted": _times("q", lambda *_: 9),
    },
}

# --- wrong, and like something else ------------------------------------------------------------


def _of_rotary(bend):
    return lambda *given: bend(rotary_by_complex_numbers(*given))


def _of_count(bend):
    return lambda *given: bend(count_by_formula(*given))


UNNAMED = {
    "rotary": [
        (_of_rotary(lambda y: 2 * y), ()),
        (_of_rotary(lambda y: 0 * y), ()),
        (_of_rotary(lambda y: np.nan * y), ()),
        (_of_rotary(lambda y: -y), ()),
        (_of_rotary(lambda y: y[..., ::-1]), ()),
        (_of_rotary(lambda y: y[..., ::-1, :]), ()),
        (_rotary(pair=_neighbours, sign=-1), ()),
        (_rotary(place=lambda p: p + 1, sign=-1), ()),
        (_rotary(place=lambda p: p // 2), ()),
        (_rotary(place=lambda p: p % 16), ()),
        (_rotary(lambda d, b: 1 / (1 + np.arange(d // 2))), ()),
        (_rotary(pair=lambda x, c, s: _halves(x, s, c)), ()),
        (_rotary(place=lambda p: p + 1, pair=_stale), ()),
        (rotary_by_batch, ()),
    ],
    "multiply_adds": [
        (_of_count(lambda y: y + 1000), ()),
        (_of_count(lambda y: 3 * y), ()),
        (_of_count(lambda y: y // 2), ()),
        (_of_count(lambda y: -y), ()),
        (_of_count(lambda y: float("nan")), ()),
        (lambda m, n, d, h, few: m * n, ()),
        (lambda m, n, d, h, few: 4 * d * d, ()),
        (lambda m, n, d, h, few: 12 * m * d * d, ()),
        (_times("qkvsa", lambda *_: 2), ()),
        (_times("o", lambda m, n, d, h, few: n), ()),
    ],
}
