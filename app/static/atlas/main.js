/** The atlas page: joins the map, the panel and the address. */

import { entriesOf, fetchLayer, readConfig } from "./data.js";
import { Facets, narrowList } from "./facets.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { Panel, Selection } from "./panel.js";
import { Pointing } from "./pointing.js";
import { Search } from "./search.js";
import { Sheet } from "./sheet.js";
import { Toolbar } from "./toolbar.js";
import { Tree } from "./tree.js";
import { Words } from "./words.js";

const config = readConfig();
const words = new Words(config);
const byId = (id) => document.getElementById(id);
const map = new AtlasMap(window.atlas, words);
const labels = new Labels(map.map, words);
const panel = new Panel(words, address);
const sheet = new Sheet(byId("panel"), byId("handle"), words, () => map.selected && selection.bring(map.selected));
const facets = new Facets(byId("facets"), config.facets);
new Search(byId("q"), byId("found"), words, { choose: (ref) => go(ref), say });
map.covered = () => sheet.covered();
const tree = new Tree(document.querySelector(".tree"), map, words, { toggle: setLayer, changed: treeChanged });
/** @type {Map<string, import("./data.js").Entry>} */
const entries = new Map();
const failed = new Set();
const onlyView = byId("only-view");
/** Whether the list is still as the server wrote it, which is right for an address without a query. */
let isAsWritten = true;
/** The operator's basemaps; none where there are none. @type {import("./basemap.js").Bases | undefined} */
let bases;

/** What time and comparison have set in the address, by parameter. @type {Map<string, string>} */
const given = new Map();
/** What time puts away, by the parameter that does it. @type {Map<string, Set<string>>} */
const hidden = new Map();
const GIVEN = ["known", "year", "undated", "compare", "split"];
/** @type {import("./large.js").Large | null} large layers, as soon as their script is there */
let large = null;
let largeLoading;
/** Layers that were not there on the day that is shown. @type {string[]} */
let absent = [];

/** @param {string | null} ref @param {string} [lang] */
function address(ref, lang = config.lang) {
  const query = new URLSearchParams();
  if (ref) query.set("f", ref);
  facets.write(query);
  tree.write(query);
  for (const name of GIVEN) if (given.get(name)) query.set(name, given.get(name));
  if (byId("colour")?.value) query.set("colour", byId("colour").value);
  if (onlyView.checked) query.set("list", "view");
  const base = bases?.text();
  if (base) query.set("base", base);
  if (lang === "en") query.set("lang", "en");
  const text = query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%40", "@");
  return text ? `/?${text}` : "/";
}

function notify(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = false;
  say(text);
}

function say(text) {
  byId("live").textContent = text;
}

/** Write a sentence above the list; an empty one takes it away. @param {string} text */
function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

/** Write a sentence behind what is said above the list already, once. @param {string} text */
function add(text) {
  const said = byId("notice").hidden ? "" : byId("notice").textContent;
  if (!said.includes(text)) tell(`${said} ${text}`.trim());
}

/** @param {import("./data.js").LayerConfig} layer */
async function load(layer) {
  try {
    if (layer.tiles) await drawLarge(layer);
    else draw(layer, (await fetchLayer(layer)).features);
    setFailed(layer, false);
  } catch {
    setFailed(layer, true);
  }
}

/** @param {import("./data.js").LayerConfig} layer @param {boolean} is */
function setFailed(layer, is) {
  const failure = document.querySelector(`[data-layer="${CSS.escape(layer.id)}"] .failure`);
  if (is) failed.add(layer.id);
  else failed.delete(layer.id);
  failure.firstElementChild.textContent = is ? words.say("failed", { layer: layer.title }) : "";
  failure.hidden = !is;
}

