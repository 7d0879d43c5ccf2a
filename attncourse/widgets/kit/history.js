// The way back: the states a reader went through, whoever changed them.

const MOST = 200;
const histories = new WeakMap();

/**
 * The history of a model; its views share one where they share the model, which is on a page.
 * `read` gives a state, `write` goes to one; only what `counts` makes a step of its own.
 */
export function historyOf(model, read, write, counts) {
  if (!histories.has(model)) histories.set(model, makeHistory(read, write, counts));
  return histories.get(model);
}

function makeHistory(read, write, counts) {
  let now = read(), past = [], future = [];
  const same = (a, b) => counts.every((name) => a[name] === b[name] || JSON.stringify(a[name]) === JSON.stringify(b[name]));
  const go = (from, to) => {
    if (from.length === 0) return false;
    to.push(now);
    now = from.pop();
    write(now);
    return true;
  };
  const history = {
    /** Ends a step: what changed since the last one is taken back together. */
    record() {
      const next = read();
      if (!same(now, next)) {
        past = [...past.slice(1 - MOST), now];
        future = [];
      }
      now = next;
    },
    undo() { history.record(); return go(past, future); },
    redo() { history.record(); return go(future, past); },
    forget() { now = read(); past = []; future = []; },
    get canUndo() { return past.length > 0 || !same(now, read()); },
    get canRedo() { return future.length > 0; },
  };
  return history;
}
