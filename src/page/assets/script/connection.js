// How the page hears what changes: by server-sent events, else by asking again and again; and what it
// says of that.

import { main, root } from "./page.js";
import { drop, put, refresh } from "./parts.js";
import { setClock } from "./times.js";

// Milliseconds. The server says something every 10 seconds.
const QUIET = 25000;
const FIRST = 5000;
const POLL = 5000;

let source = null;
let watchdog = null;
let again = null;
let failures = 0;
let since = null;

function show(state) {
  const place = document.querySelector("#connection");
  if (state !== "lost") since = null;
  else since ??= new Date();
  const text = {
    live: () => "Live",
    polling: () => "Renewed every few seconds",
    lost: () => `Lost the controller at ${since.toLocaleTimeString()}. This is how it was then.`,
  }[state]();
  place.dataset.state = state;
  // A screen reader hears it once.
  if (place.textContent !== text) place.textContent = text;
}

function address(path) {
  const { version, export: only } = main().dataset;
  const query = new URLSearchParams({ since: version });
  if (only) query.set("only", only);
  return `${root}${path}?${query}`;
}

function seen({ version, now }) {
  main().dataset.version = version;
  setClock(now);
}

function disconnect() {
  source?.close();
  source = null;
  clearTimeout(watchdog);
  clearTimeout(again);
}

export function connect() {
  disconnect();
  // A page without a version says why there is nothing to see; its header asks for it again.
  if (document.hidden || !main().dataset.version) return;
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
    refresh().then(connect, retry);
  });
  source.onerror = broken;
  within(FIRST);
}

// No stream: the same is asked for, until streams work again.
async function broken() {
  disconnect();
  try {
    const answer = await fetch(address("changes"), { cache: "no-store", signal: AbortSignal.timeout(FIRST) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const news = await answer.json();
    if (news.reset) {
      await refresh();
    } else {
      news.put.forEach(put);
      news.drop.forEach((id) => drop({ id }));
      seen(news);
    }
    if (document.hidden) return;
    failures += 1;
    show("polling");
    // Some ways let no stream through at all: they are tried less and less often.
    const streams = failures < 3 || failures % 12 === 0;
    again = setTimeout(streams ? connect : broken, failures < 2 ? 1000 : POLL);
  } catch {
    retry();
  }
}

function retry() {
  disconnect();
  show("lost");
  failures = 0;
  again = setTimeout(connect, 1000 + Math.random() * 2000);
}

// Browsers permit few connections to one server: pages in the background hold none.
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
window.addEventListener("pagehide", disconnect);
window.addEventListener("pageshow", (event) => event.persisted && connect());
