"""YaRN: rotary frequencies scaled by parts, and scores that are sharpened in return."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks


def yarn_frequencies(
    frequencies: Float[Tensor, " n_pairs"],
    *,
    base: float,
    factor: float,
    original_len: int,
    beta_fast: float = 32.0,
    beta_slow: float = 1.0,
    truncate: bool = True,
) -> Float[Tensor, " n_pairs"]:
    r"""Slow down only what did not turn often enough in training, as YaRN's code does it.

    .. math:: \theta'_i = (1 - \gamma_i) \, \theta_i + \gamma_i \, \frac{\theta_i}{s}, \qquad
        \gamma_i = \min\!\left(1, \max\!\left(0, \frac{i - i_{fast}}{i_{slow} - i_{fast}}\right)
        \right), \qquad i_\beta = \frac{n}{\ln b} \ln \frac{L}{2 \pi \beta}

    where :math:`s` is the factor, :math:`n` the number of pairs, :math:`b` the base, :math:`L` is
    original_len, and :math:`i_\beta` is the (broken) index of a pair that turns :math:`\beta`
    times over L positions; :math:`i_{fast}` is rounded down and :math:`i_{slow}` up. The ramp is
    linear in the index, as in the published models; the paper's is linear in the number of turns
    (:func:`ntk_by_parts_frequencies`).

    Source: Peng et al. (2023), YaRN, sections 3.2 and 3.4, arXiv:2309.00071; its code,
    https://github.com/jquesnelle/yarn.

    Parameters
    ----------
    frequencies, factor, original_len
        As in :func:`ntk_by_parts_frequencies`.
    base : float
        The base that the frequencies were made with. No default: a wrong one goes unseen.
    beta_fast, beta_slow : float
        Pairs with more turns than the first stay, pairs with fewer than the second are
        interpolated.
    truncate : bool
        Round the two indices outwards. gpt-oss does not.

    Examples
    --------
    >>> frequencies = torch.tensor([1.0, 0.1, 0.01, 0.001])
    >>> betas = {"beta_fast": 100, "beta_slow": 1}  # near the pairs 0.2 and 2.2: from 0 to 3
    >>> scaled = yarn_frequencies(frequencies, base=10000.0, factor=4, original_len=1000, **betas)
    >>> (scaled / frequencies).round(decimals=2)
    tensor([1.0000, 0.7500, 0.5000, 0.2500])
    """
    _checks.scaled_frequencies(Tensor, frequencies, factor, original_len)
    _checks.above_one("base", base)
    _checks.ordered("beta_fast", beta_fast, "beta_slow", beta_slow)
    n_pairs = len(frequencies)

    def index_of(beta: float) -> float:
        return n_pairs * math.log(original_len / (beta * 2 * math.pi)) / math.log(base)

    first, last = index_of(beta_fast), index_of(beta_slow)
    if truncate:
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, 2 * n_pairs - 1)
    indices = torch.arange(n_pairs, dtype=frequencies.dtype, device=frequencies.device)
    # Where both are one index, a step instead of a ramp.
    slowed = ((indices - first) / max(last - first, 0.001)).clamp(0, 1)
    return (1 - slowed) * frequencies + slowed * frequencies / factor


def yarn_attention_factor(factor: float, *, mscale: float = 1.0) -> float:
    r"""Give the factor by which YaRN lengthens queries and keys, so that long rows stay sharp.

    .. math:: \sqrt{1 / t} = 0.1 \, \mu \ln s + 1

    where :math:`t` is the temperature of the softmax, :math:`s` is the factor and :math:`\mu` is
    mscale. Queries and keys both carry it, so the scores are divided by :math:`t`.

    Source: Peng et al. (2023), YaRN, section 3.4, arXiv:2309.00071. mscale: DeepSeek-AI (2024),
    DeepSeek-V3 Technical Report, section 4.3, arXiv:2412.19437, and its code.

    Parameters
    ----------
    factor : float
        How many times longer sequences become; up to one, nothing is to be done.
    mscale : float
        One in the paper. DeepSeek-V2 and V3 rotate with the quotient of two such factors, and
        multiply the scale of all scores by the square of the divisor, that of ``mscale_all_dim``.

    Examples
    --------
    >>> round(yarn_attention_factor(math.e), 12)
    1.1
    """
    _checks.positive("factor", factor)
    _checks.real("mscale", mscale)
    return 0.1 * mscale * math.log(max(factor, 1)) + 1.0