/** Load what draws large layers, which most atlases do without. @param {import("./data.js").LayerConfig} layer */
async function drawLarge(layer) {
  largeLoading ??= import("./large.js");
  try {
    const { Large } = await largeLoading;
    large ??= new Large(map, words, { failed: setFailed, href: address, say });
    large.add(layer);
  } catch (error) {
    largeLoading = undefined;
    throw error;
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

/** @param {string} id @param {boolean} on */
function setLayer(id, on) {
  if (map.layers[id]) map.setLayer(id, on);
  labels.setLayer(id, on);
  toolbar.tools?.refresh();
  count();
}

/** @param {string} [said] */
function treeChanged(said) {
  history.replaceState(null, "", address(map.selected));
  setSwitch(map.selected);
  if (said) say(said);
}

/** Keep in the address what a tool has set, and put away what it hides.
 * @param {Record<string, string>} set @param {Record<string, Set<string>>} [away]
 * @param {string[]} [layers] those that were not there at all */
function put(set, away = {}, layers = absent) {
  absent = layers;
  for (const [name, value] of Object.entries(set)) given.set(name, value);
  for (const [name, refs] of Object.entries(away)) hidden.set(name, refs);
  narrow();
  treeChanged();
}

let clock;
/** @returns {Promise<import("./time.js").Time>} */
function time() {
  clock ??= import("./time.js").then(({ Time }) => new Time(config, words, page));
  clock.catch(() => { clock = null; });
  return clock;
}

/** What tools may do to the page. @type {import("./tools.js").Page} */
const page = {
  say, tell, put, go, time, entries, atlas: map, labels,
  told: () => byId("notice").textContent, nameOf: (entry) => panel.nameOf(entry), given: (name) => given.get(name) ?? "",
};

const selection = new Selection({ map, labels, panel, sheet, words }, {
  entries, say, tell, changed: setSwitch, place: (ref) => pointing.show(ref),
  hasFailed: (layerId) => failed.has(layerId), unreachable: (layer) => setFailed(layer, true),
});
const pointing = new Pointing(map, words, {
  entryOf: (ref) => selection.entryOf(ref), go, list: listHits, heightOf: (id) => tree.order.indexOf(id), isWaiting: () => toolbar.isLoading,
  at: async (place) => (large ? selection.remember(await large.at(place)) : []),
  over: async (place) => (large ? selection.remember(await large.find(place)) : []),
  light(ref, on) {
    if (ref) {
      map.light(ref, on);
      panel.link(ref)?.classList.toggle("is-lit", on);
    }
    if (on) large?.light(ref);
    map.map.getContainer().classList.toggle("is-over", on && selection.visited.has(ref));
  },
});
const toolbar = new Toolbar(byId("tools"), byId("tool"), words, page, () => sheet.set("peek"));

/** Show the day, the year and the comparison that the address names. */
async function followTools() {
  try {
    if (clock || page.given("known") || page.given("year")) await (await time()).follow();
    if (toolbar.tools || page.given("compare")) await toolbar.follow();
  } catch {
    tell(words.say("failed", { layer: byId("tools").getAttribute("aria-label") }));
  }
}

/** Set what the address says, and name the layers that nobody knows. */
function readAddress() {
  const query = new URLSearchParams(location.search);
  facets.read(query);
  for (const name of GIVEN) given.set(name, query.get(name) ?? "");
  const unknown = tree.read(query);
  onlyView.checked = query.get("list") === "view";
  if (isAsWritten && !query.size && !large) {
    labels.declutter();
    count();
  } else narrow();
  if (!readColour(query.get("colour") ?? "")) unknown.push(query.get("colour"));
  if (bases && !bases.read(query.get("base"))) unknown.push(query.get("base"));
  return unknown;
}

/** @param {string} property what to colour by; nothing that is unknown @returns {boolean} whether it is known */
function readColour(property) {
  const choice = byId("colour");
  if (!choice || choice.value === property) return true;
  const isKnown = [...choice.options].some(({ value }) => value === property);
  choice.value = isKnown ? property : "";
  paint();
  return isKnown;
}

async function paint() {
  const colours = await import("./colours.js");
  colours.paint(map, words, byId("colour").value, byId("colours"));
}

function setSwitch(ref) {
  byId("language").href = address(ref, config.lang === "en" ? "zh" : "en");
}

/** Show in the list and on the map only what the facets leave. */
function narrow() {
  isAsWritten = false;
  const chosen = facets.chosen();
  const away = new Set([...entries.values()].filter((entry) => !facets.meets(entry, chosen)).map((entry) => entry.ref));
  for (const refs of hidden.values()) for (const ref of refs) away.add(ref);
  map.setFiltered(away);
  toolbar.tools?.refresh();
  labels.setFiltered(away);
  large?.narrow(chosen, { away, absent });
  facets.count([...entries.values()]);
  narrowList(byId("index"), { entries, away, seen: onlyView.checked ? map.inView() : null, isNarrowed: chosen.size > 0, panel, words });
  const left = [...entries.values()].filter((entry) => !entry.layer.ground && !away.has(entry.ref)).length;
  byId("chosen-count").textContent = chosen.size ? words.say("left", { count: left }) : "";
  count();
}

/** @param {string | null} ref @param {string[]} [also] */
function go(ref, also) {
  if (address(ref) !== location.pathname + location.search) history.pushState(null, "", address(ref));
  selection.follow({ focus: true, also });
}

function listHits(refs) {
  map.mark(null);
  panel.hits(refs.map((ref) => selection.entryOf(ref)));
  sheet.set("half");
  say(words.say("hits", { count: refs.length }));
}

function count() {
  large?.list();
  byId("in-view").textContent = words.say("inView", { count: map.inView().size });
}

function listen() {
  const host = byId("panel");
  host.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a[data-ref], a.back");
    const ref = link?.dataset.ref;
    if (!link || (ref && !selection.entryOf(ref) && !large?.has(ref))) return;
    event.preventDefault();
    go(ref ?? null);
  });
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    const light = (state) => (event) => {
      const ref = event.target.closest?.("a[data-ref]")?.dataset.ref;
      if (!ref) return;
      map.light(ref, state);
      large?.light(state ? ref : null);
    };
    host.addEventListener(on, light(true));
    host.addEventListener(off, light(false));
  }
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
    readAddress();
    selection.follow({ focus: true });
    followTools();
  });
  byId("share").addEventListener("click", async ({ currentTarget }) => {
    const { copyLink } = await import("./copy_link.js");
    copyLink(currentTarget, words, say);
  });
  map.map.on("moveend", () => (onlyView.checked ? narrow() : count()));
  byId("only-view-label").hidden = false;
  onlyView.addEventListener("change", () => {
    narrow();
    treeChanged(byId("in-view").textContent);
  });
  byId("colour")?.addEventListener("change", () => {
    paint();
    treeChanged();
  });
}

function ready() {
  const unknown = readAddress();
  if (unknown.length) add(words.say("unknownLayers", { names: unknown.join(", ") }));
  const ref = new URLSearchParams(location.search).get("f");
  if (ref && (entries.has(ref) || large?.has(ref))) selection.follow({ focus: false });
  followTools();
  setSwitch(map.selected);
  document.documentElement.dataset.ready = "true";
  performance.mark("atlas-ready");
}

listen();
map.showAll();
if (config.basemaps.length) {
  const { Bases } = await import("./basemap.js");
  bases = new Bases(map.map, byId("basemaps"), words, treeChanged, notify);
}
await Promise.all(config.layers.map(load));
ready();
const { preparePrint } = await import("./print.js");
preparePrint(map, { config, facets, words });
