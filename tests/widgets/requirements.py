"""What every widget of the course must do, as plain functions that raise where one does not.

Each takes a class and a ``visit``, which opens pages. ``test_every_widget.py`` runs all of them over
all widgets, and each over a widget that lacks just what it asks for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import traitlets

import attncourse.widgets
from attncourse.widgets import CourseWidget, share_once
from attncourse.widgets.kit import Look, State
from tests.browser import axe
from tests.widgets.pages import load_heavy, write_page

STATES = 200
TOLERANCE = 1e-6

# What a widget's model holds, and what a reader can put the focus on, by the page itself.
PAGE = """
window.kit = {
  models: () => [...window.attncourse.models.values()],
  /** What a link would say of a widget, which is its state. */
  packed: (n = 0) => kit.models()[n].entry(true)[0],
  /** The part of it that Reset restores. */
  state: (n = 0) => JSON.stringify(Object.keys(kit.models()[n].get('start')).map((name) => kit.models()[n].get(name))),
  root: (n = 0) => document.querySelectorAll('.ac-widget > *')[n],
  seen: (e) => e.checkVisibility({ visibilityProperty: true }),
  controls: () => [...kit.root().querySelectorAll('button, input, select, textarea, a[href], [tabindex]')]
    .filter((e) => kit.seen(e) && !e.disabled),
  name(e) {
    const labels = [...(e.labels ?? [])].map((label) => label.textContent.trim()).join(' ');
    return e.getAttribute('aria-label') || labels || e.textContent.trim();
  },
  say: (e) => `${e.localName}${e.type ? '[' + e.type + ']' : ''} ${kit.name(e) || e.outerHTML.slice(0, 80)}`,
  rest: () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
};
"""


def own_traits(widget: CourseWidget, *kinds: type) -> list[str]:
    return [name for name, trait in widget.traits().items() if isinstance(trait, kinds)]


# Without a browser


def parts(kind: type[CourseWidget], visit=None) -> None:
    """It has its numbers, a random state and a table, and its front-end cannot break a page."""
    widget = kind()
    assert own_traits(widget, State), (
        f"{kind.__name__}: has no State, so a reader can change nothing"
    )
    assert widget.compute(), f"{kind.__name__}: compute() gives nothing"
    for seed in range(5):
        assert isinstance(kind.random(np.random.default_rng(seed)), kind)
    fallback = widget.fallback_html()
    for needed in ("<table", "<caption", 'scope="col"', 'scope="row"'):
        assert needed in fallback, f"{kind.__name__}: fallback_html() has no {needed}"
    assert re.search(r">\s*\(?[−-]?\d", fallback), f"{kind.__name__}: its table has no numbers"
    module, style = str(kind._esm), str(kind._css)
    assert not re.search(r"</(script|style)|<!--", module + style), (
        f"{kind.__name__}: its front-end would end its own element"
    )
    assert "http" not in (module + style).replace("http://www.w3.org/2000/svg", ""), (
        f"{kind.__name__}: its front-end has an address; nothing is fetched"
    )


def exported(kind: type[CourseWidget], visit=None) -> None:
    """`from attncourse.widgets import` gives it, and its docstring has an example."""
    assert kind.__name__ in attncourse.widgets.__all__, f"{kind.__name__}: is not exported"
    assert ">>> " in (kind.__doc__ or ""), f"{kind.__name__}: has no example"


def readable_errors(kind: type[CourseWidget], visit=None) -> None:
    """Nonsense for any trait is refused, by a sentence with its name, what was expected and came."""
    widget = kind()
    for name in own_traits(widget, State, Look):
        before = widget.page_state()
        for nonsense in ("∅ n0nsense", float("nan"), [[]], object()):
            said = ""
            try:
                setattr(widget, name, nonsense)
            except traitlets.TraitError as error:
                said = str(error)
            assert said, f"{kind.__name__}: {name} takes {nonsense!r}"
            assert re.match(rf"{name}: expected .*", said), f"{name}: says only {said}"
        assert widget.page_state() == before


# In a browser, the module alone


def _ask(page, function: str, given):
    """What a function of the page makes of something; as text, which is fifty times faster."""
    return json.loads(
        page.evaluate(f"text => JSON.stringify(({function})(JSON.parse(text)))", json.dumps(given))
    )


def numbers(kind: type[CourseWidget], visit) -> None:
    """The front-end's numbers are those of NumPy, over random states."""
    rng = np.random.default_rng(0)
    page = visit.module(kind)
    assert page.evaluate("typeof widget.compute") == "function", (
        f"{kind.__name__}: widget.js passes on no compute(state)"
    )
    for _ in range(0, STATES, 25):
        some = [kind.random(rng) for _ in range(25)]
        found = _ask(
            page,
            "states => states.map((state) => widget.compute(state, window.data))",
            [w.page_state() for w in some],
        )
        for widget, got in zip(some, found, strict=True):
            expected = widget.compute()
            assert expected, f"{kind.__name__}: compute() gives nothing to compare"
            for name, value in expected.items():
                assert name in got, f"{kind.__name__}: the front-end's compute() has no {name!r}"
                np.testing.assert_allclose(
                    np.array(got[name], dtype=float), value, rtol=TOLERANCE, atol=TOLERANCE,
                    err_msg=f"{kind.__name__}: {name}",
                )  # fmt: skip


