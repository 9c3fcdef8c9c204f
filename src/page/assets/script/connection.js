// How the page hears what changes: by server-sent events, else by asking again and again; and what it
// says of that.

import { main, root } from "./page.js";
import { drop, isSignedOut, put, refresh } from "./parts.js";
import { setClock } from "./times.js";

// Milliseconds. The server says something every 10 seconds.
const QUIET = 25000;
const FIRST = 5000;
const POLL = 5000;
const SIGNED_OUT = 30000;

let source = null;
let watchdog = null;
let again = null;
let failures = 0;
let turn = 0; // One more for each connection that was given up.
let heard = main().dataset.now;

const when = () => new Date(heard).toLocaleString();
const TEXTS = {
  live: () => "Live",
  still: () => `As of ${when()}`,
  polling: () => "Renewed every few seconds",
  lost: () => `Lost the controller. This is how it was at ${when()}.`,
  "signed-out": () => "Your sign-in has ended: load the page again.",
};

function show(state) {
  const place = document.querySelector("#connection");
  place.dataset.state = state;
  const text = TEXTS[state]();
  // A screen reader hears it once.
  if (place.textContent !== text) place.textContent = text;
}

function address(path) {
  const query = new URLSearchParams({ since: main().dataset.version });
  const only = main().dataset.export;
  if (only) query.set("only", only);
  return `${root}${path}?${query}`;
}

function seen({ version, now }) {
  main().dataset.version = version;
  heard = now;
  setClock(now);
}

function disconnect() {
  turn += 1;
  source?.close();
  source = null;
  clearTimeout(watchdog);
  clearTimeout(again);
}

export function connect() {
  disconnect();
  // What says why there is nothing to see asks by its header.
  if (document.hidden || !heard) return;
  source = new EventSource(address("events"));
  const within = (time) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(broken, time);
  };
  const told = (name, use) => source.addEventListener(name, (event) => {
    within(QUIET);
    use(JSON.parse(event.data));
  });
  told("put", put);
  told("drop", drop);
  told("seen", (news) => {
    seen(news);
    failures = 0;
    show("live");
  });
  told("reset", () => {
    disconnect();
    // Not all pages at once: a controller that has just started has other things to do.
    again = setTimeout(anew, Math.random() * 1000);
  });
  source.onerror = broken;
  within(FIRST);
}

async function anew() {
  const mine = turn;
  const next = await refresh().then(() => connect, () => retry);
  if (mine === turn) next();
}

// No stream: the same is asked for, until streams work again.
async function broken() {
  disconnect();
  const mine = turn;
  try {
    const answer = await fetch(address("changes"), {
      cache: "no-store",
      // To where people sign in.
      redirect: "manual",
      signal: AbortSignal.timeout(FIRST),
    });
    const news = isSignedOut(answer) || !answer.ok ? null : await answer.json();
    // The page connects again by now: what was asked for may be older than what it hears.
    if (mine !== turn) return;
    if (isSignedOut(answer)) return signedOut();
    if (!news) throw new Error(`status ${answer.status}`);
    if (news.reset) {
      await refresh();
      if (mine !== turn) return;
    } else {
      news.put.forEach(put);
      news.drop.forEach((id) => drop({ id }));
      seen(news);
    }
    failures += 1;
    // One that only ended is back before anybody needs to know.
    if (failures > 1) show("polling");
    // Some ways let no stream through at all: they are tried less and less often.
    const streams = failures < 3 || failures % 12 === 0;
    again = setTimeout(streams ? connect : broken, failures < 2 ? 1000 : POLL);
  } catch {
    if (mine === turn) retry();
  }
}

function signedOut() {
  show("signed-out");
  again = setTimeout(broken, SIGNED_OUT);
}

function retry() {
  disconnect();
  show("lost");
  failures = 0;
  again = setTimeout(connect, 1000 + Math.random() * 2000);
}

// Browsers permit few connections to one server: pages in the background hold none.
function leave() {
  disconnect();
  if (heard) show("still");
}

document.addEventListener("visibilitychange", () => (document.hidden ? leave() : connect()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => event.persisted && connect());
