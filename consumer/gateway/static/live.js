// Shows new textures while they are tagged: at once at the top of the newest, elsewhere by a line that offers them.
import { isBusy, show } from "./swap.js";

const PAUSE_MS = 400;
const NEAR_TOP_PIXELS = 200;

export function listen() {
  if (!document.getElementById("facets")) return;
  let timer = null;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isBusy() ? soon() : arrived()), PAUSE_MS);
  };
  const news = new EventSource("/live");
  news.addEventListener("arrived", soon);
  // A page that is left must not keep its connection: a browser has six of them for a host.
  addEventListener("pagehide", () => news.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

function arrived() {
  const content = document.getElementById("content");
  if (content.dataset.live === "true" && scrollY < NEAR_TOP_PIXELS) show(location.href, { push: false, quiet: true });
  else document.getElementById("news").hidden = false;
}
