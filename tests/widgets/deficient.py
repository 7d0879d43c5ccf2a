"""Widgets that lack one thing each, to see that the requirement which asks for it notices.

All are made of ScoreScaling, which lacks nothing, or of LettersToSounds, which loads something.
"""

from __future__ import annotations

import random

from attncourse.widgets import CourseWidget, LettersToSounds, ScoreScaling
from attncourse.widgets.kit import State
from tests.widgets import requirements as needs


def _without(
    name: str,
    *,
    js: tuple[str, str] | None = None,
    css: str = "",
    of: type[CourseWidget] = ScoreScaling,
    **members,
):
    """A class like another with a piece of its front-end replaced, or with other members."""
    module = str(of._esm)
    if js:
        assert module.count(js[0]) == 1, (
            f"{name}: {js[0]!r} is in the module {module.count(js[0])} times"
        )
        module = module.replace(*js)
    return type(name, (of,), {"_esm": module, "_css": f"{of._css}\n{css}", **members})


def _poor_error(name, value):
    if not isinstance(value, float | int) or not 0.01 <= value <= 100:
        raise ValueError("no")
    return value


#: A requirement, a widget that does not meet it, and what must be said.
CASES = [
    (needs.parts, _without("NoNumbers", compute=CourseWidget.compute), "NoNumbers needs compute"),
    (needs.parts, _without("NoTable", fallback_html=CourseWidget.fallback_html), "NoTable needs fallback_html"),
    (needs.parts, _without("NoRandomState", random=CourseWidget.random.__func__.__get__(ScoreScaling)), "needs random"),
    (needs.parts, _without("PoorTable", fallback_html=lambda _: "<p>0.5</p>"), "no <table"),
    (needs.parts, _without("Fetches", js=("export default", '// "http://example.org"\nexport default')), "an address"),
    (needs.parts, _without("EndsItself", js=("export default", "// </script>\nexport default")), "end its own element"),
    (needs.exported, _without("NotExported"), "is not exported"),
    (needs.readable_errors, _without("Unchecked", temperature=State(lambda name, value: value, default=1.0)), "temperature takes '∅ n0nsense'"),
    (needs.readable_errors, _without("PoorError", temperature=State(_poor_error, default=1.0)), "says only no"),
    (needs.rebuilt, _without("NeverTheSame", fallback_html=lambda _: f"<table>{random.random()}</table>"), "when built again"),
    (needs.numbers, _without("WrongNumbers", js=("largest: Math.max(...weights)", "largest: Math.max(...weights) + 1e-5")), "WrongNumbers: largest"),
    (needs.numbers, _without("NoCompute", js=("$compute as compute, ", "")), r"passes on no compute"),
    (needs.numbers, _without("OtherNames", js=("gradient_by_width: means", "gradients: means")), "no 'gradient_by_width'"),
    (needs.numbers, _without("NothingToCompare", compute=lambda _: {}), "nothing to compare"),
    (needs.links, _without("Forgets", js=("  draw: wholeLink(0, ({ limits }) => limits.draws - 1),\n", "")), "a link loses draw"),
    (needs.links, _without("TakesAnything", js=("  draw: wholeLink(0, ({ limits }) => limits.draws - 1),\n", "  draw: { pack: (x) => x, unpack: (x) => x ?? null },\n")), "Python does not"),
    (needs.code, _without("OtherCode", js=('"scale", "draw"]', '"scale"]')), "has another draw"),
    (needs.code, _without("NoCode", js=("$toPython as toPython", "$toPython as python")), "passes on no toPython"),
    (needs.keyboard, _without("Nameless", js=('step, "aria-label": name, ...more', "step, ...more")), "has no name"),
    (needs.keyboard, _without("LabTakesKeys", js=('node.setAttribute("data-lm-suppress-shortcuts", "true")', "node.title")), "JupyterLab takes its keys"),
    (needs.keyboard, _without("NoStop", js=("tabindex: 0, role", "tabindex: -1, role")), "Tab does not reach"),
    (needs.keyboard, _without("OnlyPointer", css=".ac-scaling .weight { cursor: pointer }"), "only a pointer gets at"),
    (needs.keyboard, _without("Deaf", js=("nudge(way, event.shiftKey);", "")), "does not work by keys"),
    (needs.way_back, _without("NoUndo", js=("...presets, undo, redo,", "...presets, redo,")), "no button Undo"),
    (needs.way_back, _without("DeafUndo", js=("else view.undo();", "")), r"Ctrl\+Z takes nothing back"),
    (needs.way_back, _without("KeepsLink", js=("model.unlink?.();", "")), "Reset leaves the link"),
    (needs.way_back, _without("NoWayToStart", js=('view.preset("");\n', "\n")), "Reset does not lead to the start"),
    (needs.address, _without("EmptyLink", js=("const toLink = link.toLink;", "const toLink = () => ({});")), "does not know its state"),
    (needs.address, _without("Silent", js=('view.note || model.get("notice") || ""', "view.note")), "does not say that a link does not fit"),
    (needs.refusals, _without("NoReason", js=("if (wrong) view.refuse(", "if (wrong) (() => {})(")), "does not say why"),
    (needs.refusals, _without("NoMark", js=('field.setAttribute("aria-invalid", "true");\n        waiting', "waiting")), "does not mark"),
    (needs.refusals, _without("TakesTooMuch", js=("wrong = !(value >= low && value <= high)", "wrong = !(value >= low)")), "takes '99999999999'"),
    (needs.accessible, _without("Pale", css=".ac-scaling .measured { color: #ccc }"), "light, 1280 wide: .*color-contrast"),
    (needs.accessible, _without("DarkInTheDark", css=".ac-scaling .measured { color: #444 }"), "dark, 1280 wide: .*color-contrast"),
    (needs.phone, _without("Wide", css=".ac-scaling .drawings { min-width: 25rem }"), "wider than 320"),
    (needs.asks_first, _without("Hasty", of=LettersToSounds, js=("  store.listeners.add(hear);", "  store.listeners.add(hear);\n  load(model);")), "loads before it is asked"),
    (needs.asks_first, _without("InThePage", of=LettersToSounds, fallback_html=lambda _: LettersToSounds.HEAVY.script()), "it is in the page"),
    (needs.asks_first, _without("PaleOffer", of=LettersToSounds, css=".ac-kit .heavy p { color: #bbb }"), "asleep, 1280 wide: .*color-contrast"),
    (needs.phone, _without("Small", css=".ac-scaling button.step { min-width: 0; width: 20px }"), "too small"),
]  # fmt: skip
