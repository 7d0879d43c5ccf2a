// A formula wider than the page scrolls in its box; a keyboard must be able to get there.
(() => {
  const boxes = () => {
    for (const box of document.querySelectorAll("div.math, .att-diagram")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", boxes);
  addEventListener("resize", boxes);
})();

// Opened by double click, a page may not read another one: search then lists titles without extracts.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
