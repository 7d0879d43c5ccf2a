// Renders formulas and diagrams for the build: one JSON request a line in, one JSON answer a line out.
//   {"kind": "formula", "text": "\\sqrt{d_k}", "display": false}  →  {"html": "…"}
//   {"kind": "diagram", "text": "graph LR …"}                     →  {"html": "<svg …>"}
// Whatever goes wrong comes back as {"error": "…"}.
import { createInterface } from "node:readline";

async function formula({ text, display }) {
  const { default: katex } = await import("katex");
  return katex.renderToString(text, { displayMode: display, throwOnError: true, strict: "ignore" });
}

async function diagram({ text }) {
  const { renderMermaidSVG } = await import("beautiful-mermaid");
  const svg = renderMermaidSVG(text, {
    bg: "var(--att-page)",
    fg: "var(--att-ink)",
    line: "var(--att-muted)",
    muted: "var(--att-muted)",
    accent: "var(--att-blue)",
    surface: "var(--att-raised)",
    border: "var(--att-rule)",
    font: "inherit",
    padding: 8,
    transparent: true,
  });
  // The page has its own fonts: no style sheet is fetched from somebody else's server.
  return svg.replace(/@import url\([^)]*\);?/g, "");
}

const kinds = { formula, diagram };
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = { html: await kinds[request.kind](request) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
