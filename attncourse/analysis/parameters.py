"""Parameters of a Transformer, component by component."""

from __future__ import annotations

from typing import NamedTuple

from attncourse import _checks
from attncourse.analysis._sizes import sizes


class TransformerShape(NamedTuple):
    """The sizes that fix how many parameters a decoder-only (or encoder-only) Transformer has.

    The defaults are those of Llama: rotary positions, RMS norms, a gated MLP, no biases.

    Attributes
    ----------
    n_layers : int
        How many blocks, each attention and an MLP.
    d_model : int
        The width of a token's vector between layers.
    n_heads : int
        How many heads of queries.
    d_ff : int
        The width inside the MLP.
    n_vocab : int
        How many tokens there are.
    n_kv_heads : int or None
        How many heads of keys and values; None means ``n_heads``.
    d_k : int or None
        The width of a head; None means ``d_model / n_heads``.
    n_positions : int
        How many positions have a learned vector; zero for rotary positions, ALiBi and the like.
    gated : bool
        Whether the MLP has a gate (SwiGLU): three matrices instead of two.
    bias : bool
        Whether the projections of attention and MLP have biases.
    norm_bias : bool
        Whether a norm shifts as well as scales: LayerNorm does, RMSNorm does not.
    tied : bool
        Whether the last layer uses the embedding's matrix again.
    """

    n_layers: int
    d_model: int
    n_heads: int
    d_ff: int
    n_vocab: int
    n_kv_heads: int | None = None
    d_k: int | None = None
    n_positions: int = 0
    gated: bool = True
    bias: bool = False
    norm_bias: bool = False
    tied: bool = False


def head_sizes(shape: TransformerShape) -> tuple[int, int]:
    r"""Give the number of key and value heads and the width of a head, and check the shape.

    .. math:: h_\text{kv} = h, \qquad d_k = d_\text{model} / h

    where :math:`h` is n_heads; both only if the shape does not say otherwise.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.2, arXiv:1706.03762.

    Parameters
    ----------
    shape : TransformerShape
        The sizes.

    Examples
    --------
    >>> head_sizes(TransformerShape(n_layers=2, d_model=12, n_heads=4, d_ff=48, n_vocab=10))
    (4, 3)
    """
    if not isinstance(shape, TransformerShape):
        raise TypeError(f"shape: expected a TransformerShape, got {type(shape).__name__}.")
    needed = ("n_layers", "d_model", "n_heads", "d_ff", "n_vocab")
    sizes(**{name: getattr(shape, name) for name in needed})
    _checks.count("n_positions", shape.n_positions)
    n_kv_heads = shape.n_heads if shape.n_kv_heads is None else shape.n_kv_heads
    sizes(n_kv_heads=n_kv_heads)
    _checks.heads(shape.n_heads, n_kv_heads)
    if shape.d_k is not None:
        return n_kv_heads, _checks.count("d_k", shape.d_k, minimum=1)
    _checks.divides("n_heads", shape.n_heads, "d_model", shape.d_model)
    return n_kv_heads, shape.d_model // shape.n_heads


def parameter_table(shape: TransformerShape) -> dict[str, int]:
    r"""Count the parameters of each component, all layers together.

    .. math:: N = V d + T d
        + L \bigl[ d \, d_k (2 h + 2 h_\text{kv}) + g \, d \, d_\text{ff} + \nu d \bigr] + \nu d / 2

    where :math:`V` is n_vocab, :math:`T` n_positions, :math:`L` n_layers, :math:`d` d_model,
    :math:`h` and :math:`h_\text{kv}` the heads, :math:`g` is 3 for a gated MLP and 2 for another,
    and :math:`\nu` is 2 for norms that scale and 4 for norms that also shift. Biases come on top,
    and another :math:`V d` if the last layer is not tied. Two norms a layer and one at the end.

    Source: Kaplan et al. (2020) (without embeddings, biases and norms), arXiv:2001.08361.

    Parameters
    ----------
    shape : TransformerShape
        The sizes.

    Examples
    --------
    >>> llama_2_7b = TransformerShape(32, 4096, n_heads=32, d_ff=11008, n_vocab=32000)
    >>> parameter_table(llama_2_7b)["total"]
    6738415616
    """
    n_kv_heads, d_k = head_sizes(shape)
    d, d_ff, queries, keys = shape.d_model, shape.d_ff, shape.n_heads * d_k, n_kv_heads * d_k
    attention = 2 * d * queries + 2 * d * keys
    mlp = (3 if shape.gated else 2) * d * d_ff
    if shape.bias:
        attention += queries + 2 * keys + d
        mlp += (2 if shape.gated else 1) * d_ff + d
    norm = (2 if shape.norm_bias else 1) * d
    table = {
        "token embedding": shape.n_vocab * d,
        "position embedding": shape.n_positions * d,
        "attention": shape.n_layers * attention,
        "mlp": shape.n_layers * mlp,
        "norms": (2 * shape.n_layers + 1) * norm,
        "output": 0 if shape.tied else shape.n_vocab * d,
    }
    return {**table, "total": sum(table.values())}
