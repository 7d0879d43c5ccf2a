"""Claims of the article's section 2 on core concepts and the architecture (chapter 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run, by_source

by_source(
    "C03",
    sections="2.2, 2.5",
    says="The order is input, encoder, embedding layer, self-attention layer, decoder, output.",
    chinese="输入序列 → 编码器 → 嵌入层 → 自注意力层 → 解码器 → 输出序列",
    reading="The boxes of its diagram and their arrows, taken as the path of the data.",
    verdict=Verdict(
        "does not hold",
        "Embedding and positions come before both stacks, self-attention sits inside each layer of "
        "encoder and decoder, and cross-attention joins the two. The listing in the article's own "
        "section 3.12.3 embeds first, too.",
    ),
    sources=("vaswani2017",),
)


@by_run(
    "C04",
    sections="2.2, 3.2",
    says="The self-attention layer scores the elements of the input against the output sequence.",
    chinese="每个元素与输出序列之间的点积",
    reading="These words stand in 2.2 under 自注意力层, self-attention layer (3.2 says the same of "
    "the 得分, score), so they are read as a claim about it. The sentence before them "
    "(输入序列中每个元素之间), the code of 3.2 and sections 1.4.1 and 9.2 have it rightly, "
    "within one sequence.",
    sources=("vaswani2017",),
)
def self_attention_looks_at_output(
    *,
    encoder_self: tuple[float, float],
    decoder_self: tuple[float, float],
    cross: tuple[float, float],
    tolerance: float = 1e-12,
) -> Verdict:
    """Ask which attention weights move when one of the two sequences is replaced.

    Parameters
    ----------
    encoder_self, decoder_self, cross
        Largest change of the first layer's weights when (the source, the target) is replaced.
    tolerance
        The largest change that counts as none.
    """
    moves = {
        "encoder self-attention": [change > tolerance for change in encoder_self],
        "decoder self-attention": [change > tolerance for change in decoder_self],
        "cross-attention": [change > tolerance for change in cross],
    }
    if not any(source for source, _ in moves.values()) or not any(
        target for _, target in moves.values()
    ):
        raise ValueError(
            "expected some weights to move with each sequence, got a probe that moves none; "
            "replace the source and the target by different ones"
        )
    words = {
        (True, True): "both sequences",
        (True, False): "the source only",
        (False, True): "the target only",
        (False, False): "neither",
    }
    because = "; ".join(f"{name} moves with {words[m[0], m[1]]}" for name, m in moves.items())
    because = because[0].upper() + because[1:] + "."
    of_self = [all(moves["encoder self-attention"]), all(moves["decoder self-attention"])]
    if all(of_self):
        return Verdict("holds", because)
    if all(moves["cross-attention"]) and not any(of_self):
        return Verdict("does not hold", because + " What compares the two is cross-attention.")
    return Verdict("does not hold", because)


@by_run(
    "C05",
    sections="2.1, 2.2, 3.1, 3.2, 3.4, 3.7.3, 3.8, 3.12.5, 9.3",
    says="The weighted sum runs over the elements of the input, "
    "and a weight is how much its element contributes.",
    chinese="对输入序列中的每个元素进行加权求和；对输出序列的贡献程度",
    reading="输入序列 is read as the vectors that enter the layer, 贡献程度 as the size of an "
    "element's share in the output. (The listing in 3.12.4 sums values.)",
    sources=("bahdanau2015", "kobayashi2020"),
)
def sum_over_inputs(
    *,
    inputs: np.ndarray,
    weights: np.ndarray,
    values: np.ndarray,
    output: np.ndarray,
    output_unprojected: np.ndarray,
    tolerance: float = 1e-9,
) -> Verdict:
    """Compare a layer's output with the weighted sum of its inputs.

    Parameters
    ----------
    inputs
        Shape (n, d_model).
    weights
        Attention weights, (n_queries, n).
    values
        The projected values, (n, d_v).
    output
        What the layer gives with those values.
    output_unprojected
        What it gives with the inputs themselves as values.
    tolerance
        The largest difference that counts as equal.
    """
    of_inputs = np.asarray(weights) @ np.asarray(inputs)

    def off(result: np.ndarray) -> float:
        result = np.asarray(result)
        same_shape = result.shape == of_inputs.shape
        return float(np.abs(result - of_inputs).max()) if same_shape else float("inf")

    contributions = np.asarray(weights) * np.linalg.norm(values, axis=-1)
    misled = int((np.argmax(weights, -1) != np.argmax(contributions, -1)).sum())
    because = (
        f"With projected values the output is off the weighted sum of inputs by "
        f"{off(output):.2g}, with unprojected ones by {off(output_unprojected):.2g}; for {misled} "
        f"of {len(contributions)} queries the largest weight is not the largest contribution "
        "(weight × length of value) in this layer."
    )
    if off(output) <= tolerance and not misled:
        return Verdict("holds", because)
    if off(output_unprojected) <= tolerance:
        return Verdict(
            "holds if",
            because,
            "the values are the inputs themselves and all of them are equally long",
        )
    return Verdict("does not hold", because)


@by_run(
    "C26",
    sections="1.4.1, 2.1, 3.1, 3.4, 3.7.2, 9.1",
    says="An attention weight is usually a number between 0 and 1, and measures how strongly an "
    "input element and the output are correlated, or how relevant the one is to the other.",
    chinese="相关性，通常是一个介于0和1之间的实数",
    reading="相关性 means correlation and relevance. Both readings are tested: a correlation "
    "coefficient, and a relevance that belongs to the pair.",
)
def weight_as_relevance(
    *,
    weights: np.ndarray,
    pair_weight: Sequence[float],
    pair_score: Sequence[float],
    pair_correlation: Sequence[float],
    tolerance: float = 1e-9,
) -> Verdict:
    """Watch one query and key that stay as they are while other keys come and go.

    Parameters
    ----------
    weights
        Any attention weights, a query a row.
    pair_weight, pair_score, pair_correlation
        The pair's weight, its score and its correlation coefficient, once for each set of other
        keys.
    tolerance
        The largest spread or difference that counts as none.
    """
    low, high = float(np.min(weights)), float(np.max(weights))
    if low < -tolerance or high > 1 + tolerance:
        return Verdict("does not hold", f"Weights run from {low:.2g} to {high:.2g}.")
    for name, series in (("correlation", pair_correlation), ("score", pair_score)):
        if np.ptp(series) > tolerance:
            raise ValueError(
                f"expected a pair whose {name} stays fixed while the other keys change, got a "
                f"spread of {np.ptp(series):.2g}; change only the other keys"
            )
    correlation = f"{np.mean(pair_correlation):.2f}".replace("-", "−")
    because = (
        f"All weights lie in 0 to 1. The same pair, with correlation {correlation} "
        f"and one score throughout, has weights from {np.min(pair_weight):.2g} "
        f"to {np.max(pair_weight):.2g}, depending on the other keys."
    )
    of_pair = np.ptp(pair_weight) <= tolerance
    if of_pair and np.allclose(pair_weight, pair_correlation, atol=tolerance, rtol=0):
        return Verdict("holds", because)
    if of_pair:
        return Verdict("holds if", because, "相关性 means relevance")
    if np.allclose(np.sum(weights, axis=-1), 1, atol=tolerance, rtol=0):
        return Verdict(
            "holds if",
            because + " So a weight is neither a correlation nor a relevance of the pair alone.",
            "相关性 means relevance, as a share among the keys of one row",
        )
    return Verdict("does not hold", because)


@by_run(
    "C29",
    sections="2.1, 2.2, 3.7.1",
    says="The output sequence usually has the same structure as the input sequence, or a similar "
    "one.",
    chinese="通常与输入序列具有相同或相似的结构",
    reading="结构 can mean the kind of sequence (the article's example is text to text), and then "
    "nothing is claimed that could be tested here. It can mean form, how many elements and how "
    "wide: that is the reading tested. How usual (通常) it is, tasks decide; the layer itself only "
    "demands or does not.",
)
def output_like_input(*, runs: Sequence[tuple[tuple, tuple, tuple, tuple]]) -> Verdict:
    """Compare the shape of the output with the shapes of what went in.

    Parameters
    ----------
    runs
        For each run the shapes of the input that is read (kv_len, d_model), of the queries
        (q_len, d_k), of the values (kv_len, d_v) and of the output.
    """
    alike = sum(tuple(out) == tuple(given) for given, _, _, out in runs)
    by_rule = sum(tuple(out) == (q[0], v[1]) for _, q, v, out in runs)
    because = (
        f"In {alike} of {len(runs)} runs the output has the shape of the input; in {by_rule} of "
        f"{len(runs)} it has one row for each query and the width of the values."
    )
    if alike == len(runs):
        return Verdict("holds", because)
    if alike and by_rule == len(runs):
        return Verdict(
            "holds if",
            because,
            "there is one query for each input element (and, for the same form, values as wide as "
            "the input)",
        )
    return Verdict("does not hold", because)


by_source(
    "C30",
    sections="2.2, 3.2",
    says="In self-attention, encoder and decoder are usually a fully connected or a convolutional "
    "layer each, and the attention function is usually a fully connected layer that maps the "
    "encoder's output to a new space.",
    chinese="在自注意力机制中，编码器通常是一个全连接层或卷积层；将编码输出映射到一个新的空间",
    reading="The first words are those of 2.2 (3.2 has 例如, for example), the second those of 3.2 "
    "about the attention function. 全连接层 is read as the layer that Transformers apply at each "
    "position; one over the whole sequence at once would be another thing.",
    verdict=Verdict(
        "does not hold",
        "What self-attention is built into is usually the Transformer's layer; recurrent and "
        "convolutional encoders exist, with attention in between. A fully connected layer applied "
        "at each position lets no position see another; one applied across the positions does, as "
        "in MLP-Mixer, and fixes the length. A score compares a query with a key, by a product or "
        "by a small network of both; a layer that maps the encoder's output alone compares "
        "nothing.",
    ),
    sources=("sutskever2014", "bahdanau2015", "vaswani2017", "gehring2017", "tolstikhin2021"),
)
