// Times in words, as the server writes them.

import { all } from "./page.js";

let ahead = 0; // The server's clock, less this one's, in milliseconds.

export function setClock(now) {
  ahead = Date.parse(now) - Date.now();
}

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

export function renewTimes() {
  for (const time of all("time[data-words]")) {
    const text = words(Date.parse(time.dateTime), time.dataset.words);
    if (time.textContent !== text) time.textContent = text;
  }
}
