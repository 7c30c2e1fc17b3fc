/** The drawing page: list, map and form of a draft; each change is one step that can be taken back. */

import { readConfig } from "../atlas/data.js";
import { Words } from "../atlas/words.js";
import { Conflict } from "./draw_conflict.js";
import { Findings } from "./draw_findings.js";
import { Form } from "./draw_form.js";
import { FeatureList } from "./draw_list.js";
import { DrawMap } from "./draw_map.js";
import { Saver } from "./draw_saving.js";
import { Steps } from "./draw_steps.js";
import { Tools } from "./draw_tools.js";

/** @typedef {import("./draw_saving.js").Feature} Feature */
/** @typedef {import("./draw_saving.js").Step} Step */

const POLL_MS = 4000;

const config = readConfig();
const { sheet } = config;
const words = new Words(config);
const at = (id) => document.getElementById(id);

/** @type {Map<string, Feature>} the draft as this page has it */
const features = new Map();
/** Ids that are in no revision yet. @type {Set<string>} */
const fresh = new Set();
const steps = new Steps(sheet, same);
/** @type {string | null} */
let selected = null;

const map = new DrawMap(config, words, {
  select: (id) => select(id),
  drawn: (geometry) => (tools.cuts ? cutWith(geometry) : drawn(geometry)),
  changed: (id, geometry) => {
    const feature = features.get(id);
    if (feature && !same(feature.geometry, geometry)) change([{ id, after: { ...feature, geometry } }], sheet.shares);
  },
  moved: () => { if (!sheet.whole) later(load); },
});

const form = new Form(at("form"), (properties) => {
  const feature = features.get(selected);
  if (feature && !same(feature.properties, properties)) change([{ id: selected, after: { ...feature, properties } }], false);
}, words);

const tools = new Tools(map, words, () => selected);
const findings = new Findings(sheet, words, form, map, () => selected);
const list = new FeatureList(sheet, words, {
  nameOf,
  choose: (id) => {
    select(id);
    map.show(id);
  },
  search: () => later(load),
});

const saver = new Saver(sheet, document.querySelector("meta[name=csrf]").content, {
  saved,
  told: (others) => others.forEach(told),
  conflict: (step, other) => conflict.ask(step, other, features.get(other.id) ?? null),
  refused: (step, reason) => {
    for (const { id, before } of step.edits) put(id, before);
    forget(step);
    notice(words.say("refused", { reason }), true);
  },
  state,
});

const conflict = new Conflict(at("conflict"), words, sheet, {
  show: (other) => map.setTheirs(other.feature),
  mine: () => settle(),
  theirs: (step, other) => {
    const gone = saver.queue.filter((each) => each === step || each.edits.some((edit) => edit.id === other.id));
    for (const each of gone.reverse()) {
      for (const { id, before } of each.edits) put(id, before);
      forget(each);
    }
    saver.drop((each) => gone.includes(each));
    put(other.id, other.feature);
    settle();
    show(other.feature ? other.id : null);
  },
});

function settle() {
  map.setTheirs(null);
  saver.resume();
}

/** @param {Step} step what cannot be taken back any more */
function forget(step) {
  steps.forget(step);
  buttons();
}

/* What is changed here */

/** @param {{id: string, after: Feature | null}[]} edits @param {boolean} shared */
function change(edits, shared) {
  const step = { key: newKey(), shared, edits: edits.map(({ id, after }) => ({ id, before: features.get(id) ?? null, after })) };
  steps.add(step);
  perform(step);
}

/** @param {Step} step */
function perform(step) {
  for (const { id, after } of step.edits) put(id, after);
  saver.add(step);
  if (step.edits.some((edit) => edit.id === selected)) show(selected);
  buttons();
}

/** @param {boolean} forward @param {string} said */
function turn(forward, said) {
  const step = steps.take(forward);
  if (!step) return;
  const back = {
    key: newKey(), undoes: step.key, shared: false,
    edits: step.edits.map(({ id, before, after }) => ({ id, before: after, after: before })),
  };
  steps.turned(back, forward);
  perform(back);
  const [{ id }] = back.edits;
  if (features.has(id)) select(id);
  else if (id === selected) select(null);
  say(words.say(said));
}

/** @param {Step} step @param {any} answer */
function saved(step, answer) {
  const asked = new Set(step.edits.map((edit) => edit.id));
  for (const { id, feature } of answer.mine) {
    if (!asked.has(id)) {
      const edit = { id, before: features.get(id) ?? null, after: feature };
      step.edits.push(edit);
      for (const later of [...steps.done, ...steps.undone, ...saver.queue]) {
        if (later.undoes === step.key) later.edits.push({ id, before: edit.after, after: edit.before });
        else if (later.key === step.key && later !== step) later.edits.push(edit);
      }
    }
    if (saver.touching(id).length) continue;
    if (!same(features.get(id) ?? null, feature)) put(id, feature);
    steps.settle(step, id, feature);
  }
  steps.keep();
  answer.others.forEach(told);
  if (answer.mine[0].id !== selected) return;
  form.feature = features.get(selected) ?? null;
  findings.show(answer.findings);
}

