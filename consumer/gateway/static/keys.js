// The keyboard: arrows go from texture to texture, m shows more like it, / searches, Escape goes back.

import { reviewKey } from "./review.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: "row", ArrowUp: "-row" };

export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const element = event.target;
    if (event.key === "Escape") return escape(element);
    if (element.matches("input:not([type=checkbox]), textarea, select")) return;
    if (element.matches?.(".pick") && event.key === " ") return;
    if (event.key in STEPS && document.getElementById("facets") && step(STEPS[event.key])) event.preventDefault();
    else if (reviewKey(event)) event.preventDefault();
    else if (event.key === "/") press(event, document.getElementById("q"), "focus");
    else if (event.key === "m") press(event, (element.closest("[data-asset]") ?? document).querySelector("[data-key=alike]"), "click");
  });
}

function press(event, target, action) {
  if (!target) return;
  event.preventDefault();
  target[action]();
  if (action === "focus") target.select();
}

function escape(element) {
  if (element.matches("input")) return element.blur();
  document.querySelector("[data-key=back]")?.click();
}

// Moves to another tile; returns whether there is one.
function step(by) {
  const tiles = [...document.querySelectorAll("#grid .picture")];
  if (!tiles.length) return false;
  const at = tiles.indexOf(document.activeElement);
  if (at < 0) {
    if (document.activeElement !== document.body && document.activeElement?.id !== "content") return false;
    tiles[0].focus();
    return true;
  }
  const columns = getComputedStyle(document.getElementById("grid")).gridTemplateColumns.split(" ").length;
  const target = tiles[at + (by === "row" ? columns : by === "-row" ? -columns : by)];
  target?.focus();
  return Boolean(target);
}
