"""The reader of a front-end's files: one module of many, with clear errors."""

import re
from pathlib import Path

import pytest

from attncourse.widgets import kit
from tests.widgets.pages import every_widget

WIDGETS = Path(kit.__file__).parents[1]


def read(folder: Path, **files: str) -> str:
    """Write files and read them as one module, beginning with `first`."""
    room = folder / "room"
    room.mkdir(exist_ok=True)
    for name, text in files.items():
        (room / f"{name}.js").write_text(text, encoding="utf-8")
    return kit.module(room / "first.js")


def load(page, text: str) -> dict:
    """What the module exports, functions left out."""
    return page.evaluate(
        """async (text) => {
             const blob = new Blob([text], { type: "text/javascript" });
             return { ...(await import(URL.createObjectURL(blob))) }; }""",
        text,
    )


def test_files_become_one_module_that_runs(tmp_path, chromium_page):
    text = read(
        tmp_path,
        first="""
import { twice } from "./twice.js";
import {
  one,
  Two,
} from "./numbers.js";
export { one, three } from "./numbers.js";
const own = 100;
export default { result: own + twice(one) + new Two().value };
""",
        twice="""
import { one } from "./numbers.js";
const own = 2;
export function twice(x) { return own * x * one; }
""",
        numbers="""
const own = 1;
export const one = own;
export const three = 3;
export class Two { value = 2 }
""",
    )
    found = load(chromium_page("about:blank"), text)
    assert found == {"default": {"result": 104}, "one": 1, "three": 3}
    # Each file once, and nothing left to load.
    assert text.count("const one = own") == 1
    assert not re.search(r"^import", text, re.MULTILINE)


def test_a_file_between_passes_names_on(tmp_path, chromium_page):
    text = read(
        tmp_path,
        first='import { one, two } from "./middle.js";\nexport default [one, two];\n',
        middle='import { one } from "./last.js";\nexport { one } from "./last.js";\nexport const two = one + 1;\n',
        last="export const one = 1;\n",
    )
    assert load(chromium_page("about:blank"), text)["default"] == [1, 2]


A = "export const a = 1;\n"


@pytest.mark.parametrize(
    ("first", "other", "says"),
    [
        ('import { a } from "./gone.js";\n', "", r"room/first.js: imports './gone.js', which does not exist"),
        ('import { wrods } from "./other.js";\n', "export const words = 1;\nexport const more = 2;\n",
         r"room/first.js: imports 'wrods' from './other.js', which exports words, more"),
        ('import { a } from "./other.js";\n', "const a = 1;\n", "which exports nothing"),
        ('import { a } from "./other.js";\nimport { a } from "./third.js";\n', A, "room/first.js: has 'a' twice, again in .*third"),
        ('import { a, a } from "./other.js";\n', A, "has 'a' twice"),
        ('import { a } from "./other.js";\nexport const a = 1;\n', A, "has 'a' twice"),
        ('export { a } from "./other.js";\nexport const a = 1;\n', A, "has 'a' twice"),
        ('import { a } from "./other.js";\n', 'import { b } from "./first.js";\nexport const a = 1;\n',
         "room/first.js: imports itself by way of room/other.js"),
        ('import a from "./other.js";\n', A, "cannot read 'import a from"),
        ('import * as a from "./other.js";\n', A, "cannot read 'import . as a"),
        ('import { a as b } from "./other.js";\n', A, "cannot read 'import { a as b }"),
        ('import { a } from "other";\n', A, "cannot read"),
        ("export let a = 1;\n", "", "cannot read 'export let"),
        ("const a = 1;\nexport { a };\n", "", "cannot read 'export { a }"),
        ('import { a } from "./other.js";\n', A + "export default a;\n", "room/other.js: cannot read 'export default"),
    ],
)  # fmt: skip
def test_what_is_not_there_gets_a_clear_error(tmp_path, first, other, says):
    with pytest.raises(ValueError, match=says):
        read(tmp_path, first=first, other=other, third=A)


def test_the_kit_has_nothing_that_nobody_uses():
    texts = {path: path.read_text("utf8") for path in WIDGETS.rglob("*.js")}
    exported, used = set(), set()
    for path, text in texts.items():
        if path.parent.name == "kit":
            exported |= {
                (
                    path.name,
                    line.split("(")[0].split()[-1] if "function" in line else line.split()[2],
                )
                for line in text.splitlines()
                if line.startswith(("export function ", "export const ", "export class "))
            }
        for names, other in re.findall(
            r'^(?:import|export) \{([^}]*)\} from "([^"]+)"', text, re.MULTILINE
        ):
            used |= {(Path(other).name, name.strip()) for name in names.split(",")}
    assert len(exported) > 20
    assert exported <= used, exported - used


def test_every_file_of_a_front_end_is_used():
    """A file that no widget imports is in none of their modules."""
    together = "".join(str(kind._esm) for kind in every_widget())
    idle = [
        path.name
        for path in WIDGETS.rglob("*.js")
        if path.name != "mount.js" and f"// {path.parent.name}/{path.name}\n" not in together
    ]
    assert not idle


def test_styles_stay_inside_their_widget():
    for path in WIDGETS.rglob("*.css"):
        root = ".ac-kit" if path.parent.name == "kit" else f".ac-{path.parent.name}"
        for line in path.read_text("utf8").splitlines():
            if "{" in line and not line.lstrip().startswith(("@", "/*")):
                for selector in re.split(r",(?![^(]*\))", line.split("{")[0]):
                    assert root in selector or "ac-widget" in selector, f"{path.name}: {selector}"
