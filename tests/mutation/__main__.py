"""``python -m tests.mutation``: draw breaks, try each, print those that no test noticed."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.mutation.breaks import Break, breaks
from tests.mutation.trial import Tree

ROOT = Path(__file__).parents[2]
SURVIVORS = Path(__file__).with_name("survivors.md")


def main() -> int:
    """Give the number of survivors that nobody has explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("paths", nargs="*", default=["attncourse"], help="files or folders")
    parser.add_argument("--draw", type=int, default=40, help="how many breaks; 0 tries them all")
    parser.add_argument("--seed", type=int, default=2017)
    parser.add_argument("--near", action="store_true", help="only the tests of the mechanism")
    parser.add_argument(
        "--alone", action="store_true", help="without parity: as if both rooms had the break"
    )
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(ROOT, Path(folder))
        wanted = (file for file in tree.files() if any(map(file.is_relative_to, given.paths)))
        found = [one for file in wanted for one in breaks(file, tree.text(file))]
        drawn = found
        if given.draw:
            drawn = random.Random(given.seed).sample(found, min(given.draw, len(found)))
        left = []
        for i, one in enumerate(sorted(drawn, key=str), start=1):
            words = tree.noticed(one, far=not given.near, parity=not given.alone)
            if not words:
                left.append(row(one, tree.text(one.path)))
            print(f"{i}/{len(drawn)}  {one}   {words or 'SURVIVED'}", flush=True)

    explained = SURVIVORS.read_text(encoding="utf-8")
    new = [line for line in left if line not in explained]
    print(f"{len(found)} breaks, {len(drawn)} drawn, {len(left)} survived, {len(new)} unexplained")
    print(*new, sep="\n")
    return len(new)


def row(one: Break, text: str) -> str:
    """Write a survivor as the table has it, without line numbers: they change."""
    line = text.splitlines()[one.line - 1]
    marked = f"{line[: one.column]}⟦{one.old}⟧{line[one.column + len(one.old) :]}".strip()
    cells = (str(one.path), f"`{marked}`", f"`{one.new}`" if one.new else "nothing")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(min(main(), 1))
