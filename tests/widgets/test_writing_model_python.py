"""The model in NumPy is the model in PyTorch, also where heads are changed; and it draws as it should."""

from __future__ import annotations

import doctest
import itertools

import numpy as np
import pytest
import torch
import traitlets

import attncourse.pytorch as att
from attncourse import trained
from attncourse.experiments import keep, writing
from attncourse.widgets import WritingModel, writing_model
from attncourse.widgets.kit import rows
from attncourse.widgets.writing_model import network
from attncourse.widgets.writing_model.network import MOST_TEXT, N_HEADS, N_LAYERS

RECORD = trained.load("writing").record


@pytest.fixture(scope="module")
def writer():
    """The page's model, filled with the numbers that are kept, in float64."""
    own = next(each for each in keep.NETWORKS if each.experiment is writing.EXPERIMENT)
    return keep.filled(own.build(own.trial).double(), trained.load("writing").arrays)


def held_out(count: int) -> torch.Tensor:
    """Windows of plays that the model has not read, without the character to guess."""
    return writing.unread("test")[:: writing.N_JUDGED // count, :-1]


def changed_attention(off, pins):
    """Attention whose calls are the layers in turn, with heads off and weights set by hand."""
    layers = itertools.cycle(range(N_LAYERS))

    def attend(q, k, v, **options):
        layer = next(layers)
        _, weights = att.scaled_dot_product_attention(q, k, v, return_weights=True, **options)
        weights = weights.clone()
        for head in range(N_HEADS):
            held = {back: w for *at, back, w in pins if at == [layer, head]}
            row = weights[0, head, -1].flip(0)
            held = {back: w for back, w in held.items() if back < len(row)}
            if not held:
                continue
            free = torch.tensor([back not in held for back in range(len(row))])
            # Proportions among the free ones stay; all of it where all are set.
            row[free] *= (1 - sum(held.values())) / row[free].sum() if free.any() else 1
            for back, w in held.items():
                row[back] = w
            weights[0, head, -1] = (row / row.sum()).flip(0)
        output = weights @ v
        for at, head in off:
            if at == layer:
                output[:, head] = 0
        return output

    return attend


def with_attention(writer, attend) -> list[dict]:
    """The layers' options with another attention."""
    return [{**each, "attend": attend} for each in writer.decoder.options({})["layer_options"]]


@torch.no_grad()
def in_pytorch(writer, widget) -> torch.Tensor:
    """What the layers of the library make of a changed state: the next character's logits."""
    options = with_attention(writer, changed_attention(widget.off, widget.hand))
    tokens = writing.text().encode(widget.text)[None]
    return writer(tokens, layer_options=options, window=RECORD["window"])[0, -1].numpy()


@torch.no_grad()
def test_numpy_gives_the_logits_and_the_looks_of_pytorch(writer):
    windows = held_out(20)
    logits = writer(windows)  # as it was trained, by fused attention
    plain = with_attention(writer, att.scaled_dot_product_attention)
    _, looks = writer(windows, layer_options=plain, return_weights=True)
    for n, window in enumerate(windows):
        found = network.read(network.kept().arrays, RECORD["window"], window.numpy())
        np.testing.assert_allclose(found.logits, logits[n].numpy(), atol=1e-10)
        for layer, each in enumerate(looks):
            np.testing.assert_allclose(found.weights[layer], each.self_attention[n], atol=1e-10)


def test_rounding_to_eight_bits_costs_little_on_the_two_hundred_windows():
    found = RECORD["held out"]
    assert found["windows"] == writing.N_JUDGED
    assert abs(found["loss"]["int8"] - found["loss"]["float32"]) < 0.002
    assert found["logits apart"]["mean"] < 0.02
    assert found["logits apart"]["most"] < 0.5
    assert found["another first choice"] < 0.02
    assert trained.path("writing").stat().st_size < 2_000_000


def test_changed_heads_are_those_that_pytorch_uses(writer):
    rng = np.random.default_rng(1)
    states = [WritingModel.random_state(rng) for _ in range(60)]
    widgets = [WritingModel(**each) for each in states if each["off"] or each["hand"]][:12]
    widgets.append(WritingModel("All the world's a stage. " * 8, off=[[1, 2]], hand=[[0, 3, 5, 1]]))
    assert len(widgets[-1].text) > RECORD["window"]
    for widget in widgets:
        logits = torch.tensor(in_pytorch(writer, widget))
        expected = att.top_p_filter(logits / widget.temperature, widget.top_p).softmax(-1)
        np.testing.assert_allclose(widget.compute()["chances"], expected, atol=1e-9)


def test_it_writes_what_the_library_generates(writer):
    for widget in (
        WritingModel("JULIET\nO", seed=3),
        WritingModel("DUKE\n", temperature=1.3, top_p=0.8, seed=77),
    ):
        n, place = 60, len(widget.text)
        noise = torch.tensor([[network.dice(widget.seed, place + t)] for t in range(n)]).double()

        def choose(logits, u, w=widget):
            return att.sample_token(att.top_p_filter(logits / w.temperature, w.top_p), u)

        tokens = writing.text().encode(widget.text)[None]
        with torch.no_grad():
            written, _ = att.generate(writer.step, tokens, n, choose=choose, noise=noise)
        assert widget.goes_on(n) == writing.text().decode(written[0])[place:]


def test_a_text_that_grows_meets_the_same_dice():
    widget = WritingModel(seed=5)
    ahead = widget.goes_on(20)
    for n in (1, 7):
        grown = WritingModel(widget.text + ahead[:n], seed=5)
        assert grown.goes_on(20 - n) == ahead[n:]
    assert WritingModel(seed=6).goes_on(20) != ahead
    thrown = np.array([network.dice(seed, place) for seed in range(100) for place in range(100)])
    assert thrown.min() >= 0
    assert thrown.max() < 1
    counts = np.histogram(thrown, 20, (0, 1))[0]
    assert abs(counts - 500).max() < 100  # 4.5 standard deviations
    table = thrown.reshape(100, 100)
    assert abs(np.corrcoef(table[:-1].ravel(), table[1:].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(table[:, :-1].ravel(), table[:, 1:].ravel())[0, 1]) < 0.05


def test_a_head_that_is_off_is_off_everywhere_and_a_pin_only_at_the_end():
    text = "Now is the winter of our disc"
    arrays, window, tokens = network.kept().arrays, RECORD["window"], network.numbers_of(text)
    plain = network.read(arrays, window, tokens)
    off = network.read(arrays, window, tokens, off=[[0, 1]])
    pinned = network.read(arrays, window, tokens, pins=[[1, 2, 3, 0.75]])
    assert (abs(off.logits - plain.logits).max(-1) > 1e-6).all()
    np.testing.assert_array_equal(off.weights[0], plain.weights[0])  # it looks, but brings nothing
    np.testing.assert_array_equal(pinned.logits[:-1], plain.logits[:-1])
    assert abs(pinned.logits[-1] - plain.logits[-1]).max() > 1e-6
    assert pinned.weights[1, 2, -1, -4] == 0.75
    # The others keep their proportions.
    rest = np.delete(np.arange(len(text)), -4)
    shares = pinned.weights[1, 2, -1, rest] / plain.weights[1, 2, -1, rest]
    np.testing.assert_allclose(shares, shares[0])


def test_numbers_are_counted_backwards_and_fill_up_with_zeros():
    widget = WritingModel("To be", layer=2, head=1)
    found = widget.compute()
    whole = network.read(network.kept().arrays, RECORD["window"], network.numbers_of("To be"))
    np.testing.assert_array_equal(found["map"][0, :5], whole.weights[2, 1, -1, ::-1])
    np.testing.assert_array_equal(found["map"][2, :5], whole.weights[2, 1, -3, ::-1])
    assert not found["map"][:, 5:].any()
    assert not found["map"][5:].any()
    np.testing.assert_array_equal(found["weights"][9], found["map"][0])


def test_a_page_shows_the_start_before_anything_is_loaded():
    widget = WritingModel("Alas", off=[[1, 1]], temperature=0.5)
    assert widget.sample["state"]["off"] == [[1, 1]]
    for name in ("chances", "untouched", "map", "written", "plain"):
        expected = widget.compute()[name]
        np.testing.assert_allclose(widget.sample["result"][name], expected, atol=5.1e-6)
    assert widget.sample["alphabet"] == writing.text().alphabet
    # And the model itself is in no page.
    assert len(widget._repr_html_()) < 120_000
    table = widget.fallback_html()
    assert table.count("<tr>") == 11
    assert "Untouched" in table


def loss(off) -> float:
    """Average -log p of each next character, in nats, over some windows that were held out."""
    windows = writing.unread("test")[:: writing.N_JUDGED // 8]
    said = [
        torch.tensor(
            network.read(network.kept().arrays, RECORD["window"], w[:-1].numpy(), off=off).logits
        )
        for w in windows
    ]
    return float(torch.nn.functional.cross_entropy(torch.stack(said).mT, windows[:, 1:]))


def test_the_presets_show_what_is_said_of_them():
    presets = WritingModel().presets
    assert list(presets) == ["hardly any dice", "blind to the neighbour", "first layer off"]
    cold = WritingModel(preset="hardly any dice").compute()
    assert cold["chances"].max() > cold["untouched"].max()
    plain, blind, less = (
        loss(presets[name]["off"] if name else ()) for name in ["", *list(presets)[1:]]
    )
    assert plain < 2
    assert blind > plain + 0.1
    assert less > plain + 0.5
    ((layer, head),) = presets["blind to the neighbour"]["off"]
    found = network.read(
        network.kept().arrays, RECORD["window"], writing.unread("test")[0, :-1].numpy()
    ).weights
    before = np.diagonal(found, -1, axis1=-2, axis2=-1).mean(-1)
    assert before[layer, head] > 0.4
    for name in presets:
        widget = WritingModel()
        widget.preset = name
        widget.reset()
        assert (widget.temperature, widget.off) == (0.8, [])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"text": ""}, "text: expected 1 to 400 characters out of"),
        ({"text": "a" * (MOST_TEXT + 1)}, "text: expected 1 to 400 characters"),
        ({"text": "José (2)"}, r"text: expected .*, got '\(\)é' among them"),
        ({"text": None}, "text: expected 1 to 400 characters"),
        ({"temperature": 0}, "temperature: expected a number from 0.1 to 2, got 0"),
        ({"top_p": 1.5}, "top_p: expected a number from 0.05 to 1"),
        ({"seed": 10000}, "seed: expected a number from 0 to 9999"),
        ({"off": [[4, 0]]}, "off: .*a layer: expected a number from 0 to 3, got 4"),
        ({"off": [[0, 1], [0, 1]]}, "off: expected heads .* each once"),
        ({"off": [3]}, "off: expected heads"),
        ({"hand": [[0, 0, 32, 1]]}, "hand: .*a way back: expected a number from 0 to 31"),
        ({"hand": [[0, 0, 1, 0.6], [0, 0, 2, 0.5]]}, "hand: .*together 1 at most"),
        ({"hand": [[0, 0, 1, 0.1], [0, 0, 1, 0.2]]}, "hand: .*each once"),
        ({"hand": [[0, 0, 1]]}, "hand: expected weights set by hand"),
        ({"key": 32}, "key: expected"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_by_a_sentence(given, says):
    with pytest.raises(traitlets.TraitError, match=says):
        WritingModel(**given)


def test_heads_and_weights_are_kept_in_order():
    widget = WritingModel(off=[(3, 1), (0, 2)], hand=[(1, 0, 5, 1), (0, 3, 2, 0.5), (0, 3, 1, 0.5)])
    assert widget.off == [[0, 2], [3, 1]]
    assert widget.hand == [[0, 3, 1, 0.5], [0, 3, 2, 0.5], [1, 0, 5, 1.0]]


def test_random_states_have_all_that_a_reader_can_do():
    rng = np.random.default_rng(0)
    states = [WritingModel.random_state(rng) for _ in range(200)]
    for has in (
        lambda s: s["off"] and s["hand"],
        lambda s: s["off"] and not s["hand"],
        lambda s: s["hand"] and not s["off"],
        lambda s: not s["off"] and not s["hand"],
        lambda s: len(s["text"]) > RECORD["window"],
        lambda s: len(s["text"]) < 4,
        lambda s: s["top_p"] == 1,
        lambda s: s["top_p"] < 0.5,
        lambda s: any(back >= len(s["text"]) for *_, back, _ in s["hand"]),
        lambda s: any(back < len(s["text"]) for *_, back, _ in s["hand"]),
    ):
        assert any(has(state) for state in states)


def test_examples_run():
    found = [doctest.testmod(module) for module in (writing_model, network, rows)]
    assert tuple(map(sum, zip(*found, strict=True))) == (0, 3)