/** Somebody else has changed a feature. @param {import("./draw_saving.js").Other} other */
function told(other) {
  const [waiting] = saver.touching(other.id);
  if (waiting) {
    saver.held = true;
    conflict.ask(waiting, other, features.get(other.id) ?? null);
    return;
  }
  if (same(features.get(other.id) ?? null, other.feature)) return;
  const name = nameOf(other.feature ?? features.get(other.id));
  put(other.id, other.feature);
  notice(words.say(other.feature ? "changedBy" : "removedBy", { author: other.author, name }));
  if (other.id === selected) show(other.feature ? other.id : null);
}

/** @param {string} id @param {Feature | null} feature */
function put(id, feature) {
  if (feature) features.set(id, feature);
  else features.delete(id);
  map.put(id, feature);
  list.put(id, feature);
}

/** @param {any} geometry */
function drawn(geometry) {
  const id = `${sheet.layer}-${newKey()}`;
  const properties = { ...sheet.blank, ...(sheet.idColumn ? { [sheet.idColumn]: id } : {}) };
  fresh.add(id);
  change([{ id, after: { type: "Feature", id, geometry, properties } }], false);
  tools.press("edit");
  select(id);
  at("form-heading").focus();
}

/** @param {any} geometry a line to divide by, or an area to take out */
async function cutWith(geometry) {
  const id = selected;
  tools.press("select");
  if (saver.queue.length) return notice(words.say("offlineCut"), true);
  let answer;
  try {
    answer = await saver.fetch(`features/${encodeURIComponent(id)}/cut`, "POST", { seen: saver.number, geometry });
  } catch {
    return notice(words.say("offlineCut"), true);
  }
  const told_ = await answer.json();
  if (!answer.ok) {
    if (answer.status === 412) saver.ask();
    return notice(words.say("refused", { reason: told_.detail }), true);
  }
  const edits = told_.mine.map((each) => ({ id: each.id, before: features.get(each.id) ?? null, after: each.feature }));
  steps.add({ key: newKey(), shared: false, edits });
  saver.number = told_.number;
  for (const edit of edits) {
    if (!edit.before) fresh.add(edit.id);
    put(edit.id, edit.after);
  }
  told_.others.forEach(told);
  state("saved");
  buttons();
  select(id);
}

/* What is selected */

/** @param {string | null} id */
function select(id) {
  selected = id;
  map.select(id);
  list.mark(id);
  show(id);
  if (id) look(id);
  tools.hint();
  buttons();
}

/** @param {string | null} id */
function show(id) {
  const feature = features.get(id) ?? null;
  form.show(feature);
  at("nothing").hidden = Boolean(feature);
  const heading = at("form-heading");
  heading.textContent = feature ? nameOf(feature) : heading.dataset.none;
  at("feature-id").textContent = feature?.id ?? "";
  at("rename").hidden = !feature || !fresh.has(feature.id);
  if (!feature) findings.show([]);
  at("geometry").value = feature?.geometry ? JSON.stringify(feature.geometry) : "";
  if (!feature && id === selected) selected = null;
  buttons();
}

/** Ask for a feature as it is now, and what the checks find in it. @param {string} id */
async function look(id) {
  // What is being saved is answered with its findings.
  if (saver.touching(id).length) return;
  saver.ask();
  try {
    const answer = await saver.fetch(`features/${encodeURIComponent(id)}`);
    if (answer.ok && id === selected) findings.show((await answer.json()).findings);
  } catch {
    // The next change asks again.
  }
}

/** @param {Feature | undefined} feature */
function nameOf(feature) {
  return String(feature?.properties[sheet.label] ?? "") || words.say("unnamed");
}

/* The tools */

function buttons() {
  at("undo").disabled = !steps.done.length;
  at("redo").disabled = !steps.undone.length;
  at("remove").disabled = !selected;
  tools.allow(Boolean(features.get(selected)?.geometry));
}

function remove() {
  const feature = features.get(selected);
  if (!feature) return;
  change([{ id: feature.id, after: null }], false);
  say(words.say("removed", { name: nameOf(feature) }));
  select(null);
}

