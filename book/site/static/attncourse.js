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
