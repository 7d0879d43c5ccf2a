"""Mistakes in a block: the change in ``variants.block()``, the mistake's name, and what to say."""

from __future__ import annotations

from typing import Any

MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (
        {"positions": "from 0"},
        "positions restart",
        "The positions begin at 0 in every call. With a cache the new tokens stand behind it: "
        "their "
        "positions begin at its length.",
    ),
    (
        {"positions": "from 1"},
        "one further",
        "The positions begin one too high. The first new token stands at the length of the cache, "
        "since counting began at 0.",
    ),
    (
        {"turn": "none"},
        "not turned",
        "Queries and keys are not turned: without rotary positions the block does not know the "
        "order "
        "of what it reads.",
    ),
    (
        {"positions": "queries only"},
        "keys not turned",
        "Only the queries are turned. Their scores see the distance if the keys are turned too, "
        "before they go into the cache.",
    ),
    (
        {"positions": "keys only"},
        "queries not turned",
        "Only the keys are turned. The queries turn too, each by its own position.",
    ),
    (
        {"values": "turned"},
        "values turned",
        "The values are turned as well. Only what is compared is turned: queries and keys.",
    ),
    (
        {"turn": "neighbours"},
        "neighbours",
        "The rotation pairs neighbouring features; here features i and i + d/2 are a pair.",
    ),
    (
        {"heads": "reshaped"},
        "heads reshaped",
        "The heads are cut by a reshape alone, which mixes positions and heads. Make it (batch, "
        "seq, "
        "heads, dim) first, then swap the two axes in the middle.",
    ),
    (
        {"heads": "interleaved"},
        "heads interleaved",
        "The features are dealt out to the heads one by one. The first dim features belong to head "
        "0, the next to head 1: reshape to (batch, seq, heads, dim).",
    ),
    (
        {"merge": "reshaped"},
        "merged without transposing",
        "The heads are merged by a reshape alone, which mixes positions and heads. Swap the "
        "axes back "
        "to (batch, seq, heads, dim) first.",
    ),
    (
        {"order": "no first norm"},
        "no attention norm",
        "Attention reads x as it is. It reads rms_norm(x, attention_norm, eps).",
    ),
    (
        {"order": "no second norm"},
        "no MLP norm",
        "The MLP reads x as it is. It reads rms_norm(x, mlp_norm, eps).",
    ),
    (
        {"order": "norm behind"},
        "norm behind",
        "The norms stand behind the sums. In this model they stand before attention and before the "
        "MLP, and the sum itself is left alone.",
    ),
    (
        {"order": "norms exchanged"},
        "norms exchanged",
        "The two norms are exchanged: layer[0] belongs to attention, layer[5] to the MLP.",
    ),
    (
        {"order": "first not added"},
        "attention not added",
        "What attention finds takes the place of x. Add it to x.",
    ),
    (
        {"order": "second not added"},
        "MLP not added",
        "What the MLP finds takes the place of x. Add it to x.",
    ),
    (
        {"order": "normed added"},
        "normed copy added to",
        "Attention and MLP are added to the normed copy. Add them to x itself: nothing stands on "
        "the straight way through.",
    ),
    (
        {"order": "parallel"},
        "parallel",
        "The MLP reads x from before attention. It comes after, and reads what attention has "
        "added to.",
    ),
    (
        {"mlp": "exchanged"},
        "gate exchanged",
        "w_gate and w_in are exchanged: their order in the layer is w_gate, w_in, w_out.",
    ),
    (
        {"mask": "none"},
        "no mask",
        "Each position sees what comes after it: the causal mask is missing.",
    ),
    (
        {"mask": "top left"},
        "top-left",
        "The mask is aligned top-left: behind a cache the new queries see only its beginning.",
    ),
    (
        {"share": "tiled"},
        "tiled",
        "Heads of keys are shared in the wrong order: neighbouring heads of queries share one, "
        "0, 0, 1, 1, 2, 2.",
    ),
    (
        {"cache": "ignored"},
        "cache ignored",
        "What is in the cache has no say: pass cache_k and cache_v on to your cached_attention.",
    ),
    (
        {"turn": "base"},
        "base ignored",
        "The base of the rotation is always 10,000. Pass on the one that is given.",
    ),
    (
        {"order": "one norm"},
        "one norm twice",
        "The same norm stands before both. layer[0] belongs to attention, layer[5] to the MLP.",
    ),
    (
        {"order": "stale"},
        "MLP reads the first norm",
        "The MLP reads what was normed for attention. It reads the norm of what attention has "
        "added to.",
    ),
]
