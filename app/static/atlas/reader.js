/** A page of words beside a map: what is named lights up there, what is clicked there is found here. */

import { entriesOf, fetchLayer, readConfig } from "./data.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { Words } from "./words.js";

const config = readConfig();
const words = new Words(config);
const byId = (id) => document.getElementById(id);
const text = byId("text");
const map = new AtlasMap(window.atlas, words);
const labels = new Labels(map.map, words);
/** @type {Map<string, import("./data.js").Entry>} */
const entries = new Map();

/** @param {Element | null} link @returns {string[]} */
const refsOf = (link) => (link?.dataset.ref ?? "").split(" ").filter(Boolean);

/** Light up what a link names; show it if it is out of sight. */
function light(link, on) {
  const refs = refsOf(link);
  for (const ref of refs) map.light(ref, on);
  const drawn = refs.find((ref) => map.parts(ref).length);
  if (!on || !drawn) return;
  const [part] = map.parts(drawn);
  const bounds = part.getBounds?.() ?? part.getLatLng().toBounds(1000);
  if (!map.map.getBounds().intersects(bounds)) map.frame(bounds, { maxZoom: 13 });
}

/** Mentions of a feature, walked through with two buttons. */
const found = { links: [], at: -1, ref: null };

/** @param {string} ref */
function find(ref) {
  for (const link of found.links) link.classList.remove("is-found");
  found.links = [...text.querySelectorAll("a[data-ref]")].filter((link) => refsOf(link).includes(ref));
  for (const link of found.links) link.classList.add("is-found");
  found.ref = ref;
  found.at = -1;
  map.mark(ref);
  labels.prefer(ref);
  step(1);
}

/** @param {number} by */
function step(by) {
  const count = found.links.length;
  const name = words.text(entries.get(found.ref)?.feature.properties ?? {}, "name");
  byId("found").hidden = false;
  if (count === 0) {
    byId("found-words").textContent = words.say("notInText", { name });
    return;
  }
  found.links[found.at]?.classList.remove("is-here");
  found.at = (found.at + by + count) % count;
  const link = found.links[found.at];
  link.classList.add("is-here");
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  link.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  link.focus({ preventScroll: true });
  byId("found-words").textContent = words.say("mention", { name, number: found.at + 1, count });
  byId("live").textContent = byId("found-words").textContent;
  remember(link);
}

function close() {
  for (const link of found.links) link.classList.remove("is-found", "is-here");
  byId("found").hidden = true;
  map.mark(null);
  labels.prefer(null);
}

/** Keep the paragraph in the address. @param {Element} inside */
function remember(inside) {
  const paragraph = inside.closest(".paragraph[id]");
  if (paragraph && location.hash !== `#${paragraph.id}`) {
    history.replaceState(null, "", `#${paragraph.id}`);
    mark();
  }
}

/** Mark the paragraph that the address names; open nothing, move nothing. */
function mark() {
  text.querySelector(".is-target")?.classList.remove("is-target");
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (!target) return;
  target.classList.add("is-target");
  const refs = new Set([...target.querySelectorAll("a[data-ref]")].flatMap(refsOf));
  for (const ref of entries.keys()) map.light(ref, refs.has(ref));
}

function uppermost(refs) {
  return refs.find((ref) => !entries.get(ref)?.layer.ground) ?? refs[0];
}

function listen() {
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    text.addEventListener(on, (event) => light(event.target.closest?.("a[data-ref]"), true));
    text.addEventListener(off, (event) => light(event.target.closest?.("a[data-ref]"), false));
  }
  text.addEventListener("click", (event) => {
    const anchor = event.target.closest("a.anchor");
    if (anchor) remember(anchor);
  });
  map.map.on("click", (event) => {
    const ref = uppermost(map.under(event.originalEvent.clientX, event.originalEvent.clientY));
    if (ref) find(ref);
  });
  byId("found-next").addEventListener("click", () => step(1));
  byId("found-back").addEventListener("click", () => step(-1));
  byId("found-close").addEventListener("click", close);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  addEventListener("hashchange", mark);
}

async function load(layer) {
  try {
    const list = entriesOf(layer, (await fetchLayer(layer)).features);
    map.fill(layer, list);
    for (const entry of list) {
      entries.set(entry.ref, entry);
      const at = config.anchors[entry.ref];
      const [part] = map.parts(entry.ref);
      if (at && part && layer.label) labels.add(entry, at, part);
    }
  } catch {
    byId("live").textContent = words.say("failed", { layer: layer.title });
  }
}

listen();
map.showAll();
for (const layer of config.layers) await load(layer);
labels.declutter();
mark();
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "start" });
document.documentElement.dataset.ready = "true";
