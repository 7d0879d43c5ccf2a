"""What the ladder rests on: each rung sees what its name says, and writing sees nothing but the text so far."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments import reading_the_code as ladder


@pytest.fixture(scope="module")
def some():
    """Seven windows of the held-out plays."""
    return ladder.spaced(ladder.text().test)[:7]


def reach(condition):
    """Row i, column j: whether the scores at place i move when character j changes."""
    model, read = ladder.build(condition), torch.arange(10)[None]
    with torch.no_grad():
        before, columns = model(read), []
        for j in range(10):
            other = read.clone()
            other[0, j] = 40
            columns.append((model(other) - before).abs().amax((0, 2)) > 1e-6)
    return torch.stack(columns, dim=1)


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("as printed", torch.eye(10)),
        ("shifted", torch.eye(10)),
        ("transposed", torch.ones(10, 10)),
        ("with places", torch.ones(10, 10)),
        ("mask in the decoder", torch.ones(10, 10)),
        ("mask everywhere", torch.ones(10, 10).tril()),
        ("mask, no places", torch.ones(10, 10).tril()),
    ],
)
def test_a_rung_sees_what_its_name_says(condition, seen):
    assert torch.equal(reach(condition), seen.bool())


def test_the_open_layer_of_the_decoder_rung_is_the_first():
    hides = [layer.attention.hides for layer in ladder.build("mask in the decoder").layers]
    assert hides == [False, True, True]


@pytest.mark.parametrize("condition", ladder.RUNGS)
def test_who_knows_the_order_of_the_past(condition):
    model, read = ladder.build(condition), torch.arange(10)[None]
    swapped = read[:, [1, 0, *range(2, 10)]]
    with torch.no_grad():
        same = torch.allclose(model(read)[:, -1], model(swapped)[:, -1], atol=1e-6)
    assert same == (condition in ("as printed", "shifted", "transposed"))


def test_the_rungs_of_one_seed_begin_with_the_same_numbers():
    first, *others = (ladder.build(name, 3) for name in ladder.RUNGS)
    for other in others:
        assert all(map(torch.equal, first.state_dict().values(), other.state_dict().values()))


def test_only_the_first_rung_asks_for_what_it_reads(some):
    for name in ladder.RUNGS:
        read, wanted = ladder.build(name).asked(some)
        assert read.shape == wanted.shape == (7, ladder.WINDOW)
        assert torch.equal(wanted, some[:, :-1] if name == "as printed" else some[:, 1:])


@pytest.mark.parametrize("condition", list(ladder.RUNGS)[1:])
def test_training_and_writing_agree_where_nothing_leaks(condition, some):
    model = ladder.build(condition)
    at_once = ladder.in_training(model, some)[torch.tensor(ladder.ASKED) - 1]
    one_by_one = ladder.in_writing(model, some)
    honest = condition in ("shifted", "mask everywhere", "mask, no places")
    assert torch.allclose(at_once, one_by_one, atol=1e-5) == honest
    assert torch.allclose(at_once[-1], one_by_one[-1], atol=1e-5)  # the last has no future


def test_held_out_plays_are_not_read():
    text = ladder.text()
    assert "Is this a dagger" in text.decode(text.test)
    assert "Is this a dagger" not in text.decode(text.train)
    assert torch.equal(
        text.encode("To be"), text.train.new_tensor([*map(text.alphabet.index, "To be")])
    )


def test_a_model_writes_from_the_last_window_alone():
    """One that always repeats the first character that it is shown."""

    def first_again(tokens):
        seen.append(tokens.shape[-1])
        logits = torch.full((*tokens.shape, len(ladder.text().alphabet)), -1e9)
        return logits.scatter(-1, tokens[:, :1, None].expand(-1, tokens.shape[-1], 1), 0.0)

    seen = []
    written = ladder.write(first_again, "ab" + "c" * (ladder.WINDOW - 2), 3, n_texts=2)
    assert [text[-3:] for text in written] == ["abc", "abc"]
    assert seen == [ladder.WINDOW] * 3


def test_words_that_exist_are_counted():
    # The name, the first and the last word, and short words do not count.
    assert ladder.real(["NOBODY\nxxxx murder, xqzzt is\nheaven yyyy"]) == pytest.approx(2 / 3)
    assert ladder.real(["A\nto be"]) == 0
