// Parts that change: the server's HTML replaces what is there. An export's own page, and a page that
// missed too much, is fetched anew as a whole.

import { showCopy } from "./copy.js";
import { fillForm, setBack } from "./filter.js";
import { keepingFocus, main } from "./page.js";
import { arrange, asked, shows } from "./rows.js";
import { renewTimes } from "./times.js";

const PATIENCE = 60000;

// What is to be done whenever HTML came.
export function ready() {
  showCopy();
  fillForm();
  setBack();
  arrange();
  renewTimes();
}

// The same once for all that comes until the next picture.
let soon = false;
function readySoon() {
  if (soon) return;
  soon = true;
  requestAnimationFrame(() => {
    soon = false;
    ready();
  });
}

export function put({ id, html }) {
  if (!isIndex()) return ofExport();
  const template = document.createElement("template");
  template.innerHTML = html;
  const part = template.content.firstElementChild;
  const old = document.getElementById(id);
  if (old?.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  keepingFocus(() => (old ? old.replaceWith(part) : insert(part)));
  part.classList.add("new");
  if (part.matches("tr")) part.hidden = !shows(part, asked());
  readySoon();
}

// Cards stand in the order of their ids; rows are put in order later.
function insert(part) {
  const place = document.querySelector(part.matches("tr") ? "#exports tbody" : ".cards");
  const next = [...place.children].find((other) => other.id > part.id);
  place.insertBefore(part, next ?? null);
  noneIfEmpty();
}

export function drop({ id }) {
  if (!isIndex()) return ofExport();
  document.getElementById(id)?.remove();
  noneIfEmpty();
  readySoon();
}

function noneIfEmpty() {
  const cards = document.querySelector(".cards");
  cards.parentElement.querySelector(".none").hidden = cards.childElementCount > 0;
}

const isIndex = () => document.querySelector("#exports") !== null;

// Another page hears of its own export only.
function ofExport() {
  // If it can't be fetched now, it is when the connection is mended.
  refresh().catch(() => {});
}

let refreshing = null;
let stale = false;

// Fetches the page anew, in place; what changes meanwhile makes it be fetched once more.
export function refresh() {
  stale = true;
  refreshing ??= (async () => {
    try {
      while (stale) {
        stale = false;
        await fetchMain();
      }
    } finally {
      refreshing = null;
    }
  })();
  return refreshing;
}

async function fetchMain() {
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  // A page that isn't there any more says so; one that can't be had now leaves this one as it is.
  if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) throw new Error("no page");
  const focus = document.activeElement?.id;
  const top = scrollY;
  main().replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  ready();
  scrollTo({ top, behavior: "instant" });
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}
