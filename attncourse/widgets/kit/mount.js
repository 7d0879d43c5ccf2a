// Shows course widgets on a page that has no kernel: reads each state, gives the module a model.
(() => {
  const page = (window.attncourse ??= { models: new Map(), modules: new Map() });
  if (page.mount) {
    page.mount();
    return;
  }
  const once = (key) => document.querySelector(`script[data-ac-once="${CSS.escape(key)}"]`);
  // A blob, because file:// refuses to import a module from a file.
  const load = (key) => {
    if (!page.modules.has(key)) {
      const blob = new Blob([once(key).textContent], { type: "text/javascript" });
      page.modules.set(key, import(URL.createObjectURL(blob)));
    }
    return page.modules.get(key);
  };
  // #w.NAME.sPAYLOAD~NAME.sPAYLOAD stays a valid CSS selector, which page scripts try it as.
  const ascii = (text) => text.replace(/[^ -~]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));
  const pack = (data) => "s" + btoa(ascii(JSON.stringify(data))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const unpack = (text) => JSON.parse(atob(text.slice(1).replace(/-/g, "+").replace(/_/g, "/")));
  const entries = () => !location.hash.startsWith("#w.") ? new Map()
    : new Map(location.hash.slice(3).split("~").map((part) => part.split(".")));

  function makeModel(spec, module) {
    const state = {}, handlers = new Map();
    let first = "";
    const names = [...page.models.values()].map((other) => other.name);
    let name = spec.name;
    for (let n = 2; names.includes(name); n += 1) name = `${spec.name}-${n}`;
    const emit = (event) => [...(handlers.get(event) ?? [])].forEach((f) => f());
    const model = {
      name,
      get: (key) => state[key],
      set(key, value) {
        if (state[key] === value) return;
        state[key] = value;
        emit(`change:${key}`);
        emit("change");
      },
      on: (event, f) => void handlers.set(event, [...(handlers.get(event) ?? []), f]),
      off: (event, f) => void handlers.set(event, (handlers.get(event) ?? []).filter((g) => f && g !== f)),
      save_changes() {},
      /** Takes the state that a notebook left the widget in. */
      adopt(next) {
        Object.entries(structuredClone(next)).forEach(([key, value]) => model.set(key, value));
        first = JSON.stringify(module.toLink(state));
        emit("adopt");
      },
      /** What a link says of this widget: nothing while it is as it came, unless asked for. */
      entry: (always) => always || JSON.stringify(module.toLink(state)) !== first
        ? [`${name}.${pack(module.toLink(state))}`] : [],
      /** The page's address with the state of this widget and of every other one that was changed. */
      link() {
        const parts = [...page.models.values()].flatMap((other) => other.entry(other === model));
        history.replaceState(null, "", `#w.${parts.join("~")}`);
        return location.href;
      },
      /** Takes this widget's state out of the page's address, and leaves that of the others. */
      unlink() {
        if (!entries().has(name)) return;
        const others = [...entries()].filter(([other]) => other !== name).map((entry) => entry.join("."));
        history.replaceState(null, "", others.length ? `#w.${others.join("~")}` : location.href.split("#")[0]);
      },
      /** Takes the state from the page's address; a link that does not fit changes nothing. */
      restore() {
        if (!entries().has(name)) return false;
        try {
          const next = module.fromLink(unpack(entries().get(name)), state);
          Object.entries(next).forEach(([key, value]) => model.set(key, value));
          return true;
        } catch (error) {
          const why = error.message.startsWith("the link") ? error.message : "it cannot be read";
          model.set("notice", `This link does not fit the widget (${why}), so it shows its own state instead.`);
          return false;
        }
      },
    };
    return model;
  }

  async function show(el) {
    const spec = JSON.parse(el.querySelector("script[type='application/json']").textContent);
    const module = await load(spec.module);
    const fresh = !page.models.has(spec.id);
    if (fresh) page.models.set(spec.id, makeModel(spec, module));
    const model = page.models.get(spec.id);
    // As in a notebook, all views show what the last cell made of the widget.
    model.adopt(spec.state);
    const restored = model.restore() && fresh;
    el.replaceChildren();
    await module.default.render({ model, el });
    if (restored) el.scrollIntoView({ block: "center" });
  }
  page.mount = () => document.querySelectorAll(".ac-widget:not([data-ac-live])").forEach((el) => {
    el.dataset.acLive = "";
    show(el).catch((error) => console.error("attncourse widget:", error));
  });
  page.mount();
  document.addEventListener("DOMContentLoaded", page.mount);
  window.addEventListener("hashchange", () => page.models.forEach((model) => model.restore()));
})();
