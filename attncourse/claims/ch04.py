"""Claims of the article's sections 3.7 to 3.11 on the mathematics (chapter 4 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from attncourse.claims.core import Verdict, by_run


@by_run(
    "C08",
    sections="3.7.2, 3.7.3",
    says="The weight of x_i for y_j is σ(U·Concat(x_i, y_j)) with σ a sigmoid or ReLU, "
    "and y_j is the sum of the x_i under these weights.",
    chinese="σ 是一个激活函数，如ReLU或Sigmoid函数",
    reading="Activation function (激活函数) with these two examples: not a softmax, which section "
    "3.7.4 applies on top. y_j is read as one and the same vector in both formulas. (In 3.7.4 the "
    "target words are put in as given. Then the weights can be computed, but only by who knows the "
    "output already.)",
    sources=("bahdanau2015",),
)
def weight_by_activation(
    *,
    sigmoid_weights: np.ndarray,
    relu_weights: np.ndarray,
    solutions: np.ndarray,
    tolerance: float = 1e-6,
) -> Verdict:
    """Decide whether the formula says what each y_j is; tell what its weights sum to.

    Parameters
    ----------
    sigmoid_weights, relu_weights
        Shape (q_len, kv_len): one row for each output word.
    solutions
        Shape (n_solutions, d): what solves the equation for y, the whole of it or from many starts.
        A solution found twice counts once.
    tolerance
        The largest difference that counts as equal.
    """
    sums = {
        name: np.asarray(weights).sum(axis=-1)
        for name, weights in (("sigmoid", sigmoid_weights), ("ReLU", relu_weights))
    }
    normalised = all(np.abs(row_sums - 1).max() <= tolerance for row_sums in sums.values())
    ranges = " and ".join(f"{s.min():.2f} to {s.max():.2f} ({name})" for name, s in sums.items())
    words = len(np.asarray(sigmoid_weights))
    distinct: list[np.ndarray] = []
    for y in np.asarray(solutions, dtype=float):
        if all(np.abs(y - known).max() > tolerance for known in distinct):
            distinct.append(y)
    enough = len(distinct) >= words
    n = len(distinct)
    because = (
        "The equation for y_j has y_j on both sides and no other trace of j: it has "
        f"{n} solution{'' if n == 1 else 's'} for {words} output words. With the output words put "
        f"in as given, the weights of one word sum to {ranges}"
        + ("." if normalised else ", where shares of one unit would sum to 1.")
    )
    return Verdict("holds" if enough else "does not hold", because)


def contradictions(example: Mapping[str, Any]) -> list[str]:
    """List what does not fit together in a worked example: shapes first, then slips of counting.

    A sum or a list of outputs that keeps to a wrong count is no second slip.

    Parameters
    ----------
    example
        ``source_words`` and ``target_words`` (lists), ``source_said`` and ``target_said`` (the
        lengths that the text states), ``sum_stops_at``, ``outputs_written``, ``U`` (a matrix),
        ``factors`` (what stands before Concat for some pairs), ``weight_in_definition`` and
        ``weight_in_example`` (what is summed with).
    """
    source, target = example["source_words"], example["target_words"]
    rows, columns = np.shape(example["U"])
    found = []
    if rows != 1:
        found.append(f"U has {rows} rows: U·Concat is {rows} numbers, a score is one")
    if columns % 2:
        found.append(
            f"U has {columns} columns: Concat of two vectors of one width has an even width"
        )
    if any(np.ndim(factor) == 0 for factor in example["factors"].values()):
        found.append("one number times Concat is a vector as wide as Concat, no score")
    if len(source) != example["source_said"]:
        found.append(f"says {example['source_said']} source words, lists {len(source)}")
    if len(target) != example["target_said"]:
        found.append(f"says {example['target_said']} target words, lists {len(target)}")
    if example["sum_stops_at"] not in (len(source), example["source_said"]):
        left_out = ", ".join(source[example["sum_stops_at"] :])
        found.append(f"the sum stops at {example['sum_stops_at']} and leaves out: {left_out}")
    if example["outputs_written"] not in (len(target), example["target_said"]):
        without = ", ".join(target[example["outputs_written"] :])
        found.append(f"writes {example['outputs_written']} outputs; none for: {without}")
    if example["weight_in_definition"] != example["weight_in_example"]:
        found.append(
            f"the definition sums with {example['weight_in_definition']}, "
            f"the example with {example['weight_in_example']}"
        )
    return found


@by_run(
    "C09",
    sections="3.7.3, 3.7.4, 3.7.5",
    says="The worked example shows how weights are computed and an output sequence is generated.",
    chinese="我们可以看到如何计算注意力权重并生成输出序列",
    reading="如何计算, how to compute, is read as a promise: whoever follows the example can "
    "compute it.",
)
def worked_example(*, example: Mapping[str, Any]) -> Verdict:
    """Hold the example's data against what it says about them; see :func:`contradictions`."""
    found = contradictions(example)
    if not found:
        return Verdict("holds", "Lengths, shapes and formulas fit together.")
    return Verdict("does not hold", f"It does not fit together: {'; '.join(found)}.")


