"use strict";

// Keeps the page right while it is open: parts come as the server's HTML (`put`, `drop`), and `seen`
// says up to which version. Without this script the page is what it was when it was fetched.

const root = document.body.dataset.root;
const main = () => document.querySelector("main");
const all = (selector) => [...document.querySelectorAll(selector)];

// ---- Times in words

let ahead = 0; // The server's clock, less this one's.

function words(time, way) {
  const now = Date.now() + ahead;
  const seconds = Math.trunc((way === "ago" ? now - time : time - now) / 1000);
  if (seconds < 1) return way === "ago" ? "just now" : "now";
  const units = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
  const [size, unit] = units.find(([size]) => seconds >= size);
  const count = Math.trunc(seconds / size);
  const long = `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
  return way === "ago" ? `${long} ago` : `in ${long}`;
}

function renewTimes() {
  for (const time of all("time[data-words]")) {
    const text = words(Date.parse(time.dateTime), time.dataset.words);
    if (time.textContent !== text) time.textContent = text;
  }
}

function heard(now) {
  ahead = Date.parse(now) - Date.now();
}

// ---- The filter, which lives in the address

const asked = () => new URLSearchParams(location.search);

function shows(row, query) {
  const is = (name, value) => !query.get(name) || query.get(name) === value;
  const state = query.get("state");
  const text = (query.get("q") ?? "").trim().toLowerCase();
  const sought = ["cohort", "segment"].map((cell) => row.querySelector(`[data-cell=${cell}]`).textContent);
  return is("namespace", row.dataset.namespace)
    && is("connector", row.dataset.connector)
    && (!state || row.dataset.states.split(" ").includes(state))
    && sought.join("\n").toLowerCase().includes(text);
}

function sorting(query) {
  const sort = query.get("sort") ?? "";
  const known = all("th[data-column]").map((th) => th.dataset.column);
  const column = sort.replace(/^-/, "");
  return known.includes(column) ? [column, sort.startsWith("-")] : ["cohort", false];
}

// A number, a text, or null where there is nothing: that comes last either way.
function key(row, column) {
  const key = row.querySelector(`[data-cell=${column}]`).dataset.key;
  if (key === undefined) return null;
  return ["cohort", "segment", "type"].includes(column) ? key : Number(key);
}

function arrange() {
  const body = document.querySelector("#exports tbody");
  if (!body) return;
  const query = asked();
  const [column, descending] = sorting(query);
  const rows = [...body.rows].map((row) => ({ row, key: key(row, column) }));
  const ids = (a, b) => (a.row.id < b.row.id ? -1 : 1);
  rows.sort((a, b) => {
    if (a.key === b.key) return ids(a, b);
    if (a.key === null || b.key === null) return a.key === null ? 1 : -1;
    return (a.key < b.key ? -1 : 1) * (descending ? -1 : 1);
  });
  let shown = 0;
  rows.forEach(({ row }, place) => {
    row.hidden = !shows(row, query);
    shown += row.hidden ? 0 : 1;
    if (body.rows[place] !== row) keepingFocus(() => body.insertBefore(row, body.rows[place]));
  });
  document.querySelector("#empty span").hidden = shown > 0;
  for (const th of all("th[data-column]")) {
    const mine = th.dataset.column === column;
    if (mine) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
    th.querySelector("button").value = (mine && !descending ? "-" : "") + th.dataset.column;
  }
}

// Once for all that changes until the next picture.
let arranging = false;
function arrangeSoon() {
  if (arranging) return;
  arranging = true;
  requestAnimationFrame(() => {
    arranging = false;
    arrange();
    renewTimes();
  });
}

// Namespaces and connectors that came since, and what the address asks for.
function fillForm(typing = document.activeElement) {
  const form = document.querySelector("#filter");
  if (!form) return;
  const query = asked();
  for (const name of ["namespace", "connector"]) {
    const select = form.elements[name];
    const known = new Set([...select.options].map((option) => option.value));
    const there = all("#exports tbody tr").map((row) => row.dataset[name]);
    for (const value of [...there, query.get(name) ?? ""]) {
      if (value && !known.has(value)) select.add(new Option(value, value));
      known.add(value);
    }
  }
  for (const name of ["namespace", "connector", "state", "q"]) {
    const field = form.elements[name];
    const value = query.get(name) ?? "";
    if (field.value !== value && field !== typing) field.value = value;
  }
  remember();
}

// The index as it was left, for the way back.
function remember() {
  if (!main().dataset.export) sessionStorage.setItem("index", location.search);
  const back = document.querySelector("#back");
  if (back) back.href = root + (sessionStorage.getItem("index") ?? "");
}

function ask(query, push) {
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  const search = query.toString();
  const address = search ? `?${search}` : location.pathname;
  const same = new URL(address, location.href).href === location.href;
  if (push && !same) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  fillForm();
  arrange();
}

function chosen(form) {
  const query = asked();
  for (const name of ["namespace", "connector", "state", "q"]) query.set(name, form.elements[name].value);
  return query;
}

// One search is one step back, however many keys it takes.
let typing = false;
document.addEventListener("input", (event) => {
  if (event.target.name !== "q") return;
  ask(chosen(event.target.form), !typing);
  typing = true;
});
document.addEventListener("change", (event) => {
  typing = false;
  if (event.target.form?.id === "filter") ask(chosen(event.target.form), true);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filter") return;
  event.preventDefault();
  const query = chosen(event.target);
  if (event.submitter?.name === "sort") query.set("sort", event.submitter.value);
  ask(query, true);
});
window.addEventListener("popstate", () => {
  typing = false;
  fillForm(null);
  arrange();
});

// Links to the index with another filter need no new page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const filters = link.matches(".count, .exports, #clear") && !main().dataset.export;
  if (!filters) return;
  event.preventDefault();
  ask(new URL(link.href).searchParams, true);
  document.querySelector("#exports").scrollIntoView();
});

// ---- Copying the command

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const command = button.parentElement.querySelector("pre");
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    // Not permitted here: it is selected, for the reader's own keys.
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// ---- Parts that change

function keepingFocus(change) {
  const before = document.activeElement;
  const part = before?.closest("[id*='/']")?.id;
  const place = part && [...document.getElementById(part).querySelectorAll("a, button, pre, summary")].indexOf(before);
  change();
  if (!part || place < 0 || document.activeElement === before) return;
  const now = document.getElementById(part);
  now?.querySelectorAll("a, button, pre, summary")[place]?.focus({ preventScroll: true });
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function put({ id, html }) {
  if (main().dataset.export) {
    if (id === `export/${main().dataset.export}`) refresh();
    return;
  }
  const part = parse(html);
  const old = document.getElementById(id);
  const place = id.startsWith("connector/") ? ".cards" : "#exports tbody";
  if (old?.querySelector("details[open]")) part.querySelector("details")?.setAttribute("open", "");
  keepingFocus(() => {
    if (old) old.replaceWith(part);
    else insert(document.querySelector(place), part);
  });
  part.classList.add("new");
  if (part.matches("tr")) part.hidden = !shows(part, asked());
  ready();
  arrangeSoon();
}

// In the order of ids.
function insert(place, part) {
  const next = [...place.children].find((other) => other.id > part.id);
  place.insertBefore(part, next ?? null);
  place.parentElement.querySelector(".none")?.setAttribute("hidden", "");
}

function drop({ id }) {
  if (main().dataset.export) {
    if (id === `export/${main().dataset.export}`) refresh();
    return;
  }
  document.getElementById(id)?.remove();
  arrangeSoon();
}

// What is to be done whenever HTML came.
function ready() {
  for (const button of all("button.copy")) button.hidden = false;
  fillForm();
}

// The page anew, in place: after more was missed than can be told, and for an export's own page.
let refreshing = null;
let stale = false;
function refresh() {
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
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(60000) });
  // A page that isn't there any more says so; one that can't be had now leaves this one as it is.
  if (!answer.ok && answer.status !== 404) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) throw new Error("no page");
  const focus = document.activeElement?.id;
  const top = scrollY;
  main().replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  version = fresh.dataset.version ?? version;
  ready();
  arrange();
  renewTimes();
  scrollTo({ top, behavior: "instant" });
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

// ---- The connection

const QUIET = 25000; // The server says something every 10 seconds.
const FIRST = 5000;
const POLL = 5000;

let version = main().dataset.version ?? "";
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

const address = (path) => {
  const query = new URLSearchParams({ since: version });
  if (main().dataset.export) query.set("only", main().dataset.export);
  return `${root}${path}?${query}`;
};

function wait(time, late) {
  clearTimeout(watchdog);
  watchdog = setTimeout(late, time);
}

function disconnect() {
  source?.close();
  source = null;
  clearTimeout(watchdog);
  clearTimeout(again);
}

function connect() {
  disconnect();
  if (document.hidden) return;
  source = new EventSource(address("events"));
  const told = (name, use) => source.addEventListener(name, (event) => {
    wait(QUIET, broken);
    use(JSON.parse(event.data));
  });
  told("put", put);
  told("drop", drop);
  told("seen", (seen) => {
    version = seen.version;
    heard(seen.now);
    failures = 0;
    show("live");
  });
  told("reset", restart);
  source.onerror = broken;
  wait(FIRST, broken);
}

function restart() {
  disconnect();
  refresh().then(connect, retry);
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
      version = news.version;
      heard(news.now);
    }
    failures += 1;
    show("polling");
    // Streams fail on some way for good: they are tried less and less often.
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

document.documentElement.classList.add("scripted");
ready();
arrange();
setInterval(renewTimes, 5000);
// A page without a version says why there is nothing to see; its header asks for it again.
if (version) connect();
