// Which rows are shown, and in which order: what the address asks for, as the server reads it.

import { all, keepingFocus } from "./page.js";

export const asked = () => new URLSearchParams(location.search);

export function shows(row, query) {
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

// A number, a text, or null where there is nothing.
function key(row, column) {
  const key = row.querySelector(`[data-cell=${column}]`).dataset.key;
  if (key === undefined) return null;
  return ["cohort", "segment", "type"].includes(column) ? key : Number(key);
}

// What has no key comes last either way, and what is equal in the order of ids.
function compare(a, b, descending) {
  if (a.key === b.key) return a.row.id < b.row.id ? -1 : 1;
  if (a.key === null || b.key === null) return a.key === null ? 1 : -1;
  return (a.key < b.key ? -1 : 1) * (descending ? -1 : 1);
}

export function arrange() {
  const body = document.querySelector("#exports tbody");
  if (!body) return;
  const query = asked();
  const [column, descending] = sorting(query);
  const rows = [...body.rows].map((row) => ({ row, key: key(row, column) }));
  rows.sort((a, b) => compare(a, b, descending));
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