at("undo").addEventListener("click", () => turn(false, "undone"));
at("redo").addEventListener("click", () => turn(true, "redone"));
at("remove").addEventListener("click", remove);
at("rename").addEventListener("click", () => {
  const feature = features.get(selected);
  const id = prompt(words.say("newId"), feature.id)?.trim();
  if (!id || id === feature.id) return;
  if (features.has(id)) {
    notice(words.say("taken", { id }), true);
    return;
  }
  const properties = { ...feature.properties, ...(sheet.idColumn ? { [sheet.idColumn]: id } : {}) };
  fresh.add(id);
  change([{ id: feature.id, after: null }, { id, after: { ...feature, id, properties } }], false);
  select(id);
});
at("again").addEventListener("click", () => saver.again());
at("geometry").addEventListener("change", () => {
  const feature = features.get(selected);
  let geometry;
  try {
    geometry = at("geometry").value.trim() ? JSON.parse(at("geometry").value) : null;
    at("geometry").setCustomValidity("");
  } catch {
    at("geometry").setCustomValidity(words.say("badJson"));
    at("geometry").reportValidity();
    return;
  }
  if (feature && !same(feature.geometry, geometry)) change([{ id: selected, after: { ...feature, geometry } }], sheet.shares);
});
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog")) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && (key === "z" || key === "y")) {
    event.preventDefault();
    if (key === "y" || event.shiftKey) turn(true, "redone");
    else turn(false, "undone");
  } else if (event.key === "Escape") {
    tools.press("select");
  } else if (event.key === "Delete" && selected) {
    remove();
  }
});

/* What is said */

/** @param {"saved" | "saving" | "waiting" | "closed"} name @param {string} [reason] */
function state(name, reason = "") {
  const trouble = name === "waiting" || name === "closed";
  at("trouble").hidden = !trouble;
  at("saving").textContent = trouble ? "" : words.say(name);
  if (trouble) at("trouble-words").textContent = words.say(name, { count: saver.queue.length, reason });
  document.documentElement.dataset.saving = name;
}

/** @param {string} text */
function say(text) {
  at("live").textContent = text;
}

/** @param {string} text @param {boolean} [isFault] */
function notice(text, isFault = false) {
  at("notice").textContent = text;
  at("notice").className = isFault ? "fault" : "notice";
  at("notice").hidden = false;
}

/** @returns {string} what nothing else is called by */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {any} one @param {any} other */
function same(one, other) {
  return canonical(one) === canonical(other);
}

/** @param {any} value */
function canonical(value) {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.keys(inner).sort().map((key) => [key, inner[key]]))
      : inner);
}

/* The beginning */

let timer = 0;
/** @param {() => void} what */
function later(what) {
  clearTimeout(timer);
  timer = setTimeout(what, 250);
}

async function load() {
  const text = at("search").value.trim();
  const asked = sheet.whole ? "features" : text ? `features?q=${encodeURIComponent(text)}` : `features?bbox=${map.bbox()}`;
  try {
    const answer = await saver.fetch(asked);
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    for (const id of found.new) fresh.add(id);
    const there = new Set(found.features.map((each) => each.id));
    for (const id of [...features.keys()]) {
      if (!there.has(id) && id !== selected && !saver.touching(id).length) put(id, null);
    }
    for (const feature of found.features.reverse()) {
      if (!saver.touching(feature.id).length && !same(features.get(feature.id), feature)) put(feature.id, feature);
    }
    if (!found.complete) notice(words.say("tooMany", { count: found.features.length }));
  } catch {
    notice(words.say("failed"), true);
  }
}

/** @param {string} id @returns {Promise<Feature | null>} */
async function current(id) {
  const known = features.get(id);
  if (known || sheet.whole || saver.touching(id).length) return known ?? null;
  const answer = await saver.fetch(`features/${encodeURIComponent(id)}`);
  return answer.ok ? (await answer.json()).feature : null;
}

if (config.basemaps.length) {
  const { Bases } = await import("../atlas/basemap.js");
  const text = new URLSearchParams(location.search).get("base");
  // Which one is shown is kept for the next visit of the address, as on the map page.
  const keep = () => history.replaceState(null, "", bases.text() ? `?base=${bases.text()}` : location.pathname);
  const bases = new Bases(map.map, at("basemaps"), words, keep, (said) => notice(said, true));
  bases.read(text);
}
await load();
const waiting = saver.restore();
if (waiting.length) {
  for (const step of waiting) for (const { id, after } of step.edits) put(id, after);
  notice(words.say("restored"));
}
try {
  await steps.restore(current);
} catch {
  // What was drawn is in the draft; without a connection it is not known what can be taken back.
}
buttons();
setInterval(() => { if (!document.hidden) saver.ask(); }, POLL_MS);
document.documentElement.dataset.ready = "true";
