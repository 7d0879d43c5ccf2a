"""Data that is loaded when the reader asks: by double click, by a server, from a kernel; and damaged."""

from __future__ import annotations

import base64
import doctest
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from attncourse.widgets import CourseWidget, LettersToSounds, ScoreScaling
from attncourse.widgets.kit import Heavy, heavy
from tests.widgets.pages import load_heavy, settle, write_page

ROOT = Path(__file__).resolve().parents[2]
HEAVY = LettersToSounds.HEAVY


def awake(page, n=0) -> bool:
    return page.locator(".ac-kit").nth(n).get_by_label("Word", exact=True).is_visible()


def offer(page, n=0):
    return page.locator(".ac-kit").nth(n).locator(".heavy")


@pytest.fixture
def site(tmp_path):
    """A site: a page in a folder, its widgets' scripts where the build puts them."""
    folder = tmp_path / "book" / "06"
    folder.mkdir(parents=True)
    page = folder / "page.html"
    write_page(page, LettersToSounds(), LettersToSounds("write", name="other"))
    # As the site's pages say where its root is.
    page.write_text(
        page.read_text("utf8").replace("<html ", '<html data-content_root="../../" ', 1)
    )
    (folder / HEAVY.label["path"]).unlink()
    HEAVY.write(tmp_path)
    return tmp_path


def script(site: Path) -> Path:
    return site / HEAVY.label["path"]


def open_page(chromium_page, address, n=2, **options):
    page = chromium_page(**options)
    page.asked = []
    page.on("request", lambda r: page.asked.append(r.url) if "heavy" in r.url else None)
    page.goto(address)
    page.wait_for_function("n => document.querySelectorAll('.ac-kit').length === n", arg=n)
    settle(page)
    return page


@pytest.mark.parametrize("by", ["double click", "server"])
def test_one_press_wakes_every_widget_that_wants_the_same(site, serve, chromium_page, by):
    path = "book/06/page.html"
    address = (site / path).as_uri() if by == "double click" else f"{serve(site)}/{path}"
    page = open_page(chromium_page, address)
    page.wait_for_timeout(300)
    assert page.asked == []
    assert not awake(page, 0)
    assert not awake(page, 1)
    size = round(script(site).stat().st_size / 1000)
    assert offer(page).get_by_role("button").inner_text() == f"Load the model ({size} KB)"
    offer(page).get_by_role("button").click()
    page.wait_for_function("[...document.querySelectorAll('.heavy')].every((e) => e.hidden)")
    assert len(page.asked) == 1
    assert awake(page, 0)
    assert awake(page, 1)
    # Who pressed goes on typing; nobody else's focus is moved.
    page.wait_for_function("document.activeElement.ariaLabel === 'Word'")
    assert page.evaluate("document.querySelectorAll('.ac-kit')[0].contains(document.activeElement)")
    page.keyboard.press("End")
    page.keyboard.type("s")
    settle(page)
    assert "knights is said N AY T S" in page.locator(".sentence").first.inner_text()


def test_a_widget_that_comes_later_is_awake_at_once(site, chromium_page):
    page = open_page(chromium_page, (site / "book/06/page.html").as_uri())
    offer(page).get_by_role("button").click()
    page.wait_for_function("[...document.querySelectorAll('.heavy')].every((e) => e.hidden)")
    page.evaluate(
        """(html) => {
             document.querySelector('main').insertAdjacentHTML('beforeend', html);
             window.attncourse.mount(); }""",
        LettersToSounds("thumb", name="late")._repr_html_(),
    )
    page.wait_for_function("document.querySelectorAll('.ac-kit').length === 3")
    settle(page)
    assert awake(page, 2)
    assert len(page.asked) == 1


def spoilt(text: str, way: str) -> str:
    """A script as it may arrive when something went wrong."""
    data = bytearray(HEAVY.data)
    if way == "a bit":
        data[200_000] ^= 4
    elif way == "cut":
        data = data[:-100]
    elif way == "cut script":
        return text[:-1000]
    elif way == "another's":
        return text.replace(HEAVY.file, "another.js")
    elif way == "no base64":
        return text.replace('","', '","*', 1)
    return text.replace(base64.b64encode(HEAVY.data).decode(), base64.b64encode(data).decode())


