// Which rows are shown, and in which order: what the address asks for, as the server reads it.

import { all, keepingFocus } from "./page.js";

// Of what is there twice the last counts.
export const asked = () => new URLSearchParams(Object.fromEntries(new URLSearchParams(location.search)));

function shows(row, query) {
  const is = (name, value) => !query.get(name) || query.get(name) === value;
  const state = query.get("state");
  return is("namespace", row.dataset.namespace)
    && is("connector", row.dataset.connector)
    && (!state || row.dataset.states.split(" ").includes(state))
    && row.dataset.text.includes((query.get("q") ?? "").trim().toLowerCase());
}

function sorting(query) {
  const sort = query.get("sort") ?? "";
  const known = all("th[data-column]").map((th) => th.dataset.column);
  const column = sort.replace(/^-/, "");
  return known.includes(column) ? [column, sort.startsWith("-")] : ["cohort", false];
}

// A number, a text, or null where there is nothing.
function key(row, column) {
  const key = row.querySelector(`[data-cell=${column}]`).dataset.key;
  if (key === undefined) return null;
  return ["cohort", "segment", "type"].includes(column) ? key : Number(key);
}

// Ids by their parts: a slash comes before all else.
export function byId(a, b) {
  const [ours, theirs] = [a.id.split("/"), b.id.split("/")];
  const other = ours.findIndex((part, place) => part !== theirs[place]);
  if (other < 0) return 0;
  return ours[other] < theirs[other] ? -1 : 1;
}

// Texts by their code points: by itself this language puts an emoji before some letters.
function isBefore(a, b) {
  if (typeof a === "number") return a < b;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return (a.codePointAt(at) ?? -1) < (b.codePointAt(at) ?? -1);
}

// What has no key comes last either way, and what is equal in the order of ids.
function compare(a, b, descending) {
  if (a.key === b.key) return byId(a.row, b.row);
  if (a.key === null || b.key === null) return a.key === null ? 1 : -1;
  return isBefore(a.key, b.key) === descending ? 1 : -1;
}

// Rows that came or changed go to their places among the others, which are in order.
function insert(body, changed, compareRows) {
  const others = [...body.rows].filter((row) => !changed.has(row));
  for (const row of changed) {
    let [low, high] = [0, others.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareRows(others[middle], row) < 0) low = middle + 1;
      else high = middle;
    }
    const next = others[low] ?? null;
    if (row.nextElementSibling !== next) body.insertBefore(row, next);
    others.splice(low, 0, row);
  }
}

// Shows and sorts all rows, or those that changed.
export function arrange(changed = null) {
  const body = document.querySelector("#exports tbody");
  if (!body) return;
  const query = asked();
  const [column, descending] = sorting(query);
  const entry = (row) => ({ row, key: key(row, column) });
  keepingFocus(() => {
    if (changed) {
      insert(body, changed, (a, b) => compare(entry(a), entry(b), descending));
    } else {
      const rows = [...body.rows];
      const sorted = rows.map(entry).sort((a, b) => compare(a, b, descending)).map(({ row }) => row);
      if (sorted.some((row, place) => row !== rows[place])) body.replaceChildren(...sorted);
    }
  });
  for (const row of changed ?? body.rows) row.hidden = !shows(row, query);
  tellShown(body);
  for (const th of all("th[data-column]")) {
    const mine = th.dataset.column === column;
    if (mine) th.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
    th.querySelector("button").value = (mine && !descending ? "-" : "") + th.dataset.column;
  }
}

function tellShown(body) {
  const there = body.rows.length;
  const shown = body.querySelectorAll("tr:not([hidden])").length;
  const empty = document.querySelector("#empty span");
  empty.hidden = shown > 0;
  empty.textContent = there > 0 ? "No export matches." : "No export is there yet.";
  const text = shown > 0 && shown < there ? `${shown} of ${there} exports shown` : "";
  const place = document.querySelector("#shown");
  if (place.textContent !== text) place.textContent = text;
}
