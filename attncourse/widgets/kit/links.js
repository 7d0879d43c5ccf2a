// The part of a state that a link carries, by a table: for each name how it is packed and checked.

const fits = (ok) => { if (!ok) throw new Error("does not fit"); };

/**
 * The two link functions of a widget. Each entry of `table` has `pack(value)`, which gives undefined
 * for what a link need not say, and `unpack(packed, state)`, which throws for what it does not allow.
 */
export function links(table, named = {}) {
  const toLink = (state) => Object.fromEntries(Object.entries(table)
    .map(([name, { pack }]) => [name, pack(state[name])]).filter(([, packed]) => packed !== undefined));
  const fromLink = (link, state) => {
    if (link === null || typeof link !== "object" || Array.isArray(link)) throw new Error("the link has no valid state");
    const next = Object.entries(table).map(([name, { unpack }]) => {
      try {
        return [name, unpack(link[name], state)];
      } catch {
        throw new Error(`the link has no valid ${named[name] ?? name}`);
      }
    });
    return { ...Object.fromEntries(next), preset: "" };
  };
  return { toLink, fromLink };
}

const same = (value) => value;
const bound = (limit, state) => (typeof limit === "function" ? limit(state) : limit);
const isNumber = (x, low, high) => typeof x === "number" && x >= low && x <= high;

/** A number between two bounds, which may depend on the state. */
export const numberLink = (low, high) => ({ pack: same, unpack(x, state) { fits(isNumber(x, bound(low, state), bound(high, state))); return x; } });

export const wholeLink = (low, high) => ({ pack: same, unpack(x, state) { fits(Number.isInteger(x) && isNumber(x, bound(low, state), bound(high, state))); return x; } });

/** The same, or null. */
export const orNull = (inner) => ({ pack: same, unpack: (x, state) => (x === null ? null : inner.unpack(x, state)) });

/** One of a few known values, which may depend on the state. */
export const choiceLink = (known) => ({ pack: same, unpack(x, state) { fits(bound(known, state).includes(x)); return x; } });

/** Rows of numbers; `size` gives how many rows and columns they must have. */
export const rowsLink = (size, low, high) => ({
  pack: same,
  unpack(rows, state) {
    const [high_, wide] = size(state);
    fits(Array.isArray(rows) && rows.length === high_
      && rows.every((row) => Array.isArray(row) && row.length === wide && row.every((x) => isNumber(x, bound(low, state), bound(high, state)))));
    return rows;
  },
});

/** Rows of numbers and nulls, left out where all are null; `allowed` may refuse a row. */
export const sparseLink = (size, low, high, allowed = () => true) => ({
  pack: (rows) => (rows.flat().every((x) => x === null) ? undefined : rows),
  unpack(rows, state) {
    const [count, wide] = size(state);
    if (rows === undefined) return Array.from({ length: count }, () => Array(wide).fill(null));
    fits(Array.isArray(rows) && rows.length === count && rows.every((row) => Array.isArray(row) && row.length === wide
      && row.every((x) => x === null || isNumber(x, bound(low, state), bound(high, state))) && allowed(row)));
    return rows;
  },
});

/** Rows of truth values as strings of 1 and 0, left out where all are true. */
export const maskLink = (size) => ({
  pack: (rows) => (rows.flat().every(Boolean) ? undefined : rows.map((row) => row.map(Number).join(""))),
  unpack(rows, state) {
    const [count, wide] = size(state);
    if (rows === undefined) return Array.from({ length: count }, () => Array(wide).fill(true));
    fits(Array.isArray(rows) && rows.length === count && rows.every((row) => typeof row === "string" && row.length === wide && /^[01]+$/.test(row)));
    return rows.map((row) => [...row].map((x) => x === "1"));
  },
});