@pytest.mark.parametrize("way", ["a bit", "cut", "cut script", "another's", "no base64"])
def test_what_came_damaged_is_refused_and_may_be_tried_again(site, serve, chromium_page, way):
    good = script(site).read_text()
    script(site).write_text(spoilt(good, way))
    assert script(site).read_text() != good
    page = open_page(chromium_page, f"{serve(site)}/book/06/page.html")
    offer(page).get_by_role("button").press("Enter")
    page.wait_for_function(
        "/could not be loaded/.test(document.querySelector('.heavy').textContent)"
    )
    said = "The model could not be loaded: it came damaged."
    assert offer(page, 0).locator("p").inner_text() == said
    assert offer(page, 1).locator("p").inner_text() == said
    assert page.locator(".remark").first.inner_text() == said
    assert not awake(page)
    page.problems.clear()  # a script that is cut is an error of its own
    script(site).write_text(good)
    offer(page).get_by_role("button", name="Try again").press("Enter")
    page.wait_for_function("[...document.querySelectorAll('.heavy')].every((e) => e.hidden)")
    assert awake(page)
    # Asked for under another address, since a browser keeps what it has of the first.
    assert page.asked[0] != page.asked[1]
    assert page.locator(".remark").first.inner_text() == "The model is loaded."


@pytest.mark.parametrize("by", ["double click", "server"])
def test_a_missing_file_is_named(site, serve, chromium_page, by):
    script(site).unlink()
    path = "book/06/page.html"
    address = (site / path).as_uri() if by == "double click" else f"{serve(site)}/{path}"
    page = open_page(chromium_page, address)
    offer(page).get_by_role("button").press("Enter")
    page.wait_for_function(
        "/could not be loaded/.test(document.querySelector('.heavy').textContent)"
    )
    said = f"The model could not be loaded: its file, {HEAVY.label['path']}, is not there."
    assert offer(page).locator("p").inner_text() == said
    page.wait_for_function(
        "said => document.querySelector('[aria-live]').textContent.endsWith(said)", arg=said
    )
    page.problems.clear()
    HEAVY.write(site)
    load_heavy(page)
    assert awake(page)


# With a kernel. tests/widgets/test_jupyterlab.py has a real one.

KERNEL = """([text, state, answer]) => {
  const handlers = {};
  window.asked = [];
  const model = {
    get: (key) => state[key], set: (key, value) => { state[key] = value; }, save_changes() {},
    on: (event, f) => { (handlers[event] ??= new Set()).add(f); }, off: (event, f) => handlers[event]?.delete(f),
    send(content) {
      window.asked.push(content);
      const bytes = Uint8Array.from(atob(answer ?? ''), (c) => c.charCodeAt(0));
      // A view in the middle of something longer, as a message from a kernel is.
      const longer = new Uint8Array(bytes.length + 13);
      longer.set(bytes, 11);
      if (answer !== null) setTimeout(() => {
        for (const f of handlers['msg:custom'] ?? []) f({ heavy: 'of-another-widget.js' }, []);
        for (const f of handlers['msg:custom'] ?? []) f(content, [new DataView(longer.buffer, 11, bytes.length)]);
      }, 0);
    },
  };
  window.left = () => handlers['msg:custom']?.size ?? 0;
  return import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })))
    .then((module) => module.default.render({ model, el: document.querySelector('main') })).then((stop) => { window.stop = stop; });
}"""


def with_kernel(chromium_page, answer):
    page = chromium_page("about:blank")
    page.set_content(f"<main></main><style>{LettersToSounds._css}</style>")
    widget = LettersToSounds()
    page.evaluate(KERNEL, [str(widget._esm), widget.page_state(), answer])
    return page