def links(kind: type[CourseWidget], visit) -> None:
    """A link carries the whole state; whatever else it may say is refused, or fits in Python too."""
    rng = np.random.default_rng(1)
    page = visit.module(kind)
    for _ in range(10):
        widget = kind.random(rng)
        own, names = widget.page_state(), own_traits(widget, State, Look)
        link = _ask(page, "state => widget.toLink(window.state = state)", own)
        broken = [link, *_broken(link, rng)]
        found = _ask(
            page,
            """links => links.map((link) => {
                 try { return widget.fromLink(link, state); } catch (error) { return String(error.message); } })""",
            broken,
        )
        for name in names:
            assert found[0].get(name) == own[name], f"{kind.__name__}: a link loses {name}"
        for given, state in zip(broken, found, strict=True):
            if isinstance(state, str):
                assert state.startswith("the link "), f"{kind.__name__}: a bad link says {state!r}"
                continue
            for name in names:
                assert name in state, f"{kind.__name__}: fromLink gives no {name}"
                try:
                    setattr(widget, name, state[name])
                except traitlets.TraitError as error:
                    raise AssertionError(
                        f"{kind.__name__}: fromLink takes {name} from {json.dumps(given)[:200]}, "
                        f"Python does not: {error}"
                    ) from None


def _broken(link: dict, rng: np.random.Generator) -> list:
    """A link with one entry replaced by something else, or missing; and links of another kind."""
    junk = [None, True, -1, 0.5, 1e99, "", "x", "constructor", [], [[]], {}, [None], [["1", "2"]]]
    found = [None, 7, "text", [], {}]
    for name, value in link.items():
        found.append({key: other for key, other in link.items() if key != name})
        found += [{**link, name: junk[at]} for at in rng.permutation(len(junk))[:6]]
        if isinstance(value, list) and value:
            found += [{**link, name: value[1:]}, {**link, name: [*value, value[0]]}]
            if isinstance(value[0], list) and value[0]:
                for wrong in (1e99, "x", None, -1):
                    found.append({**link, name: [[wrong, *value[0][1:]], *value[1:]]})
    return found


def code(kind: type[CourseWidget], visit) -> None:
    """The Python call that "Copy code" gives makes the same state."""
    rng = np.random.default_rng(2)
    page = visit.module(kind)
    assert page.evaluate("typeof widget.toPython") == "function", (
        f"{kind.__name__}: widget.js passes on no toPython(state)"
    )
    for _ in range(20):
        widget = kind.random(rng)
        call = _ask(page, "state => widget.toPython(state)", widget.page_state())
        made = eval(
            call, {name: getattr(attncourse.widgets, name) for name in attncourse.widgets.__all__}
        )
        for name in own_traits(widget, State, Look):
            assert getattr(made, name) == getattr(widget, name), f"{call} has another {name}"


# On a page


