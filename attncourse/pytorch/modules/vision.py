"""The vision transformer with its parameters."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.modules.stacks import Encoder
from attncourse.pytorch.transformer import VisionTransformerParameters, vision_transformer


class VisionTransformer(nn.Module):
    r"""Read an image as a sequence of patches, and score every class.

    .. math:: z = \text{read}\bigl(\text{encoder}([c; \, \text{patches}(x) \, W_P + b_P] + P)\bigr)
        \, W + b

    where :math:`c` is the class token, :math:`P` are the positions, and read takes the class
    token's features or, where there is none, the mean of all patches'.

    Source: Dosovitskiy et al. (2021), An Image is Worth 16x16 Words, section 3.1, arXiv:2010.11929.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height and width.
    patch_len : int
        Height and width of a patch.
    n_classes : int
        How many classes there are.
    d_model, n_heads, n_layers : int
        As in ``Encoder``.
    class_token : bool
        Whether a token of its own is read at the end, or the mean of the patches.
    dropout : float
        The share of features that is dropped in training.
    **encoder
        As in ``Encoder`` and ``TransformerBlock``: ``norm``, ``mlp``, ``attend`` ...

    Examples
    --------
    >>> model = VisionTransformer((3, 8, 12), 4, n_classes=10, d_model=12, n_heads=3, n_layers=1)
    >>> model(torch.zeros(2, 3, 8, 12)).shape
    torch.Size([2, 10])
    """

    @_options_of(Encoder)
    def __init__(
        self,
        image_shape: tuple[int, int, int],
        patch_len: int,
        n_classes: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        class_token: bool = True,
        dropout: float = 0.0,
        **encoder: Any,
    ) -> None:
        super().__init__()
        names = ("channels", "height", "width")
        channels, height, width = (
            _checks.count(name, size, minimum=1)
            for name, size in zip(names, image_shape, strict=True)
        )
        _checks.divides("patch_len", patch_len, "the height of images", height)
        _checks.divides("patch_len", patch_len, "the width of images", width)
        n_classes = _checks.count("n_classes", n_classes, minimum=1)
        d_model = _checks.count("d_model", d_model, minimum=1)
        n_patches = (height // patch_len) * (width // patch_len)
        self.patch_len = int(patch_len)
        self.patch = nn.Linear(channels * self.patch_len**2, d_model)
        self.class_token = nn.Parameter(0.02 * torch.randn(d_model)) if class_token else None
        self.positions = nn.Parameter(0.02 * torch.randn(n_patches + class_token, d_model))
        _checks.fraction("dropout", dropout)
        self.dropout = nn.Dropout(dropout)
        self.encoder = Encoder(d_model, n_heads, n_layers, dropout=dropout, **encoder)
        self.out = nn.Linear(d_model, n_classes)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, images: Float[Tensor, "*batch channels height width"], **options: Any) -> Any:
        """Give one score for each class; options as in :func:`vision_transformer`."""
        drop = self.dropout if self.training and self.dropout.p else None
        given: dict[str, Any] = {
            "patch_len": self.patch_len,
            "drop": drop,
            **self.encoder.options(options),
        }
        return vision_transformer(images, self.as_parameters(), **{**given, **options})

    def as_parameters(self) -> VisionTransformerParameters:
        """Give the parameters as :func:`vision_transformer` takes them: the same tensors."""
        return VisionTransformerParameters(
            self.patch.weight.T,
            self.patch.bias,
            self.positions,
            self.class_token,
            self.encoder.as_parameters(),
            self.out.weight.T,
            self.out.bias,
        )
