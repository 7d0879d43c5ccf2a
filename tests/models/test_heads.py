"""Heads switched off, words masked: against the same done in other ways."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch

from attncourse import analysis, models
from attncourse.experiments import encoder_heads
from attncourse.models.archives import MINILM
from attncourse.models.heads import head_runs, without_head
from attncourse.widgets.encoder_heads import runs as kept

TEXTS = ["A cat sleeps.", "The animal was too tired to cross the street."]


@pytest.fixture(scope="module")
def small():
    """A model with other sizes than MiniLM's: 2 layers of 3 heads."""
    torch.manual_seed(0)
    model = models.MiniLM(60, 20, 2, d_model=12, n_heads=3, n_layers=2, d_hidden=20).eval()
    for weight in model.parameters():  # so that a head matters
        weight.data += 0.3 * torch.randn_like(weight)
    return model


class Cut:
    """A tokenizer for the small model: a letter a token, between two marks."""

    def encode(self, text):
        tokens = ["[CLS]", *text, "[SEP]"]
        return type("One", (), {"tokens": tokens, "ids": [1, *(ord(c) % 50 + 5 for c in text), 2]})

    def token_to_id(self, token):
        return {"[MASK]": 3}[token]


@pytest.fixture(scope="module")
def found(small):
    return head_runs(small, Cut(), ["abcda", "xyz"])


def vectors(model, text, **options):
    with torch.no_grad():
        return model(torch.tensor([Cut().encode(text).ids]), **options)[0].double().numpy()


def angle(a, b):
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


def test_shapes(found):
    assert [one["text"] for one in found["sentences"]] == ["abcda", "xyz"]
    first = found["sentences"][0]
    assert first["words"] == ["[CLS]", *"abcda", "[SEP]"]
    shapes = {name: first[name].shape for name in ("weights", "turns", "word_turns", "masked")}
    assert shapes == {
        "weights": (2, 3, 7, 7),
        "turns": (6,),
        "word_turns": (6, 7),
        "masked": (7, 7),
    }
    assert found["similarity"].shape == (7, 2, 2)
    assert found["moved"].shape == (6, 6)


def test_maps_are_the_models(small, found):
    for one in found["sentences"]:
        tokens = torch.tensor([Cut().encode(one["text"]).ids])
        maps = models.attention_maps(small, tokens).encoder[:, 0]
        np.testing.assert_allclose(one["weights"], maps, atol=1e-6)


@pytest.mark.parametrize(("layer", "head"), [(0, 1), (1, 2)])
def test_a_head_that_is_off_adds_nothing(small, found, layer, head):
    """The same by its values: a head whose values and their bias are zeros gives zeros."""
    other = copy.deepcopy(small)
    value = other.encoder.blocks[layer].attention.value
    value.weight.data[4 * head : 4 * head + 4] = 0
    value.bias.data[4 * head : 4 * head + 4] = 0
    at = 3 * layer + head
    both = []
    for one in found["sentences"]:
        whole, off = vectors(small, one["text"]), vectors(other, one["text"])
        each = [angle(a, b) for a, b in zip(whole, off, strict=True)]
        np.testing.assert_allclose(one["word_turns"][at], each, atol=1e-2)
        expected = angle(whole.mean(axis=0), off.mean(axis=0))
        assert expected > 1
        assert one["turns"][at] == pytest.approx(expected, abs=1e-2)
        both.append(off.mean(axis=0) / np.linalg.norm(off.mean(axis=0)))
    assert found["similarity"][1 + at, 0, 1] == pytest.approx(both[0] @ both[1], abs=1e-5)
    moved = []
    for one in found["sentences"]:
        tokens = torch.tensor([Cut().encode(one["text"]).ids])
        maps = models.attention_maps(other, tokens).encoder[:, 0].numpy()
        moved.append(np.abs(maps - one["weights"]).sum(axis=-1).mean(axis=-1).ravel() / 2)
    np.testing.assert_allclose(found["moved"][at], np.mean(moved, axis=0), atol=1e-5)
    assert not found["moved"][at, : 3 * (layer + 1)].any()
    if layer == 0:
        assert found["moved"][at, 3:].min() > 1e-3


