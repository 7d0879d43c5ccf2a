"""Vision: an image as a sequence of patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.transformer.affine import _affine
from attncourse.pytorch.transformer.norms import layer_norm
from attncourse.pytorch.transformer.stacks import StackParameters, encoder


class VisionTransformerParameters(NamedTuple):
    """What a vision transformer learns.

    Attributes
    ----------
    w_patch : array (channels*patch_len*patch_len, d_model)
        From the numbers of a patch to features.
    b_patch : array (d_model,), or None
        Added to them.
    positions : array (seq, d_model), or None
        One row for each patch, the class token's first if there is one.
    class_token : array (d_model,), or None
        Stands before the patches and is what is read at the end; None: their mean is.
    encoder : StackParameters
        The blocks, and the norm at their end.
    w_out : array (d_model, n_classes), or None
        From features to logits; None: the features themselves are the result.
    b_out : array (n_classes,), or None
        Added to the logits.
    """

    w_patch: Float[Tensor, "channels*patch_len*patch_len d_model"]
    b_patch: Float[Tensor, " d_model"] | None
    positions: Float[Tensor, "seq d_model"] | None
    class_token: Float[Tensor, " d_model"] | None
    encoder: StackParameters
    w_out: Float[Tensor, "d_model n_classes"] | None = None
    b_out: Float[Tensor, " n_classes"] | None = None


def patches(
    images: Float[Tensor, "*batch channels height width"], patch_len: int
) -> Float[Tensor, "*batch n_patches channels*patch_len*patch_len"]:
    r"""Cut images into square patches, row by row, each a vector of all its numbers.

    .. math:: y_{b,\, i w + j} = \text{vec}\bigl(x_{b,\,:,\; iP:(i+1)P,\; jP:(j+1)P}\bigr)

    where :math:`P` is the patches' length and :math:`w` how many stand side by side. A linear map
    of the result is a convolution whose stride is the size of its kernel.

    Source: Dosovitskiy et al. (2021), An Image is Worth 16x16 Words, section 3.1, arXiv:2010.11929.

    Parameters
    ----------
    images : array, floating
        Channels first.
    patch_len : int
        Height and width of a patch.

    Examples
    --------
    >>> patches(torch.tensor([[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]]), patch_len=2)
    tensor([[0., 1., 4., 5.],
            [2., 3., 6., 7.]])
    """
    _checks.floating(Tensor, images=images)
    dims = _checks.shapes(images=(images, "*batch channels height width"))
    _checks.divides("patch_len", patch_len, "the height of images", dims["height"])
    _checks.divides("patch_len", patch_len, "the width of images", dims["width"])
    return rearrange(images, "... c (h i) (w j) -> ... (h w) (c i j)", i=patch_len, j=patch_len)


def vision_transformer(
    images: Float[Tensor, "*batch channels height width"],
    parameters: VisionTransformerParameters,
    *,
    patch_len: int,
    norm: Callable[..., Any] = layer_norm,
    drop: Callable[..., Any] | None = None,
    **options: Any,
) -> Any:
    r"""Read an image as a sequence of patches, and score every class.

    .. math:: z = \text{read}\bigl(\text{encoder}([c; \, \text{patches}(x) \, W_P + b_P] + P)\bigr)
        \, W + b

    where :math:`c` is the class token, :math:`P` are the positions, and read takes the class
    token's features or, where there is none, the mean of all patches'.

    Source: Dosovitskiy et al. (2021), An Image is Worth 16x16 Words, section 3.1, arXiv:2010.11929.

    Parameters
    ----------
    images, parameters, patch_len
        As in :func:`patches`, and what is learned.
    norm, drop : callables
        As in :func:`transformer_block`; embeddings are dropped as well.
    **options
        As in :func:`encoder`: ``n_heads`` (always), ``mlp``, ``residual``, ``return_weights`` ...

    Examples
    --------
    >>> parameters = VisionTransformerParameters(
    ...     torch.ones((4, 1)), None, None, None, StackParameters(blocks=())
    ... )
    >>> image = torch.tensor([[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]])
    >>> vision_transformer(image, parameters, patch_len=2)  # the mean of two patches' sums
    tensor([14.])
    """
    _checks.transformer.record("parameters", parameters, VisionTransformerParameters)
    p, cut = parameters, patches(images, patch_len)
    learned = {"positions": p.positions, "class_token": p.class_token}
    _checks.floating(Tensor, images=images, w_patch=p.w_patch)
    _checks.one_device(images=images, w_patch=p.w_patch)
    _checks.transformer.affine(
        Tensor, cut, w_patch=(p.w_patch, p.b_patch, "channels*patch_len² d_model")
    )
    _checks.transformer.image_tokens(Tensor, cut, p.w_patch, **learned)
    x = _affine(cut, p.w_patch, p.b_patch)
    if p.class_token is not None:
        first = p.class_token.to(x.dtype).expand(*x.shape[:-2], 1, -1)
        x = torch.cat([first, x], dim=-2)
    if p.positions is not None:
        x = x + p.positions
    x = encoder(x if drop is None else drop(x), p.encoder, norm=norm, drop=drop, **options)
    x, *weights = x if isinstance(x, tuple) else (x,)
    logits = x.mean(-2) if p.class_token is None else x[..., 0, :]
    if p.w_out is not None:
        _checks.transformer.affine(Tensor, logits, w_out=(p.w_out, p.b_out, "d_model n_classes"))
        logits = _affine(logits, p.w_out, p.b_out)
    return (logits, *weights) if weights else logits
