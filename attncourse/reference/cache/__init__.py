"""Caches: what decoding keeps of the past, so that each token is computed once.

A cache is an argument and a result: nothing is written in place.
"""

from attncourse.reference.cache.append import KVCache, append_to_cache, cached_attention

__all__ = ["KVCache", "append_to_cache", "cached_attention"]
