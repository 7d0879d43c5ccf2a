"""Mistakes in attention with a cache."""

from __future__ import annotations

from typing import Any

#: Of the output: the change in attend(), the mistake's name, and what to say.
OUTPUT: list[tuple[dict[str, Any], str, str]] = [
    (
        {"mask": "none"},
        "no mask",
        "New tokens see those behind them. One at a time that cannot show; a chunk after a cache "
        "needs the causal mask as much as a whole text does.",
    ),
    (
        {"mask": "top left"},
        "top-left",
        "The mask is aligned top-left, so the new queries see only the beginning of the cache. "
        "They "
        "stand at the end: query i sees keys up to i + kv_len - q_len.",
    ),
    (
        {"mask": "one ahead"},
        "one ahead",
        "Each new query sees one key of its future. It may see the cache, the new keys before it, "
        "and its own.",
    ),
    (
        {"mask": "strict"},
        "not itself",
        "A query does not see its own key. The last key that it may see is its own.",
    ),
    (
        {"mask": "past only"},
        "cache only",
        "The new queries see the cache but not each other, nor themselves.",
    ),
    (
        {"share": "tiled"},
        "tiled",
        "The heads of keys are shared in the wrong order: 0, 1, 2, 0, 1, 2. Neighbouring heads of "
        "queries share one: 0, 0, 1, 1, 2, 2. That is np.repeat, not np.tile.",
    ),
    (
        {"share": "first"},
        "first head for all",
        "All heads of queries use the first head of keys and values. Head h uses head h // group.",
    ),
    (
        {"scale": 1.0},
        "not scaled",
        "The scores are not divided by √d_k.",
    ),
    (
        {"cache": "ignored"},
        "cache ignored",
        "The new queries see the new keys alone; what is in the cache has no say.",
    ),
    (
        {"cache": "in front"},
        "new ones in front",
        "The new keys and values stand before those of the cache. They come behind: the order "
        "along "
        "the sequence is the order of the text.",
    ),
    (
        {"cache": "values forgotten"},
        "values forgotten",
        "The new values are missing from what is averaged: keys and values are appended alike.",
    ),
    (
        {"mask": "first new"},
        "first new only",
        "Every new query sees the cache and the first new key, and no more. Each sees up to its "
        "own "
        "key: query i up to i + kv_len - q_len.",
    ),
    # Any number above all open scores does the same as this one.
    (
        {"closed": -1e5, "softmax": "zeroed"},
        "finite in place of -∞",
        "Closed scores become a number that open ones can fall below; then these lose all weight. "
        "Nothing is below -∞: np.where with -np.inf.",
    ),
    (
        {"closed": -1e5},
        "finite in place of -∞",
        "Closed scores become a number that open ones can fall below; then closed keys take all "
        "weight. Nothing is below -∞: np.where with -np.inf.",
    ),
    (
        {"softmax": "queries"},
        "wrong axis",
        "Softmax runs over the queries. Each query shares its weight among the keys: axis=-1.",
    ),
    (
        {"softmax": "unstable"},
        "unstable",
        "exp of a large score is infinite, and ∞/∞ is NaN. Take each row's largest score away "
        "before "
        "you call exp.",
    ),
]
#: Of what is given back as caches: a word, the mistake's name, and what to say.
CACHES = (
    (
        "old",
        "old cache back",
        "You give back the cache as it was. The next step needs it with the new keys and values "
        "behind it, or it will not know this token.",
    ),
    (
        "new",
        "new alone",
        "You give back the new keys and values alone. The next step needs the old ones before "
        "them.",
    ),
    (
        "in front",
        "new ones in front",
        "The new keys and values stand before those of the cache. They come behind: the order "
        "along "
        "the sequence is the order of the text.",
    ),
    (
        "repeated",
        "repeated in the cache",
        "The caches hold every head of keys as often as heads of queries use it. Store "
        "n_kv_heads of "
        "them, and repeat when you attend: saving that memory is why heads are shared.",
    ),
    (
        "exchanged",
        "caches exchanged",
        "The two caches are exchanged. The order is output, keys, values.",
    ),
)
