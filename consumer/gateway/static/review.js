// Verdicts: by buttons, by keys, on many textures at once, and taken back again.
import { refresh } from "./swap.js";

const WAIT_SECONDS = 3;
const KEPT = 100;
const TOLD = { confirmed: "Confirmed", rejected: "Rejected", added: "Added", withdrawn: "Withdrawn" };
let rejecting = false;

export function review() {
  document.documentElement.classList.add("scripted-on");
  prepare();
  addEventListener("aegis:shown", prepare);
  document.addEventListener("click", clicked);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "add" && event.target.id !== "selection") return;
    event.preventDefault();
    if (event.target.id === "add") add();
  });
  document.addEventListener("change", (event) => event.target.id === "by" && localStorage.setItem("by", event.target.value.trim()));
}

// Returns whether the key was meant for us.
export function reviewKey(event) {
  if (!document.getElementById("by")) return false;
  const { key } = event;
  if (key === "u") return undo(), true;
  if (key === "+") return document.getElementById("tag").focus(), true;
  if (document.getElementById("selection")) return selectionKey(event);
  if (key === "x") return (rejecting = true), toast("Reject which? Press its number."), true;
  const bar = /^[1-9]$/.test(key) && bars()[Number(key) - 1];
  if (bar) sayOf(bar, rejecting ? "rejected" : "confirmed");
  rejecting = false;
  return Boolean(bar) || (key === "ArrowRight" && go(1)) || (key === "ArrowLeft" && go(-1));
}

function selectionKey(event) {
  const tile = event.target.closest?.(".tile");
  if (event.key === "s" && tile) return tile.querySelector(".pick").click(), true;
  const word = picked().length && { 1: "confirmed", x: "rejected" }[event.key];
  if (word) saySelected(word);
  return Boolean(word);
}

function prepare() {
  const by = document.querySelector("input#by");
  if (by && !by.value) by.value = localStorage.getItem("by") ?? "";
  bars().slice(0, 9).forEach((bar, at) => (bar.querySelector("kbd").textContent = at + 1));
  // The way from texture to texture is that of the gallery they were opened from.
  if (document.getElementById("selection")) {
    sessionStorage.setItem("way", JSON.stringify([...document.querySelectorAll("#grid .picture")].map((link) => link.pathname)));
    count();
  }
}

function clicked(event) {
  const pressed = event.target.closest("button");
  if (event.target.matches(".pick")) return pick(event);
  if (!pressed) return;
  const bar = pressed.closest("[data-tag]");
  if (bar && pressed.dataset.word) sayOf(bar, pressed.getAttribute("aria-pressed") === "true" ? "withdrawn" : pressed.dataset.word);
  else if (pressed.dataset.word) saySelected(pressed.dataset.word);
  else if (pressed.id === "undo") undo();
  else if (pressed.id === "all" || pressed.id === "none") {
    for (const box of document.querySelectorAll(".pick")) box.checked = pressed.id === "all";
    count();
  }
}

let lastPicked = null;
function pick(event) {
  const boxes = [...document.querySelectorAll(".pick")];
  const [from, to] = [boxes.indexOf(lastPicked), boxes.indexOf(event.target)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const box of boxes.slice(from, to)) box.checked = event.target.checked;
  lastPicked = event.target;
  count();
}

function count() {
  const number = picked().length;
  document.getElementById("selection").hidden = !number;
  document.getElementById("selected").textContent = `${number} selected`;
}

const picked = () => [...document.querySelectorAll(".tile:has(.pick:checked)")].map((tile) => tile.dataset.asset);
const bars = () => [...document.querySelectorAll(".bars [data-tag]:has(kbd)")];

function sayOf(bar, word) {
  if (word === bar.dataset.verdict) return;
  say([{ asset_id: document.getElementById("content").dataset.of, tag: bar.dataset.tag, category: bar.dataset.category, word }]);
}

function saySelected(word) {
  const named = tagNamed();
  if (named) say(picked().map((asset_id) => ({ asset_id, ...named, word })));
}

function add() {
  const named = tagNamed();
  if (named) say([{ asset_id: document.getElementById("content").dataset.of, ...named, word: "added" }]);
}

// Returns the tag that stands in the field: one that is known, or "category: tag".
function tagNamed() {
  const field = document.getElementById("tag");
  const [category, tag] = field.value.includes(":") ? field.value.split(":", 2).map((part) => part.trim()) : [null, field.value.trim()];
  const name = tag.replaceAll(" ", "_");
  if (!name) return field.focus(), null;
  const known = [...document.querySelectorAll("#known option")].filter((option) => option.value === name);
  return { tag: name, category: category ?? (known.length === 1 ? known[0].dataset.category : null) };
}

async function say(verdicts, { undoing = false } = {}) {
  const by = reviewer();
  if (!by || !verdicts.length) return false;
  const sent = verdicts.map((verdict) => ({ ...verdict, event_id: crypto.randomUUID?.() ?? null }));
  const answer = await post({ by, verdicts: sent, wait_seconds: WAIT_SECONDS });
  if (!answer) return false;
  if (!undoing) remember(answer.verdicts);
  const [first] = answer.verdicts, many = answer.verdicts.length > 1 ? ` on ${answer.verdicts.length} textures` : "";
  toast(`${TOLD[first.word]} ${first.tag.replaceAll("_", " ")}${many}.`, undoing ? null : button("Undo (u)", undo));
  if (document.getElementById("add")) document.getElementById("tag").value = "";
  await refresh();
  return true;
}

async function post(body) {
  try {
    const answer = await fetch("/api/v1/verdicts", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const told = await answer.json();
    if (answer.ok) return told;
    toast(`Not saved: ${told.error_message}.`, offer(body, told.error_message));
  } catch {
    toast("Not saved: the gateway does not answer. Try again.");
  }
  return null;
}

// A tag that the vocabulary does not have needs a click of its own, and a category.
function offer(body, message) {
  if (!message.includes("has no tag") || !body.verdicts[0].category) return null;
  return button("Add as a new tag", () => say(body.verdicts.map((verdict) => ({ ...verdict, new: true }))));
}

function button(text, press) {
  const made = document.createElement("button");
  made.textContent = text;
  made.addEventListener("click", press);
  return made;
}

function reviewer() {
  const field = document.getElementById("by");
  const name = field.dataset.name ?? field.value.trim();
  if (!name) {
    field.focus();
    toast("Whose word is it? Enter your name once.");
  }
  return name;
}

function remember(verdicts) {
  const steps = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  steps.push(verdicts.map(({ asset_id, tag, category, replaced }) => ({ asset_id, tag, category, word: replaced ?? "withdrawn" })));
  sessionStorage.setItem("said", JSON.stringify(steps.slice(-KEPT)));
}

async function undo() {
  const steps = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  const last = steps.pop();
  if (!last) return toast("There is nothing to undo.");
  if (await say(last, { undoing: true })) sessionStorage.setItem("said", JSON.stringify(steps));
}

function go(by) {
  const way = JSON.parse(sessionStorage.getItem("way") ?? "[]");
  const at = way.indexOf(location.pathname);
  if (at < 0 || !way[at + by]) return false;
  location.assign(way[at + by]);
  return true;
}

let fading = null;
function toast(text, way = null) {
  const line = document.getElementById("toast");
  line.replaceChildren(text, ...(way ? [" ", way] : []));
  line.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => (line.hidden = true), way ? 15000 : 6000);
}
