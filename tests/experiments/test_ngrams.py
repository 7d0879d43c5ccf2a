"""The writer that counts: its chances by hand, that they sum to one, and how far back it looks."""

from __future__ import annotations

import pytest
import torch

from attncourse.experiments.ngrams import NGrams

TEXT = torch.randint(5, (400,), generator=torch.Generator().manual_seed(0))


def chances(writer: NGrams, read: torch.Tensor) -> torch.Tensor:
    """Chances of every symbol after each place."""
    each = [writer.losses(read, torch.full_like(read, c)) for c in range(writer.n_symbols)]
    return torch.exp(-torch.stack(each, dim=-1))


@pytest.mark.parametrize("order", [1, 2, 4])
def test_chances_sum_to_one(order):
    found = chances(NGrams(TEXT, 6, order), TEXT[:60].reshape(3, 20))  # the sixth never occurs
    torch.testing.assert_close(found.sum(-1), torch.ones(3, 20))
    assert found.min() > 0


def test_a_chance_by_hand():
    """In 0 1 0 1 0 2: after 0 came 1 twice and 2 once; both symbols of one pair were seen once."""
    writer = NGrams(torch.tensor([0, 1, 0, 1, 0, 2]), 3, order=2)
    # Pairs: 01 twice, 10 twice, 02 once, so the discount is 1 / (1 + 2 · 2). Each symbol stands
    # behind one other symbol: no count of 2, a discount of 3 / 3, and all is left to 1 / 3.
    found = chances(writer, torch.tensor([[0]]))[0, 0]
    d = 1 / 5
    expected = [0 + 2 * d / 3 / 3, (2 - d) / 3 + 2 * d / 3 / 3, (1 - d) / 3 + 2 * d / 3 / 3]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_below_the_highest_order_it_counts_company_and_not_occurrences():
    """1 is frequent and stands behind 0 alone; 2 is rarer and stands behind 0, 1 and 3."""
    text = torch.tensor([0, 1] * 20 + [0, 2, 1, 2, 3, 2, 3, 0])
    unknown = torch.tensor([[4]])  # never read, so the shorter context answers
    found = chances(NGrams(text, 5, order=2), unknown)[0, 0]
    assert found[2] > found[1]
    alone = chances(NGrams(text, 5, order=1), unknown)[0, 0]
    assert alone[1] > alone[2]


def test_it_looks_back_on_one_symbol_less_than_its_order():
    writer, row = NGrams(TEXT, 5, order=3), TEXT[:12][None].clone()
    before = chances(writer, row)
    row[0, 5] = (row[0, 5] + 1) % 5
    moved = (chances(writer, row) - before).abs().amax((0, 2)) > 0
    assert moved.tolist() == [5 <= place <= 6 for place in range(12)]


def test_a_row_shorter_than_the_order_is_answered():
    writer = NGrams(TEXT, 5, order=6)
    short, long = TEXT[:2][None], TEXT[:9][None]
    torch.testing.assert_close(chances(writer, short), chances(writer, long)[:, :2])


def test_its_size_is_counted_in_stretches():
    assert len(NGrams(torch.tensor([0, 1, 0, 1, 0, 2]), 3, order=2)) == 3 + 3


def test_too_long_a_stretch_is_refused():
    with pytest.raises(ValueError, match="76 symbols to the power 11"):
        NGrams(TEXT, 76, order=11)


def test_rows_are_texts_of_their_own():
    rows = torch.tensor([[0, 1, 2], [3, 0, 1]])
    apart, joined = NGrams(rows, 5, order=2), NGrams(rows.flatten(), 5, order=2)
    assert len(joined) - len(apart) == 2  # 2 3 stands in no row, so 3 stands behind nothing
    asked, wanted = torch.tensor([[2]]), torch.tensor([[3]])
    assert apart.losses(asked, wanted) > joined.losses(asked, wanted)
    whole = NGrams(TEXT[None], 6, order=3)
    case = TEXT[None, :-1], TEXT[None, 1:]
    assert torch.equal(whole.losses(*case), NGrams(TEXT, 6, order=3).losses(*case))
