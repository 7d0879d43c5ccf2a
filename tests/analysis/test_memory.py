"""Bytes and rooflines: the algorithms walked through tile by tile, published sizes, limits."""

from __future__ import annotations

import math

import pytest

from attncourse import analysis


def flash_traffic(q_len: int, kv_len: int, d: int, room: int, q_tile: int) -> int:
    """Algorithm 1 of the source as it is written, each load and each store counted."""
    kv_tile, moved = math.ceil(room / (4 * d)), 0
    moved += q_len * d + q_len + q_len  # set the output and both statistics to nothing
    for kv_start in range(0, kv_len, kv_tile):
        keys = min(kv_tile, kv_len - kv_start)
        moved += keys * d + keys * d
        for q_start in range(0, q_len, q_tile):
            rows = min(q_tile, q_len - q_start)
            moved += rows * d + rows * d + rows + rows  # load: queries, output, statistics
            moved += rows * d + rows + rows  # store: output, statistics
    return moved


@pytest.mark.parametrize("sram", [64, 65, 120, 500, 100_000])
@pytest.mark.parametrize("q_tile", [1, 4])
def test_flash_tile_by_tile(sram, q_tile):
    found = analysis.flash_attention_bytes(
        10, 13, n_heads=3, d_k=4, sram_bytes=4 * sram, itemsize=4, batch=2
    )
    assert found == 4 * 2 * 3 * flash_traffic(10, 13, 4, sram, q_tile)


def test_flash_moves_less_and_less_with_more_fast_memory():
    sizes = {"n_heads": 1, "d_k": 64}
    plain = analysis.plain_attention_bytes(4096, 4096, **sizes)
    found = [
        analysis.flash_attention_bytes(4096, 4096, sram_bytes=k * 1000, **sizes)
        for k in (30, 50, 100, 200)
    ]
    assert plain > found[0] > found[1] > found[2] > found[3]
    # With many tiles: 3 n² d · 4 d / M numbers, as the source's theorem 2 says up to a constant.
    small = analysis.flash_attention_bytes(2**14, 2**14, sram_bytes=2**14, **sizes)
    assert small / (2 * 12 * 2**28 * 64**2 / 2**13) == pytest.approx(1, rel=0.05)


def test_plain_attention_step_by_step():
    m, n, d, e = 3, 5, 4, 2
    scores = m * d + n * d + m * n
    softmax = m * n + m * n
    output = m * n + n * e + m * e
    found = analysis.plain_attention_bytes(m, n, n_heads=2, d_k=d, d_v=e, itemsize=4, batch=3)
    assert found == 4 * 3 * 2 * (scores + softmax + output)


def test_caches_of_published_models():
    llama = {"n_layers": 32, "d_k": 128}
    assert analysis.kv_cache_bytes(1, n_kv_heads=32, **llama) == 512 * 1024  # Llama 2 7B
    assert analysis.kv_cache_bytes(1, n_kv_heads=8, **llama) == 128 * 1024  # Llama 3 8B
    assert analysis.kv_cache_bytes(8192, n_kv_heads=8, **llama) == 2**30  # a gigabyte
    assert analysis.kv_cache_bytes(10, n_kv_heads=1, d_v=64, itemsize=4, **llama) == 245760
    # A latent is as small as 2.25 groups of keys and values (DeepSeek-V2, section 2.1.4).
    latent = analysis.latent_cache_bytes(1, n_layers=60, d_latent=512, d_rope=64)
    assert latent / analysis.kv_cache_bytes(1, n_layers=60, n_kv_heads=1, d_k=128) == 2.25


def test_a_rolling_cache_stops_growing():
    sizes = {"n_layers": 2, "n_kv_heads": 3, "d_k": 4, "window": 5}
    found = [analysis.kv_cache_bytes(n, **sizes) for n in (0, 4, 5, 6)]
    assert found == [0, 4 * 96, 5 * 96, 5 * 96]


def test_roofline():
    machine = {"peak": 1000.0, "bandwidth": 10.0}
    assert analysis.attainable_rate(1.0, **machine) == 10.0
    assert analysis.attainable_rate(100.0, **machine) == 1000.0  # the ridge
    assert analysis.attainable_rate(1000.0, **machine) == 1000.0
    for operations, n_bytes in ((5000.0, 10.0), (10.0, 5000.0)):
        time = analysis.shortest_time(operations, n_bytes, **machine)
        rate = analysis.attainable_rate(operations / n_bytes, **machine)
        assert time == pytest.approx(operations / rate)


def test_intensity_counts_every_number_once():
    sizes = {"n_heads": 6, "n_kv_heads": 2, "d_k": 4, "d_v": 3, "itemsize": 4}
    q, k, v, out = 6 * 5 * 4, 2 * 7 * 4, 2 * 7 * 3, 6 * 5 * 3
    done = 2 * 6 * 5 * 7 * (4 + 3)
    assert analysis.attention_intensity(5, 7, **sizes) == done / (4 * (q + k + v + out))
    half = analysis.attention_intensity(5, 7, pairs=7, **sizes)
    assert half == pytest.approx(analysis.attention_intensity(5, 7, **sizes) / 5)


@pytest.mark.parametrize("n_kv_heads", [1, 4, 32])
def test_decoding_waits_for_memory_and_sharing_heads_helps(n_kv_heads):
    sizes = {"n_heads": 32, "n_kv_heads": n_kv_heads, "d_k": 128}
    found = analysis.attention_intensity(1, 10**6, **sizes)
    assert found == pytest.approx(32 / n_kv_heads, rel=1e-4)  # at two bytes a number
    assert analysis.attention_intensity(4096, 4096, **sizes) > 100 * 32 / n_kv_heads / 32


def test_bytes_at_the_least_array_by_array():
    q, k, v, out = 6 * 5 * 4, 2 * 7 * 4, 2 * 7 * 3, 6 * 5 * 3
    sizes = {"n_heads": 6, "n_kv_heads": 2, "d_k": 4, "d_v": 3, "itemsize": 8, "batch": 9}
    assert analysis.least_attention_bytes(5, 7, **sizes) == 8 * 9 * (q + k + v + out)
    alone = analysis.least_attention_bytes(5, 7, n_heads=6, d_k=4)
    assert alone == 2 * 2 * 6 * 4 * (5 + 7)
    assert analysis.product_bytes(5, 7, 11, itemsize=4) == 4 * (5 * 7 + 7 * 11 + 5 * 11)
    with pytest.raises(ValueError, match="n_kv_heads"):
        analysis.least_attention_bytes(5, 7, **{**sizes, "n_kv_heads": 4})


def test_a_linear_state_is_as_large_as_some_tokens():
    sizes = {"n_layers": 3, "n_heads": 4, "d_k": 6, "d_v": 5}
    assert analysis.linear_state_bytes(7, itemsize=8, **sizes) == 8 * 3 * 7 * 4 * 6 * 5
    # A square state holds as many numbers as d / 2 tokens' keys and values.
    sizes = {"n_layers": 3, "d_k": 10}
    cache = analysis.kv_cache_bytes(5, n_kv_heads=4, **sizes)
    assert analysis.linear_state_bytes(1, n_heads=4, d_v=10, **sizes) == cache


def test_pairs_of_a_million_tokens_are_counted_at_once():
    n, window = 2**22, 1000
    assert analysis.visible_pairs(n, n, causal=True) == n * (n + 1) // 2
    found = analysis.visible_pairs(n, n, window=window)
    assert found == window * (window - 1) // 2 + window * (n - window + 1)
    assert analysis.visible_pairs(1, n, window=window) == window
