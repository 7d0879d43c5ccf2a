"""Data that a front-end loads only when its reader asks for it: a network's numbers, say.

A page should be light, and open by double click. So such data stands in a script beside the site's
other ones, and is asked for by a script element: a file's page may load no other way. With a
kernel, the widget itself sends the bytes. ``kit/heavy.js`` does both, and checks what came.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

#: Where the site keeps the scripts, seen from its root.
FOLDER = "_static/heavy"


@dataclass(frozen=True)
class Heavy:
    r"""Bytes that are loaded when asked for.

    Parameters
    ----------
    name
        What the file is called; a hash of the bytes follows, so that no browser keeps an old one.
    what
        What the reader is offered, as in "Load the model".
    read
        Gives the bytes.

    Examples
    --------
    >>> heavy = Heavy("numbers", "the numbers", lambda: bytes([1, 2, 3]))
    >>> heavy.script()
    'attncourseHeavy("numbers-039058c6f2c0.js","AQID");\n'
    >>> heavy.label["bytes"]
    3
    """

    name: str
    what: str
    read: Callable[[], bytes]

    @cached_property
    def data(self) -> bytes:
        """The bytes, read once."""
        return self.read()

    @cached_property
    def file(self) -> str:
        """The script's name."""
        return f"{self.name}-{hashlib.sha256(self.data).hexdigest()[:12]}.js"

    def script(self) -> str:
        """Return the script that hands the bytes over."""
        text = base64.b64encode(self.data).decode()
        return f"attncourseHeavy({json.dumps(self.file)},{json.dumps(text)});\n"

    @cached_property
    def label(self) -> dict[str, Any]:
        """What a front-end must know to ask for the bytes, and to check what comes."""
        return {
            "file": self.file,
            "path": f"{FOLDER}/{self.file}",
            "what": self.what,
            "bytes": len(self.data),
            "script": len(self.script()),
            "crc": zlib.crc32(self.data),
        }

    def write(self, site: Path) -> Path:
        """Write the script into a site, where its pages look for it; return the file."""
        path = site / FOLDER / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.script(), encoding="utf-8")
        return path
