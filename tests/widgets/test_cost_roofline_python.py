"""The roofline of a model as a Python object: its parts by hand, and as the library counts models."""

import math

import numpy as np
import pytest
import traitlets

import attncourse.analysis as count
from attncourse.analysis import published
from attncourse.widgets import CostRoofline
from tests.site.conftest import ROOT

# A model so small that its arrays can be listed; all sizes differ.
TINY = {
    "d_model": 20,
    "n_heads": 6,
    "n_kv_heads": 2,
    "d_k": 5,
    "d_ff": 70,
    "mlp_matrices": 3,
    "n_layers": 4,
    "n_vocab": 110,
    "d_latent": 9,
    "d_rope": 3,
    "d_q_latent": 11,
    "window": 7,
}


def moved(*arrays):
    """Bytes of arrays by their shapes, at four bytes a number."""
    return 4 * sum(math.prod(shape) for shape in arrays)


def test_bytes_of_each_part_array_by_array():
    """Prefill of 30 tokens, batch 8: whatever a part reads and writes, listed."""
    found = CostRoofline(length=30, batch=8, phase="prefill", itemsize=4, **TINY).compute()
    rows = 8 * 30
    queries, keys, values, outputs = (rows, 6, 5), (rows, 2, 5), (rows, 2, 5), (rows, 6, 5)
    first = moved((rows, 20), (20, 30 + 10 + 10), queries, keys, values)
    first += moved(outputs, (30, 20), (rows, 20))
    mlp = moved((rows, 20), (20, 140), (rows, 140)) + moved((rows, 70), (70, 20), (rows, 20))
    last = moved((8, 20), (20, 110), (8, 110))
    expected = [4 * first, 4 * moved(queries, keys, values, outputs), 4 * mlp, last]
    np.testing.assert_array_equal(found["bytes"], expected)


def test_bytes_of_attention_by_mechanism():
    def attention(phase, mechanism, length=30):
        widget = CostRoofline(
            length=length, batch=8, phase=phase, mechanism=mechanism, itemsize=4, **TINY
        )
        return widget.compute()["bytes"][1] / 4

    q, k, out = (8, 6, 30, 5), (8, 2, 30, 5), (8, 6, 30, 5)
    square, all_k = (8, 6, 30, 30), (8, 6, 30, 5)
    assert attention("prefill", "plain") == moved(q, all_k, all_k, out, *[square] * 4)
    one, state = (8, 6, 1, 5), (8, 6, 5, 5)
    assert attention("decode", "fused") == moved(one, k, k, one)
    assert attention("decode", "window") == moved(one, (8, 2, 7, 5), (8, 2, 7, 5), one)
    assert attention("prefill", "window") == moved(q, k, k, out)
    assert attention("prefill", "linear") == moved(q, k, k, out, state)
    new = (8, 2, 1, 5)
    assert attention("decode", "linear") == moved(one, new, new, one, state, state)
    assert attention("decode", "linear", 300) == attention("decode", "linear")
    # Unpacked: each head has keys of 5 + 3 and values of 5. Absorbed: one row of 9 + 3 a token.
    wide = (8, 6, 30, 8)
    assert attention("prefill", "latent") == moved(wide, wide, all_k, out)
    assert attention("decode", "latent") == moved((8, 6, 12), (8, 30, 12), (8, 6, 9))


