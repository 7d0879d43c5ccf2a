"""Results of executed notebooks, kept by key, so that undoing an edit executes nothing.

jupyter-cache keeps one result for each wording of the code, and knows nothing of the package. It
stays as the way to the Sphinx build; what was executed is kept here, the last few of each page.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

#: Results of one page that are kept, the last used ones.
KEEP = 12
METADATA = ("kernelspec", "language_info", "widgets")


@dataclass
class Result:
    """What came of executing a notebook, without its words."""

    key: str
    rests: dict[str, str]  # what it rests on, each with its hash
    seconds: float
    peak_mb: int
    metadata: dict[str, Any] = field(default_factory=dict)
    outputs: list[list[dict]] = field(default_factory=list)  # for each code cell
    counts: list[int | None] = field(default_factory=list)

    @classmethod
    def of(cls, notebook: nbformat.NotebookNode, **what: Any) -> Result:
        """Take the outputs out of an executed notebook."""
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return cls(
            **what,
            metadata={k: notebook.metadata[k] for k in METADATA if k in notebook.metadata},
            outputs=[cell.outputs for cell in cells],
            counts=[cell.execution_count for cell in cells],
        )

    def put_into(self, notebook: nbformat.NotebookNode) -> None:
        """Give a notebook of the same key these outputs."""
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell, outputs, count in zip(cells, self.outputs, self.counts, strict=True):
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
            cell.execution_count = count
        notebook.metadata |= nbformat.from_dict(self.metadata)


class Kept:
    """A folder of results, one file each."""

    def __init__(self, folder: Path):
        self.folder = folder

    def _path(self, page: str, key: str) -> Path:
        return self.folder / page.replace("/", "--") / f"{key}.json"

    def _of_page(self, page: str) -> list[Path]:
        """Its results, the last used first."""
        paths = self._path(page, "any").parent.glob("*.json")
        return sorted(paths, key=lambda path: -path.stat().st_mtime_ns)

    def get(self, page: str, key: str) -> Result | None:
        """The result of that key, if it is there; it counts as used."""
        path = self._path(page, key)
        if not path.exists():
            return None
        os.utime(path)
        return Result(**json.loads(path.read_text("utf8")))

    def put(self, page: str, result: Result) -> None:
        """Keep a result, and drop the page's oldest."""
        path = self._path(page, result.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(result), ensure_ascii=False), "utf8")
        unfinished.replace(path)
        for old in self._of_page(page)[KEEP:]:
            old.unlink()

    def why(self, page: str, rests: dict[str, str]) -> str:
        """What changed since the page's last result."""
        for path in self._of_page(page)[:1]:
            before = json.loads(path.read_text("utf8"))["rests"]
            names = [name for name in {**before, **rests} if before.get(name) != rests.get(name)]
            return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
        return "never executed"
