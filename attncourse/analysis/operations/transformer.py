"""Operations of a whole Transformer: a block, a model, a training run."""

from __future__ import annotations

from attncourse import _checks
from attncourse.analysis._sizes import sizes
from attncourse.analysis.operations.counted import Operations, add_operations
from attncourse.analysis.operations.projected import multi_head_operations
from attncourse.analysis.parameters import TransformerShape, head_sizes


def block_operations(
    shape: TransformerShape,
    q_len: int,
    kv_len: int | None = None,
    *,
    n_cached: int = 0,
    pairs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what one block does, forward: attention, an MLP, two norms, two residual additions.

    .. math:: C_\text{matmul} = C_\text{multi-head} + 2 b \, m \, g \, d \, d_\text{ff}

    where :math:`C_\text{multi-head}` is that of :func:`multi_head_operations`, :math:`b` the batch,
    :math:`m` is q_len, :math:`d` d_model and :math:`g` is 3 for a gated MLP and 2 for another.
    Outside products, a hidden unit takes one exponential and one multiplication, and one more for a
    gate; a feature takes 4 in an RMS norm (square, sum, divide, scale), 7 in a layer norm (and sum,
    subtract, shift), and one for each residual addition and bias. Positions are not counted.

    Source: Kaplan et al. (2020), arXiv:2001.08361.

    Parameters
    ----------
    shape : TransformerShape
        The sizes.
    q_len, kv_len, n_cached, pairs, batch
        As in :func:`multi_head_operations`; ``kv_len`` is ``q_len`` if left out.

    Examples
    --------
    >>> shape = TransformerShape(n_layers=1, d_model=4, n_heads=2, d_ff=8, n_vocab=10)
    >>> block_operations(shape, 3).matmul
    1104
    """
    n_kv_heads, d_k = head_sizes(shape)
    d, d_ff, kv_len = shape.d_model, shape.d_ff, q_len if kv_len is None else kv_len
    attention = multi_head_operations(
        q_len,
        kv_len,
        d_model=d,
        n_heads=shape.n_heads,
        n_kv_heads=n_kv_heads,
        d_k=d_k,
        n_cached=n_cached,
        pairs=pairs,
        batch=batch,
    )
    rows, n_matrices = batch * q_len, 3 if shape.gated else 2
    mlp = Operations(2 * rows * n_matrices * d * d_ff, rows * d_ff * (n_matrices - 1), rows * d_ff)
    elementwise = rows * d * 2 * ((7 if shape.norm_bias else 4) + 1)
    if shape.bias:
        elementwise += rows * (shape.n_heads * d_k + d + (n_matrices - 1) * d_ff + d)
        elementwise += batch * (kv_len - n_cached) * 2 * n_kv_heads * d_k
    return add_operations(attention, mlp, Operations(0, elementwise))


def model_operations(
    shape: TransformerShape,
    q_len: int,
    kv_len: int | None = None,
    *,
    n_cached: int = 0,
    pairs: int | None = None,
    n_outputs: int | None = None,
    batch: int = 1,
) -> Operations:
    r"""Count what a whole model does, forward: its blocks, the last norm and the last layer.

    .. math:: C = L \, C_\text{block} + C_\text{norm} + 2 b \, u \, d \, V

    where :math:`L` is n_layers, :math:`b` the batch, :math:`u` is n_outputs, :math:`d` d_model and
    :math:`V` n_vocab. Looking up embeddings multiplies nothing.

    Source: Hoffmann et al. (2022), appendix F (which adds an embedding as a product),
    arXiv:2203.15556.

    Parameters
    ----------
    shape, q_len, kv_len, n_cached, pairs, batch
        As in :func:`block_operations`.
    n_outputs : int, optional
        For how many positions logits are computed: all in training, the last when a prompt is read.

    Examples
    --------
    >>> shape = TransformerShape(n_layers=1, d_model=4, n_heads=2, d_ff=8, n_vocab=10)
    >>> model_operations(shape, 3).matmul - block_operations(shape, 3).matmul  # 2 · 3 · 4 · 10
    240
    """
    block = block_operations(shape, q_len, kv_len, n_cached=n_cached, pairs=pairs, batch=batch)
    n_outputs = q_len if n_outputs is None else _checks.count("n_outputs", n_outputs, maximum=q_len)
    norm = batch * q_len * shape.d_model * (7 if shape.norm_bias else 4)
    tokens = shape.n_positions and batch * q_len * shape.d_model  # add the position's vector
    last = Operations(2 * batch * n_outputs * shape.d_model * shape.n_vocab, norm + tokens)
    return add_operations(add_operations(block, times=shape.n_layers), last)


def training_operations(
    shape: TransformerShape, n_tokens: int, *, length: int, pairs: int | None = None
) -> int:
    r"""Count the operations in matrix products that training takes, forward and backward.

    .. math:: C = 3 \, \frac{D}{n} \, C_\text{model}(n)

    where :math:`D` is n_tokens and :math:`n` the length of a sequence. Every product of the forward
    pass has two in the backward pass, one for each of its factors; nothing is computed again. It
    makes the rule of thumb :func:`six_nd` exact.

    Source: Hoffmann et al. (2022), appendix F, arXiv:2203.15556.

    Parameters
    ----------
    shape, pairs
        As in :func:`model_operations`.
    n_tokens, length : int
        How many tokens training sees, a multiple of how many a sequence has.

    Examples
    --------
    >>> shape = TransformerShape(n_layers=12, d_model=768, n_heads=12, d_ff=3072, n_vocab=50257,
    ...     n_positions=1024, gated=False, bias=True, norm_bias=True, tied=True)  # GPT-2 small
    >>> from attncourse.analysis import parameter_table
    >>> exact = training_operations(shape, 1024, length=1024)
    >>> round(exact / six_nd(parameter_table(shape)["total"], 1024), 3)
    1.144
    """
    sizes(n_tokens=n_tokens, length=length)
    _checks.divides("length", length, "n_tokens", n_tokens)
    forward = model_operations(shape, length, pairs=pairs).matmul
    return 3 * forward * (n_tokens // length)


def six_nd(n_parameters: int, n_tokens: int) -> int:
    r"""Estimate what training takes by the rule of thumb: six operations a parameter and token.

    .. math:: C \approx 6 N D

    where :math:`N` is n_parameters and :math:`D` is n_tokens: a multiply-add forward and two
    backward. It leaves out attention's own products, which grow with the length, and counts
    embeddings as if they were multiplied.

    Source: Kaplan et al. (2020), section 2.1, arXiv:2001.08361.

    Parameters
    ----------
    n_parameters, n_tokens : int
        The model's size, and how many tokens training sees.

    Examples
    --------
    >>> six_nd(1_000_000, 20_000_000)
    120000000000000
    """
    sizes(n_parameters=n_parameters, n_tokens=n_tokens)
    return 6 * n_parameters * n_tokens
