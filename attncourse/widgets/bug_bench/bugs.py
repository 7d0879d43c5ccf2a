"""Two dozen real bugs: the line that is written in the place of another one.

All run, and all but one give the right shape.
"""

from collections.abc import Callable

import numpy as np

from attncourse.widgets.bug_bench.layer import Part, Step, softmax

#: For each bug, the steps that it replaces.
BUGS: dict[str, dict[str, Step]] = {}


def bug(name: str, step: str) -> Callable[[Step], Step]:
    """Name what stands in the place of a step; a bug may have several."""

    def add(wrong: Step) -> Step:
        BUGS.setdefault(name, {})[step] = wrong
        return wrong

    return add


@bug("heads split by reshape", "split")
def _split_by_reshape(rows: Part, n_heads: int) -> Part:
    return rows.reshape(n_heads, len(rows), -1)


@bug("scores not scaled", "scores")
def _not_scaled(queries: Part, keys: Part) -> Part:
    return queries @ keys.swapaxes(-1, -2)


@bug("scores divided by d_k", "scores")
def _divided_by_width(queries: Part, keys: Part) -> Part:
    return queries @ keys.swapaxes(-1, -2) / queries.shape[-1]


@bug("scores divided by √d_model", "scores")
def _divided_by_model(queries: Part, keys: Part, n_heads: int) -> Part:
    return queries @ keys.swapaxes(-1, -2) / np.sqrt(n_heads * queries.shape[-1])


@bug("scores divided by √d_v", "scores")
def _divided_by_values(queries: Part, keys: Part, values: Part) -> Part:
    return queries @ keys.swapaxes(-1, -2) / np.sqrt(values.shape[-1])


@bug("keys reshaped, not transposed", "scores")
def _reshaped_keys(queries: Part, keys: Part, n_heads: int) -> Part:
    return queries @ keys.reshape(n_heads, -1, keys.shape[1]) / np.sqrt(queries.shape[-1])


@bug("causal from the top left", "causal")
def _top_left(i: Part, j: Part) -> Part:
    return j <= i


@bug("causal, one too far", "causal")
def _one_too_far(p: Part, j: Part) -> Part:
    return j <= p + 1


@bug("no mask once there is a cache", "causal")
def _unmasked_chunk(p: Part, j: Part) -> Part:
    return (j <= p) | (p[0] > 0)


@bug("window one too wide", "window")
def _wide_window(p: Part, j: Part, width: int) -> Part:
    return (j <= p) & (p - j <= width)


@bug("window that looks ahead", "window")
def _window_ahead(p: Part, j: Part, width: int) -> Part:
    return abs(p - j) < width


@bug("padding on the other side", "padding")
def _other_side(j: Part, n_padding: int) -> Part:
    return j < j.size - n_padding


@bug("True and False swapped", "masked")
def _swapped(scores: Part, allowed: Part) -> Part:
    return np.where(allowed, -np.inf, scores)


@bug("−1e9 in place of −∞", "masked")
def _large_negative(scores: Part, allowed: Part) -> Part:
    return np.where(allowed, scores, -1e9)


@bug("scores times the mask", "masked")
def _multiplied(scores: Part, allowed: Part) -> Part:
    return scores * allowed


@bug("mask after the softmax", "masked")
def _unmasked(scores: Part) -> Part:
    return scores


@bug("mask after the softmax", "weights")
def _masked_after(masked: Part, allowed: Part) -> Part:
    return softmax(masked, axis=-1) * allowed


@bug("softmax over the queries", "weights")
def _over_queries(masked: Part) -> Part:
    return softmax(masked, axis=-2)


@bug("softmax over the heads", "weights")
def _over_heads(masked: Part) -> Part:
    return softmax(masked, axis=0)


@bug("a row of −∞ not cared for", "weights")
def _not_a_number(masked: Part) -> Part:
    return np.exp(masked - np.logaddexp.reduce(masked, axis=-1, keepdims=True))


@bug("maximum not taken off", "weights")
def _no_maximum(masked: Part) -> Part:
    return np.exp(masked) / np.exp(masked).sum(axis=-1, keepdims=True)


@bug("dropout not made up for", "kept")
def _not_made_up(weights: Part, keep: Part) -> Part:
    return weights * keep


@bug("one dropout for all queries", "kept")
def _shared_dropout(weights: Part, keep: Part) -> Part:
    return weights * keep[:1, :1] / (1 - 0.5)


@bug("keys in place of the values", "mixed")
def _keys_for_values(kept: Part, keys: Part) -> Part:
    return kept @ keys


@bug("heads merged without transposing", "output")
def _not_transposed(mixed: Part) -> Part:
    return mixed.reshape(mixed.shape[1], -1)
