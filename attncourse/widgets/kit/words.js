// How numbers and lists are written.

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
export const subscript = (n) => [...String(n)].map((digit) => SUBSCRIPTS[digit]).join("");

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
export const superscript = (n) => [...String(n)].map((digit) => SUPERSCRIPTS[digit]).join("");

/** A number with a true minus sign and no negative zero. */
export function fixed(x, digits = 2) {
  const text = x.toFixed(digits);
  return (Number(text) === 0 ? (0).toFixed(digits) : text).replace("-", "−");
}

/** A number with as many digits as it was given: a bound in a sentence. */
export const plain = (x) => String(x).replace("-", "−");

export const pair = (point) => `(${fixed(point[0])}, ${fixed(point[1])})`;

/** A share in per cent; only all of it is 100. */
export const percent = (w) => (w > 0.99 && w < 1 ? `${fixed(Math.floor(w * 1000) / 10, 1)} %` : `${Math.round(w * 100)} %`);

export const capital = (text) => text[0].toUpperCase() + text.slice(1);

export const listed = (items) => (items.length < 2 ? items.join("")
  : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`);

/** A value as Python writes it. */
export function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  return JSON.stringify(value);
}
