"""Answers to ``error_rate`` and ``split_by_group``."""

from collections import Counter

import numpy as np

# --- error_rate --------------------------------------------------------------------------------


def rate_by_table(said, right):
    """The whole table, column by column."""
    table = np.zeros((len(said) + 1, len(right) + 1), int)
    table[:, 0] = np.arange(len(said) + 1)
    table[0] = np.arange(len(right) + 1)
    for j in range(len(right)):
        for i in range(len(said)):
            swap = table[i, j] + int(said[i] != right[j])
            table[i + 1, j + 1] = min(swap, table[i, j + 1] + 1, table[i + 1, j] + 1)
    return float(table[-1, -1] / len(right))


def rate_by_width(said, right):
    """Waves: how far along each diagonal so many edits can come."""
    a, b = list(said), list(right)
    reach, edits = {0: 0}, 0
    while True:
        for d in reach:
            while reach[d] < len(a) and reach[d] + d < len(b) and a[reach[d]] == b[reach[d] + d]:
                reach[d] += 1
        if reach.get(len(b) - len(a)) == len(a):
            return edits / len(b)
        edits, following = edits + 1, {}
        for d, i in reach.items():
            for way, at in ((d, i + 1), (d - 1, i + 1), (d + 1, i)):
                if at <= len(a) and 0 <= at + way <= len(b):
                    following[way] = max(following.get(way, -1), at)
        reach = following


def _edits(a, b, *, swap=1, same=0, drop=1, add=1, top=1, side=1):
    row = [top * j for j in range(len(b) + 1)]
    for i, x in enumerate(a, 1):
        above, row = row, [side * i]
        for j, y in enumerate(b, 1):
            ways = [above[j - 1] + (same if x == y else swap)]
            ways += [above[j] + drop] if drop else []
            ways += [row[j - 1] + add] if add else []
            row.append(min(ways))
    return row[-1]


def _rate(**prices):
    return lambda said, right: _edits(said, right, **prices) / len(right)


def rate_undivided(said, right):
    return _edits(said, right)


def rate_over_said(said, right):
    return _edits(said, right) / max(len(said), 1)


def rate_over_longer(said, right):
    return _edits(said, right) / max(len(said), len(right))


def rate_capped(said, right):
    return min(1.0, _edits(said, right) / len(right))


def rate_right(said, right):
    return 1 - _edits(said, right) / len(right)


def rate_in_place(said, right):
    n = min(len(said), len(right))
    return (np.sum(said[:n] != right[:n]) + abs(len(said) - len(right))) / len(right)


def rate_zipped(said, right):
    return sum(a != b for a, b in zip(said, right, strict=False)) / len(right)


def rate_of_bags(said, right):
    return sum((Counter(right.tolist()) - Counter(said.tolist())).values()) / len(right)


def rate_of_missing(said, right):
    both = (len(said) + len(right) - _edits(said, right, swap=2)) / 2
    return 1 - both / len(right)


def rate_with_a_memory(said, right, memo={}):  # noqa: B006
    def left(i, j):
        if (i, j) not in memo:
            if not i or not j:
                memo[i, j] = i + j
            else:
                swap = left(i - 1, j - 1) + (said[i - 1] != right[j - 1])
                memo[i, j] = min(swap, left(i - 1, j) + 1, left(i, j - 1) + 1)
        return memo[i, j]

    return left(len(said), len(right)) / len(right)


