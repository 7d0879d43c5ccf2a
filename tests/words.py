"""Write the reference's words into PyTorch's twins: ``python -m tests.words``, or ``make words``.

Both files keep a docstring that can be read where it stands. A twin keeps its own example and what
it says of ``device``, which only PyTorch has.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType

import attncourse.pytorch as att
import attncourse.reference as ref

DEVICE = re.compile(r"^device : .*\n(?:    .*\n|\n(?=    ))*", re.MULTILINE)
EXAMPLES = re.compile(r"^Examples\n-+\n", re.MULTILINE)
AFTER = re.compile(r"^\n(?=(?:Returns|Raises|Notes|Examples)\n-+\n)", re.MULTILINE)


def joined(words: str, own: str) -> str:
    """The reference's words with the twin's own example and device, all without indentation."""
    example = EXAMPLES.search(own)
    common = EXAMPLES.split(words, maxsplit=1)[0]
    if device := DEVICE.search(own):
        after = AFTER.search(words)
        at = after.start() if after else len(common)
        common = common[:at] + device[0].rstrip("\n") + "\n" + common[at:]
    return common + own[example.start() :] if example else common


def docstring(tree: ast.Module, name: str) -> ast.Constant:
    """The node of a definition's docstring."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                return first.value
            raise ValueError(f"{name}: it has no docstring to write into.")
    raise ValueError(f"{name}: the file does not define it at its top.")


def written(source: str, name: str, words: str) -> str:
    """A file's text with other words in one docstring."""
    node = docstring(ast.parse(source), name)
    own = inspect.cleandoc(str(node.value)) + "\n"
    text = joined(words.rstrip("\n") + "\n", own).strip("\n")
    mark = 'r"""' if "\\" in text else '"""'
    several = "\n" in text
    body = textwrap.indent(text, "    ", lambda line: bool(line.strip())).lstrip()
    closing = '\n    """' if several else '"""'
    lines = source.splitlines(keepends=True)
    # A record's docstring is closed the way its file closes them, with a blank line or without.
    if several and str(node.value).rstrip(" ").endswith("\n\n"):
        closing = "\n" + closing
    new = f"    {mark}{body}{closing}\n"
    return "".join([*lines[: node.lineno - 1], new, *lines[node.end_lineno :]])


def place(room: ModuleType, name: str) -> Path:
    """The file that defines a public name."""
    return Path(inspect.getfile(inspect.unwrap(getattr(room, name))))


def changes() -> dict[Path, str]:
    """Every file of the twins whose words are not the reference's, with its text as it should be."""
    texts: dict[Path, str] = {}
    for name in ref.__all__:
        path = place(att, name)
        text = texts.setdefault(path, path.read_text("utf8"))
        words = inspect.getdoc(getattr(ref, name)) or ""
        texts[path] = written(text, name, words)
    return {path: text for path, text in texts.items() if text != path.read_text("utf8")}


def main() -> None:
    """Write, and say where."""
    for path, text in changes().items():
        path.write_text(text, "utf8")
        print(path.relative_to(Path(__file__).parents[1]))


if __name__ == "__main__":
    main()
