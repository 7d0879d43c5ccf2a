"""Make one inlined module of a front-end's files, as they import each other.

A page that is opened by double click cannot load module files, and nothing is fetched. So the files
of a widget become one text: each file a function that is called once and gives what it exports, in
the order in which the files need each other. A name that a file does not export stays its own, as
in any module. What stands at the start of a line is read; there are four forms::

    import { a, b } from "../kit/words.js";
    export function a() {}            (also: async function, class, const)
    export { a, b } from "./numbers.js";
    export default { render };        (only in the first file)
"""

import re
from collections.abc import Collection
from pathlib import Path

_KIT = Path(__file__).parent
_NAMES = r"\{\s*([\w$]+(?:\s*,\s*[\w$]+)*)\s*,?\s*\}"
_IMPORT = re.compile(rf'^import {_NAMES} from "(\.\.?/[\w./-]+\.js)";\n?', re.MULTILINE)
_PASSED_ON = re.compile(rf'^export {_NAMES} from "(\.\.?/[\w./-]+\.js)";\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_NAMED = re.compile(r"^export (?:async )?(?:function\*? ?|class |const )([\w$]+)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default ", re.MULTILINE)
_ANY = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def module(first: str | Path) -> str:
    """Return the front-end module whose first file this is, with every file that it imports.

    Raises
    ------
    ValueError
        A file imports what is not there: a file, a name that the other file does not export, or
        itself by way of others; two imports of a file bring the same name; or an import or export
        has another form than those above.
    """
    files: dict[Path, tuple[str, list[str]]] = {}
    _read(Path(first).resolve(), files, [])
    return "\n".join(text for text, _ in files.values())


def style(own: str | Path) -> str:
    """Return the kit's style sheet and a widget's own as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (_KIT / "kit.css", Path(own)))


def _read(path: Path, files: dict[Path, tuple[str, list[str]]], above: list[Path]) -> list[str]:
    """Add a file to those that are read, after the files that it needs; return its exports."""
    if path in above:
        raise ValueError(f"{_short(path)}: imports itself by way of {_short(above[-1])}")
    if path in files:
        return files[path][1]
    text = path.read_text(encoding="utf-8")
    exports = {name: name for name in _NAMED.findall(text)}
    own = set(exports)

    def fetch(match: re.Match[str], taken: Collection[str]) -> tuple[str, list[str]]:
        """Read the file of an import and see that it has the names; return its handle and them."""
        names, other = re.split(r"\s*,\s*", match[1]), (path.parent / match[2]).resolve()
        if not other.is_file():
            raise ValueError(f"{_short(path)}: imports {match[2]!r}, which does not exist")
        offered = _read(other, files, [*above, path])
        for name in names:
            if name not in offered:
                raise ValueError(
                    f"{_short(path)}: imports {name!r} from {match[2]!r}, which exports "
                    f"{', '.join(offered) or 'nothing'}"
                )
            if name in taken or names.count(name) > 1:
                raise ValueError(f"{_short(path)}: has {name!r} twice, again in {match[0]!r}")
        return _handle(other), names

    def bring(match: re.Match[str]) -> str:
        handle, names = fetch(match, own)
        own.update(names)
        return f"const {{ {', '.join(names)} }} = {handle};\n"

    def pass_on(match: re.Match[str]) -> str:
        handle, names = fetch(match, exports)
        exports.update({name: f"{handle}.{name}" for name in names})
        if above:
            return ""
        # Under names of their own, since the file may use what it passes on.
        away = ", ".join(f"{name}: ${name}" for name in names)
        back = ", ".join(f"${name} as {name}" for name in names)
        return f"const {{ {away} }} = {handle};\nexport {{ {back} }};\n"

    text = _IMPORT.sub(bring, text)
    text = _PASSED_ON.sub(pass_on, text)
    if above:
        given = ", ".join(name if name == at else f"{name}: {at}" for name, at in exports.items())
        text = _EXPORT.sub("", text)
        text = f"const {_handle(path)} = (() => {{\n{text}return {{ {given} }};\n}})();"
    # What is left is of no form that is read here.
    allowed = [] if above else [_DEFAULT, _NAMED, re.compile(r"^export \{ \$")]
    for line in _ANY.findall(text):
        if not any(form.match(line) for form in allowed):
            raise ValueError(
                f"{_short(path)}: cannot read {line!r}; attncourse/widgets/kit/front_end.py says "
                "which forms of import and export there are"
            )
    files[path] = f"// {_short(path)}\n{text}", list(exports)
    return list(exports)


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _handle(path: Path) -> str:
    """The name under which a file's exports are found: no file can have it in another folder."""
    return "$" + re.sub(r"\W", "_", _short(path).removesuffix(".js"))
