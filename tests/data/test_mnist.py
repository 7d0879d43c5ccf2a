"""The reader of MNIST's sample, on a table of its own making and on the real one."""

from __future__ import annotations

import numpy as np
import pytest

from attncourse import data
from attncourse.data import mnist


def test_a_row_is_an_image_row_by_row_and_its_label():
    first, second = [7] * 784, [0] * 784
    second[:3], second[28], second[-1] = [1, 2, 255], 9, 4
    lines = [",".join(map(str, [*row, label])) for row, label in ((first, 3), (second, 8))]
    images, labels = mnist.parsed(("\n".join(lines) + "\n").encode())
    assert images.shape == (2, 28, 28)
    assert images.dtype == np.uint8
    assert list(labels) == [3, 8]
    assert (images[0] == 7).all()
    assert list(images[1, 0, :4]) == [1, 2, 255, 0]
    assert images[1, 1, 0] == 9  # the second row of pixels
    assert images[1, -1, -1] == 4  # no pixel is the label


def test_a_row_that_is_too_short():
    with pytest.raises(ValueError, match="reshape"):
        mnist.parsed(b"1,2,3\n")


def test_an_unknown_part():
    with pytest.raises(ValueError, match="expected one of train, valid, test or None, got 'dev'"):
        data.mnist_sample("dev")


cached = (data.cache_dir() / mnist.MNIST_SAMPLE.filename).is_file()


@pytest.mark.skipif(not cached, reason="MNIST's sample is not in the cache: attncourse data")
def test_the_real_images_are_what_their_record_says():
    images, labels = data.mnist_sample()
    assert f"{len(labels):,} handwritten digits" in mnist.MNIST_SAMPLE.holds
    assert (np.bincount(labels) == 500).all()
    assert images.max() == 255
    assert images.min() == 0
    # Centred by mass, as MNIST is: a transposed or shifted reader would still be, a torn one not.
    grid = np.arange(28)
    for axis in (1, 2):
        mass = images.sum(3 - axis, dtype=float)
        centre = (mass @ grid) / mass.sum(1)
        assert abs(centre.mean() - 14) < 0.5
        assert centre.std() < 0.5


@pytest.mark.skipif(not cached, reason="MNIST's sample is not in the cache: attncourse data")
def test_no_image_is_in_two_parts_and_each_part_has_as_many_of_each_digit():
    parts = {part: data.mnist_sample(part) for part in ("train", "valid", "test")}
    for part, n in (("train", 400), ("valid", 25), ("test", 75)):
        assert (np.bincount(parts[part][1], minlength=10) == n).all()
    every = [image.tobytes() for images, _ in parts.values() for image in images]
    assert len(set(every)) == len(every) == 5000
