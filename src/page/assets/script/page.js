// What is on the page. Its `main` says which version it is of, and of which export if of one.

export const root = document.body.dataset.root;
export const main = () => document.querySelector("main");
export const all = (selector) => [...document.querySelectorAll(selector)];

// Changes something, and leaves the focus where it was although its element was replaced.
export function keepingFocus(change) {
  const places = (part) => [...document.getElementById(part).querySelectorAll("a, button, pre, summary")];
  const before = document.activeElement;
  const part = before?.closest("[id*='/']")?.id;
  const place = part ? places(part).indexOf(before) : -1;
  change();
  if (place < 0 || document.activeElement === before || !document.getElementById(part)) return;
  places(part)[place]?.focus({ preventScroll: true });
}
