"""One averaged brain: the MNI152 template, with maps of its grey and white matter."""

from __future__ import annotations

import gzip
import struct
from typing import NamedTuple

import numpy as np

from attncourse.data.archive import Archive, DataError, read

BRAIN = Archive(
    name="brain_template",
    requirement="nilearn==0.14.1",
    filename="nilearn-0.14.1-py3-none-any.whl",
    sha256="725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a",
    licence=(
        "template: © 1993–2009 Louis Collins, McConnell Brain Imaging Centre, free to use, copy, "
        "modify and distribute with this notice; package: BSD-3-Clause"
    ),
    source="https://www.bic.mni.mcgill.ca/ServicesAtlases/ICBM152NLin2009",
    holds="one brain, the average of 152 people: T1 image, maps of grey and white matter, 1 mm",
    size=11_509_444,
)
FILE = "nilearn/datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"

#: Of a NIfTI-1 file: the length of its header, and the code of whole numbers from 0 to 255.
HEADER, UINT8 = 348, 2


class Brain(NamedTuple):
    """A volume three times, (197, 233, 189), uint8: what was seen, and what it is.

    Indices grow towards the subject's right, front and top; a step is 1 mm.
    """

    t1: np.ndarray
    grey: np.ndarray
    white: np.ndarray
    origin: tuple[float, float, float]


def brain_template() -> Brain:
    """Load the MNI152 template: the average of 152 brains, and what is what in it.

    The symmetric version of 2009 (release a), cut out of the skull. ``t1`` is the averaged
    T1-weighted image, scaled from 0 to 255. ``grey`` and ``white`` say how likely, again from 0
    to 255, a place is grey or white matter; where neither is likely lie fluid or air.
    It is one brain, and its own mirror image: each half mirrors the other exactly.

    Source: https://www.bic.mni.mcgill.ca/ServicesAtlases/ICBM152NLin2009, by way of the package
    nilearn; Fonov et al. (2011), Unbiased average age-appropriate atlases for pediatric studies,
    NeuroImage 54(1).

    Returns
    -------
    Brain
        ``t1``, ``grey``, ``white``: arrays (197, 233, 189), uint8; ``origin``: where index
        (0, 0, 0) lies, in mm to the right, to the front and upwards.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.

    Notes
    -----
    Licence: copyright 1993–2009 Louis Collins, McConnell Brain Imaging Centre, Montreal
    Neurological Institute, McGill University; free to use, copy, modify and distribute for any
    purpose with this notice. (The package's own description says "unknown"; the package is
    BSD-3-Clause, and is read, never imported.)
    Archive: ``nilearn==0.14.1``, 11.5 MB, SHA-256
    725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a.
    Cost: about half a second.

    Examples
    --------
    >>> brain = brain_template()  # doctest: +SKIP
    >>> brain.t1.shape, brain.origin  # doctest: +SKIP
    ((197, 233, 189), (-98.0, -134.0, -72.0))
    """
    volumes = {name: nifti(gzip.decompress(read(BRAIN, FILE.format(name)))) for name in KINDS}
    (t1, origin), (grey, _), (white, _) = (volumes[name] for name in KINDS)
    return Brain(t1, grey, white, origin)


KINDS = ("t1", "gm", "wm")


def nifti(file: bytes) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Read a NIfTI-1 volume of whole numbers from 0 to 255 in steps of 1 mm, and its origin.

    The header is 348 bytes: at byte 40 the sizes, at 70 the kind of number, at 108 where the
    numbers begin, at 112 their scale, at 280 the rows that turn indices into mm, at 344 the mark
    of the format. Anything but an upright volume in steps of 1 mm is refused.
    """
    if len(file) < HEADER or file[344:347] != b"n+1" or struct.unpack("<i", file[:4])[0] != HEADER:
        raise DataError("The volume is no NIfTI-1 file. Please report it.")
    n_axes, *sizes = struct.unpack("<4h", file[40:48])
    (kind,) = struct.unpack("<h", file[70:72])
    start, slope, above = struct.unpack("<3f", file[108:120])
    rows = np.frombuffer(file[280:328], "<f4").reshape(3, 4)
    plain = (n_axes, kind, slope, above) == (3, UINT8, 1.0, 0.0)
    if not plain or not np.array_equal(rows[:, :3], np.eye(3)):
        raise DataError(
            "The volume is not a plain one: expected three axes, numbers from 0 to 255, unscaled, "
            "and steps of 1 mm to the right, to the front and upwards. Please report it."
        )
    numbers = np.frombuffer(file, np.uint8, count=int(np.prod(sizes)), offset=int(start))
    right, front, up = map(float, rows[:, 3])
    return numbers.reshape(sizes, order="F"), (right, front, up)
