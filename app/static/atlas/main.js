/** The atlas page: joins the map, the panel and the address. */

import { entriesOf, fetchFeature, fetchLayer, readConfig } from "./data.js";
import { Facets } from "./facets.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { Panel } from "./panel.js";
import { Search } from "./search.js";
import { Sheet } from "./sheet.js";
import { Words } from "./words.js";

const config = readConfig();
const words = new Words(config);
const byId = (id) => document.getElementById(id);
const map = new AtlasMap(window.atlas, words);
const labels = new Labels(map.map, words);
const panel = new Panel(words, address);
const sheet = new Sheet(byId("panel"), byId("handle"), words, () => map.selected && map.show(map.selected));
const facets = new Facets(byId("facets"), config.facets);
const search = new Search(byId("q"), byId("found"), words, { choose: (ref) => go(ref), say });
map.covered = () => sheet.covered();
/** @type {Map<string, import("./data.js").Entry>} */
const entries = new Map();
/** @type {Map<string, import("./data.js").Feature>} */
const whole = new Map();
const failed = new Set();

/** @param {string | null} ref @param {string} [lang] */
function address(ref, lang = config.lang) {
  const query = new URLSearchParams();
  if (ref) query.set("f", ref);
  facets.write(query);
  if (lang === "en") query.set("lang", "en");
  const text = query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text ? `/?${text}` : "/";
}

function say(text) {
  byId("live").textContent = text;
}

/** @param {import("./data.js").LayerConfig} layer */
async function load(layer) {
  const row = document.querySelector(`[data-layer="${CSS.escape(layer.id)}"]`);
  const failure = row.querySelector(".failure");
  try {
    draw(layer, (await fetchLayer(layer)).features);
    failed.delete(layer.id);
    failure.hidden = true;
  } catch {
    failed.add(layer.id);
    failure.firstElementChild.textContent = words.say("failed", { layer: layer.title });
    failure.hidden = false;
  }
}

function draw(layer, features) {
  const list = entriesOf(layer, features);
  map.fill(layer, list);
  for (const entry of list) {
    entries.set(entry.ref, entry);
    const at = config.anchors[entry.ref];
    const [part] = map.parts(entry.ref);
    if (at && part && layer.label) labels.add(entry, at, part);
  }
}

/** Show what the address names. @param {{focus: boolean, also?: string[]}} how */
function follow({ focus, also = [] }) {
  const ref = new URLSearchParams(location.search).get("f");
  const entry = entries.get(ref);
  if (entry) select(entry, focus, also);
  else clear(focus, ref);
}

/** @param {import("./data.js").Entry} entry what is known of it without asking, or all of it */
async function complete(entry) {
  try {
    if (!whole.has(entry.ref)) whole.set(entry.ref, await fetchFeature(entry.ref));
    return { ...entry, feature: whole.get(entry.ref) };
  } catch {
    byId("notice").textContent = words.say("failed", { layer: panel.nameOf(entry) });
    byId("notice").hidden = false;
    return entry;
  }
}

async function select(entry, focus, also) {
  map.mark(entry.ref);
  labels.prefer(entry.ref);
  byId("notice").hidden = true;
  const known = await complete(entry);
  if (map.selected !== entry.ref) return;
  panel.detail(known, also.map((ref) => entries.get(ref)).filter(Boolean));
  if (sheet.panel.dataset.sheet !== "half") sheet.set("half");
  else map.show(entry.ref);
  const name = words.text(known.feature.properties, "name");
  document.title = `${name} · ${config.title}`;
  setSwitch(entry.ref);
  if (focus) {
    panel.focusTitle();
    say(words.say("selected", { name }));
  }
}

function clear(focus, unknown) {
  const last = map.selected;
  const wasOpen = !panel.isOpen("index");
  panel.open("index");
  map.mark(null);
  labels.prefer(null);
  document.title = config.title;
  setSwitch(null);
  if (unknown && !failed.has(unknown.split("/")[0])) {
    byId("notice").textContent = words.say("unknown", { ref: unknown });
    byId("notice").hidden = false;
  }
  if (focus && wasOpen) {
    panel.focusBack(last);
    say(words.say("cleared"));
  }
}

function setSwitch(ref) {
  byId("language").href = address(ref, config.lang === "en" ? "zh" : "en");
}

/** Show in the list and on the map only what the facets leave. */
function narrow() {
  const chosen = facets.chosen();
  const away = new Set([...entries.values()].filter((entry) => !facets.meets(entry, chosen)).map((entry) => entry.ref));
  map.setFiltered(away);
  labels.setFiltered(away);
  facets.count([...entries.values()]);
  for (const group of byId("index").querySelectorAll(".group")) {
    const refs = [...group.querySelectorAll("a[data-ref]")].map((link) => link.dataset.ref);
    for (const ref of refs) panel.link(ref).parentElement.hidden = away.has(ref);
    const left = refs.filter((ref) => !away.has(ref));
    const drawn = left.filter((ref) => entries.get(ref)?.feature.geometry).length;
    const key = drawn === left.length ? "count" : "countMapped";
    group.querySelector("[data-count]").textContent = words.say(key, { count: left.length, mapped: drawn });
    group.hidden = chosen.size > 0 && left.every((ref) => entries.get(ref)?.layer.ground);
  }
  const left = [...entries.values()].filter((entry) => !entry.layer.ground && !away.has(entry.ref)).length;
  byId("chosen-count").textContent = chosen.size ? words.say("left", { count: left }) : "";
  count();
}

