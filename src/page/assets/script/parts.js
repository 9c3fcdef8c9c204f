// Parts that change: the server's HTML replaces what is there. A page that missed too much is fetched
// anew as a whole, and an export's own page when a run of it has ended.

import { showCopy } from "./copy.js";
import { fillForm, setBack } from "./filter.js";
import { keepingFocus, main } from "./page.js";
import { arrange, byId } from "./rows.js";
import { renewTimes, setClock } from "./times.js";

// Milliseconds.
const PATIENCE = 60000;
const RUNS_AGAIN = 5000;

// What is to be done when a whole page came.
export function ready() {
  // An index that was cut on its way.
  if (isCut()) return refreshLater(0);
  if (main().dataset.now) setClock(main().dataset.now);
  showCopy();
  fillForm();
  setBack();
  arrange();
  renewTimes();
  awaitRuns();
}

// What is to be done for the parts that came: once until the next picture.
const changed = new Set();
let soon = false;
function changedSoon(part) {
  changed.add(part);
  if (soon) return;
  soon = true;
  requestAnimationFrame(() => {
    soon = false;
    const rows = new Set([...changed].filter((part) => part.matches("tr") && part.isConnected));
    changed.clear();
    fillForm([...rows]);
    arrange(rows);
  });
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  showCopy(template.content);
  return template.content.firstElementChild;
}

// What came while the page was being fetched: it may be newer than what was fetched.
let missed = [];
const isCut = () => document.querySelector("#exports") && !document.querySelector("#empty");

export function put(news) {
  if (refreshing) missed.push(() => put(news));
  if (isCut()) return refreshLater(0);
  const { id, html } = news;
  const part = parse(html);
  if (part.id === "state") return putState(part);
  if (!document.querySelector("#exports")) return refreshLater(0);
  const old = document.getElementById(id);
  if (old?.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  keepingFocus(() => (old ? old.replaceWith(part) : insert(part)));
  part.classList.toggle("new", isNews(old, part));
  changedSoon(part);
}

// Progress and times alone are none.
function isNews(old, part) {
  const told = (part) => [".tag", "[data-cell=members]"].map((cell) => part.querySelector(cell)?.textContent);
  return !old || told(old).join() !== told(part).join();
}

// Cards stand in the order of their ids; rows are put in order later.
function insert(part) {
  const place = document.querySelector(part.matches("tr") ? "#exports tbody" : ".cards");
  const next = [...place.children].find((other) => byId(other, part) > 0);
  place.insertBefore(part, next ?? null);
  noneIfEmpty();
}

export function drop(news) {
  if (refreshing) missed.push(() => drop(news));
  if (isCut()) return refreshLater(0);
  const { id } = news;
  if (!document.querySelector("#exports")) return refreshLater(0);
  document.getElementById(id)?.remove();
  noneIfEmpty();
  arrange(new Set());
}

function noneIfEmpty() {
  const cards = document.querySelector(".cards");
  cards.parentElement.querySelector(".none").hidden = cards.childElementCount > 0;
}

// How the export of this page stands.
function putState(part) {
  const old = document.getElementById("state");
  if (!old) return refreshLater(0);
  keepingFocus(() => old.replaceWith(part));
  awaitRuns();
}

// The runs below aren't all of them, or couldn't be read.
function awaitRuns() {
  const ended = document.getElementById("state")?.dataset.ended;
  const runs = document.getElementById("runs");
  if (!ended || !runs || runs.dataset.ended === ended) return;
  refreshLater(runs.dataset.ended === undefined ? RUNS_AGAIN : 0);
}

// Again and again, until it could be fetched.
let later = null;
function refreshLater(wait) {
  clearTimeout(later);
  later = setTimeout(() => {
    // A page in the background has time.
    if (document.hidden) refreshLater(RUNS_AGAIN);
    else refresh().catch(() => refreshLater(RUNS_AGAIN));
  }, wait);
}

// By a proxy that sends people elsewhere to sign in.
export const isSignedOut = (answer) => answer.type === "opaqueredirect" || [401, 403].includes(answer.status);

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
  missed = [];
  const answer = await fetch(location.href, {
    cache: "no-store",
    // To where people sign in: that isn't this page.
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
  // A page that isn't there any more says so; one that can't be had now leaves this one as it is.
  if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) throw new Error("no page");
  const focus = document.activeElement?.id;
  const top = scrollY;
  // What is hidden can't take the focus.
  showCopy(fresh);
  keepingFocus(() => main().replaceWith(document.adoptNode(fresh)));
  document.title = page.title;
  ready();
  for (const again of missed.splice(0)) again();
  scrollTo({ top, behavior: "instant" });
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}
