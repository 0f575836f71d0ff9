// What a page can do beyond its links and forms, all of which work without it.
import { follow } from "./swap.js";
import { listen } from "./live.js";
import { keys } from "./keys.js";
import { review } from "./review.js";

// Browsers that cannot show the closed list of tags beside a gallery have it opened.
const tags = document.getElementById("tags");
if (tags && !CSS.supports("selector(::details-content)") && matchMedia("(min-width: 48rem)").matches) tags.open = true;

follow();
listen();
keys();
review();
