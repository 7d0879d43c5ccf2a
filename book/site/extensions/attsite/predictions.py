"""Predictions that a reader answers: a choice, a number, or words, and then the folded answer.

The source is plain Markdown: a block quote, ``> **Predict.** …``, and right below it a fold,
``<details><summary>Answer</summary>``. What ends the quote says what the reader gives:

- a numbered list of choices; the fold has one entry for each, the right one begins ``**Yes.**``;
- ``*A number in %, give or take 5.*`` (or ``…, give or take a factor of 2.``); the fold begins with
  the number, ``**87%**``, which an anchor may fill;
- ``*In your own words.*``

Here quote and fold get one element around them, which says what ``static/predict.js`` has to know.
Without that script they stay what they are.
"""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Any

from docutils import nodes
from quoted import NUMBER
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from attsite.boxes import BOXES, TRANSLATED, inline, opening

LOGGER = logging.getLogger(__name__)
A_NUMBER = re.compile(
    r"A number(?: in (?P<unit>[^,]+))?, give or take "
    r"(?:(?P<plus>\d+(?:\.\d+)?)|a factor of (?P<factor>\d+(?:\.\d+)?))\."
)
IN_WORDS = "In your own words."
RIGHT = "Yes."
FOLD = "<details>\n<summary>Answer</summary>"


def value(text: str) -> float | None:
    """The number of a text such as ``87%`` or ``1,024``; of ``1 / 3 ≈ 0.33`` the last part's."""
    found = NUMBER.findall(re.split("[=≈]", text)[-1])
    return float(found[0].replace(",", "").replace("−", "-")) if len(found) == 1 else None


def fold(quote: nodes.Node) -> list[nodes.Node]:
    """The nodes of the folded answer right below a quote, from ``<details>`` to ``</details>``."""
    below = quote.parent[quote.parent.index(quote) + 1 :]
    if not below or not isinstance(below[0], nodes.raw):
        return []
    if below[0].astext().strip() != FOLD:
        return []
    for count, node in enumerate(below, 1):
        if isinstance(node, nodes.raw) and node.astext().strip() == "</details>":
            return below[:count]
    return []


def asked(quote: nodes.Element) -> dict[str, str]:
    """What a prediction asks for, by its last line; nothing if it only asks."""
    last = quote.children[-1]
    if isinstance(last, nodes.enumerated_list):
        return {"kind": "choice"}
    words = inline(last) if isinstance(last, nodes.paragraph) else []
    if [type(node) for node in words] != [nodes.emphasis]:
        return {}
    line = " ".join(last.astext().split())
    if line == IN_WORDS:
        return {"kind": "words"}
    number = A_NUMBER.fullmatch(line)
    if not number:
        return {}
    return {"kind": "number"} | {name: said for name, said in number.groupdict().items() if said}


class Read(SphinxTransform):
    """Read the forms by their English words, before these are translated."""

    default_priority = TRANSLATED - 1

    def apply(self, **_: Any) -> None:
        """Write down what each prediction asks for."""
        for quote in self.document.findall(nodes.block_quote):
            if not set(quote["classes"]) & set(BOXES.values()):
                continue
            form, below = asked(quote), fold(quote)
            if not form:
                continue
            if not below:
                LOGGER.warning(
                    "a prediction has its folded answer right below it: %r", FOLD, location=quote
                )
                continue
            if form["kind"] == "choice":
                lists = [node for node in below if isinstance(node, nodes.enumerated_list)]
                whys = lists[0].children if lists else []
                leads = [opening(entry) for entry in whys if isinstance(entry, nodes.list_item)]
                right = [k for k, lead in enumerate(leads) if lead and lead.astext() == RIGHT]
                if len(whys) != len(quote.children[-1].children) or len(right) != 1:
                    LOGGER.warning(
                        "a prediction's answer has one entry for each choice, "
                        "and exactly one begins with **%s**",
                        RIGHT,
                        location=quote,
                    )
                    continue
                form["right"] = str(right[0])
            # Another question with the same words elsewhere has an answer of its own.
            said = hashlib.sha256(" ".join(quote.astext().split()).encode()).hexdigest()[:12]
            quote["prediction"] = {**form, "key": f"{self.env.docname}/{said}"}


class Wrap(SphinxTransform):
    """Put the element around question and answer, once the run's numbers stand in them."""

    default_priority = TRANSLATED + 3

    def apply(self, **_: Any) -> None:
        """Change the tree."""
        for quote in list(self.document.findall(nodes.block_quote)):
            form = quote.get("prediction")
            if not form:
                continue
            below = fold(quote)
            if form["kind"] == "number":
                lead = inline(below[1])[0] if isinstance(below[1], nodes.paragraph) else None
                shown = lead.astext() if isinstance(lead, nodes.strong) else ""
                number = value(shown)
                if number is None:
                    LOGGER.warning(
                        "the answer to a prediction of a number begins with it, in bold",
                        location=quote,
                    )
                    continue
                form = {**form, "value": f"{number:.12g}", "shown": shown}
                # A translated line has its unit in its own words.
                if form.get("unit", "") not in quote.children[-1].astext():
                    del form["unit"]
            data = "".join(f' data-{name}="{escape(said)}"' for name, said in form.items())
            parent, here = quote.parent, quote.parent.index(quote)
            parent.insert(here, nodes.raw("", f'<div class="att-predict"{data}>', format="html"))
            parent.insert(here + 2 + len(below), nodes.raw("", "</div>", format="html"))


def script(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Load the script on the pages that have a prediction."""
    raw = doctree.findall(nodes.raw) if doctree is not None else []
    if any(node.astext().startswith('<div class="att-predict"') for node in raw):
        app.add_js_file("predict.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register the transforms and the script."""
    app.add_transform(Read)
    app.add_transform(Wrap)
    app.connect("html-page-context", script)
