// The filter's form. What it asks for lives in the address, so that it can be sent, and gone back to.

import { all, main, remember, remembered, root } from "./page.js";
import { arrange, asked } from "./rows.js";

const FIELDS = ["namespace", "connector", "state", "q"];

// Namespaces and connectors of rows that came, and what the address asks for: not into a field that
// somebody types into.
export function fillForm(rows = all("#exports tbody tr"), typing = document.activeElement) {
  const form = document.querySelector("#filter");
  if (!form) return;
  const query = asked();
  for (const name of ["namespace", "connector"]) {
    const options = [...form.elements[name].options];
    const known = new Set(options.map((option) => option.value));
    for (const value of [...rows.map((row) => row.dataset[name]), query.get(name) ?? ""]) {
      if (value && !known.has(value)) addOption(form.elements[name], value);
      known.add(value);
    }
  }
  for (const name of FIELDS) {
    const field = form.elements[name];
    const value = query.get(name) ?? "";
    if (field.value !== value && field !== typing) field.value = value;
  }
  remember("index", location.search);
}

// In order, after the one that is for all.
function addOption(select, value) {
  const next = [...select.options].slice(1).find((option) => option.value > value);
  select.add(new Option(value, value), next ?? null);
}

// The way back leads to the index as it was left.
export function setBack() {
  const back = document.querySelector("#back");
  if (back) back.href = root + remembered("index");
}

function ask(query, push) {
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  const search = query.toString();
  const address = search ? `?${search}` : location.pathname;
  const same = search === location.search.replace(/^\?/, "");
  if (push && !same) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  fillForm([]);
  arrange();
}

function chosen(form) {
  const query = asked();
  for (const name of FIELDS) query.set(name, form.elements[name].value);
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
  fillForm([], null);
  arrange();
});

// Links from the index to itself with another filter need no new page; the order stays.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.count, a.exports, a#clear");
  if (!link || main().dataset.export || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const query = new URL(link.href).searchParams;
  query.set("sort", asked().get("sort") ?? "");
  ask(query, true);
  document.querySelector("#exports").scrollIntoView();
});
