"""Checks of ``patches(images, patch_len)``."""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "patches",
    ("images", "patch_len"),
    ready_made=oracles.READY_PATCHES,
    read="06-applications/image-recognition",
)
AXES = ("patch", "number")


def suspects(images: np.ndarray, patch_len: int) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    x = images.astype(np.float64)
    *batch, channels, height, width = x.shape
    p, rows, cols = patch_len, height // patch_len, width // patch_len
    n, size = rows * cols, channels * patch_len**2

    def cut(order: str, source: np.ndarray = x) -> np.ndarray:
        """Axes in another order: r and w place the patch, c, i and j the number in it."""
        parts = source.reshape(math.prod(batch), channels, rows, p, cols, p)
        return np.einsum(f"bcriwj->b{order}", parts).reshape(*batch, n, size)

    def strided() -> np.ndarray:
        parts = x.reshape(math.prod(batch), channels, p, rows, p, cols)
        return np.einsum("bcirjw->brwcij", parts).reshape(*batch, n, size)

    def sliding() -> np.ndarray:
        view = np.lib.stride_tricks.sliding_window_view(x, (p, p), axis=(-2, -1))
        view = np.moveaxis(view, -5, -3)  # channels behind the places
        return view.reshape(*batch, -1, size)

    right = cut("rwcij")
    return [
        Suspect(
            "reshape alone",
            "The numbers are only dealt out anew: reshape keeps their order in memory, and a patch "
            "gets whole rows of the image. Cut each side in two axes first, (rows, patch_len) and "
            "(cols, patch_len), and move the axes before you merge them.",
            lambda: x.reshape(*batch, n, size),
        ),
        Suspect(
            "patches column by column",
            "The patches come column by column. They are read as a text is, row by row.",
            lambda: cut("wrcij"),
        ),
        Suspect(
            "pixels column by column",
            "Inside a patch the pixels come column by column. They go row by row, too.",
            lambda: cut("rwcji"),
        ),
        Suspect(
            "all transposed",
            "Patches and pixels both come column by column: rows and columns are swapped "
            "throughout.",
            lambda: cut("wrcji"),
        ),
        Suspect(
            "channels last",
            "In each patch the channels of a pixel stand together. Here a patch is told channel by "
            "channel: all its numbers of the first, then of the second.",
            lambda: cut("rwijc"),
        ),
        Suspect(
            "channels outside",
            "The patches of the first channel come first, then those of the second. A patch holds "
            "its place of the image in all channels.",
            lambda: np.einsum(
                "bcriwj->bcrwij", x.reshape(math.prod(batch), channels, rows, p, cols, p)
            ).reshape(*batch, n, size),
        ),
        Suspect(
            "one patch a channel",
            "Each channel has patches of its own. A patch holds its place of the image in all "
            "channels: one token, not one for each colour.",
            lambda: np.einsum(
                "bcriwj->bcrwij", x.reshape(math.prod(batch), channels, rows, p, cols, p)
            ).reshape(*batch, channels * n, p * p),
        ),
        Suspect(
            "every so many pixels",
            "A patch takes every so many pixels from all over the image. Each side is cut into "
            "(rows, patch_len), in this order; you have (patch_len, rows).",
            strided,
        ),
        Suspect(
            "overlapping",
            "The window moves on by one pixel, so the patches overlap. Cut squares that lie "
            "side by side: a step is patch_len.",
            sliding,
        ),
        Suspect(
            "grid kept",
            "The patches still lie in a grid of rows and columns. A sequence has one axis for "
            "them: merge the two.",
            right.reshape(*batch, rows, cols, size),
        ),
        Suspect(
            "squares kept",
            "A patch still has axes of its own. A token is one vector: merge channels, rows and "
            "columns of a patch.",
            right.reshape(*batch, n, channels, p, p),
        ),
        Suspect(
            "channels averaged",
            "The channels are averaged, and a patch has lost its colours. Keep all its numbers.",
            lambda: cut("rwcij").reshape(*batch, n, channels, p * p).mean(axis=-2),
        ),
        Suspect(
            "last row first",
            "The patches begin at the bottom. Row 0 is the top row and comes first.",
            lambda: cut("rwcij").reshape(*batch, rows, cols, size)[..., ::-1, :, :].reshape(
                *batch, n, size
            ),
        ),
        Suspect(
            "numbers and patches swapped",
            "One row for each number and one column for each patch: the last two axes are swapped.",
            right.swapaxes(-1, -2),
        ),
    ]  # fmt: skip


def _hold(call: Call, images: np.ndarray, patch_len: int) -> None:
    compare(
        call("patches", images, patch_len),
        oracles.patches(images, patch_len),
        suspects=suspects(images, patch_len),
        axes=AXES,
    )


@QUESTION.check(points=2, hint="Which four numbers of the image belong to the first patch?")
def four_patches_by_hand(call: Call, rng: np.random.Generator) -> None:
    """A 4 × 4 image of the numbers a, a + 1, …: the first patch is a, a + 1, a + 4, a + 5."""
    image = rng.integers(1, 40) + np.arange(16.0).reshape(1, 4, 4)
    _hold(call, image, 2)


@QUESTION.check(
    points=2, hint="reshape to (…, channels, rows, patch_len, cols, patch_len), then move axes."
)
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition: 3 channels, 4 rows of 5 patches of 2 × 2."""
    _hold(call, rng.normal(size=(3, 8, 10)), 2)


@QUESTION.check(points=1, hint="Count the axes from the end: channels are axis -3.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """A batch of images, or a batch of films, is carried along."""
    _hold(call, rng.normal(size=(4, 2, 6, 9)), 3)
    _hold(call, rng.normal(size=(2, 3, 2, 4, 6)), 2)


@QUESTION.check(points=1, hint="A wide image and a high one have the same number of patches.")
def wide_and_high(call: Call, rng: np.random.Generator) -> None:
    """Images that are not square."""
    _hold(call, rng.normal(size=(2, 3, 12)), 3)
    _hold(call, rng.normal(size=(2, 12, 3)), 3)
    _hold(call, rng.normal(size=(2, 6, 12)), 3)


@QUESTION.check(points=1, hint="images /= 255 writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    _hold(call, rng.normal(size=(2, 3, 6, 4)), 2)
    QUESTION.unchanged(call, "Right patches")


@QUESTION.check(points=1, hidden=True, hint="Where every size is equal no shape complains.")
def what_no_shape_notices(call: Call, rng: np.random.Generator) -> None:
    """As many channels as rows, columns and pixels of a side."""
    _hold(call, rng.normal(size=(3, 9, 9)), 3)
    _hold(call, rng.normal(size=(2, 2, 4, 4)), 2)


@QUESTION.check(points=1, hidden=True, hint="reshape of a view follows its axes, not the memory.")
def a_picture_from_a_file(call: Call, rng: np.random.Generator) -> None:
    """An image that was stored with its channels last and is seen through a transposed view."""
    stored = rng.normal(size=(2, 6, 8, 3))
    _hold(call, np.moveaxis(stored, -1, -3), 2)


@QUESTION.check(points=1, hidden=True, hint="patch_len = 1: one token a pixel, channels wide.")
def pixels_and_whole_images(call: Call, rng: np.random.Generator) -> None:
    """Patches of one pixel; and of the whole image."""
    _hold(call, rng.normal(size=(3, 4, 5)), 1)
    _hold(call, rng.normal(size=(2, 3, 5, 5)), 5)
