"""Working texts of exercise 5 that wrong answers are edits of, and those that are no single edit."""

import numpy as np


def _run(text):
    """The function that a text defines, the first of them."""
    space = {"np": _Numpy, "abs": np.abs}
    exec(text, space)
    names = [name for name in space if name not in ("np", "abs", "__builtins__")]
    return space[names[-1]]


class _Numpy:
    """NumPy, and the one line that every learner writes in a way of their own."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def promote(x):
        return np.float32(x) if x.dtype == np.float16 else x


_Numpy = _Numpy()


def _text(text, old, new):
    """The text with one place changed, in its last function if that has it."""
    before, start, last = text.rpartition("\ndef ")
    if last.count(old) == 1:
        return before + start + last.replace(old, new)
    assert text.count(old) == 1, (text.count(old), old)
    return text.replace(old, new)


def edited(text, old, new):
    """The function of a text with one place changed."""
    return _run(_text(text, old, new))


edited.text = _text

MASK = """
def causal_mask(q_len, kv_len, window=None, real=None):
    i = np.arange(q_len).reshape(-1, 1) + (kv_len - q_len)
    j = np.arange(kv_len).reshape(1, -1)
    mask = j <= i
    if window is not None:
        mask = mask & (i - j < window)
    if real is not None:
        mask = mask & real[:, None, None, :]
    return mask
"""

NORM = """
def rms_norm(given, weight, eps):
    x = given
    x = np.promote(x)
    # centre
    m = (x**2).mean(-1, keepdims=True)
    size = (m + eps) ** 0.5
    return x / size * weight
"""

GELU = "0.5 * a * (1 + np.tanh((2 / np.pi) ** 0.5 * (a + 0.044715 * a**3)))"
_SILU = """
def silu(a):
    return a / (1 + np.exp(-a))
"""
MLP = (
    _SILU
    + """
def swiglu_mlp(given, w_gate, w_in, w_out):
    x = given
    x = np.promote(x)
    gate, other = x @ w_gate, x @ w_in
    return (silu(gate) * other) @ w_out
