"""The model that two chapters train: the right attention, no leak from padding or the future."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse import training
from attncourse.training import END, PAD, START, AdditiveAttention, FixedVector, Seq2Seq

MEMORIES = [FixedVector, AdditiveAttention]


def build(memory):
    training.seed(0)
    return Seq2Seq(11, 9, memory, d_embed=4, d_encoder=5, d_decoder=7).eval()


SOURCE = torch.tensor([[3, 4, 5, 6], [7, 8, PAD, PAD], [9, 10, 3, PAD]])
TARGET = torch.tensor([[3, 4, END], [5, END, PAD], [6, 7, END]])


@pytest.mark.parametrize("memory", MEMORIES)
def test_padding_changes_nothing(memory):
    model = build(memory)
    together = model(SOURCE, TARGET)
    wider = model(torch.cat([SOURCE, torch.full((3, 5), PAD)], dim=1), TARGET)
    torch.testing.assert_close(wider, together)
    for row, target, logits in zip(SOURCE, TARGET, together, strict=True):
        alone = model(row[row != PAD][None], target[None])[0]
        torch.testing.assert_close(alone, logits)


def test_no_weight_falls_on_padding_and_each_row_sums_to_one():
    _, weights = build(AdditiveAttention).generate(SOURCE, max_len=6)
    assert weights.shape[::2] == (3, 4)
    real = (SOURCE != PAD)[:, None, :].expand_as(weights)
    assert (weights[~real] == 0).all()
    assert (weights[real] > 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:2]))


def test_the_memory_is_the_additive_attention_of_the_course():
    memory = AdditiveAttention(d_state=7, d_memory=10, d_hidden=6)
    states, state = torch.randn(3, 4, 10), torch.randn(3, 7)
    mask = att.padding_mask(torch.tensor([4, 2, 3]), 4)[:, 0]
    context, weights = memory(state, memory.remember(states, states[:, 0], mask))
    scores = att.additive_scores(state[:, None], states, memory.w_query, memory.w_key, memory.v)
    expected = att.softmax(scores, mask=mask)
    torch.testing.assert_close(weights, expected[:, 0])
    torch.testing.assert_close(context, (expected @ states)[:, 0])


def test_a_fixed_vector_has_one_size_for_any_length_and_attention_one_for_each_symbol():
    for length in (1, 4, 8):
        source = torch.full((2, length), 3)
        assert build(FixedVector).encode(source)[1].shape == (2, 10)
        assert build(AdditiveAttention).encode(source)[1][0].shape == (2, length, 10)


@pytest.mark.parametrize("memory", MEMORIES)
def test_a_target_symbol_is_not_seen_before_it_is_said(memory):
    model = build(memory)
    changed = TARGET.clone()
    changed[:, 1] = 8
    before, after = model(SOURCE, TARGET), model(SOURCE, changed)
    torch.testing.assert_close(after[:, :2], before[:, :2], rtol=0, atol=0)
    assert not torch.allclose(after[:, 2], before[:, 2])


@pytest.mark.parametrize("memory", MEMORIES)
def test_what_is_generated_is_what_the_logits_say(memory):
    model = build(memory)
    said, weights = model.generate(SOURCE, max_len=5)
    assert said.shape[1] <= 5
    assert (weights is None) == (memory is FixedVector)
    assert torch.equal(model(SOURCE, said).argmax(-1), said)


def test_it_stops_when_every_row_has_ended():
    model = build(FixedVector)
    with torch.no_grad():
        model.out.weight.zero_()
        model.out.bias.zero_()
        model.out.bias[END] = 1
    assert model.generate(SOURCE, max_len=30)[0].tolist() == [[END]] * 3


def test_padding_in_the_target_is_not_learnt():
    model = build(AdditiveAttention)
    wider = torch.cat([TARGET, torch.full((3, 2), PAD)], dim=1)
    torch.testing.assert_close(model.loss(SOURCE, wider), model.loss(SOURCE, TARGET))


def test_an_empty_row_is_refused():
    with pytest.raises(ValueError, match="at least one symbol in each row"):
        build(FixedVector).encode(torch.tensor([[3, 4], [PAD, PAD]]))


def test_it_learns_to_repeat():
    model = build(AdditiveAttention)

    class Repeat:
        def __iter__(self):
            symbols = torch.randint(END + 1, 9, (32, 3))
            yield symbols, torch.cat([symbols, torch.full((32, 1), END)], dim=1)

    history = training.train(
        model, model.loss, Repeat(), n_steps=250, learning_rate=0.02, label="repeat"
    )
    assert history.losses[0] > 1.5
    assert history.losses[-1] < 0.2
    assert START not in model.generate(SOURCE[:1, :3], 4)[0]