@by_run(
    "C01",
    sections="1.4.1, 3.12.5, 3.12.6, 9.2",
    says="Multi-head attention splits the input sequence into several sub-sequences and computes "
    "the attention weights of each.",
    chinese="将输入序列分成多个子序列，分别计算每个子序列之间的注意力权重",
    reading="序列 is the sequence, so 子序列 is a part of its positions. (3.12.5 adds 即多头, that "
    "is, the heads.) A slice of every position's features would not be a part of the sequence.",
    sources=("vaswani2017",),
)
def heads_split_the_sequence(*, changes: np.ndarray, tolerance: float = 1e-12) -> Verdict:
    """Ask which heads notice when one position of the sequence is replaced.

    Parameters
    ----------
    changes
        Shape (positions, heads): the largest change of a head's output.
    tolerance
        The largest change that counts as none.
    """
    notice = np.asarray(changes) > tolerance
    n, heads = notice.shape
    if heads < 2 or n < 2:
        raise ValueError(
            f"expected changes of at least two heads and two positions, got shape {notice.shape}"
        )
    if notice.all():
        return Verdict(
            "does not hold",
            f"Each of the {heads} heads notices each of the {n} positions. What is split is the "
            "features: every head reads the whole sequence.",
        )
    if (notice.sum(axis=1) == 1).all():
        return Verdict("holds", f"Each of the {n} positions is noticed by one head alone.")
    return Verdict(
        "does not hold", f"{notice.sum()} of {notice.size} pairs of position and head are noticed."
    )


@by_run(
    "C11",
    sections="3.9",
    says="In multi-head attention the complexity is higher still.",
    chinese="在多头注意力（Multi-Head Attention）中，复杂度会进一步提高",
    reading="Compared with one head of the same total width, d_model, as the layer is built. "
    "复杂度 stands in a paragraph on 时间复杂度, time complexity, so operations are counted.",
    sources=("vaswani2017",),
)
def more_heads_more_work(*, products: Sequence[int], exponentials: Sequence[int]) -> Verdict:
    """Compare the counted operations of one width with more and more heads.

    Parameters
    ----------
    products
        Operations in matrix products, for a growing number of heads.
    exponentials
        Evaluations of exp, for the same numbers of heads.
    """
    because = (
        f"From the fewest heads to the most, the operations in matrix products go from "
        f"{products[0]:,} to {products[-1]:,}, the exponentials from {exponentials[0]:,} to "
        f"{exponentials[-1]:,}."
    )
    if products[-1] > products[0]:
        return Verdict("holds", because)
    if exponentials[-1] > exponentials[0] and len(set(products)) == 1:
        return Verdict(
            "holds if",
            because,
            "the exponentials are counted: the operations in matrix products do not grow",
        )
    return Verdict("does not hold", because)


@by_run(
    "C14",
    sections="3.5, 3.11, 8.2, 9.5",
    says="Attention needs a large number of parameters to compute its weights, which can make a "
    "model overfit.",
    chinese="需要大量的参数来计算注意力权重，可能导致模型过拟合",
    reading="大量, a large number, is compared with the rest of the same block, since any layer of "
    "a wide model has many. That a model with many parameters can overfit is true of every layer; "
    "whether it does, depends on the data and is not decided by a count.",
    sources=("vaswani2017",),
)
def attention_needs_many_parameters(
    *, attention: int, beside: int, by_length: Sequence[int]
) -> Verdict:
    """Compare the parameters of attention with those of the layer beside it.

    Parameters
    ----------
    attention
        Entries of the four matrices.
    beside
        Parameters of the MLP in the same blocks.
    by_length
        The attention layer's parameters for sequences of several lengths.
    """
    grows = max(by_length) > min(by_length)
    because = (
        f"The attention has {attention:,} parameters, the MLP beside it {beside:,}; with the "
        f"length of the sequence their number {'grows' if grows else 'does not grow'}."
    )
    if attention > beside:
        return Verdict("holds", because)
    return Verdict("does not hold", because)


@by_run(
    "C13",
    sections="3.10",
    says="Factoring the high-dimensional weight matrices into low-rank matrices lowers the amount "
    "of computation.",
    chinese="将高维的权重矩阵分解为低秩矩阵，以减少计算量",
    reading="权重矩阵 is what is usually said of matrices of parameters, and can also be read as "
    "the matrix of attention weights (注意力权重). Both are tried. The cost that 3.9 complains of "
    "grows with the square of the length, so that part has to shrink.",
    sources=("wang2020", "xiong2021"),
)
def low_rank_is_the_remedy(
    *,
    lengths: Sequence[int],
    plain: Sequence[int],
    parameters: Sequence[int],
    attention: Sequence[int],
    best_error: float,
    found_error: float,
    near: float = 0.25,
) -> Verdict:
    """Look at the work at the longest of several lengths, and at the error.

    Parameters
    ----------
    lengths
        Numbers of tokens, the longest last.
    plain, parameters, attention
        Operations at each length: with nothing factored, with the parameters, with the attention
        weights.
    best_error
        Error with the nearest attention weights of that rank; 1 is that of the values' average.
    found_error
        The least error of the methods that do not look at the weights first.
    near
        The largest error that counts as small.
    """
    left_p, left_a = parameters[-1] / plain[-1], attention[-1] / plain[-1]
    because = (
        f"At {lengths[-1]:,} tokens {left_p:.1%} of the operations are left with factored "
        f"parameters, and {left_a:.1%} with factored attention weights. The nearest attention "
        f"weights of that rank have an error of {best_error:.2f}; the best method here that does "
        f"not compute the weights first has {found_error:.2f} (1 is the error of a plain average)."
    )
    if left_p < 0.5:
        return Verdict("holds", because)
    if left_a >= 0.5 or best_error >= near:
        return Verdict("does not hold", because)
    if found_error < near:
        return Verdict("holds if", because, "the matrix is that of the attention weights")
    return Verdict(
        "holds if",
        because,
        "the matrix is that of the attention weights, and its factors can be found without "
        "computing it (on these heads, without training anew, they were not)",
    )
