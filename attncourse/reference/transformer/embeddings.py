"""Embeddings: from numbers of tokens to features, and from features to a score for each token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.transformer.affine import _affine
from attncourse.reference.transformer.norms import layer_norm
from attncourse.reference.transformer.residuals import NormParameters, _normalise


class EmbeddingParameters(NamedTuple):
    """What turns tokens into features.

    Attributes
    ----------
    tokens : array (n_tokens, d_model)
        One row for each token of the vocabulary.
    positions : array (n_positions, d_model), function, or None
        One row for each position; or a function that makes the rows of any positions, as
        ``partial(sinusoidal_positions, d_model=512)``.
    segments : array (n_segments, d_model), or None
        One row for each kind of segment (BERT).
    norm : NormParameters, or None
        Of a norm over the sum; None: there is none.
    """

    tokens: Float[np.ndarray, "n_tokens d_model"]
    positions: Float[np.ndarray, "n_positions d_model"] | Callable[..., Any] | None = None
    segments: Float[np.ndarray, "n_segments d_model"] | None = None
    norm: NormParameters | None = None


def embed(
    tokens: Int[np.ndarray, "*batch seq"],
    parameters: EmbeddingParameters,
    *,
    positions: Int[np.ndarray, "*positions"] | None = None,
    segments: Int[np.ndarray, "*batch seq"] | None = None,
    scale: float = 1.0,
    norm: Callable[..., Any] = layer_norm,
) -> Float[np.ndarray, "*batch seq d_model"]:
    r"""Look up each token's features, and add those of its position and its segment.

    .. math:: x_t = \text{norm}(s \, E_{w_t} + P_{p_t} + S_{g_t})

    where :math:`w_t` is the token, :math:`p_t` its position, :math:`g_t` its segment, and
    :math:`s` the scale. Of positions, segments and norm those take part that have parameters.

    Source: Vaswani et al. (2017), Attention Is All You Need, sections 3.4 and 3.5,
    arXiv:1706.03762. Segments: Devlin et al. (2019), BERT, section 3, arXiv:1810.04805.

    Parameters
    ----------
    tokens : integer array
        Numbers of tokens.
    parameters : EmbeddingParameters
        The tables.
    positions : integer array, optional
        Where each token stands, (seq,) or (\*batch, seq); 0, 1, 2 ... if left out.
    segments : integer array, optional
        To which segment each token belongs; to the first if left out.
    scale : float
        Multiplies the tokens' features only: sqrt(d_model) in the first Transformer and in Gemma.
    norm : callable
        :func:`layer_norm` or :func:`rms_norm`.

    Examples
    --------
    >>> tables = EmbeddingParameters(np.array([[1.0], [2.0]]), positions=np.array([[10.0], [20.0]]))
    >>> embed(np.array([1, 0]), tables)
    array([[12.],
           [21.]])
    """
    _checks.transformer.record("parameters", parameters, EmbeddingParameters)
    _checks.transformer.tables(np.ndarray, tokens, parameters, positions, segments)
    _checks.real("scale", scale)
    p = parameters
    x = p.tokens[tokens] * scale
    if p.positions is not None:
        positions = np.arange(tokens.shape[-1]) if positions is None else positions
        rows = p.positions(positions) if callable(p.positions) else p.positions[positions]
        x = x + rows.astype(x.dtype)
    if p.segments is not None:
        segments = np.zeros_like(tokens) if segments is None else segments
        x = x + p.segments[segments]
    return x if p.norm is None else _normalise(norm, x, p.norm)


def unembed(
    x: Float[np.ndarray, "*batch seq d_model"],
    w_out: Float[np.ndarray, "d_model n_tokens"],
    b_out: Float[np.ndarray, " n_tokens"] | None = None,
    *,
    scale: float = 1.0,
    softcap: float | None = None,
) -> Float[np.ndarray, "*batch seq n_tokens"]:
    r"""Score every token of the vocabulary at each position.

    .. math:: z_t = c \tanh\!\left(\frac{s \, x_t W + b}{c}\right)

    where :math:`W` has one column for each token, :math:`s` is the scale and :math:`c` the
    soft-cap; without one the scores are free. With :math:`W = E^\top`, the embedding transposed,
    input and output are tied: one matrix learns from both sides.

    Source: Press and Wolf (2017), arXiv:1608.05859. Soft-cap: Gemma Team (2024), Gemma 2, section
    2, arXiv:2408.00118.

    Parameters
    ----------
    x : array, floating
        Features.
    w_out : array, floating
        One column for each token.
    b_out : array, floating, optional
        One summand for each token.
    scale : float
        Multiplies the features: ``d_model**-0.5`` in T5, where the matrix is tied.
    softcap : float, optional
        Bend the scores smoothly into ±softcap: 30 in Gemma 2.

    Examples
    --------
    >>> unembed(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    array([[1., 2., 3.]])
    """
    _checks.transformer.affine(np.ndarray, x, w_out=(w_out, b_out, "d_model n_tokens"))
    _checks.real("scale", scale)
    logits = _affine(x * scale, w_out, b_out)
    if softcap is None:
        return logits
    _checks.positive("softcap", softcap)
    return softcap * np.tanh(logits / softcap)