def test_a_kernel_sends_the_bytes(chromium_page):
    page = with_kernel(chromium_page, base64.b64encode(HEAVY.data).decode())
    settle(page)
    assert page.evaluate("asked") == []
    # Bytes, a quarter fewer than in a script.
    size = round(len(HEAVY.data) / 1000)
    assert offer(page).get_by_role("button").inner_text() == f"Load the model ({size} KB)"
    load_heavy(page)
    assert awake(page)
    assert page.evaluate("asked") == [{"heavy": HEAVY.file}]
    assert page.evaluate("left()") == 0
    page.get_by_label("Word", exact=True).fill("thumb")
    settle(page)
    assert page.locator(".sentence").inner_text().startswith("thumb is said TH AH M.")
    page.evaluate("stop()")


def test_a_kernel_that_sends_something_else_is_refused(chromium_page):
    page = with_kernel(chromium_page, base64.b64encode(HEAVY.data[:-1]).decode())
    offer(page).get_by_role("button").press("Enter")
    page.wait_for_function("/it came damaged/.test(document.querySelector('.heavy').textContent)")
    assert not awake(page)


def test_a_kernel_that_is_away_is_not_waited_for_without_end(chromium_page):
    page = chromium_page("about:blank")
    page.clock.install()
    page.set_content("<main></main>")
    widget = LettersToSounds()
    page.evaluate(KERNEL, [str(widget._esm), widget.page_state(), None])
    page.clock.run_for(1000)
    offer(page).get_by_role("button").press("Enter")
    page.clock.run_for(1000)
    button = offer(page).get_by_role("button")
    assert button.inner_text() == "Loading …"
    assert button.get_attribute("aria-disabled") == "true"
    page.clock.run_for(61_000)
    said = offer(page).locator("p").inner_text()
    assert said == "The model could not be loaded: the kernel does not answer; run the cell again."
    assert page.evaluate("left()") == 0


# In Python


def test_a_widget_hands_over_what_it_has_and_nothing_else(monkeypatch):
    sent = []
    widget = LettersToSounds()
    monkeypatch.setattr(widget, "send", lambda content, buffers: sent.append((content, buffers)))
    for content in ({"heavy": "other.js"}, {"heavy": None}, {}, None, "x", {"id": 1, "kind": "x"}):
        widget._handle_custom_msg(content, [])
    assert sent == []
    widget._handle_custom_msg({"heavy": HEAVY.file}, [])
    assert sent == [({"heavy": HEAVY.file}, [HEAVY.data])]
    assert widget.heavy == HEAVY.label
    assert widget.heavy["crc"] == zlib.crc32(HEAVY.data)
    assert ScoreScaling().heavy == {}


def test_the_name_changes_with_the_bytes():
    names = {Heavy("n", "it", lambda b=b: b).file for b in (b"one", b"two")}
    assert len(names) == 2
    assert Heavy("n", "it", lambda: b"one").file in names
    failed, tried = doctest.testmod(heavy)
    assert (failed, tried > 2) == (0, True)


def test_the_site_has_the_scripts_and_none_of_yesterday(tmp_path, monkeypatch):
    for folder in ("", "extensions"):
        monkeypatch.syspath_prepend(ROOT / "book" / "site" / folder)
    from attsite import heavy as extension

    html = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(name="html"))
    old = tmp_path / heavy.FOLDER / "letters_to_sounds-000000000000.js"
    old.parent.mkdir(parents=True)
    old.touch()
    extension.write(html, ValueError("the build failed"))
    assert old.exists()
    extension.write(html, None)
    assert {path.name for path in old.parent.iterdir()} == {it.file for it in extension.known()}
    assert script(tmp_path).name in {path.name for path in old.parent.iterdir()}
    assert script(tmp_path).read_text() == HEAVY.script()
    other = tmp_path / "other"
    extension.write(SimpleNamespace(outdir=other, builder=SimpleNamespace(name="latex")), None)
    assert not other.exists()

    class Deeper(LettersToSounds):
        HEAVY = Heavy("deeper", "it", lambda: b"deep")

    assert {found.name for found in extension.known()} >= {"deeper", "letters_to_sounds"}
    assert all(isinstance(found, Heavy) for found in extension.known(CourseWidget))
