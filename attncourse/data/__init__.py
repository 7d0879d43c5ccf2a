"""Real data, one loader a set, verified by hash.

>>> from attncourse import data
>>> sorted({archive.name for archive in data.ARCHIVES})[:5]
['brain_template', 'cmudict', 'docstrings', 'interface_strings', 'mnist_sample']

A new set is a record (:class:`Archive`) and a reader in a file of its own, listed here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attncourse.data.archive import Archive, DataError, cache_dir, fetch
from attncourse.data.brain import BRAIN, Brain, brain_template
from attncourse.data.clips import VIDEO_CLIPS, Clip, video_clips
from attncourse.data.cmu import CMUDICT, cmudict
from attncourse.data.docs import PACKAGES, Docstring, docstrings
from attncourse.data.espeak import ESPEAK, Line, Spoken, speak
from attncourse.data.interface import INTERFACE, InterfaceString, Language, interface_strings
from attncourse.data.mnist import MNIST_SAMPLE, mnist_sample
from attncourse.data.plays import SHAKESPEARE, shakespeare
from attncourse.data.rated import SENTIMENT, Rated, sentiment
from attncourse.data.split import Part, part_of

#: Every archive that the course reads, in the order in which it needs them.
ARCHIVES: tuple[Archive, ...] = (
    CMUDICT,
    SHAKESPEARE,
    SENTIMENT,
    MNIST_SAMPLE,
    BRAIN,
    INTERFACE,
    *PACKAGES,
    ESPEAK,
    VIDEO_CLIPS,
)

__all__ = [
    "ARCHIVES",
    "Archive",
    "Brain",
    "Clip",
    "DataError",
    "Docstring",
    "InterfaceString",
    "Language",
    "Line",
    "Part",
    "Rated",
    "Spoken",
    "brain_template",
    "cache_dir",
    "cmudict",
    "docstrings",
    "fetch",
    "fetch_all",
    "interface_strings",
    "mnist_sample",
    "part_of",
    "sentiment",
    "shakespeare",
    "speak",
    "video_clips",
]


def fetch_all(
    report: Callable[[str], None] = lambda line: None, archives: tuple[Archive, ...] | None = None
) -> list[Path]:
    """Fetch every archive of the course, so that all notebooks run without a network.

    Parameters
    ----------
    report
        Called with a line for each archive, and one before it is fetched: ``print`` for example.
    archives
        Which ones; ``ARCHIVES`` if left out.

    Returns
    -------
    list of paths
        The archives in the cache, each verified.

    Raises
    ------
    DataError
        One of them cannot be had.
    """
    paths = []
    for archive in ARCHIVES if archives is None else archives:
        path = fetch(archive, report)
        report(f"{archive.name}: {path.stat().st_size / 1e6:.1f} MB, verified, in {path.parent}")
        paths.append(path)
    return paths
