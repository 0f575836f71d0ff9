// Follows the links and forms of a gallery without leaving it: the server's page is fetched, and its parts are put in.

let underWay = null, isPressed = false;

export function follow() {
  for (const [type, pressed] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
    addEventListener(type, () => { isPressed = pressed; }, { capture: true });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap], #more a");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!document.getElementById("grid") && !document.getElementById("facets")) return;
    event.preventDefault();
    if (link.closest("#more")) append(link.href);
    else show(link.href);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-swap]") || !document.getElementById("facets")) return;
    event.preventDefault();
    show(address(form));
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "min") event.target.form.querySelector("output").textContent = `${Math.round(event.target.value * 100)} %`;
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "min") event.target.form.requestSubmit();
  });
  addEventListener("popstate", () => show(location.href, { push: false }));
}

// Tells whether a page is being fetched or something is being clicked: new parts would take what was asked for away.
export function isBusy() {
  return Boolean(underWay) || isPressed;
}

// Shows the gallery of an address; where that is not possible, the browser goes there by itself.
export async function show(url, { push = true, quiet = false } = {}) {
  const page = await fetched(url);
  if (!page) return;
  const facets = page.getElementById("facets"), content = page.getElementById("content");
  if (!facets || !content) return location.assign(url);
  const focused = remembered();
  keepTiles(content);
  facets.querySelector("#tags").open = document.getElementById("tags").open;
  document.getElementById("facets").replaceWith(facets);
  document.getElementById("content").replaceWith(content);
  document.title = page.title;
  const words = page.getElementById("q").value, search = document.getElementById("q");
  if (document.activeElement !== search || push) search.value = words;
  if (push && url !== location.href) history.pushState(null, "", url);
  if (!quiet) {
    if (push) scrollTo({ top: 0 });
    document.getElementById("announcer").textContent = content.querySelector("h1").textContent.trim();
  }
  focused();
  dispatchEvent(new Event("aegis:shown"));
}

// Puts the present state of a page in its place, as after a verdict.
export async function refresh() {
  if (document.getElementById("facets")) return show(location.href, { push: false, quiet: true });
  const page = await fetched(location.href);
  if (!page) return;
  const focused = remembered();
  document.getElementById("content").replaceWith(page.getElementById("content"));
  focused();
  dispatchEvent(new Event("aegis:shown"));
}

async function append(url) {
  const page = await fetched(url);
  if (!page) return;
  const grid = document.getElementById("grid"), last = grid.lastElementChild;
  const known = new Set([...grid.children].map((tile) => tile.dataset.asset));
  for (const tile of [...page.querySelectorAll("#grid > li")]) if (!known.has(tile.dataset.asset)) grid.append(tile);
  const more = page.getElementById("more");
  if (more) document.getElementById("more").replaceWith(more);
  else document.getElementById("more").remove();
  last.nextElementSibling?.querySelector(".picture").focus({ preventScroll: true });
}

// Returns the page, or null where another one was asked for meanwhile.
async function fetched(url) {
  underWay?.abort();
  const mine = (underWay = new AbortController());
  document.documentElement.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: mine.signal });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
    return null;
  } finally {
    if (underWay === mine) {
      underWay = null;
      document.documentElement.removeAttribute("aria-busy");
    }
  }
}

// Tiles that stay are not made anew, so that their pictures do not flicker.
function keepTiles(content) {
  const tiles = new Map([...document.querySelectorAll("#grid > li")].map((tile) => [tile.dataset.asset, tile]));
  for (const tile of content.querySelectorAll("#grid > li")) {
    const old = tiles.get(tile.dataset.asset);
    if (old && old.isEqualNode(tile)) tile.replaceWith(old);
    else if (old?.querySelector(".pick")?.checked) tile.querySelector(".pick").checked = true;
  }
}

// Returns what puts the focus back to where it was, by what a person would call the same place.
function remembered() {
  const element = document.activeElement;
  const asset = element?.closest("[data-asset]")?.dataset.asset;
  const facet = element?.closest("#facets li")?.querySelector("span").textContent;
  const id = element?.id;
  return () => {
    const tile = asset && document.querySelector(`[data-asset="${CSS.escape(asset)}"] .picture`);
    const same = facet && [...document.querySelectorAll("#facets li span:first-child")].find((span) => span.textContent === facet);
    const target = tile || same?.closest("a") || (id && document.getElementById(id));
    if (target && target !== document.activeElement) target.focus({ preventScroll: true });
  };
}

function address(form) {
  const url = new URL(form.action);
  for (const [name, value] of new FormData(form)) if (value && !(name === "min" && Number(value) === 0)) url.searchParams.append(name, value);
  return url.href;
}