/** @param {string | null} ref @param {string[]} [also] */
function go(ref, also) {
  if (address(ref) !== location.pathname + location.search) history.pushState(null, "", address(ref));
  follow({ focus: true, also });
}

/** @param {string[]} refs @returns {string | undefined} what is meant, before the ground below it */
function uppermost(refs) {
  return refs.find((ref) => !entries.get(ref).layer.ground) ?? refs[0];
}

function clickMap(event) {
  const found = map.under(event.originalEvent.clientX, event.originalEvent.clientY);
  const meant = uppermost(found);
  const near = new URL(byId("nearby-here").href);
  near.searchParams.set("at", [event.latlng.lng, event.latlng.lat].map((each) => each.toFixed(5)));
  byId("nearby-here").href = near;
  if (found.filter((ref) => !entries.get(ref).layer.ground).length > 1) openHits(found);
  else if (meant) go(meant, found.filter((ref) => ref !== meant));
}

let hovered = null;
/** Light up what the pointer is over, on the map and in the list. @param {string | null} ref */
function hover(ref = null) {
  if (ref === hovered) return;
  for (const [each, state] of [[hovered, false], [ref, true]]) {
    if (!each) continue;
    map.light(each, state);
    panel.link(each)?.classList.toggle("is-lit", state);
  }
  hovered = ref;
}

function openHits(refs) {
  map.mark(null);
  panel.hits(refs.map((ref) => entries.get(ref)));
  sheet.set("half");
  say(words.say("hits", { count: refs.length }));
}

function count() {
  byId("in-view").textContent = words.say("inView", { count: map.countInView() });
}

let copyMessage;
async function share(event) {
  const button = event.currentTarget;
  const label = button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = words.say("copied");
  } catch {
    button.textContent = words.say("copyByHand");
  }
  say(button.textContent);
  clearTimeout(copyMessage);
  copyMessage = setTimeout(() => { button.textContent = label; }, 3000);
}

function listen() {
  const host = byId("panel");
  host.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a[data-ref], a.back");
    if (!link || (link.dataset.ref && !entries.has(link.dataset.ref))) return;
    event.preventDefault();
    go(link.dataset.ref ?? null);
  });
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    const light = (state) => (event) => {
      const ref = event.target.closest?.("a[data-ref]")?.dataset.ref;
      if (ref) map.light(ref, state);
    };
    host.addEventListener(on, light(true));
    host.addEventListener(off, light(false));
  }
  let over;
  map.map.on("mousemove", ({ originalEvent }) => {
    if (!over) requestAnimationFrame(() => { hover(uppermost(map.under(over.clientX, over.clientY))); over = null; });
    over = originalEvent;
  });
  map.map.on("mouseout", () => hover(null));
  const form = byId("facets");
  form.addEventListener("change", () => {
    history.replaceState(null, "", address(map.selected));
    setSwitch(map.selected);
    narrow();
    say(byId("chosen-count").textContent);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("facets-clear").addEventListener("click", (event) => {
    event.preventDefault();
    form.reset();
    facets.read(new URLSearchParams());
    form.dispatchEvent(new Event("change"));
  });
  host.querySelector(".tree").addEventListener("change", (event) => {
    const row = event.target.closest("[data-layer]");
    row.classList.toggle("is-off", !event.target.checked);
    map.setLayer(row.dataset.layer, event.target.checked);
    labels.setLayer(row.dataset.layer, event.target.checked);
    count();
  });
  host.querySelector(".tree").addEventListener("click", async (event) => {
    const row = event.target.closest(".retry")?.closest("[data-layer]");
    if (!row) return;
    await load(config.layers.find((layer) => layer.id === row.dataset.layer));
    row.querySelector("input").focus();
    ready();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.isOpen("index")) go(null);
  });
  addEventListener("popstate", () => {
    facets.read(new URLSearchParams(location.search));
    narrow();
    follow({ focus: true });
  });
  byId("share").addEventListener("click", share);
  map.map.on("click", clickMap);
  map.map.on("moveend", count);
}

function ready() {
  facets.read(new URLSearchParams(location.search));
  narrow();
  const ref = new URLSearchParams(location.search).get("f");
  if (ref && entries.has(ref)) follow({ focus: false });
  setSwitch(map.selected);
  document.documentElement.dataset.ready = "true";
  performance.mark("atlas-ready");
}

listen();
map.showAll();
await Promise.all(config.layers.map(load));
ready();
const { preparePrint } = await import("./print.js");
preparePrint(map, { config, facets, words });