def keyboard(kind: type[CourseWidget], visit) -> None:
    """Every control has a name, is reached by Tab (or arrows in a group) and works by keys."""
    page = visit.page(kind())
    faults = page.evaluate(
        """() => kit.controls().flatMap((e) => [
             kit.name(e) ? '' : `${kit.say(e)}: has no name`,
             e.dataset.lmSuppressShortcuts ? '' : `${kit.say(e)}: JupyterLab takes its keys (data-lm-suppress-shortcuts)`,
           ]).filter(Boolean)"""
    )
    assert not faults, f"{kind.__name__}: {faults}"
    loose = page.evaluate(
        """() => [...kit.root().querySelectorAll('*')].filter((e) => kit.seen(e)
             && ['pointer', 'grab'].includes(getComputedStyle(e).cursor) && !e.disabled
             && !e.closest('button, input, select, label, a[href], [tabindex]')).map(kit.say)"""
    )
    assert not loose, f"{kind.__name__}: only a pointer gets at {loose}"
    # By Tab through the whole widget. Of a group of radios or a grid, one is a stop.
    page.evaluate(
        """() => { document.querySelectorAll('[data-walk]').forEach((e) => delete e.dataset.walk);
             const whole = kit.root().closest('.ac-widget');
             whole.insertAdjacentHTML('beforebegin', '<button id=before>before</button>');
             whole.insertAdjacentHTML('afterend', '<button id=after>after</button>');
             document.querySelector('#before').focus(); }"""
    )
    for _ in range(page.evaluate("kit.controls().length") + 2):
        page.keyboard.press("Tab")
        if page.evaluate(
            "document.activeElement.dataset.walk = 1, document.activeElement.id === 'after'"
        ):
            break
    missed = page.evaluate(
        """() => { document.querySelector('#before').remove(); document.querySelector('#after').remove();
             const near = (e) => e.type === 'radio'
               ? kit.controls().some((o) => o.name === e.name && o.dataset.walk)
               : e.closest('table, [role=grid], [role=radiogroup], [role=tablist]')?.querySelector('[data-walk]') && e.tabIndex === -1;
             return kit.controls().filter((e) => !e.dataset.walk && !near(e)).map(kit.say); }"""
    )
    assert not missed, f"{kind.__name__}: Tab does not reach {missed}"
    # Native controls work by themselves; what a page makes of other elements must listen to keys.
    count = page.evaluate(
        "() => (kit.made = kit.controls().filter((e) => !e.matches('button, input, select, textarea, a'))).length"
    )
    for n in range(count):
        said = page.evaluate("n => kit.say(kit.made[n])", n)
        page.evaluate("n => kit.made[n].focus()", n)
        page.evaluate("kit.rest()")
        before = page.evaluate("kit.packed()")
        for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "Enter"):
            page.keyboard.press(key)
            page.evaluate("kit.rest()")
            if page.evaluate("kit.packed()") != before:
                break
        else:
            raise AssertionError(f"{kind.__name__}: {said} does not work by keys")


def way_back(kind: type[CourseWidget], visit) -> None:
    """Undo and redo by keys and by buttons; Reset goes to the start and out of the address."""
    page = visit.page(kind(name="first"), kind(name="other"))
    for name in ("Undo", "Redo", "Reset"):
        assert page.evaluate("name => kit.controls().some((e) => kit.name(e) === name)", name), (
            f"{kind.__name__}: has no button {name}"
        )

    def press(name, times=1):
        page.evaluate(
            """async ([name, times]) => {
                 for (let n = 0; n < times; n += 1) {
                   kit.controls().find((e) => kit.name(e) === name).click();
                   await kit.rest();
                 } }""",
            [name, times],
        )

    def state():
        return page.evaluate("() => kit.rest().then(() => kit.state())")

    start = state()
    history, tried = (
        [start],
        page.evaluate(
            "() => (kit.tried = kit.controls().filter((e) => e.matches('input[type=range], [role=slider]'))).length"
        ),
    )
    for n in range(tried):
        page.evaluate("n => kit.tried[n].focus()", n)
        before = state()
        for key in ("ArrowLeft", "ArrowRight"):
            page.keyboard.press(key)
            if (after := state()) != before:
                history.append(after)
                break
    assert len(history) > 1, f"{kind.__name__}: no slider or point of it changes its state"
    last = history[-1]
    page.keyboard.press("Control+z")
    assert state() != last, f"{kind.__name__}: Ctrl+Z takes nothing back"
    page.keyboard.press("Control+Shift+z")
    assert state() == last, f"{kind.__name__}: Ctrl+Shift+Z does not bring it again"
    press("Undo", 2 * len(history))
    assert state() == start, f"{kind.__name__}: Undo does not lead to the start"
    assert page.evaluate("document.activeElement !== document.body"), "Undo loses the focus"
    press("Redo", 2 * len(history))
    assert state() == last, f"{kind.__name__}: Redo does not lead to the last state"
    # The address: copied for both, taken back for one.
    page.evaluate("() => kit.models().forEach((model) => model.link())")
    page.evaluate("() => kit.models()[1].link()")
    assert "first." in page.url, page.url
    assert "other." in page.url, page.url
    press("Reset")
    assert state() == start, f"{kind.__name__}: Reset does not lead to the start"
    assert "first." not in page.url, f"{kind.__name__}: Reset leaves the link {page.url}"
    assert "other." in page.url, f"{kind.__name__}: Reset takes the link of another widget"
    press("Undo")
    assert state() == last, f"{kind.__name__}: Reset cannot be undone"


