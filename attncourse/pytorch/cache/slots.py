"""Memory set aside beforehand: new rows go into slots that are already there."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks


def tensor_scatter(
    past: Float[Tensor, "*past"],
    update: Float[Tensor, "*update"],
    write_indices: Int[Tensor, " batch"] | None = None,
    *,
    axis: int = -2,
    circular: bool = False,
) -> Float[Tensor, "*past"]:
    r"""Write new rows over old ones, from an index of its own for each sequence of the batch.

    .. math:: y_{b,\, w_b + i} = u_{b,i} \quad (0 \le i < m), \qquad
        y_{b,j} = x_{b,j} \ \text{elsewhere}

    where :math:`x` is the past, :math:`u` the update of m rows, and :math:`w_b` where sequence b
    is written from. Circular: the index is taken modulo the number of slots, so that writing goes
    on at the start. This is ONNX's TensorScatter.

    Parameters
    ----------
    past : array, floating
        The slots. The first axis is the batch.
    update : array, floating
        The new rows; shaped as ``past`` but for ``axis``.
    write_indices : integer array (batch,), optional
        The slot of the first new row; zeros if left out.
    axis : int
        The axis of the slots; not the first.
    circular : bool
        Go on at the first slot after the last one.

    Returns
    -------
    array with the shape and dtype of past
        A copy with the new rows in it.

    Raises
    ------
    TypeError
        If an array is not floating, the dtypes differ, or ``write_indices`` is not integer.
    ValueError
        If the shapes do not fit together, the devices differ, there are more new rows than slots,
        or (not circular) a row would come to stand outside.

    Notes
    -----
    Cost: a copy of the slots. In place, for one index for all, it is
    ``past[:, :, w : w + m] = update``, which costs the update only; a loop that decodes under
    ``no_grad`` does that.

    References
    ----------
    ONNX (2025), operator TensorScatter, version 24,
    https://onnx.ai/onnx/operators/onnx__TensorScatter.html.

    Examples
    --------
    >>> past, update = torch.zeros((1, 4, 1)), torch.tensor([[[1.0], [2.0]]])
    >>> tensor_scatter(past, update, torch.tensor([3]), circular=True)[0, :, 0]
    tensor([2., 0., 0., 1.])
    """
    _checks.floating(Tensor, past=past, update=update)
    if write_indices is None:
        write_indices = torch.zeros(past.shape[0], dtype=torch.int64, device=past.device)
    _checks.integer(Tensor, write_indices=write_indices)
    _checks.one_device(past=past, update=update, write_indices=write_indices)
    n_slots, n_new = _checks.scattered(past, update, write_indices, axis)
    source = torch.arange(n_slots, device=past.device) - write_indices[:, None]
    if circular:
        source = source % n_slots
    else:
        _checks.between("write_indices", write_indices, 0, n_slots - n_new)
    return _write(past, update, torch.where(source < n_new, source, -1), axis)


def _write(past: Tensor, new: Tensor, source: Tensor, axis: int = -2) -> Tensor:
    """Give each slot the new row that ``source`` (batch, n_slots) names; negative keeps the old."""
    n_slots = past.shape[axis]
    slots = torch.arange(n_slots, device=past.device)
    index = torch.where(source >= 0, n_slots + source, slots)
    shape = [1] * past.ndim
    shape[0], shape[axis] = index.shape
    both = torch.cat([past, new], axis)
    return torch.take_along_dim(both, index.reshape(shape), axis)


def _counts(counts: Tensor | None, lengths: Tensor, seq: int) -> Tensor:
    """Give how many of the new positions of each sequence are real: all, if not said."""
    if counts is None:
        return torch.full_like(lengths, seq)
    _checks.counts(Tensor, counts, lengths, seq)
    return counts


def _new_positions(lengths: Tensor, counts: Tensor, seq: int) -> Tensor:
    """Give the positions of what comes next, (batch, seq); -1 for padding."""
    steps = torch.arange(seq, device=lengths.device)
    return torch.where(steps < counts[:, None], lengths[:, None] + steps, -1)
