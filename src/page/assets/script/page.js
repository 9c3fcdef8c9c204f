// What is on the page. Its `main` says which version it is of, and of which export if of one.

export const root = document.body.dataset.root;
export const main = () => document.querySelector("main");
export const all = (selector) => [...document.querySelectorAll(selector)];

const FOCUSABLE = "a, button, pre, summary";

// The same element of what replaced its part: by where it leads, or by what it is.
function twin(part, before) {
  const same = (other) => other.tagName === before.tagName
    && other.getAttribute("href") === before.getAttribute("href");
  const others = [...part.querySelectorAll(FOCUSABLE)];
  return others.find((other) => same(other) && other.className === before.className) ?? others.find(same);
}

// Changes something, and leaves the focus where it was although its element was replaced or moved.
export function keepingFocus(change) {
  const before = document.activeElement;
  const id = before?.closest("[data-part]")?.id;
  change();
  if (!id || document.activeElement === before) return;
  const part = document.getElementById(id);
  const now = part?.contains(before) ? before : part && twin(part, before);
  now?.focus({ preventScroll: true });
}

// What this browser remembers of this page, where it may remember anything.
const place = new URL(root, location.href).pathname;

export function remember(name, value) {
  try {
    sessionStorage.setItem(`${place}${name}`, value);
  } catch {
    // It may not.
  }
}

export function remembered(name) {
  try {
    return sessionStorage.getItem(`${place}${name}`) ?? "";
  } catch {
    return "";
  }
}
