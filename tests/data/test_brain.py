"""The reader of the brain template, on volumes of its own making and on the real one."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from attncourse import data
from attncourse.data import brain


def volume(numbers, kind=brain.UINT8, slope=1.0, step=1.0, mark=b"n+1\0"):
    """The bytes of a NIfTI-1 file, made by the book."""
    header = bytearray(352)
    header[:4] = struct.pack("<i", 348)
    header[40:48] = struct.pack("<4h", 3, *numbers.shape)
    header[70:72] = struct.pack("<h", kind)
    header[108:120] = struct.pack("<3f", 352.0, slope, 0.0)
    rows = np.hstack([step * np.eye(3), [[-9], [-8], [-7]]]).astype("<f4")
    header[280:328] = rows.tobytes()
    header[344:348] = mark
    return bytes(header) + numbers.astype(np.uint8).tobytes(order="F")


def test_the_first_axis_runs_fastest_and_the_origin_is_read():
    numbers = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    found, origin = brain.nifti(volume(numbers))
    assert np.array_equal(found, numbers)
    assert found.dtype == np.uint8
    assert origin == (-9.0, -8.0, -7.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": 16}, "not a plain one"),
        ({"slope": 2.0}, "not a plain one"),
        ({"step": -1.0}, "not a plain one"),
        ({"step": 2.0}, "not a plain one"),
        ({"mark": b"abcd"}, "no NIfTI-1 file"),
    ],
)
def test_a_volume_that_would_be_misread_is_refused(change, said):
    with pytest.raises(data.DataError, match=said):
        brain.nifti(volume(np.zeros((2, 3, 4)), **change))


def test_a_file_that_is_too_short_is_refused():
    with pytest.raises(data.DataError, match="no NIfTI-1 file"):
        brain.nifti(b"n+1\0")


def test_a_missing_archive_is_said_with_the_command_that_mends_it(cache, index):
    with pytest.raises(data.DataError, match="run: attncourse data"):
        data.brain_template()


def test_another_file_under_that_name_is_refused(cache, index):
    (index / brain.BRAIN.filename).write_bytes(b"not the pinned wheel")
    with pytest.raises(data.DataError, match="attncourse data"):
        data.brain_template()


cached = (data.cache_dir() / brain.BRAIN.filename).is_file()
real = pytest.mark.skipif(not cached, reason="the template is not in the cache: attncourse data")


@real
def test_the_real_brain_is_upright_its_own_mirror_and_has_its_tissues_where_they_belong():
    t1, grey, white, origin = data.brain_template()
    assert t1.shape == grey.shape == white.shape == (197, 233, 189)
    assert origin == (-98.0, -134.0, -72.0)
    for kind in (t1, grey, white):
        assert np.array_equal(kind, kind[::-1]), "the right half is a copy of the left"
        assert not np.array_equal(kind, kind[:, ::-1])
    surely = white > 200, grey > 200
    assert t1[surely[0]].mean() > t1[surely[1]].mean() + 30, "white matter is the brighter one"
    # The top of the head lies above the bottom: far up there is less brain than in the middle.
    assert (t1[:, :, 150] > 0).sum() < (t1[:, :, 80] > 0).sum()
    # The corpus callosum crosses the middle in front of and above the origin's height.
    x, y, z = (round(-o) for o in origin)
    assert white[x, y, z + 25] > 150 or white[x, y, z + 20 : z + 30].max() > 150
