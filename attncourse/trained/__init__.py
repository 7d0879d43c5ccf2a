"""Networks that the course has trained itself, kept as small files of eight-bit numbers.

A page may need a network that takes longer to train than a reader waits, and a widget needs one
without PyTorch. ``make trained`` trains each of them once and writes it here, with what made it and
what the rounding to eight bits costs. NumPy reads it; nothing else is needed.

>>> from attncourse import trained
>>> kept = trained.load("letters_to_sounds")
>>> kept.arrays["out.weight"].shape, kept.arrays["out.weight"].dtype
((42, 320), dtype('float64'))
>>> kept.record["seed"]
0
"""

from attncourse.trained.file import DamagedFile, Trained, load, pack, path, unpack
from attncourse.trained.rounding import restored, rounded

__all__ = ["DamagedFile", "Trained", "load", "pack", "path", "restored", "rounded", "unpack"]