def test_pairs_that_attention_computes():
    def pairs(phase, mechanism, width=10):
        widget = CostRoofline(length=30, batch=8, phase=phase, mechanism=mechanism, **TINY)
        return widget.compute()["operations"][1] / (4 * 8 * 6 * 2 * width)

    assert pairs("prefill", "plain") == 900
    assert pairs("prefill", "fused") == 30 * 31 / 2
    assert pairs("prefill", "window") == 1 + 2 + 3 + 4 + 5 + 6 + 7 * 24
    assert pairs("decode", "window") == 7
    assert pairs("decode", "fused") == pairs("decode", "plain") == 30
    assert pairs("prefill", "latent", width=13) == 30 * 31 / 2
    assert pairs("decode", "latent", width=21) == 30


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_the_parts_are_the_whole_model(phase):
    rng = np.random.default_rng(0)
    for _ in range(40):
        widget = CostRoofline.random(rng)
        widget.phase, widget.mechanism = phase, "fused"
        shape = count.TransformerShape(
            n_layers=widget.n_layers,
            d_model=widget.d_model,
            n_heads=widget.n_heads,
            d_ff=widget.d_ff,
            n_vocab=widget.n_vocab,
            n_kv_heads=widget.n_kv_heads,
            d_k=widget.d_k,
            gated=widget.mlp_matrices == 3,
        )
        n = widget.length
        q_len, n_cached = (1, n - 1) if phase == "decode" else (n, 0)
        pairs = count.visible_pairs(q_len, n, causal=True)
        options = {"n_cached": n_cached, "pairs": pairs, "n_outputs": 1, "batch": widget.batch}
        whole = count.model_operations(shape, q_len, n, **options).matmul
        found = widget.compute()
        assert found["operations"].sum() == pytest.approx(whole, rel=1e-12)
        parameters = count.parameter_table(shape)
        used = parameters["attention"] + parameters["mlp"] + parameters["output"]
        assert found["weight_bytes"] == widget.itemsize * used


def test_a_latent_layer_is_that_of_the_library():
    sizes = {"d_model": 20, "n_heads": 6, "d_latent": 9, "d_nope": 5, "d_rope": 3, "d_v": 5}
    for rank in (0, 11):
        for phase, way, args in (
            ("decode", count.absorbed_latent_operations, (1, 30)),
            ("prefill", count.latent_operations, (30, 30)),
        ):
            tiny = TINY | {"d_q_latent": rank}
            widget = CostRoofline(length=30, batch=8, phase=phase, mechanism="latent", **tiny)
            pairs = count.visible_pairs(*args, causal=True)
            options = {"n_cached": 29 if phase == "decode" else 0, "pairs": pairs, "batch": 8}
            whole = way(*args, **sizes, **options, d_q_latent=rank or None).matmul
            assert widget.compute()["operations"][:2].sum() == 4 * whole


def test_bytes_of_a_latent_s_projections():
    def projections(phase, rank):
        tiny = TINY | {"d_q_latent": rank}
        widget = CostRoofline(
            length=30, batch=8, phase=phase, mechanism="latent", itemsize=4, **tiny
        )
        return widget.compute()["bytes"][0] / 4

    for rows, phase in ((240, "prefill"), (8, "decode")):
        down = moved((rows, 20), (20, 12), (rows, 12))
        out = moved((rows, 30), (30, 20), (rows, 20))
        direct = moved((rows, 20), (20, 48), (rows, 48))
        through = moved((rows, 20), (20, 11), (rows, 11)) + moved((rows, 11), (11, 48), (rows, 48))
        if phase == "prefill":
            unpack = moved((rows, 9), (9, 60), (rows, 60))
        else:  # each head's query to the latent, and the latent to its output
            unpack = 6 * 2 * moved((rows, 5), (5, 9), (rows, 9))
        assert projections(phase, 0) == down + out + direct + unpack
        assert projections(phase, 11) == down + out + through + unpack


def test_time_is_the_longer_of_computing_and_moving():
    widget = CostRoofline(phase="prefill", batch=2, peak=3, bandwidth=700)
    found = widget.compute()
    compute, move = found["operations"] / 3e12, found["bytes"] / 700e9
    np.testing.assert_allclose(found["seconds"], np.maximum(compute, move))
    assert (compute > move).any()
    assert (compute < move).any()
    np.testing.assert_allclose(found["rate"], found["operations"] / found["seconds"])
    assert found["tokens_a_second"] == pytest.approx(2 * 4096 / found["seconds"].sum())
    assert found["busy"] == pytest.approx(compute.sum() / found["seconds"].sum())
    assert found["ridge"] == pytest.approx(3e12 / 700e9)