def address(kind: type[CourseWidget], visit) -> None:
    """A link gives its state to a fresh page; one that does not fit changes nothing and says so."""
    page = visit.page(kind())
    start = page.evaluate("kit.packed()")
    rng = np.random.default_rng(3)
    other = kind()
    for name in own_traits(other, State):  # one thing changed that fits a widget of this size
        for _ in range(30):
            try:
                setattr(other, name, getattr(kind.random(rng), name))
            except traitlets.TraitError:
                continue
            if other.page_state()[name] != kind().page_state()[name]:
                break
    url = page.url.split("#")[0]
    there = visit.page(other)
    wanted = there.evaluate("kit.packed()")
    assert wanted != start, f"{kind.__name__}: its link does not know its state"
    link = there.evaluate("() => kit.models()[0].link()").split("#")[1]
    fresh = visit.page(kind(), fragment=link)
    assert (given := fresh.evaluate("kit.packed()")) == wanted, (
        f"{kind.__name__}: on a page of the same widget, the link to {wanted} gives {given}. Lists "
        "keep the length that the widget was made with: does a State take another one?"
    )
    assert "does not fit" not in fresh.locator("body").inner_text()
    name = link.split(".")[1]
    for garbage in ("sAAAA", "sbnVsbA", "se30", ""):
        bad = visit.page(kind(), fragment=f"w.{name}.{garbage}")
        assert bad.evaluate("kit.packed()") == start, f"{kind.__name__}: takes the link {garbage!r}"
        assert "does not fit" in bad.locator("body").inner_text(), (
            f"{kind.__name__}: does not say that a link does not fit"
        )
    assert url


def refusals(kind: type[CourseWidget], visit) -> None:
    """A number that is not allowed is marked, changes nothing, and what is allowed is said."""
    page = visit.page(kind())
    count = page.evaluate(
        "() => (kit.fields = kit.controls().filter((e) => e.matches('input[type=number]'))).length"
    )
    for n in range(count):
        said = f"{kind.__name__}: {page.evaluate('n => kit.say(kit.fields[n])', n)}"
        before = page.evaluate("kit.packed()")
        field = page.evaluate_handle("n => kit.fields[n]", n).as_element()
        old = field.input_value()
        for text in ("99999999999", ""):
            field.focus()
            field.fill(text)
            page.evaluate("kit.rest()")
            assert page.evaluate("kit.packed()") == before, f"{said} takes {text!r}"
            assert field.get_attribute("aria-invalid") == "true", f"{said} does not mark {text!r}"
            page.evaluate("() => { document.activeElement.blur(); return kit.rest(); }")
            assert re.search(
                r"takes a .*number from .* to ", page.locator(".remark").inner_text()
            ), f"{said} does not say why it refuses {text!r}"
            assert field.input_value() == old, f"{said} does not show its number again"
            assert field.get_attribute("aria-invalid") is None, f"{said} stays marked"
        page.wait_for_function(
            "() => /takes a .*number from/.test(kit.root().querySelector('[aria-live]').textContent)"
        )


def accessible(kind: type[CourseWidget], visit) -> None:
    """Axe finds nothing: light and dark, desk and phone, with JavaScript and without."""
    page = visit.page(kind(), kind.random(np.random.default_rng(4)), reduced_motion="reduce")
    for dark in (False, True):
        for width in (1280, 390):
            _dress(page, dark, width)
            found = axe(page)
            assert not found, (
                f"{kind.__name__}, {'dark' if dark else 'light'}, {width} wide: {found}"
            )
    page.evaluate(
        "html => { document.querySelector('main').innerHTML = '<h1>Table</h1>' + html; }",
        kind().fallback_html(),
    )
    found = axe(page)
    assert not found, f"{kind.__name__}, its table: {found}"
    tables = page.locator("main table")
    assert tables.count(), f"{kind.__name__}: no table without JavaScript"


