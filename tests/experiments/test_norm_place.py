"""What the comparison of norms rests on: equal starts, text that is read once, a rate that grows or does not."""

from __future__ import annotations

import itertools

import torch

from attncourse import data
from attncourse.experiments import norm_place as short


def test_equal_depth_begins_with_equal_weights():
    """Pre- and post-norm differ in where the norm stands and in nothing that was drawn."""
    before, behind = (short.build(f"{place}, 12 layers", seed=4) for place in ("pre", "post"))
    for a, b in zip(before.decoder.blocks, behind.decoder.blocks, strict=True):
        theirs = b.state_dict()
        assert all(torch.equal(w, theirs[name]) for name, w in a.state_dict().items())
    assert torch.equal(before.embedding.tokens, behind.embedding.tokens)
    assert behind.decoder.norm is None  # the last block's norm is the last one


def test_a_small_start_divides_what_is_added_and_nothing_else():
    usual = short.build("post, 12 layers", seed=1).state_dict()
    small = short.build("post, 12 layers, small start", seed=1).state_dict()
    added = [name for name in usual if name.endswith((".attention.out.weight", ".mlp.out.weight"))]
    assert len(added) == 24
    for name, w in usual.items():
        torch.testing.assert_close(w, small[name] * 24**0.5 if name in added else small[name])


def test_usual_weights_begin_with_one_over_the_root_of_their_inputs():
    for part in short.build("pre, 6 layers").decoder.blocks[3].modules():
        if isinstance(part, torch.nn.Linear):
            spread = part.weight.std() * part.in_features**0.5
            assert abs(spread - 1) < 0.08
            assert part.bias is None or not part.bias.any()


def test_a_passage_is_the_plays_own_letters_and_each_target_is_the_next():
    torch.manual_seed(0)
    known, numbers = short.letters()
    text = next(short.passages())
    assert text.shape == (short.BATCH, short.SEQ + 1)
    said = "".join(known[i] for i in text[0].tolist())
    assert said in "\n".join(data.shakespeare("train").values())
    assert len(numbers) > 10_000 * short.SEQ


def test_the_loss_is_of_the_next_letter():
    class Knows(torch.nn.Module):
        def forward(self, tokens):
            return 50 * torch.nn.functional.one_hot((tokens + 1) % 7, 7).float()

    text = (torch.arange(9)[None] + torch.tensor([[0], [3]])) % 7
    assert short.loss(Knows(), text) < 1e-6
    assert short.loss(Knows(), text.flip(-1)) > 10


def test_the_rate_grows_only_with_a_warm_up(monkeypatch):
    rates = []

    class Watched(torch.optim.Adam):
        def step(self, *given):
            rates.append(self.param_groups[0]["lr"])
            return super().step(*given)

    monkeypatch.setattr(torch.optim, "Adam", Watched)
    for condition in ("post, 12 layers", "post, 12 layers, warm-up"):
        model = short.build("pre, 6 layers")
        assert len(short.learn(model, condition, 3)["loss"]) == 1
    assert rates[:3] == [short.RATE] * 3
    assert torch.allclose(
        torch.tensor(rates[3:]), short.RATE / short.WARM_UP * torch.tensor([1.0, 2.0, 3.0])
    )


def test_a_curve_averages_few_steps_and_depends_on_the_seed():
    def curve(n_steps, seed):
        model = short.build("pre, 6 layers")  # the seed of the text alone
        return short.learn(model, "pre, 6 layers", n_steps, seed=seed)

    found = curve(short.EVERY + 1, seed=0)
    assert len(found["loss"]) == 2
    assert len(found["alike"]) == 3
    assert found["loss"][0] == curve(short.EVERY, seed=0)["loss"][0]
    assert found["loss"][0] != curve(short.EVERY, seed=1)["loss"][0]


def test_likeness_is_of_other_positions_of_the_same_passage():
    x = torch.tensor([[[1.0, 0], [0, 2], [3, 0]], [[0, -1.0], [0, 5], [0, -2]]])
    one, other = (0 + 1 + 0) / 3, (-1 + 1 - 1) / 3  # by hand: three pairs each
    torch.testing.assert_close(short.cosine(x), torch.tensor((one + other) / 2))


def test_likeness_sees_a_stack_that_forgets_and_disturbs_no_draw():
    short.watched.cache_clear()  # the draw that may disturb is made once
    model = short.build("pre, 6 layers")
    torch.manual_seed(3)
    before = short.likeness(model)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))
    with torch.no_grad():
        model.decoder.norm.weight.zero_()
        model.decoder.norm.bias.fill_(1.0)  # one vector for all
    assert abs(short.likeness(model) - 1) < 1e-5
    assert before < 0.95


def test_all_conditions_are_settings():
    assert set(short.EXPERIMENT.budgets) == set(short.SETTINGS)
    pairs = itertools.combinations(short.SETTINGS.values(), 2)
    assert all(a != b for a, b in pairs)