def test_kept_bytes():
    sizes = {"length": 30, "batch": 8, "itemsize": 4, **TINY}
    kept = {
        mechanism: CostRoofline(mechanism=mechanism, **sizes).compute()["cache_bytes"] / 4 / 4
        for mechanism in ("plain", "fused", "window", "linear", "latent")
    }
    everything = 8 * 30 * 2 * 2 * 5
    assert kept == {
        "plain": everything,
        "fused": everything,
        "window": 8 * 7 * 2 * 2 * 5,
        "linear": 8 * 6 * 5 * 5,
        "latent": 8 * 30 * 12,
    }
    widget = CostRoofline(memory=20)
    found = widget.compute()
    assert found["filled"] == (found["cache_bytes"] + found["weight_bytes"]) / 20e9


@pytest.mark.parametrize("name", published.MODELS)
def test_where_attention_overtakes_in_published_models(name):
    """P / (2 h d_k) for a token that is written, whatever the batch."""
    widget = CostRoofline(**CostRoofline.LIMITS["models"][name], batch=3)
    shape, _, _ = published.MODELS[name]
    n_kv_heads, d_k = count.head_sizes(shape)
    block = shape.d_model * d_k * 2 * (shape.n_heads + n_kv_heads)
    block += (3 if shape.gated else 2) * shape.d_model * shape.d_ff
    assert widget.compute()["crossing"][0] == math.ceil(block / (2 * shape.n_heads * d_k))


def test_crossings_are_where_the_lines_cross():
    rng = np.random.default_rng(1)
    seen = {"never": 0, "somewhere": 0}
    for _ in range(60):
        widget = CostRoofline.random(rng)
        for name, at in zip(
            ("operations", "bytes", "seconds"), widget.compute()["crossing"], strict=True
        ):

            def over(n, name=name, widget=widget):
                widget.length = n
                found = widget.compute()[name]
                return found[1] >= found[0] + found[2]

            longest = widget.LIMITS["lengths"][-1]
            if math.isnan(at):
                assert not over(longest)
                seen["never"] += 1
            elif at > 16:
                assert over(int(at))
                assert not over(int(at) - 1)
                seen["somewhere"] += 1
    assert min(seen.values()) > 10, seen


def test_costs_over_the_length_are_those_at_each_length():
    for phase in ("decode", "prefill"):
        widget = CostRoofline(phase=phase, batch=3)
        whole = widget.compute()
        for n in (0, 5, 18):
            widget.length = widget.LIMITS["lengths"][n]
            found = widget.compute()
            for name in ("operations", "bytes", "seconds"):
                np.testing.assert_array_equal(whole[f"{name}_by_length"][:, n], found[name])


def named(preset):
    return CostRoofline(preset=preset).compute()


def test_presets_show_what_they_are_for():
    start, prompt, plain = CostRoofline().compute(), named("prompt"), named("plain prompt")
    ridge = start["ridge"]
    assert (start["intensity"] < ridge / 50).all()
    # Reading: all blocks wait for arithmetic; with scores in memory, attention does not.
    assert (prompt["intensity"][:3] > 4 * ridge).all()
    assert plain["intensity"][1] < 64 < ridge
    many, unshared = named("batch of 256"), named("no sharing")
    # A batch moves all parts but attention; sharing keys moves only attention.
    assert (many["intensity"][[0, 2, 3]] > 200 * start["intensity"][[0, 2, 3]]).all()
    assert many["intensity"][1] == pytest.approx(start["intensity"][1])
    assert many["intensity"][1] == pytest.approx(4 * unshared["intensity"][1], rel=1e-3)
    assert unshared["cache_bytes"] == 4 * many["cache_bytes"]
    assert named("latent")["intensity"][1] > 0.7 * ridge
    # The cache is beyond the device and takes the time; counted in operations that came earlier.
    million = named("a million tokens")
    assert million["filled"] > 1.5
    assert million["seconds"].argmax() == 1
    assert million["busy"] < 0.02
    assert million["crossing"][2] == pytest.approx(4 * million["crossing"][0], rel=0.01)