def rate_with_exchanges(said, right):
    n, m = len(said), len(right)
    d = np.zeros((n + 1, m + 1), int)
    d[:, 0], d[0] = range(n + 1), range(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = d[i - 1, j - 1] + (said[i - 1] != right[j - 1])
            d[i, j] = min(swap, d[i - 1, j] + 1, d[i, j - 1] + 1)
            if i > 1 < j and said[i - 1] == right[j - 2] and said[i - 2] == right[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[n, m] / m


def rate_of_lengths(said, right):
    return len(said) / len(right)


def rate_without_return(said, right):
    _edits(said, right)


def rate_as_row(said, right):
    return np.array([_edits(said, right), len(right)])


# --- split_by_group ----------------------------------------------------------------------------


def split_by_loop(groups, luck, share):
    held = np.zeros(len(groups), dtype=bool)
    for group in sorted(range(len(luck)), key=luck.__getitem__):
        if held.sum() >= share * len(groups):
            break
        held |= groups == group
    return held


def split_by_pairs(groups, luck, share):
    """An example is held out if fewer than the share have groups of less luck."""
    before = (luck[groups][None, :] < luck[:, None]).sum(axis=1)
    return (before < share * len(groups))[groups]


def split_in_the_middle(groups, luck, share):
    order = np.argsort(luck[groups], kind="stable")
    held_out = np.zeros(len(groups), dtype=bool)
    held_out[order[: round(share * len(groups))]] = True
    return held_out


def split_the_first(groups, luck, share):
    return np.arange(len(groups)) < round(share * len(groups))


def _parts(groups, luck):
    order = np.argsort(luck)
    return order, np.cumsum(np.bincount(groups, minlength=len(luck))[order])


def split_too_early(groups, luck, share):
    order, behind = _parts(groups, luck)
    return np.isin(groups, order[behind <= share * len(groups)])


def split_rounded(groups, luck, share):
    order, behind = _parts(groups, luck)
    before = behind - np.bincount(groups, minlength=len(luck))[order]
    return np.isin(groups, order[before < int(share * len(groups))])


def split_too_late(groups, luck, share):
    order, behind = _parts(groups, luck)
    n = np.searchsorted(behind, share * len(groups))
    return np.isin(groups, order[: n + 2])


def split_groups_alone(groups, luck, share):
    return np.isin(groups, np.argsort(luck)[: round(share * len(luck))])


def split_swapped(groups, luck, share):
    return ~split_by_loop(groups, luck, share)


def split_most_lucky(groups, luck, share):
    return split_by_loop(groups, -luck, share)


def split_without_luck(groups, luck, share):
    return split_by_loop(groups, np.arange(len(luck)), share)


def split_largest_first(groups, luck, share):
    sizes = np.bincount(groups, minlength=len(luck))
    return split_by_loop(groups, -sizes, share)


def split_by_threshold(groups, luck, share):
    return (luck < share)[groups]


def split_in_blocks(groups, luck, share):
    held = split_by_pairs(np.sort(groups), luck, share)
    return held


def split_to_places(groups, luck, share):
    return np.flatnonzero(split_by_loop(groups, luck, share))


def split_to_groups(groups, luck, share):
    return np.unique(groups[split_by_loop(groups, luck, share)])[
        np.argsort(luck[np.unique(groups[split_by_loop(groups, luck, share)])])
    ]


def split_and_sort(groups, luck, share):
    held = split_by_loop(groups, luck, share)
    luck.sort()
    return held


def split_as_numbers(groups, luck, share):
    return split_by_loop(groups, luck, share).astype(int)


RIGHT = {
    "error_rate": [rate_by_table, rate_by_width],
    "split_by_group": [split_by_loop, split_by_pairs],
}
WRONG = {
    "error_rate": {
        "not divided": rate_undivided,
        "divided by said": rate_over_said,
        "divided by the longer": rate_over_longer,
        "never above 1": rate_capped,
        "share right": rate_right,
        "place by place": rate_in_place,
        "place by place, the rest free": rate_zipped,
        "no order": rate_of_bags,
        "only what is missing": rate_of_missing,
        "substitution costs two": _rate(swap=2),
        "a match costs too": _rate(same=1),
        "wrong sounds are free": _rate(same=1, swap=0),
        "no insertions": _rate(add=0),
        "no deletions": _rate(drop=0),
        "free start": _rate(top=0),
        "free babble": _rate(side=0),
        "remembers": rate_with_a_memory,
        "neighbours exchanged": rate_with_exchanges,
        "lengths only": rate_of_lengths,
        "None": rate_without_return,
        "another kind": rate_as_row,
    },
    "split_by_group": {
        "group cut in two": split_in_the_middle,
        "by place": split_the_first,
        "stops too early": split_too_early,
        "share rounded down": split_rounded,
        "one group too many": split_too_late,
        "share of the groups": split_groups_alone,
        "sides swapped": split_swapped,
        "most luck first": split_most_lucky,
        "luck ignored": split_without_luck,
        "largest group first": split_largest_first,
        "luck against the share": split_by_threshold,
        "group by group in the file": split_in_blocks,
        "places": split_to_places,
        "groups": split_to_groups,
        "in place": split_and_sort,
        "no mask": split_as_numbers,
    },
}
UNNAMED = {
    "error_rate": [
        (lambda said, right: 0.0, ()),
        (lambda said, right: float("nan"), ()),
        (lambda said, right: rate_by_table(said, right) / 2, ()),
        (lambda said, right: rate_by_table(said, right) ** 2, ()),
        (lambda said, right: abs(len(said) - len(right)) / len(right), ()),
        (lambda said, right: -rate_by_table(said, right), ()),
        (lambda said, right: rate_by_table(said, right) + 0.1, ()),
        (lambda said, right: _edits(said, right, swap=2) / max(len(said), len(right)), ()),
        (lambda said, right: _edits(said, right) / np.sqrt(len(right)), ()),
    ],
    "split_by_group": [
        (lambda groups, luck, share: np.zeros(len(groups), bool), ()),
        (lambda groups, luck, share: np.ones(len(groups), bool), ()),
        (lambda groups, luck, share: groups % 2 == 0, ()),
        (lambda groups, luck, share: ~split_in_the_middle(groups, luck, share), ()),
        (lambda groups, luck, share: split_by_loop(groups, luck, share)[::-1], ()),
        (lambda groups, luck, share: split_by_loop(groups, -luck, 1 - share), ()),
        (lambda groups, luck, share: split_by_loop(groups, luck, share / 2), ()),
        (lambda groups, luck, share: luck[groups] * np.nan, ()),
    ],
}
