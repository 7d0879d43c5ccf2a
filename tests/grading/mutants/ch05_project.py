"""Wrong answers, written as learners write them, and right ones written in other ways.

Most wrong answers are one edit away from a working text, as they are in a learner's notebook:
``edited(TEXT, old, new)`` makes that edit and runs the result.
"""

import cmath
import math

import numpy as np

from tests.grading.mutants import project_texts as texts
from tests.grading.mutants.project_texts import edited

# --- right -------------------------------------------------------------------------------------


def causal_mask_by_loops(q_len, kv_len, window=None, real=None):
    rows = [None] if real is None else real
    grids = []
    for row in rows:
        grid = [[False] * kv_len for _ in range(q_len)]
        for i in range(q_len):
            own = i + kv_len - q_len
            first = 0 if window is None else max(0, own - window + 1)
            for j in range(first, own + 1):
                grid[i][j] = row is None or bool(row[j])
        grids.append(grid)
    grids = np.array(grids)
    return grids[0] if real is None else grids[:, None]


def causal_mask_by_triangles(q_len, kv_len, window=None, real=None):
    past = kv_len - q_len
    mask = np.tri(q_len, kv_len, past, dtype=bool)
    if window is not None:
        mask ^= np.tri(q_len, kv_len, past - window, dtype=bool)
    return mask if real is None else np.logical_and(mask[None, None], real[:, None, None])


def rms_norm_by_length(x, weight, eps):
    x = np.float64(x)
    d = x.shape[-1]
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x * weight * np.sqrt(d) / np.hypot(length, np.sqrt(d * eps))


def rms_norm_by_einsum(x, weight, eps):
    x = np.float32(x) if x.dtype == np.float16 else x
    square = np.einsum("...d,...d->...", x, x) / x.shape[-1]
    return np.einsum("...d,d,...->...d", x, weight, (square + eps) ** -0.5)


def swiglu_by_units(x, w_gate, w_in, w_out):
    x = np.float64(x)
    out = np.zeros((*x.shape[:-1], w_out.shape[1]))
    for h in range(w_gate.shape[1]):
        gate = x @ w_gate[:, h]
        open_ = np.where(
            gate > 0, 1 / (1 + np.exp(-np.abs(gate))), 1 - 1 / (1 + np.exp(-np.abs(gate)))
        )
        out += (gate * open_ * (x @ w_in[:, h]))[..., None] * w_out[h]
    return out


def swiglu_by_one_product(x, w_gate, w_in, w_out):
    both = np.float32(x) if x.dtype == np.float16 else x
    gate, other = np.split(both @ np.concatenate([w_gate, w_in], axis=1), 2, axis=-1)
    return np.matmul(gate * (0.5 + 0.5 * np.tanh(0.5 * gate)) * other, w_out)


def rotary_by_complex_numbers(x, positions, base):
    half = x.shape[-1] // 2
    z = np.float64(x[..., :half]) + 1j * np.float64(x[..., half:])
    angles = np.outer(positions, [base ** (-i / half) for i in range(half)])
    z = z * np.exp(1j * angles)
    return np.concatenate([z.real, z.imag], axis=-1)


