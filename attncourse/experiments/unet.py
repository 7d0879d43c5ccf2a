"""A U-Net, with or without gates on its skip connections."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att

#: Changes the coefficients of a gate, (n, height, width); told which gate, 0 for the finest.
Change = Callable[[int, Tensor], Tensor]


class Gate(nn.Module):
    r"""An additive gate: at each place, one number between 0 and 1 for what passes there.

    .. math:: \alpha_p = \sigma(v^\top \tanh(q_p W_q + k_p W_k) + b)

    where :math:`q_p` is what the decoder knows at place :math:`p` from below, :math:`k_p` what the
    skip connection carries there. Each query meets one key, that of its own place.

    Source: Oktay et al. (2018), section 2, arXiv:1804.03999, with a ReLU where this has tanh.
    """

    def __init__(self, d_query: int, d_key: int, d_hidden: int) -> None:
        super().__init__()
        self.w_query = nn.Parameter(torch.randn(d_query, d_hidden) / d_query**0.5)
        self.w_key = nn.Parameter(torch.randn(d_key, d_hidden) / d_key**0.5)
        self.v = nn.Parameter(torch.randn(d_hidden) / d_hidden**0.5)
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """Give the coefficients, (n, height, width)."""
        q, k = (x.movedim(1, -1)[..., None, :] for x in (below, skip))
        scores = att.additive_scores(q, k, self.w_query, self.w_key, self.v)
        return torch.sigmoid(scores[..., 0, 0] + self.b)


N_GROUPS = 4  # of channels that are normalised together


def twice(d_in: int, d_out: int, normed: bool) -> nn.Sequential:
    """Two layers of 3 × 3 filters, each normalised, or not."""
    layers: list[nn.Module] = []
    for d in (d_in, d_out):
        norm = [nn.GroupNorm(N_GROUPS, d_out)] if normed else []
        layers += [nn.Conv2d(d, d_out, 3, padding=1), *norm, nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Down by halves, up again, and at each size what was seen on the way down is laid beside.

    Parameters
    ----------
    d_in
        Channels of the image.
    n_classes
        What each place may be.
    widths
        Channels at full size, at half, at a quarter.
    gated
        Whether a gate stands before each skip connection.
    normed
        Whether channels, in four groups, are normalised after each layer of filters.
    """

    def __init__(
        self,
        d_in: int,
        n_classes: int,
        widths: tuple[int, int, int],
        *,
        gated: bool,
        normed: bool = True,
    ) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            twice(a, b, normed) for a, b in zip((d_in, *widths), widths, strict=False)
        )
        pairs = list(zip(widths[1:], widths, strict=False))  # below and beside
        self.up = nn.ModuleList(twice(below + skip, skip, normed) for below, skip in pairs)
        self.gates = nn.ModuleList(Gate(*pair, d_hidden=pair[1]) for pair in pairs if gated)
        self.out = nn.Conv2d(widths[0], n_classes, 1)

    def forward(
        self, images: Tensor, *, change: Change | None = None, return_gates: bool = False
    ) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Give logits (n, n_classes, height, width); with the gates, finest first, if asked for.

        Parameters
        ----------
        images
            (n, d_in, height, width), sides that are multiples of 4.
        change
            Changes each gate's coefficients before they are used.
        return_gates
            Whether to give the coefficients, too.
        """
        x, skips = images, []
        for layers in self.down:
            x = layers(F.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        gates: list[Tensor] = []
        for level in (1, 0):
            x, skip = F.interpolate(x, scale_factor=2), skips[level]
            if len(self.gates):
                alpha = self.gates[level](x, skip)
                alpha = alpha if change is None else change(level, alpha)
                gates.insert(0, alpha)
                skip = alpha[:, None] * skip
            x = self.up[level](torch.cat([x, skip], 1))
        logits = self.out(x)
        return (logits, gates) if return_gates else logits
