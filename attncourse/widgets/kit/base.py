"""What every widget of the course shares: one state, one front-end module, two homes.

With a kernel a widget is an :class:`anywidget.AnyWidget`. On a page without one, its HTML holds the
state as JSON, a table for readers without JavaScript, and a small mount that runs the same module.

A new widget takes one folder, ``attncourse/widgets/<name>/``, which the tests find by themselves:

``__init__.py``
    A subclass of :class:`CourseWidget`: a trait for each thing that can be set (:class:`State`,
    :class:`Look` or :class:`Setting`, each with a check from :mod:`attncourse.widgets.kit.checks`),
    ``_esm = module(…/widget.js)``, ``_css = style(…/widget.css)``, :meth:`~CourseWidget.compute`,
    :meth:`~CourseWidget.random` and :meth:`~CourseWidget.fallback_html`.
``numbers.js``
    The arithmetic without a page: ``compute(state)`` gives what the Python ``compute`` gives, under
    the same names.
``widget.js``
    ``export default { render }``, and it passes on ``compute``, ``toLink``, ``fromLink`` and
    ``toPython``, the call that makes a state. The kit's ``view.js`` brings undo, Reset, the link,
    the sentence and its live region, ``fields.js`` what is typed, pressed and slid, ``handles.js``
    points that move, ``cells.js`` a grid of cells, ``hull.js`` the rubber band around points,
    ``links.js`` the two link functions, ``words.js`` how numbers are written, ``sums.js`` sums and
    the softmax.
``widget.css``
    All of it below the widget's own class; colours are the tokens of ``kit.css``.

Data that would make a page slow is loaded when the reader asks: the class names it as ``HEAVY``
(:class:`~attncourse.widgets.kit.heavy.Heavy`), ``heavy.js`` loads it on a page and from a kernel,
and the front-end has a ``read(bytes)`` besides, whose result its ``compute(state, data)`` gets.
"""

import hashlib
import itertools
import json
import re
from collections.abc import Callable
from typing import Any, ClassVar, Self

import anywidget
import numpy as np
import traitlets

from attncourse.widgets.kit.heavy import Heavy
from attncourse.widgets.kit.html import alone

_COUNT = itertools.count(1)


class Setting(traitlets.TraitType):
    """A trait that the front-end reads and nobody changes there.

    ``check(name, value, *bounds)`` returns the clean value, or raises a ``ValueError`` that says
    what was expected and what came. A bound that is a function is asked for with the widget.
    """

    def __init__(self, check: Callable[..., Any], *bounds: Any, default: Any = None) -> None:
        super().__init__(default)
        self._check, self._bounds = check, bounds
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the clean value."""
        bounds = [bound(obj) if callable(bound) else bound for bound in self._bounds]
        try:
            return self._check(self.name, value, *bounds)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error


class Look(Setting):
    """What a reader looks at (a selected row): a link carries it; it makes no step to undo."""


class State(Setting):
    """What a reader changes: a link carries it, Reset restores it, undo steps through it."""


class CourseWidget(anywidget.AnyWidget):
    """An anywidget that also shows itself on a page without a kernel.

    Parameters
    ----------
    preset : str
        A state to begin with, one of :meth:`named_states`.
    name : str
        The widget's name in links to its state: lower-case letters, digits and hyphens. Two widgets
        of one page with the same name are told apart by a number.

    """

    #: Bounds that both sides hold: the front-end finds them in its state as ``limits``.
    LIMITS: ClassVar[dict[str, Any]] = {}
    #: What the front-end loads only when its reader asks for it.
    HEAVY: ClassVar[Heavy | None] = None

    name = traitlets.Unicode("widget").tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    presets = traitlets.Dict(read_only=True).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)
    limits = traitlets.Dict(read_only=True).tag(sync=True)
    heavy = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, *, preset: str = "", **traits: Any) -> None:
        super().__init__(**traits)
        self.set_trait("limits", dict(self.LIMITS))
        if self.HEAVY:
            self.set_trait("heavy", self.HEAVY.label)
            self.on_msg(self._hand_over)
        own = [key for key, trait in self.traits().items() if isinstance(trait, State)]
        self.set_trait("start", {key: getattr(self, key) for key in sorted(own)})
        self.set_trait("presets", self.named_states())
        self.preset = preset
        # Not random: building the book twice gives the same pages.
        state = json.dumps(self.page_state(), sort_keys=True)
        self._page_id = f"{hashlib.sha256(state.encode()).hexdigest()[:8]}-{next(_COUNT)}"

    @traitlets.validate("name")
    def _check_name(self, proposal: dict[str, Any]) -> str:
        name = proposal["value"]
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise traitlets.TraitError(
                "name: expected lower-case letters, digits and hyphens, starting with a letter "
                f"(it becomes part of a link), got {name!r}"
            )
        return name

    @traitlets.validate("preset")
    def _check_preset(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] and proposal["value"] not in self.presets:
            raise traitlets.TraitError(
                f"preset: expected one of {tuple(self.presets)}, or '' for none, "
                f"got {proposal['value']!r}"
            )
        return proposal["value"]

    @traitlets.observe("preset")
    def _apply_preset(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self._go({**self.start, **self.presets[change["new"]]})

    def reset(self) -> None:
        """Go back to the state that the widget was made with, before any preset."""
        self.preset = ""
        self._go(self.start)

    def _hand_over(self, _: Any, content: Any, buffers: Any) -> None:
        """Send the heavy data to a front-end that asks its kernel for it."""
        if self.HEAVY and content == {"heavy": self.HEAVY.file}:
            self.send(content, buffers=[self.HEAVY.data])

    def _go(self, state: dict[str, Any]) -> None:
        with self.hold_trait_notifications():
            for name, value in state.items():
                setattr(self, name, value)

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return the presets: for each name, what it changes of the start state."""
        return {}

    def compute(self) -> dict[str, Any]:
        """Return the numbers of the state, computed by :mod:`attncourse.reference`.

        Every widget has them: numbers and arrays under the names that ``compute(state)`` of its
        front-end gives them. A test holds the two equal over random states.
        """
        raise NotImplementedError(
            f"{type(self).__name__} needs compute(): its numbers by attncourse.reference, under "
            "the names that its front-end's compute(state) uses"
        )

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a widget in a random state, with anything in it that a reader can set."""
        raise NotImplementedError(
            f"{cls.__name__} needs random(rng): a widget in any state that a reader can reach, "
            "for the tests"
        )

    def fallback_html(self) -> str:
        """Return the state as HTML that needs no JavaScript. Every widget writes its own."""
        raise NotImplementedError(
            f"{type(self).__name__} needs fallback_html(): its numbers as a table"
        )

    def page_state(self) -> dict[str, Any]:
        """Return the state that the module reads: the synced traits of the widget itself."""
        own = self.traits(sync=True).keys() - anywidget.AnyWidget.class_traits().keys()
        return {key: getattr(self, key) for key in sorted(own) if not key.startswith("_")}

    def _repr_html_(self) -> str:
        without_javascript = self.fallback_html()
        return alone(
            {"id": self._page_id, "name": self.name, "state": self.page_state()},
            module=str(self.trait_values()["_esm"]),
            style=str(self.trait_values()["_css"]),
            without_javascript=without_javascript,
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": self._repr_html_()}, metadata