def rotary_by_loops(x, positions, base):
    out, d = np.zeros(x.shape), x.shape[-1]
    for place in np.ndindex(x.shape[:-1]):
        for i in range(d // 2):
            step = cmath.rect(1, float(positions[place[-1]]) / base ** (2 * i / d))
            a, b = float(x[(*place, i)]), float(x[(*place, i + d // 2)])
            out[(*place, i)] = a * step.real - b * step.imag
            out[(*place, i + d // 2)] = a * step.imag + b * step.real
    return out


def cached_attention_by_queries(q, k, v, cache_k, cache_v):
    keys, values = np.append(cache_k, k, axis=-2), np.append(cache_v, v, axis=-2)
    *batch, n_heads, new, d_k = q.shape
    past, out = cache_k.shape[-2], np.zeros((*batch, n_heads, new, v.shape[-1]))
    for place in np.ndindex(*batch, n_heads):
        shared = (*place[:-1], place[-1] * k.shape[-3] // n_heads)
        for i in range(new):
            seen = slice(past + i + 1)
            s = keys[shared][seen] @ q[place][i] / math.sqrt(d_k)
            w = np.exp(s - s.max())
            out[place][i] = w @ values[shared][seen] / w.sum()
    return out, keys, values


def cached_attention_by_groups(q, k, v, cache_k, cache_v):
    keys, values = (np.concatenate(pair, axis=-2) for pair in ((cache_k, k), (cache_v, v)))
    n_kv, n = keys.shape[-3:-1]
    grouped = q.reshape(*q.shape[:-3], n_kv, -1, *q.shape[-2:])
    s = np.einsum("...kgid,...kjd->...kgij", grouped, keys) * q.shape[-1] ** -0.5
    s = s + np.where(np.tri(q.shape[-2], n, n - q.shape[-2]), 0.0, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    out = np.einsum("...kgij,...kjd->...kgid", w / w.sum(-1, keepdims=True), values)
    return out.reshape(*q.shape[:-1], -1), keys, values


def block_by_einsum(x, layer, cache_k, cache_v, n_heads, base, eps):
    n1, w_q, w_k, w_v, w_o, n2, *mlp = layer
    n_kv, past = cache_k.shape[1], cache_k.shape[2]
    places = np.arange(past, past + x.shape[1])
    y = rms_norm_by_length(x, n1, eps)

    def project(w, n):
        return np.einsum("bsm,mhd->bhsd", y, w.reshape(len(w), n, -1))

    q = rotary_by_complex_numbers(project(w_q, n_heads), places, base)
    k = rotary_by_complex_numbers(project(w_k, n_kv), places, base)
    out, keys, values = cached_attention_by_groups(q, k, project(w_v, n_kv), cache_k, cache_v)
    x = x + np.einsum("bhsd,hdm->bsm", out, w_o.reshape(n_heads, -1, x.shape[-1]))
    return x + swiglu_by_one_product(rms_norm_by_length(x, n2, eps), *mlp), keys, values


def block_by_tokens(x, layer, cache_k, cache_v, n_heads, base, eps):
    out = []
    for t in range(x.shape[1]):
        one, cache_k, cache_v = block_by_einsum(
            x[:, t : t + 1], layer, cache_k, cache_v, n_heads, base, eps
        )
        out.append(one)
    return np.concatenate(out, axis=1), cache_k, cache_v


def _empty(tokens, layer, n_kv_heads):
    return np.zeros((len(tokens), n_kv_heads, 0, layer[2].shape[1] // n_kv_heads))


def language_model_by_einsum(tokens, embedding, layers, final_norm, n_heads, n_kv, base, eps):
    x = np.eye(len(embedding))[tokens] @ embedding
    for layer in layers:
        empty = _empty(tokens, layer, n_kv)
        x = block_by_einsum(x, layer, empty, empty, n_heads, base, eps)[0]
    return np.einsum("bsm,tm->bst", rms_norm_by_einsum(x, final_norm, eps), embedding)


def language_model_by_tokens(tokens, embedding, layers, final_norm, n_heads, n_kv, base, eps):
    caches = [(_empty(tokens, layer, n_kv),) * 2 for layer in layers]
    logits = []
    for t in range(tokens.shape[1]):
        x = embedding[tokens[:, t : t + 1]]
        for i, layer in enumerate(layers):
            x, *caches[i] = block_by_einsum(x, layer, *caches[i], n_heads, base, eps)
        logits.append(rms_norm_by_length(x, final_norm, eps) @ embedding.T)
    return np.concatenate(logits, axis=1)


def nucleus_by_loops(logits, top_p, temperature):
    out = np.zeros(logits.shape)
    for place in np.ndindex(logits.shape[:-1]):
        row = np.float64(logits[place]) / temperature
        p = np.exp(row - row.max())
        p /= p.sum()
        reached = 0.0
        for i in sorted(range(len(p)), key=lambda i: -p[i]):
            if reached >= top_p and top_p != 1:
                break
            out[place][i] = p[i]
            reached += p[i]
        out[place] /= out[place].sum()
    return out


def nucleus_by_ranks(logits, top_p, temperature):
    z = np.float64(logits) / temperature
    p = np.exp(z - np.max(z, -1)[..., None])
    p = p / np.sum(p, -1)[..., None]
    n = p.shape[-1]
    # ahead[i, j]: token j comes before token i
    ahead = p[..., None, :] > p[..., :, None]
    ahead |= (p[..., None, :] == p[..., :, None]) & np.tri(n, n, -1, dtype=bool)
    before = np.where(ahead, p[..., None, :], 0).sum(-1)
    kept = p * ((before < top_p) | (top_p == 1))
    return kept / kept.sum(-1, keepdims=True)


def cache_bytes_by_layers(n_tokens, n_layers, n_full, window, n_kv_heads, d_k, bits):
    total = 0
    for layer in range(n_layers):
        kept = n_tokens if layer < n_full else min(n_tokens, window)
        total += kept * 2 * n_kv_heads * d_k
    return total * bits / 8


def cache_bytes_by_what_is_dropped(n_tokens, n_layers, n_full, window, n_kv_heads, d_k, bits):
    dropped = max(0, n_tokens - window) * (n_layers - n_full)
    return np.float64(bits / 4 * d_k * n_kv_heads) * (n_layers * n_tokens - dropped)


RIGHT = {
    "causal_mask": [causal_mask_by_loops, causal_mask_by_triangles],
    "rms_norm": [rms_norm_by_length, rms_norm_by_einsum],
    "swiglu_mlp": [swiglu_by_units, swiglu_by_one_product],
    "rotary": [rotary_by_complex_numbers, rotary_by_loops],
    "cached_attention": [cached_attention_by_queries, cached_attention_by_groups],
    "block": [block_by_einsum, block_by_tokens],
    "language_model": [language_model_by_einsum, language_model_by_tokens],
    "nucleus": [nucleus_by_loops, nucleus_by_ranks],
    "cache_bytes": [cache_bytes_by_layers, cache_bytes_by_what_is_dropped],
}

# --- wrong -------------------------------------------------------------------------------------

WRONG = {
    "causal_mask": {
        "top-left": edited(texts.MASK, "kv_len - q_len", "0"),
        "one ahead": edited(texts.MASK, "j <= i", "j <= i + 1"),
        "not itself": edited(texts.MASK, "j <= i", "j < i"),
        "window too wide": edited(texts.MASK, "i - j < window", "i - j <= window"),
        "window too narrow": edited(texts.MASK, "i - j < window", "i - j < window - 1"),
        "window ignored": edited(texts.MASK, "i - j < window", "i - j < kv_len"),
        "window both ways": edited(
            texts.MASK, "mask = mask & (i - j < window)", "mask = abs(i - j) < window"
        ),
        "future open": edited(texts.MASK, "mask = j <= i", "mask = j > i - kv_len"),
        "padding ignored": edited(texts.MASK, "mask & real[:", "mask & np.ones_like(real)[:"),
        "padding inverted": edited(texts.MASK, "mask & real", "mask & ~real"),
        "padding or past": edited(texts.MASK, "mask & real", "mask | real"),
        "inverted": edited(texts.MASK, "return mask", "return ~mask"),
        "not boolean": edited(texts.MASK, "return mask", "return mask.astype(int)"),
        "shape": edited(texts.MASK, "real[:, None, None, :]", "real[:, None, :]"),
        "in place": edited(
            texts.MASK,
            "return mask",
            "mask = mask.copy(); real is not None and real.fill(True); return mask",
        ),
    },
    "rms_norm": {
        "layer norm": edited(texts.NORM, "# centre", "x = x - x.mean(-1, keepdims=True)"),
        "standard deviation": edited(texts.NORM, "(x**2).mean(", "x.var("),
        "eps outside": edited(texts.NORM, "m + eps) ** 0.5", "m) ** 0.5 + eps"),
        "no eps": edited(texts.NORM, "m + eps", "m"),
        "eps squared": edited(texts.NORM, "m + eps", "m + eps**2"),
        "sum": edited(texts.NORM, ".mean(", ".sum("),
        "no root": edited(texts.NORM, ") ** 0.5", ")"),
        "mean of absolutes": edited(
            texts.NORM, "(m + eps) ** 0.5", "abs(x).mean(-1, keepdims=True) + eps"
        ),
        "no weight": edited(texts.NORM, " * weight", ""),
        "one plus weight": edited(texts.NORM, " * weight", " * (1 + weight)"),
        "weight before": edited(texts.NORM, "# centre", "x, weight = x * weight, 1"),
        "weight added": edited(texts.NORM, " * weight", " + weight"),
        "multiplied": edited(texts.NORM, "x / size", "x * size"),
        "whole array": edited(texts.NORM, ".mean(-1, keepdims=True)", ".mean()"),
        "half precision overflow": edited(texts.NORM, "x = np.promote(x)", "x = x"),
        "in place": edited(
            texts.NORM, "return x / size * weight", "given[...] = x / size * weight; return given"
        ),
    },
    "swiglu_mlp": {
        "exchanged": edited(texts.MLP, "x @ w_gate, x @ w_in", "x @ w_in, x @ w_gate"),
        "sigmoid": edited(texts.MLP, "a / (1", "1 / (1"),
        "GELU": edited(texts.MLP, "a / (1 + np.exp(-a))", texts.GELU),
        "ReLU": edited(texts.MLP, "a / (1 + np.exp(-a))", "np.maximum(a, 0)"),
        "tanh": edited(texts.MLP, "a / (1 + np.exp(-a))", "np.tanh(a)"),
        "no SiLU": edited(texts.MLP, "silu(gate)", "gate"),
        "SiLU on both": edited(texts.MLP, "* other", "* silu(other)"),
        "SiLU too late": edited(texts.MLP, "silu(gate) * other", "silu(gate * other)"),
        "sum": edited(texts.MLP, "* other", "+ other"),
        "no gate": edited(texts.MLP, "silu(gate) * other", "silu(other)"),
        "gate only": edited(texts.MLP, " * other", ""),
        "sign": edited(texts.MLP, "np.exp(-a)", "np.exp(a)"),
        "overflow": edited(texts.MLP, "a / (1 + np.exp(-a))", "a * np.exp(a) / (1 + np.exp(a))"),
        "x added": edited(texts.MLP, "return (", "return x + ("),
        "half precision overflow": edited(texts.MLP, "x = np.promote(x)", "x = x"),
        "in place": edited(texts.MLP, "x = np.promote(x)", "given *= 2; x = np.promote(given) / 2"),
    },
    "rotary": {
        "mixed pairs": edited(texts.ROTARY, "np.concatenate([t, t], -1)", "np.repeat(t, 2, -1)"),
        "neighbours": edited(
            edited.text(texts.ROTARY, "np.concatenate([t, t], -1)", "np.repeat(t, 2, -1)"),
            "np.concatenate([-b, a], -1)",
            "np.stack([-x[..., 1::2], x[..., ::2]], -1).reshape(x.shape)",
        ),
        "not turned": edited(texts.ROTARY, "return x *", "return x; x *"),
        "backwards": edited(texts.ROTARY, "[-b, a]", "[b, -a]"),
        "no minus": edited(texts.ROTARY, "[-b, a]", "[b, a]"),
        "exponent halved": edited(texts.ROTARY, "base ** (2 * i / d)", "base ** (i / d)"),
        "one frequency": edited(texts.ROTARY, "base ** (2 * i / d)", "np.ones(d // 2)"),
        "frequencies reversed": edited(
            texts.ROTARY, "1 / base ** (2 * i / d)", "1 / base ** (2 * i[::-1] / d)"
        ),
        "base upside down": edited(texts.ROTARY, "1 / base", "base"),
        "base ignored": edited(texts.ROTARY, "1 / base", "1 / 10_000.0"),
        "positions ignored": edited(
            texts.ROTARY, "np.outer(positions", "np.outer(np.arange(x.shape[-2])"
        ),
        "one further": edited(texts.ROTARY, "np.outer(positions", "np.outer(positions + 1"),
        "angles in half precision": edited(
            texts.ROTARY, "np.outer(positions", "np.outer(positions.astype(x.dtype)"
        ),
        "overwritten": texts.rotary_overwritten,
        "in place": texts.rotary_in_place,
    },
    "cached_attention": {
        "no mask": edited(texts.ATTENTION, "j <= i + past", "j >= 0"),
        "top-left": edited(texts.ATTENTION, "j <= i + past", "j <= i"),
        "one ahead": edited(texts.ATTENTION, "j <= i + past", "j <= i + past + 1"),
        "not itself": edited(texts.ATTENTION, "j <= i + past", "j < i + past"),
        "cache only": edited(texts.ATTENTION, "j <= i + past", "j < max(past, 1)"),
        "tiled": edited(
            texts.ATTENTION, "np.repeat(x, group, -3)", "np.concatenate([x] * group, -3)"
        ),
        "first head for all": edited(
            texts.ATTENTION, "np.repeat(x, group, -3)", "x[..., :1, :, :]"
        ),
        "finite in place of -∞": edited(texts.ATTENTION, "s, -np.inf)", "s, -65504.0)"),
        "not scaled": edited(texts.ATTENTION, " / np.sqrt(q.shape[-1])", ""),
        "wrong scale": edited(texts.ATTENTION, "np.sqrt(q.shape[-1])", "q.shape[-1]"),
        "cache ignored": texts.attention_without_cache,
        "new ones in front": edited(
            texts.ATTENTION,
            "[cache_k, k], -2), np.concatenate([cache_v, v]",
            "[k, cache_k], -2), np.concatenate([v, cache_v]",
        ),
        "old cache back": edited(texts.ATTENTION, "keys, values  # back", "cache_k, cache_v"),
        "new alone": edited(texts.ATTENTION, "keys, values  # back", "k, v"),
        "repeated in the cache": edited(
            texts.ATTENTION, "keys, values  # back", "share(keys), share(values)"
        ),
        "caches exchanged": edited(texts.ATTENTION, "keys, values  # back", "values, keys"),
        "unstable": edited(
            edited.text(texts.ATTENTION, " - s.max(-1, keepdims=True)", ""), "np.nan_to_num(w)", "w"
        ),
        "in place": edited(texts.ATTENTION, "# begin", "cache_k *= 1.0000001"),
        "another kind": edited(texts.ATTENTION, ", keys, values  # back", ""),
    },
    "block": {
        "positions restart": edited(texts.BLOCK, "past + np.arange", "np.arange"),
        "one further": edited(texts.BLOCK, "past + np.arange", "past + 1 + np.arange"),
        "keys not turned": edited(texts.BLOCK, "k = turn(", "k = ("),
        "queries not turned": edited(texts.BLOCK, "q = turn(", "q = ("),
        "values turned": edited(texts.BLOCK, "v = (", "v = turn("),
        "heads reshaped": edited(
            texts.BLOCK, "reshape(b, new, n, -1).swapaxes(1, 2)", "reshape(b, n, new, -1)"
        ),
        "heads interleaved": edited(
            texts.BLOCK,
            "reshape(b, new, n, -1).swapaxes(1, 2)",
            "reshape(b, new, -1, n).transpose(0, 3, 1, 2)",
        ),
        "merged without transposing": edited(texts.BLOCK, "out.swapaxes(1, 2)", "out"),
        "no attention norm": edited(texts.BLOCK, "y = norm(x, n1)", "y = x"),
        "no MLP norm": edited(texts.BLOCK, "mlp(norm(x, n2)", "mlp(x"),
        "norm behind": texts.block_norm_behind,
        "norms exchanged": edited(
            texts.BLOCK, "n1, w_q, w_k, w_v, w_o, n2", "n2, w_q, w_k, w_v, w_o, n1"
        ),
        "attention not added": edited(texts.BLOCK, "x = x + out", "x = out"),
        "MLP not added": edited(texts.BLOCK, "return x + mlp", "return mlp"),
        "normed copy added to": edited(
            edited.text(texts.BLOCK, "x = x + out", "x = y + out"),
            "return x + mlp(norm(x, n2)",
            "x = norm(x, n2); return x + mlp(x",
        ),
        "parallel": edited(
            edited.text(texts.BLOCK, "y = norm(x, n1)", "y = norm(x, n1); before = x"),
            "norm(x, n2)",
            "norm(before, n2)",
        ),
        "gate exchanged": edited(
            texts.BLOCK, "w_gate, w_in, w_out = layer", "w_in, w_gate, w_out = layer"
        ),
        "cache ignored": edited(
            texts.BLOCK,
            "attend(q, k, v, cache_k, cache_v)",
            "attend(q, k, v, cache_k, cache_v, True)",
        ),
        "old cache back": edited(texts.BLOCK, "keys, values  # back", "cache_k, cache_v"),
        "in place": edited(texts.BLOCK, "x = x + out", "x += out"),
        "exception": edited(
            texts.BLOCK, "out.swapaxes(1, 2).reshape(b, new, -1)", "out.swapaxes(1, 2)"
        ),
    },
    "language_model": {
        "no final norm": edited(texts.MODEL, "norm(x, final_norm, eps) @", "x @"),
        "final norm in every layer": edited(texts.MODEL, "# each", "x = norm(x, final_norm, eps)"),
        "softmax too early": edited(
            texts.MODEL,
            "return logits",
            "e = np.exp(logits - logits.max(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)",
        ),
        "last position only": edited(texts.MODEL, "return logits", "return logits[:, -1]"),
        "divided by √d_model": edited(
            texts.MODEL, "return logits", "return logits / x.shape[-1] ** 0.5"
        ),
        "embedding times √d_model": edited(
            texts.MODEL,
            "x = embedding[tokens]",
            "x = embedding[tokens] * embedding.shape[-1] ** 0.5",
        ),
        "embedding normed": edited(
            texts.MODEL, "x = embedding[tokens]", "x = norm(embedding[tokens], final_norm, eps)"
        ),
        "layers reversed": edited(texts.MODEL, "in layers", "in layers[::-1]"),
        "first layer again": edited(texts.MODEL, "block(x, layer", "block(x, layers[0]"),
        "one layer": edited(texts.MODEL, "# each", "break"),
        "every layer from the embedding": edited(
            texts.MODEL, "block(x, layer", "block(embedding[tokens], layer"
        ),
        "no layers": edited(texts.MODEL, "in layers", "in ()"),
        "one cache for all layers": texts.model_with_one_cache,
        "in place": edited(texts.MODEL, "return logits", "embedding *= 1.01; return logits"),
        "exception": edited(texts.MODEL, "@ embedding.T", "@ embedding"),
    },
    "nucleus": {
        "crossing token left out": edited(
            texts.NUCLEUS, "total - ranked < top_p", "total <= top_p"
        ),
        "one too many": edited(
            texts.NUCLEUS,
            "total - ranked < top_p",
            "np.insert(total[..., :-1] - ranked[..., :-1], 0, 0, -1) < top_p",
        ),
        "not renormalised": edited(texts.NUCLEUS, "out / out.sum(-1, keepdims=True)", "out"),
        "temperature ignored": edited(texts.NUCLEUS, "/ temperature", "/ 1"),
        "temperature multiplied": edited(texts.NUCLEUS, "/ temperature", "* temperature"),
        "temperature after": texts.nucleus_temperature_after,
        "not cut": edited(texts.NUCLEUS, "total - ranked < top_p", "total > 0"),
        "sorted upwards": edited(texts.NUCLEUS, "np.argsort(-p", "np.argsort(p"),
        "not sorted": edited(texts.NUCLEUS, "np.argsort(-p", "np.argsort(0 * p"),
        "left sorted": edited(
            texts.NUCLEUS, "np.put_along_axis(out, order, kept, -1)", "out = kept"
        ),
        "ties kept": texts.nucleus_with_ties,
        "floor": texts.nucleus_min_p,
        "greedy": edited(texts.NUCLEUS, "total - ranked < top_p", "total == ranked"),
        "in place": edited(texts.NUCLEUS, "# begin", "logits -= logits.max(-1, keepdims=True)"),
        "unstable": edited(texts.NUCLEUS, "- z.max(-1, keepdims=True)", ""),
    },
    "cache_bytes": {
        "keys only": edited(texts.BYTES, "2 * kept", "kept"),
        "bits": edited(texts.BYTES, "bits / 8", "bits"),
        "always two bytes": edited(texts.BYTES, "bits / 8", "2"),
        "always four bytes": edited(texts.BYTES, "bits / 8", "4"),
        "bits as bytes": edited(texts.BYTES, "bits / 8", "8 / bits"),
        "window ignored": edited(texts.BYTES, "min(n_tokens, window)", "n_tokens"),
        "window everywhere": edited(
            texts.BYTES, "n_full * n_tokens", "n_full * min(n_tokens, window)"
        ),
        "layers exchanged": edited(texts.BYTES, "# begin", "n_full = n_layers - n_full"),
        "windows of nothing": edited(texts.BYTES, "min(n_tokens, window)", "window"),
        "full layers twice": edited(texts.BYTES, "(n_layers - n_full)", "n_layers"),
        "full layers only": edited(
            texts.BYTES, " + (n_layers - n_full) * min(n_tokens, window)", ""
        ),
        "windows only": edited(texts.BYTES, "n_full * n_tokens +", ""),
        "no heads": edited(texts.BYTES, " * n_kv_heads", ""),
        "no width": edited(texts.BYTES, " * d_k", ""),
        "one token": edited(texts.BYTES, "# begin", "n_tokens = 1"),
        "another kind": edited(texts.BYTES, "return ", "return 'about', "),
    },
}

# --- wrong, and like something else ----------------------------------------------------------------


def _after(right, bend):
    """A right answer with something done to every number of its first result."""

    def wrong(*given):
        found = right(*given)
        return (bend(found[0]), *found[1:]) if isinstance(found, tuple) else bend(found)

    return wrong


def _given(right, change):
    """A right answer to something else than was asked."""
    return lambda *given: right(*change(*given))


def _spoilt(right):
    """What can happen to any result."""
    return [
        (_after(right, lambda y: 0.0 * y), ()),
        (_after(right, lambda y: np.nan * y), ()),
        (_after(right, lambda y: -1.0 * y), ()),
        (_after(right, lambda y: 1.01 * y + 0.02), ()),
        (_after(right, lambda y: np.square(np.float64(y)) + 0.1), ()),
    ]


_mask, _norm, _mlp = causal_mask_by_triangles, rms_norm_by_length, swiglu_by_one_product
_turn, _attend, _block = rotary_by_complex_numbers, cached_attention_by_groups, block_by_einsum
_model, _nucleus, _bytes = language_model_by_einsum, nucleus_by_ranks, cache_bytes_by_layers


def _distances(q_len, kv_len, window=None, real=None):
    far = np.abs(np.arange(q_len)[:, None] + kv_len - q_len - np.arange(kv_len))
    return far if real is None else far * np.ones((len(real), 1, 1, 1))


def _attend_by_distance(q, k, v, cache_k, cache_v):
    keys, values = np.concatenate([cache_k, k], -2), np.concatenate([cache_v, v], -2)
    group = q.shape[-3] // k.shape[-3]
    shared = np.repeat(keys, group, -3)
    s = -((q[..., :, None, :] - shared[..., None, :, :]) ** 2).sum(-1)
    s = np.where(causal_mask_by_loops(*s.shape[-2:]), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True) @ np.repeat(values, group, -3), keys, values


def _attend_evenly(q, k, v, cache_k, cache_v):
    return _attend(q * 0, k, v, cache_k, cache_v)


def _layers(change):
    """Ask for a block, or for a model, whose weights are others."""

    def asked(first, second, third, *others):
        if isinstance(second, tuple):  # of a block
            return first, change(second), third, *others
        return first, second, tuple(change(layer) for layer in third), *others

    return asked


def _with(place, bend):
    return lambda layer: (*layer[:place], bend(layer[place]), *layer[place + 1 :])


UNNAMED = {
    "causal_mask": [
        *_spoilt(lambda *given: np.float64(_mask(*given))),
        (_distances, ()),
        (lambda *given: np.random.default_rng(7).random(_mask(*given).shape) < 0.5, ()),
        (lambda q, n, w=None, real=None: _mask(q, n, None if w is None else 2 * w + 1, real), ()),
        (lambda q, n, w=None, real=None: _mask(q, n, w, real)[..., ::-1, :], ()),
        (lambda q, n, w=None, real=None: _mask(q, n, w, real)[..., ::-1], ()),
        # Two at once: top-left, and one further than the window.
        (edited(edited.text(texts.MASK, "kv_len - q_len", "0"), "j <= i", "j <= i + 2"), ()),
        (edited(texts.MASK, "(kv_len - q_len)", "(kv_len - q_len) // 2"), {"top-left"}),
    ],
    "rms_norm": [
        *_spoilt(_norm),
        (lambda x, g, eps: np.float64(x) / np.abs(np.float64(x)).max(-1, keepdims=True) * g, ()),
        (lambda x, g, eps: np.tanh(np.float64(x)) * g, ()),
        (lambda x, g, eps: np.float64(x) * g, ()),
        (lambda x, g, eps: _norm(np.abs(x), g, eps), ()),
        (lambda x, g, eps: _norm(x, g[::-1], eps), ()),
        (lambda x, g, eps: _norm(x, g, eps * 3), ()),
        (lambda x, g, eps: _norm(x - np.median(x, -1, keepdims=True), g, eps), ()),
        (lambda x, g, eps: _norm(x - x.mean(-1, keepdims=True), 1 + g, eps), ()),
    ],
    "swiglu_mlp": [
        *_spoilt(_mlp),
        (edited(texts.MLP, "a / (1 + np.exp(-a))", "np.log1p(np.exp(np.minimum(a, 500)))"), ()),
        (edited(texts.MLP, "a / (1 + np.exp(-a))", "a / (1 + np.exp(-2 * a))"), ()),
        (edited(texts.MLP, "a / (1 + np.exp(-a))", "a / (1 + np.abs(a))"), ()),
        (edited(texts.MLP, "a / (1 + np.exp(-a))", "np.sin(a)"), ()),
        (edited(texts.MLP, "a / (1 + np.exp(-a))", "np.square(np.maximum(a, 0))"), ()),
        (_given(_mlp, lambda x, g, i, o: (x, g[:, ::-1], i, o)), ()),
        (_given(_mlp, lambda x, g, i, o: (np.abs(x), i, g, o)), ()),
        (_given(_mlp, lambda x, g, i, o: (x, g, i, o[::-1])), ()),
    ],
    "rotary": [
        *_spoilt(_turn),
        (_given(_turn, lambda x, p, base: (x, p * 2, base)), ()),
        (_given(_turn, lambda x, p, base: (x, p[::-1], base)), ()),
        (_given(_turn, lambda x, p, base: (x[..., ::-1], p, base)), ()),
        (_given(_turn, lambda x, p, base: (x, p + 3, base)), ()),
        (_given(_turn, lambda x, p, base: (x, p, base * 2)), ()),
        (lambda x, p, base: x * np.cos(p)[:, None], ()),
        (lambda x, p, base: x + np.sin(p)[:, None], ()),
        # Two at once: neighbours, backwards.
        (_given(_turn, lambda x, p, base: (np.roll(x, 1, -1), -p, base)), ()),
    ],
    "cached_attention": [
        (
            edited(
                texts.ATTENTION,
                "np.where(j <= i + past, s, -np.inf)",
                "s - 1e5 * (j > i + past)",
            ),
            {"finite in place of -∞"},
        ),
        *_spoilt(_attend),
        (_attend_by_distance, ()),
        (_attend_evenly, ()),
        (_given(_attend, lambda q, *others: (-q, *others)), ()),
        (_given(_attend, lambda q, *others: (q[..., ::-1, :, :], *others)), ()),
        (_given(_attend, lambda q, *others: (q * 1.5, *others)), ()),
        (_given(_attend, lambda q, k, v, *old: (q, k, np.abs(v), *old)), ()),
        (_given(_attend, lambda q, k, v, *old: (q, k[..., ::-1, :], v, *old)), ()),
        # Two at once: no mask, and heads shared in the wrong order.
        (
            edited(
                edited.text(texts.ATTENTION, "j <= i + past", "j >= 0"),
                "np.repeat(x, group, -3)",
                "np.concatenate([x] * group, -3)",
            ),
            {"no mask", "tiled"},
        ),
    ],
    "block": [
        *_spoilt(_block),
        (_given(_block, _layers(_with(1, np.negative))), ()),
        (_given(_block, _layers(_with(3, lambda w: w[:, ::-1]))), ()),
        (_given(_block, _layers(_with(4, lambda w: w[::-1]))), ()),
        (_given(_block, _layers(_with(8, lambda w: 2 * w))), ()),
        (_given(_block, lambda *given: (*given[:-1], given[-1] * 4)), ()),
        (_given(_block, lambda *given: (*given[:-2], given[-2] * 3, given[-1])), ()),
        (
            edited(
                edited.text(texts.BLOCK, "past + np.arange", "np.arange"),
                "norm(x, n2), w_gate",
                "x, w_gate",
            ),
            {"positions restart", "no MLP norm"},
        ),
    ],
    "language_model": [
        *_spoilt(_model),
        (_given(_model, lambda tokens, *others: (tokens[:, ::-1], *others)), ()),
        (_given(_model, lambda tokens, *others: (np.roll(tokens, 1, 1), *others)), ()),
        (_given(_model, _layers(_with(3, np.negative))), ()),
        (_given(_model, _layers(_with(6, lambda w: 1.5 * w))), ()),
        (_given(_model, lambda t, e, layers, *others: (t, e[::-1], layers, *others)), ()),
        (_given(_model, lambda *given: (*given[:-1], given[-1] * 4)), ()),
        (_given(_model, lambda t, e, layers, *others: (t, e, layers * 2, *others)), ()),
    ],
    "nucleus": [
        *_spoilt(_nucleus),
        (lambda z, top_p, t: np.full(z.shape, 1 / z.shape[-1]), ()),
        (lambda z, top_p, t: _nucleus(-z, top_p, t), ()),
        (lambda z, top_p, t: _nucleus(z, 1 - top_p / 2, t), ()),
        (lambda z, top_p, t: _nucleus(z, top_p, t * t), ()),
        (lambda z, top_p, t: _nucleus(z, top_p, t)[..., ::-1], ()),
        (lambda z, top_p, t: np.sqrt(_nucleus(z, top_p, t)), ()),
        (lambda z, top_p, t: np.round(_nucleus(z, top_p, t), 1), ()),
        (lambda z, top_p, t: _nucleus(np.tanh(z), top_p, t), ()),
    ],
    "cache_bytes": [
        *_spoilt(_bytes),
        (lambda *given: float(np.prod(np.float64(given))), ()),
        (lambda *given: float(sum(given)), ()),
        (lambda *given: _bytes(*given) * given[4], ()),
        (lambda *given: _bytes(*given) + 1e6, ()),
        (lambda *given: np.sqrt(_bytes(*given)), ()),
        # Two at once: keys alone, and in bits.
        (lambda *given: _bytes(*given) * 4, ()),
    ],
}
