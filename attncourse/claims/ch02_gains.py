"""Claims of the article on what attention buys, 2.3, 3.5 and 3.11 (chapter 2 of the course)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attncourse.claims.core import Verdict, by_run


@by_run(
    "C28",
    sections="2.1, 2.3, 3.5, 9.4",
    says="Attention makes the processing of sequences more efficient: it concentrates on the key "
    "parts and keeps the irrelevant ones out.",
    chinese="减少无关信息的干扰，提高模型处理序列数据的效率",
    reading="Efficiency (效率) is read as work for the same result: multiply-adds. Less "
    "disturbance (减少…干扰) is another statement, and the page measures it apart from this one.",
    sources=("vaswani2017",),
)
def efficient_by_focus(*, without: int, diffuse: int, focused: int, decided_before: int) -> Verdict:
    """Compare what was counted for weights that are all alike with weights on one key.

    Parameters
    ----------
    without
        Multiply-adds of the model without attention: a mean of the values.
    diffuse, focused
        Those of attention with equal weights, and with one-hot weights.
    decided_before
        Those of attention that leaves keys out before it has scored them.
    """
    because = (
        f"Attention takes {diffuse:,} multiply-adds with equal weights and {focused:,} with "
        f"one-hot weights; what it replaces takes {without:,}. Leaving keys out before they are "
        f"scored takes {decided_before:,}."
    )
    if focused < diffuse and focused <= without:
        return Verdict("holds", because)
    if focused < diffuse:
        return Verdict("holds if", because, "it replaces something that takes more work")
    return Verdict("does not hold", because)


@by_run(
    "C38",
    sections="3.11",
    says="Attention is a module that can be put into different kinds of deep networks.",
    chinese="可以灵活地集成到不同的深度学习模型中",
    reading="Put into (集成) is read as: the same layer, unchanged, fits behind a recurrent layer, "
    "a convolution and a Transformer's, and something reaches the output that did not before.",
    sources=("bahdanau2015", "vaswani2017"),
)
def fits_anywhere(*, hosts: Mapping[str, Mapping[str, Any]]) -> Verdict:
    """Say whether one layer fits into all hosts, and what it leaves to them.

    Parameters
    ----------
    hosts
        For each host: ``fits``, whether the shape is kept; ``reach_before`` and ``reach_after``,
        how much a far input moves the output without the layer and with it; ``order``, whether
        the layer notices in what order its vectors lie.
    """
    n = len(hosts)
    fit = sum(bool(host["fits"]) for host in hosts.values())
    helped = sum(host["reach_after"] > host["reach_before"] for host in hosts.values())
    ordered = sum(bool(host["order"]) for host in hosts.values())
    because = (
        f"One layer fits into {fit} of {n} hosts. In {helped} of {n} a far input moves the output "
        f"more than before. In {ordered} of {n} it notices the order of its vectors."
    )
    if fit < n or helped < n:
        return Verdict("does not hold", because)
    if ordered == n:
        return Verdict("holds", because)
    return Verdict(
        "holds if",
        because,
        "the host hands over vectors of the layer's width, writes order or place into them, and "
        "hides what may not be seen",
    )
