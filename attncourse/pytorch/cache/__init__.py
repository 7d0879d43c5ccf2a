"""Caches: what decoding keeps of the past, so that each token is computed once.

Four of them: one that grows (:class:`KVCache`), slots set aside for a longest text
(:class:`StaticCache`), a ring of slots for a window (:class:`RollingCache`), and pages that many
sequences share (:class:`PagedCache`). A cache is an argument and a result: nothing is written in
place. Attention with a cache is plain attention once every key says where it stands.
"""

from attncourse.pytorch.cache.append import KVCache, append_to_cache, cached_attention
from attncourse.pytorch.cache.paged import (
    PagedCache,
    append_to_paged_cache,
    fork_sequence,
    free_sequence,
    paged_cache,
    paged_cached_attention,
    read_paged_cache,
)
from attncourse.pytorch.cache.rolling import (
    RollingCache,
    append_to_rolling_cache,
    rolling_cache,
    rolling_cached_attention,
)
from attncourse.pytorch.cache.static import (
    StaticCache,
    append_to_static_cache,
    positioned_attention,
    static_cache,
    static_cached_attention,
    tensor_scatter,
)

__all__ = [
    "KVCache",
    "PagedCache",
    "RollingCache",
    "StaticCache",
    "append_to_cache",
    "append_to_paged_cache",
    "append_to_rolling_cache",
    "append_to_static_cache",
    "cached_attention",
    "fork_sequence",
    "free_sequence",
    "paged_cache",
    "paged_cached_attention",
    "positioned_attention",
    "read_paged_cache",
    "rolling_cache",
    "rolling_cached_attention",
    "static_cache",
    "static_cached_attention",
    "tensor_scatter",
]
