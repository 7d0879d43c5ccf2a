// What a visit measures inside the page; tests/site/visit.py calls these. Each returns sentences, one a fault.
(() => {
  const article = () => document.querySelector("article.bd-article, .bd-search-container") ?? document.querySelector("main") ?? document.body;
  const name = (el) => `${el.tagName.toLowerCase()}${el.id ? "#" + el.id : ""}${[...el.classList].map((c) => "." + c).join("")}`;
  const hiding = (style) => style.clipPath !== "none" || style.clip !== "auto" || style.position === "absolute" && style.width === "1px";
  const unseen = (el) => {
    for (let up = el; up && up !== document.body; up = up.parentElement) {
      if (up.classList.contains("katex-mathml") || hiding(getComputedStyle(up))) return true;
    }
    return false;
  };
  const texts = function* (root) {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (walk.currentNode.data.trim()) yield walk.currentNode;
  };

  // Nothing sticks out; what is wider than its box scrolls, says so, and nothing else says so.
  const wide = () => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} px`);
    for (const el of article().querySelectorAll("*")) {
      if (el.closest("svg, .katex, select, input, textarea")) continue;
      const over = el.clientWidth && el.scrollWidth > el.clientWidth + 1;
      if (!over && el.dataset.more === undefined) continue;
      const style = getComputedStyle(el);
      const scrolls = ["auto", "scroll"].includes(style.overflowX);
      const cue = (el.dataset.more ?? "").includes("right") && style.maskImage !== "none";
      if (over && el.matches("figure.att-figure:not(.att-diagram)")) found.push(`${name(el)}: a plot is wider than the phone, ${el.scrollWidth} px in ${el.clientWidth}`);
      if (over && scrolls && !cue && !unseen(el)) found.push(`${name(el)} scrolls and does not show it`);
      if (over && ["hidden", "clip"].includes(style.overflowX) && !unseen(el)) found.push(`${name(el)} is cut: ${el.scrollWidth} px in ${el.clientWidth}`);
      if (!over && el.dataset.more !== undefined) found.push(`${name(el)} says that it scrolls and does not`);
    }
    return found;
  };

  const legible = (least) => {
    const found = [];
    for (const text of article().querySelectorAll("figure svg text")) {
      const svg = text.ownerSVGElement;
      if (!text.textContent.trim() || !svg.getBoundingClientRect().width) continue;
      const size = parseFloat(getComputedStyle(text).fontSize) * (svg.getScreenCTM()?.a ?? 1);
      if (size < least - 0.2) { found.push(`"${text.textContent.trim()}" in a drawing is ${size.toFixed(1)} px high`); break; }
    }
    return found;
  };

  const widgets = () => [...document.querySelectorAll(".ac-widget")]
    .filter((el) => el.querySelector(".ac-fallback") || !el.querySelector("svg, button, input, canvas"))
    .map(() => "a widget did not come to life");

  const light = (colour) => {
    const [r, g, b, a = 1] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map(Number);
    const scale = colour.startsWith("color(") ? 1 : 255;
    const linear = (v) => ((v /= scale) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 1 - a + a * (0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b));
  };

  // On paper: the title, dark words on white, answers open, nothing cut, code that breaks.
  const paper = () => {
    const found = [];
    const h1 = document.querySelector("article h1, main h1");
    if (!h1?.getBoundingClientRect().height) found.push("paper: the title is not printed");
    if (light(getComputedStyle(document.body).backgroundColor) < 0.9) found.push("paper: the page is dark");
    for (const fold of article().querySelectorAll("details:not([open])"))
      if (fold.getBoundingClientRect().height) found.push(`paper: a fold stays closed: ${fold.querySelector("summary")?.textContent.trim()}`);
    for (const gone of document.querySelectorAll(".bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .copybtn"))
      if (gone.getBoundingClientRect().height) { found.push(`paper: ${name(gone)} is printed`); break; }
    const seen = new Set();
    for (const text of texts(article())) {
      const el = text.parentElement;
      if (el.closest("svg, script, style, .ac-widget") || !el.getClientRects().length) continue;
      const style = getComputedStyle(el);
      if (!seen.has(style.color)) {
        seen.add(style.color);
        if (1.05 / (light(style.color) + 0.05) < 3.5) found.push(`paper: pale words in ${name(el)}: ${style.color}`);
      }
    }
    const range = document.createRange();
    for (const text of texts(article())) {
      range.selectNodeContents(text);
      const box = range.getBoundingClientRect();
      if (box.width && (box.right > innerWidth + 1 || box.left < -1) && !unseen(text.parentElement)) {
        found.push(`paper: cut at the edge: "${text.data.trim().slice(0, 40)}" in ${name(text.parentElement)}`);
        if (found.length > 8) break;
      }
    }
    for (const el of article().querySelectorAll("figure svg, img, .ac-widget"))
      if (el.getBoundingClientRect().right > innerWidth + 1) found.push(`paper: ${name(el)} is wider than the page`);
    for (const figure of article().querySelectorAll("figure"))
      if (figure.getBoundingClientRect().height > innerHeight) found.push(`paper: ${name(figure)} is taller than a sheet`);
    for (const pre of article().querySelectorAll("pre")) {
      for (let el = pre; el && el !== article(); el = el.parentElement) {
        const style = getComputedStyle(el);
        if (style.overflowY !== "visible") { found.push(`paper: ${name(el)} does not break over pages`); break; }
        if (style.breakInside !== "auto" && !el.matches(".att-claim, .predict, figure")) { found.push(`paper: ${name(el)} is kept on one page`); break; }
      }
      if (!getComputedStyle(pre).whiteSpace.startsWith("pre-wrap")) found.push("paper: the lines of code do not break");
    }
    return [...new Set(found)];
  };

  // Axe is slow where much is alike: words whose colours, size and background stand elsewhere already are
  // taken out while it runs, and then the letters' boxes of formulas, drawings and code that hold no word any more.
  let undo = [];
  const thin = () => {
    const seen = new Set();
    // What lies behind an element's words, asked once an element.
    const behind = new Map([[null, ""]]);
    const back = (el) => {
      if (!behind.has(el)) {
        const { backgroundColor, backgroundImage, opacity, filter, textShadow } = getComputedStyle(el);
        const own = [backgroundColor, backgroundImage, opacity, filter, textShadow].join();
        const rest = back(el.parentElement);
        behind.set(el, own === "rgba(0, 0, 0, 0),none,1,none,none" ? rest : `${own}|${rest}`);
      }
      return behind.get(el);
    };
    for (const text of texts(document.body)) {
      const el = text.parentElement;
      const style = getComputedStyle(el);
      const kind = el.closest("a, button, label, th, svg, [disabled], [aria-disabled]")?.tagName;
      const flat = [style.color, style.fill, style.fontSize, style.fontWeight, style.visibility, kind, back(el)].join("|");
      // A name that is only one word long would be lost: links, buttons and headings keep theirs.
      if (!seen.has(flat)) seen.add(flat);
      else if (!text.parentElement.closest("a, button, summary, label, h1, h2, h3, h4, th, caption, figcaption, legend, option, title, dt, pre, [role=heading], [role=button], [role=tab], [role=link], [role=dialog]")) {
        const was = text.data;
        undo.push(() => (text.data = was));
        text.data = "";
      }
    }
    for (const box of document.querySelectorAll(".katex, figure svg[role=img], div.highlight pre")) {
      const kept = [...box.childNodes];
      const words = box.textContent;
      if (box.matches(".katex") && box.querySelector(".katex-html")?.textContent.trim()) continue;
      undo.push(() => box.replaceChildren(...kept));
      if (box.matches("pre")) {
        // One word of each colour.
        const colours = new Map();
        box.querySelectorAll("span").forEach((span) => colours.set(getComputedStyle(span).color, span));
        box.replaceChildren(...[...colours.values()].flatMap((span) => [span.cloneNode(true), "\n"]), words.slice(0, 1));
      } else box.replaceChildren();
    }
    return document.querySelectorAll("*").length;
  };
  const restore = () => { undo.reverse().forEach((f) => f()); undo = []; };

  window.attVisit = { wide, legible, widgets, paper, thin, restore };
})();
