"""What the trained caches rest on: equal sizes, shapes that are counted, no future, and learning."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments import kv_heads as lab
from attncourse.training import count_parameters


def test_no_model_is_smaller_than_the_one_with_all_its_heads():
    sizes = {kind: count_parameters(lab.build(kind)) for kind in lab.KINDS}
    assert min(sizes.values()) == sizes["multi-head"]
    assert max(sizes.values()) < 1.005 * sizes["multi-head"]


@torch.no_grad()
@pytest.mark.parametrize("kind", lab.KINDS)
def test_bytes_are_those_of_the_arrays_that_are_kept(kind):
    model, x = lab.build(kind), torch.randn(1, 1, lab.D_MODEL)
    kept, lent = 0, None
    for n, layer in enumerate(model.layers):
        if isinstance(layer, lab.Latent):
            kept += layer.parts["w_kv_down"].shape[1] + layer.parts["w_key_rope"].shape[1]
        elif not (model.kind.paired and n % 2):
            _, lent = layer(x, None, None)
            kept += sum(each.numel() for each in lent)
    assert lab.kept_bytes(kind, itemsize=1) == kept
    assert lab.kept_bytes(kind, 64) == 2 * kept * (16 if kind == "window" else 64)


@torch.no_grad()
@pytest.mark.parametrize("kind", lab.KINDS)
def test_no_letter_moves_what_is_said_before_it(kind):
    model = lab.build(kind)
    tokens = torch.randint(40, (2, 40), generator=torch.Generator().manual_seed(0))
    other = tokens.clone()
    other[:, 25] = (tokens[:, 25] + 1) % 40
    moved = (model(tokens) - model(other)).abs().amax((0, 2)) > 1e-6
    assert not moved[:25].any()
    assert moved[25:30].all()
    reach = lab.N_LAYERS * (16 - 1) if kind == "window" else 100
    assert moved[25:].nonzero().max() <= reach


@torch.no_grad()
def test_a_paired_layer_asks_the_one_before():
    model = lab.build("layers in pairs")
    assert [hasattr(layer, "key") for layer in model.layers] == [True, False]


def test_a_small_training_learns_and_looks_when_it_should():
    found = lab.learn(lab.build("multi-query"), 20)
    assert list(found) == [20]
    untrained = lab.judge(lab.build("multi-query"))
    assert found[20] < untrained - 0.5
    assert lab.learn(lab.build("multi-query"), 20) == found