"""
)

ROTARY = """
def rotary(x, positions, base):
    d = x.shape[-1]
    i = np.arange(d // 2)
    t = np.outer(positions, 1 / base ** (2 * i / d))
    t = np.concatenate([t, t], -1)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return x * np.cos(t) + np.concatenate([-b, a], -1) * np.sin(t)
"""


def rotary_overwritten(x, positions, base):
    d = x.shape[-1]
    t = np.outer(positions, 1 / base ** (2 * np.arange(d // 2) / d))
    out = np.array(x, float)
    out[..., : d // 2] = out[..., : d // 2] * np.cos(t) - out[..., d // 2 :] * np.sin(t)
    out[..., d // 2 :] = out[..., d // 2 :] * np.cos(t) + out[..., : d // 2] * np.sin(t)
    return out


def rotary_in_place(x, positions, base):
    d = x.shape[-1]
    t = np.outer(positions, 1 / base ** (2 * np.arange(d // 2) / d))
    a, b = x[..., : d // 2].copy(), x[..., d // 2 :].copy()
    x[..., : d // 2] = a * np.cos(t) - b * np.sin(t)
    x[..., d // 2 :] = b * np.cos(t) + a * np.sin(t)
    return x


_SOFTMAX_OVER = """
    w = np.exp(s - s.max(-1, keepdims=True))
    w = w / w.sum(-1, keepdims=True)
"""
ATTENTION = (
    """
def cached_attention(q, k, v, cache_k, cache_v):
    # begin
    past, group = cache_k.shape[-2], q.shape[-3] // k.shape[-3]
    keys, values = np.concatenate([cache_k, k], -2), np.concatenate([cache_v, v], -2)

    def share(x):
        return np.repeat(x, group, -3)

    s = q @ share(keys).swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    i, j = np.ogrid[: s.shape[-2], : s.shape[-1]]
    s = np.where(j <= i + past, s, -np.inf)
"""
    + _SOFTMAX_OVER
    + """
    w = np.nan_to_num(w)
    return w @ share(values), keys, values  # back
"""
)


def attention_without_cache(q, k, v, cache_k, cache_v):
    group = q.shape[-3] // k.shape[-3]
    s = q @ np.repeat(k, group, -3).swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    s = np.where(np.tri(q.shape[-2], dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    out = w / w.sum(-1, keepdims=True) @ np.repeat(v, group, -3)
    return out, np.concatenate([cache_k, k], -2), np.concatenate([cache_v, v], -2)


_PARTS = (
    NORM
    + MLP
    + ROTARY
    + ATTENTION
    + """
def attend(q, k, v, cache_k, cache_v, alone=False):
    both = cached_attention(q, k, v, cache_k, cache_v)
    if alone:
        return cached_attention(q, k, v, cache_k[:, :, :0], cache_v[:, :, :0])[0], *both[1:]
    return both
"""
)
_BLOCK = """
def block(x, layer, cache_k, cache_v, n_heads, base, eps):
    n1, w_q, w_k, w_v, w_o, n2, w_gate, w_in, w_out = layer
    b, new, _ = x.shape
    n_kv, past = cache_k.shape[1], cache_k.shape[2]
    positions = past + np.arange(new)

    def norm(x, weight):
        return rms_norm(x, weight, eps)

    def mlp(x, *weights):
        return swiglu_mlp(x, *weights)

    def turn(x):
        return rotary(x, positions, base)

    def heads(x, n):
        return x.reshape(b, new, n, -1).swapaxes(1, 2)

    y = norm(x, n1)
    q = turn(heads(y @ w_q, n_heads))
    k = turn(heads(y @ w_k, n_kv))
    v = (heads(y @ w_v, n_kv))
    out, keys, values = attend(q, k, v, cache_k, cache_v)
    out = out.swapaxes(1, 2).reshape(b, new, -1) @ w_o
    x = x + out
    return x + mlp(norm(x, n2), w_gate, w_in, w_out), keys, values  # back
"""
BLOCK = _PARTS + _BLOCK
block_norm_behind = _run(
    _text(
        _text(_text(BLOCK, "y = norm(x, n1)", "y = x"), "x = x + out", "x = norm(x + out, n1)"),
        "return x + mlp(norm(x, n2), w_gate, w_in, w_out)",
        "return norm(x + mlp(x, w_gate, w_in, w_out), n2)",
    )
)
MODEL = (
    BLOCK
    + """
def language_model(tokens, embedding, layers, final_norm, n_heads, n_kv_heads, base, eps):
    norm = rms_norm
    x = embedding[tokens]
    for layer in layers:
        empty = np.zeros((len(tokens), n_kv_heads, 0, layer[2].shape[1] // n_kv_heads))
        x = block(x, layer, empty, empty, n_heads, base, eps)[0]
        # each
    logits = norm(x, final_norm, eps) @ embedding.T
    return logits
"""
)
model_with_one_cache = _run(
    BLOCK
    + """
def language_model(tokens, embedding, layers, final_norm, n_heads, n_kv_heads, base, eps):
    x = embedding[tokens]
    cache_k = cache_v = np.zeros(
        (len(tokens), n_kv_heads, 0, layers[0][2].shape[1] // n_kv_heads)
    )
    for layer in layers:
        x, cache_k, cache_v = block(x, layer, cache_k, cache_v, n_heads, base, eps)
    return rms_norm(x, final_norm, eps) @ embedding.T
"""
)

NUCLEUS = """
def nucleus(logits, top_p, temperature):
    # begin
    z = logits / temperature
    p = np.exp(z - z.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    order = np.argsort(-p, axis=-1, kind="stable")
    ranked = np.take_along_axis(p, order, -1)
    total = ranked.cumsum(-1)
    kept = np.where((total - ranked < top_p) | (top_p == 1), ranked, 0)
    out = np.zeros_like(p)
    np.put_along_axis(out, order, kept, -1)
    return out / out.sum(-1, keepdims=True)
"""
_nucleus = _run(NUCLEUS)


def nucleus_temperature_after(logits, top_p, temperature):
    kept = _nucleus(logits, top_p, 1.0) > 0
    z = np.where(kept, logits / temperature, -np.inf)
    p = np.exp(z - z.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def nucleus_with_ties(logits, top_p, temperature):
    kept = _nucleus(logits, top_p, temperature) > 0
    least = np.where(kept, logits, np.inf).min(-1, keepdims=True)
    z = np.where(logits >= least, logits / temperature, -np.inf)
    p = np.exp(z - z.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def nucleus_min_p(logits, top_p, temperature):
    z = logits / temperature
    p = np.exp(z - z.max(-1, keepdims=True))
    p = p * (p >= 1 - top_p)
    return p / p.sum(-1, keepdims=True)


BYTES = """
def cache_bytes(n_tokens, n_layers, n_full, window, n_kv_heads, d_k, bits):
    # begin
    kept = n_full * n_tokens + (n_layers - n_full) * min(n_tokens, window)
    return 2 * kept * n_kv_heads * d_k * bits / 8
"""