def phone(kind: type[CourseWidget], visit) -> None:
    """Nothing is wider than a phone, and what is touched is large enough."""
    page = visit.page(kind(), kind.random(np.random.default_rng(5)), phone=True)
    for width in (320, 390, 700):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate(
            """() => [...document.querySelectorAll('.ac-widget *')].filter((e) => kit.seen(e) && !e.closest('svg')
                 && !e.closest('.unseen') && (e.getBoundingClientRect().right > innerWidth + 0.5
                 || (e.matches('table, div, figure') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)))
                 .map((e) => `${e.localName}.${e.className}`)"""
        )
        assert not wide, f"{kind.__name__}: wider than {width} pixels: {wide}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """() => kit.controls().map((e) => [kit.say(e), (e.querySelector('.reach') ?? e).getBoundingClientRect()])
             .filter(([, box]) => Math.min(box.width, box.height) < 24).map(([what]) => what)"""
    )
    assert not small, f"{kind.__name__}: too small for a finger: {small}"


def asks_first(kind: type[CourseWidget], visit) -> None:
    """What is heavy is no part of a page, and comes when it is asked for; until then all is well."""
    if not kind.HEAVY:
        return
    assert len(kind()._repr_html_()) < len(kind.HEAVY.data), f"{kind.__name__}: it is in the page"
    page = visit.page(kind(), kind(name="other"), asleep=True, reduced_motion="reduce")
    page.wait_for_timeout(300)
    assert page.locator(".ac-kit .heavy .load").filter(visible=True).count() == 2, (
        f"{kind.__name__}: loads before it is asked, or offers nothing"
    )
    for dark in (False, True):
        for width in (1280, 390):
            _dress(page, dark, width)
            found = axe(page)
            assert not found, f"{kind.__name__}, asleep, {width} wide: {found}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    before = [page.evaluate("n => kit.packed(n)", n) for n in range(2)]
    load_heavy(page)
    assert not page.locator(".ac-kit .heavy").filter(visible=True).count()
    assert [page.evaluate("n => kit.packed(n)", n) for n in range(2)] == before, (
        f"{kind.__name__}: loading changes its state"
    )


def _dress(page, dark: bool, width: int) -> None:
    """Show a page in the dark or in the light, wide or narrow."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate(
        """dark => { document.documentElement.dataset.theme = dark ? 'dark' : 'light';
             document.body.style.cssText = dark ? 'background: #121212; color: #eee' : 'background: #fff; color: #111';
             return kit.rest(); }""",
        dark,
    )


def rebuilt(kind: type[CourseWidget], visit=None) -> None:
    """Its page is the same when built again, complete alone, and shares what another has."""
    first, second = (re.sub(r'-\d+"', '"', kind()._repr_html_()) for _ in range(2))
    assert first == second, f"{kind.__name__}: another page when built again"
    both = share_once("\n".join([kind()._repr_html_(), kind()._repr_html_()]))
    assert both.count("export default") == 1
    assert both.count('class="ac-widget"') == 2


ALL = [parts, exported, readable_errors, rebuilt, numbers, links, code, keyboard, way_back, address,
       refusals, accessible, phone, asks_first]  # fmt: skip


class Visit:
    """Opens pages in one browser window and keeps it for the next; notes what the console says."""

    def __init__(self, chromium_page, folder: Path):
        self._open, self._folder, self._pages = chromium_page, folder, {}

    def _page(self, **options):
        key = tuple(sorted(options.items()))
        if key not in self._pages:
            self._pages[key] = self._open("about:blank", **options)
            self._pages[key].add_init_script(PAGE)
        return self._pages[key]

    def pages(self):
        return list(self._pages.values())

    def module(self, kind: type[CourseWidget]):
        """A page on which `widget` is the front-end module of a class."""
        page = self._page()
        page.goto("about:blank")
        page.evaluate(
            """async (text) => {
                 window.widget = await import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
               }""",
            str(kind._esm),
        )
        if kind.HEAVY:
            # The very script that a site has, and what the front-end makes of its bytes.
            page.evaluate("window.attncourseHeavy = (file, text) => { window.text = text; }")
            page.add_script_tag(content=kind.HEAVY.script())
            page.evaluate(
                "() => { window.data = widget.read(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))); }"
            )
        return page

    def page(self, *widgets: CourseWidget, fragment: str = "", asleep: bool = False, **options):
        """A page with widgets on it that live, in a state of their own or that of a link.

        What is loaded when asked for is asked for, unless they are to stay asleep.
        """
        page = self._page(**options)
        page.set_viewport_size(
            {"width": 390, "height": 844}
            if options.get("phone")
            else {"width": 1280, "height": 900}
        )
        address = write_page(self._folder / "page.html", *widgets)
        page.goto("about:blank")
        page.goto(f"{address}#{fragment}" if fragment else address)
        page.wait_for_function(
            "n => document.querySelectorAll('.ac-widget [aria-live]').length === n",
            arg=len(widgets),
        )
        page.evaluate("kit.rest()")
        if not asleep:
            load_heavy(page)
        return page
