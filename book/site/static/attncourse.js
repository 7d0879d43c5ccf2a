// What a page does by itself, on a screen, on paper and opened by double click.
(() => {
  const root = document.documentElement;
  const each = (selector, does) => document.querySelectorAll(selector).forEach(does);
  const PHONE = matchMedia("(max-width: 640px)");
  const SMALLEST = 11; // pixels: smaller letters in a drawing are not read

  // ---- boxes that scroll sideways: a keyboard gets there, and the edge fades where there is more ----

  const BOXES = "div.math, figure.att-figure, .pst-scrollable-table-container, .att-table, div.cell_output, .bd-article pre";
  const more = (box) => {
    const left = box.scrollLeft > 1;
    const right = box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
    box.dataset.more = `${left ? "left " : ""}${right ? "right" : ""}`.trim();
  };
  const watch = (box) => {
    if (!box.dataset.more) box.addEventListener("scroll", () => more(box), { passive: true });
    more(box);
    if (box.tabIndex < 0) box.tabIndex = 0;
  };
  const boxes = () => {
    each(BOXES, (box) => {
      if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible") watch(box);
      else if (box.dataset.more !== undefined) {
        delete box.dataset.more;
        box.removeAttribute("tabindex");
      }
    });
  };

  // ---- drawings keep their letters legible: rather scroll than shrink ----

  const drawings = () => {
    each("figure.att-figure svg", (svg) => {
      svg.style.removeProperty("min-width");
      const width = svg.getBoundingClientRect().width;
      const scale = svg.getScreenCTM()?.a ?? 1;
      let least = Infinity;
      svg.querySelectorAll("text, tspan").forEach((text) => {
        if (text.textContent.trim()) least = Math.min(least, parseFloat(getComputedStyle(text).fontSize) * scale);
      });
      if (width && least < SMALLEST) svg.style.minWidth = `${Math.ceil((width * SMALLEST) / least)}px`;
    });
  };

  // ---- tables of words: on a phone each row becomes a short list, its columns' names beside it ----

  const ROLES = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell", TH: "columnheader" };
  const wordy = (table) => {
    const rows = [...(table.tBodies[0]?.rows ?? [])];
    const head = table.tHead?.rows;
    if (head?.length !== 1 || head[0].cells.length < 3 || table.tBodies.length !== 1) return false;
    if (rows.some((row) => row.cells.length !== head[0].cells.length)) return false;
    if (table.querySelector("[rowspan], [colspan]")) return false;
    const cells = rows.flatMap((row) => [...row.cells]);
    return cells.some((cell) => cell.textContent.trim().length > 24 && cell.offsetHeight > 75);
  };
  const stack = (table) => {
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    // Drawn as blocks, a table would no longer be one for a reader who listens.
    [table, ...table.querySelectorAll("thead, tbody, tr, td, th")].forEach((part) => {
      part.setAttribute("role", part.matches("tbody th") ? "rowheader" : ROLES[part.tagName]);
    });
    for (const row of table.tBodies[0].rows)
      [...row.cells].forEach((cell, k) => {
        if (k && names[k]) cell.dataset.label = names[k];
      });
    table.classList.add("att-stacked");
  };
  const tables = () => {
    each("table.att-stacked", (table) => {
      if (PHONE.matches) return;
      table.classList.remove("att-stacked");
      [table, ...table.querySelectorAll("[role]")].forEach((part) => part.removeAttribute("role"));
    });
    // A widget lays its tables out itself.
    if (PHONE.matches) each(".bd-article table:not(.att-stacked, .ac-kit table)", (table) => wordy(table) && stack(table));
  };

  const arrange = () => {
    if (matchMedia("print").matches) return;
    drawings();
    tables();
    boxes();
  };
  addEventListener("load", arrange);
  addEventListener("resize", arrange);
  // A fold that opens shows boxes that had no width before.
  addEventListener("toggle", arrange, true);

  // ---- paper: light, with every answer open; afterwards all is as it was ----

  const CODE_FOLDS = "details.hide, .att-api > details";
  let before = null;
  const paper = (on) => {
    if (on === Boolean(before)) return;
    if (on) {
      before = { theme: root.dataset.theme, opened: [] };
      root.dataset.theme = "light";
      each(".bd-article details:not([open])", (fold) => {
        if (fold.matches(CODE_FOLDS)) return;
        fold.open = true;
        before.opened.push(fold);
      });
    } else {
      root.dataset.theme = before.theme;
      before.opened.forEach((fold) => (fold.open = false));
      before = null;
    }
  };
  const print = matchMedia("print");
  print.addEventListener("change", () => paper(print.matches));
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));

  // ---- search: each page's text is kept beside it, in a script that a page opened by double click may load ----

  const waiting = new Map();
  const texts = new Map();
  window.attncourseText = (page, chunks) => waiting.get(page)?.(chunks);
  const load = (page) =>
    new Promise((found) => {
      waiting.set(page, found);
      const script = document.createElement("script");
      script.src = `${root.dataset.content_root}_static/search/${page}.js`;
      script.onerror = () => found([]);
      document.head.append(script);
    });
  const textOf = (page) => texts.get(page) ?? texts.set(page, load(page)).get(page);
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  if (/\/search(\.html)?$/.test(location.pathname)) {
    // Sphinx would fetch each page that it found, which file:// refuses and a server answers with a megabyte.
    const fetched = window.fetch;
    window.fetch = async (address, ...rest) => {
      const page = String(address).match(/^(?:\.\/)?([\w/.-]+)\.html$/)?.[1];
      if (!page) return fetched(address, ...rest);
      // An address without words of its own, as two on one heading, takes those that follow.
      let following = "";
      const parts = (await textOf(page)).reduceRight((after, [id, text]) => {
        following = text || following;
        return `<div id="${id}">${escaped(id ? following : text)} </div>${after}`;
      }, "");
      return { text: async () => `<div role="main">${parts}</div>` };
    };
  }

  // ---- the words searched for: one switch, in sight wherever the page has scrolled to ----

  addEventListener("load", () => {
    const theirs = document.querySelector("#searchbox .highlight-link");
    if (!theirs) return;
    const button = document.createElement("button");
    const say = (shown) => {
      root.classList.toggle("att-plain", !shown);
      button.textContent = shown ? "Hide search matches" : "Show search matches";
    };
    button.type = "button";
    button.className = "att-matches";
    button.addEventListener("click", () => say(root.classList.contains("att-plain")));
    say(true);
    theirs.replaceWith(button);
    // Escape takes the marks away for good, as Sphinx has it.
    addEventListener("keydown", (event) => event.key === "Escape" && !document.querySelector(".highlighted") && button.remove());
  });
})();
