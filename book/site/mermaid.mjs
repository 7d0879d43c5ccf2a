// Draws one diagram: Mermaid's text on standard input, SVG on standard output.
import { readFileSync } from "node:fs";
import { renderMermaidSVG } from "beautiful-mermaid";

const svg = renderMermaidSVG(readFileSync(0, "utf8"), {
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
// The page has its own fonts; a style sheet of somebody else's server is not fetched.
process.stdout.write(svg.replace(/@import url\([^)]*\);?/g, ""));