def test_numbers_of_models_and_devices_have_a_source():
    keys = (ROOT / "book" / "references.bib").read_text("utf8")
    sources = [key for *_, key in [*published.MODELS.values(), *published.DEVICES.values()]]
    for key in [*sources, "deepseek2024v3"]:
        assert f"{{{key}," in keys, key
    widget = CostRoofline()
    assert widget.limits["models"].keys() == published.MODELS.keys() | {"DeepSeek-V3"}
    for name, (peak, bandwidth, memory, _) in published.DEVICES.items():
        given = widget.limits["devices"][name]
        expected = [peak / 1e12, bandwidth / 1e9, memory / 1e9]
        assert [given["peak"], given["bandwidth"], given["memory"]] == expected
    for sizes in [*widget.limits["models"].values(), *widget.limits["devices"].values()]:
        CostRoofline(**sizes)  # none is outside the bounds


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("GPT-2 small", 124),
        ("OPT 175B", 175e3),
        ("Falcon 7B", 7e3),
        ("Llama 2 7B", 6738),
        ("Llama 2 70B", 68977),
        ("Mistral 7B", 7242),
        ("Gemma 7B", 8538),
        ("Llama 3.1 8B", 8030),
        ("Llama 3.1 405B", 405.9e3),
        ("SmolLM2 135M", 134.5),
        ("Qwen3 32B", 32.8e3),
    ],
)
def test_published_sizes_have_the_published_number_of_parameters(name, millions):
    total = count.parameter_table(published.MODELS[name][0])["total"]
    assert total / 1e6 == pytest.approx(millions, rel=0.04)


def test_heads_of_keys_follow_the_heads():
    widget = CostRoofline(n_heads=32, n_kv_heads=8)
    widget.n_heads = 12
    assert widget.n_kv_heads == 6
    widget.n_heads = 7
    assert widget.n_kv_heads == 1
    assert CostRoofline(n_kv_heads=35, n_heads=70).n_kv_heads == 35


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"length": 15}, r"length: expected a number from 16 to 4\.1943e\+06, got 15"),
        ({"batch": 1.5}, r"batch: expected a whole number from 1 to 4096, got 1.5"),
        ({"n_kv_heads": 5}, r"n_kv_heads: expected a divisor of n_heads = 32, got 5"),
        ({"n_kv_heads": 64}, r"n_kv_heads: expected a number from 1 to 32, got 64"),
        ({"mechanism": "sparse"}, r"mechanism: expected one of \('plain', .*'latent'\), got 'spar"),
        ({"itemsize": 3}, r"itemsize: expected one of \(1, 2, 4\), got 3"),
        ({"peak": 0}, r"peak: expected a number from 0.05 to 5000, got 0"),
        ({"heads": 4}, r"heads: expected one of the widget's parameters"),
        ({"preset": "reading"}, r"preset: expected one of .*'prompt'.* got 'reading'"),
    ],
)
def test_bad_input_gets_one_clear_error(options, says):
    with pytest.raises(traitlets.TraitError, match=says):
        CostRoofline(**options)


def test_random_states_are_of_all_kinds():
    """What the comparison with the library over random states rests on."""
    rng = np.random.default_rng(0)
    seen: dict[str, int] = {}
    for _ in range(200):
        widget = CostRoofline.random(rng)
        found = widget.compute()
        waiting = found["intensity"] < found["ridge"]
        own = {name: getattr(widget, name) for name in widget.limits["models"]["Gemma 7B"]}
        some = {
            "no latent of queries": widget.d_q_latent == 0,
            "a known model": own in widget.limits["models"].values(),
            "a window within": widget.window < widget.length,
            "does not fit": found["filled"] > 1,
            "both kinds of waiting": waiting.any() and not waiting.all(),
        }
        kinds = [widget.phase, widget.mechanism, f"{widget.itemsize} bytes"]
        kinds += [name for name, holds in some.items() if holds]
        for kind in kinds:
            seen[kind] = seen.get(kind, 0) + 1
    assert len(seen) == 2 + 5 + 3 + 5
    assert min(seen.values()) >= 10, seen