def test_the_first_likeness_is_of_the_whole_model(small, found):
    a, b = (vectors(small, text).mean(axis=0) for text in ("abcda", "xyz"))
    expected = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert found["similarity"][0, 0, 1] == pytest.approx(expected, abs=1e-6)


def test_a_masked_word_is_one_word(small, found):
    one = found["sentences"][1]
    whole = vectors(small, "xyz")
    ids = Cut().encode("xyz").ids
    for j in (0, 2):
        tokens = torch.tensor([[*ids[:j], 3, *ids[j + 1 :]]])
        with torch.no_grad():
            other = small(tokens)[0].double().numpy()
        each = [angle(a, b) for a, b in zip(whole, other, strict=True)]
        np.testing.assert_allclose(one["masked"][:, j], each, atol=1e-2)
    assert np.abs(one["masked"] - one["masked"].T).max() > 0.5  # rows and columns are not alike


def test_the_model_is_as_before_also_after_an_error(small):
    before = {name: weight.clone() for name, weight in small.state_dict().items()}

    def fails():
        with without_head(small, 1, 0):
            assert any((w != before[name]).any() for name, w in small.state_dict().items())
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    head_runs(small, Cut(), ["ab"])
    assert all(torch.equal(w, before[name]) for name, w in small.state_dict().items())


@pytest.mark.parametrize("sentences", ["one text", []])
def test_sentences_are_a_list(small, sentences):
    with pytest.raises(ValueError, match="sentences: expected a list of at least one text"):
        head_runs(small, Cut(), sentences)


# What is stored


def test_the_stored_runs_are_the_models(minilm):
    """Made again, they are within their rounding: half a step, or a whole one for a weight."""
    torch.set_num_threads(1)
    live, stored = head_runs(*minilm, encoder_heads.SENTENCES), kept.stored()
    assert [one["text"] for one in stored["sentences"]] == encoder_heads.SENTENCES
    for n, one in enumerate(live["sentences"]):
        assert stored["sentences"][n]["words"] == one["words"]
        found = kept.arrays(stored, n)
        assert np.abs(found["weights"] - one["weights"]).max() < 1 / 255 + 1e-4
        np.testing.assert_allclose(found["weights"].sum(axis=-1), 1, atol=1e-12)
        for name in ("word_turns", "masked"):
            assert np.abs(found[name] - one[name]).max() < 90 / 255 + 0.02
        np.testing.assert_allclose(found["turns"], one["turns"], atol=0.02)
        np.testing.assert_allclose(found["moved"], live["moved"], atol=0.5 / 255 + 1e-4)
    for which in (0, 40, 72):
        found = kept.similarities(stored, which)
        np.testing.assert_allclose(found, live["similarity"][which], atol=6e-4)


def test_what_a_reading_loses_by_rounding(minilm):
    """Of a whole map, of the rollout and of every measure, as the widget shows them."""
    live, stored = head_runs(*minilm, encoder_heads.SENTENCES[:2]), kept.stored()
    for n, one in enumerate(live["sentences"]):
        weights = kept.arrays(stored, n)["weights"]
        exact, rounded = (analysis.attention_rollout(w)[-1] for w in (one["weights"], weights))
        assert np.abs(exact - rounded).max() < 0.004
        exact, rounded = (kept.measures(w, one["words"]) for w in (one["weights"], weights))
        assert np.abs(exact.pop("entropy") - rounded.pop("entropy")).max() < 0.05
        assert np.abs(exact.pop("distance") - rounded.pop("distance")).max() < 0.05
        assert max(np.abs(exact[name] - rounded[name]).max() for name in exact) < 1 / 255


def test_the_file_says_what_it_rests_on():
    said = json.loads(kept.STORED.read_text("utf8"))["provenance"]
    assert said["sha256"] == MINILM.sha256
    assert said["command"] == "python -m attncourse.experiments.encoder_heads"
    assert {"torch", "numpy", "tokenizers", "python", "date"} <= set(said)
