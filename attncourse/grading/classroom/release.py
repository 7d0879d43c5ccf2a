"""What a class gets: the exercises without their solutions, in one archive."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from attncourse.grading import exercises
from attncourse.grading.checks import plain_text
from attncourse.grading.generate import BadSource, generate

_README = """\
# Exercises on attention

1. Python 3.11 or newer, then in a terminal: pip install -r requirements.txt
2. Open a notebook with `jupyter lab`, in VS Code or in Colab, and follow its text.
   `check("...")` tells you at once how your answer stands.
3. Before you hand a notebook in, save it, and run: attncourse check NAME.ipynb

Hand in the notebook itself, under its own name.
"""
#: One date for every file, so that the same exercises make the same archive.
_DATE = (2020, 1, 1, 0, 0, 0)


def _alone(notebook: str, names: Sequence[str]) -> str:
    """A notebook that stands in no course: links to pages that are not there become their words."""

    def words(link: re.Match) -> str:
        return link[0] if link[2] in {f"{name}.ipynb" for name in names} else link[1]

    data = json.loads(notebook)
    for cell in data["cells"]:
        text = re.sub(
            r"\[([^\]]+)\]\(((?:\.\./book/|\d\d-)[^)]+)\)", words, "".join(cell["source"])
        )
        text = text.replace("attncourse check exercises/", "attncourse check ")
        cell["source"] = text.splitlines(keepends=True)
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def release(sources: Path, target: Path, names: Sequence[str] = ()) -> list[str]:
    """Write the archive of a class.

    Parameters
    ----------
    sources
        Folder of the solutions, from which the exercises are made.
    target
        The archive, a zip file.
    names
        Only these exercises; by default all.

    Returns
    -------
    list of str
        The names of the files in it.

    Raises
    ------
    BadSource
        There is no such exercise, or its source is damaged. No archive is written.
    """
    known = [name for name in exercises.names() if (sources / f"{name}.ipynb").is_file()]
    chosen = list(names) or known
    for name in chosen:
        if name not in known:
            raise BadSource(
                f"{plain_text(sources)} has no exercise {plain_text(name, 60)!r}; it has "
                f"{', '.join(known) or 'none'}."
            )
    if not chosen:
        raise BadSource(
            f"{plain_text(sources)} holds no exercise. Run this in a clone of the course, or name "
            "its folder of solutions: --sources."
        )
    files = {
        f"{name}.ipynb": _alone(generate(sources / f"{name}.ipynb", solutions=False), chosen)
        for name in chosen
    }
    files["README.md"] = _README
    files["requirements.txt"] = f"attncourse=={version('attncourse')}\njupyterlab\n"
    part = target.with_name(target.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
    part.replace(target)
    return sorted(files)
