/** The drawing page: list, map and form of a draft; each change is one step that can be taken back. */

import { readConfig } from "../atlas/data.js";
import { Words } from "../atlas/words.js";
import { Conflict } from "./draw_conflict.js";
import { Form } from "./draw_form.js";
import { DrawMap } from "./draw_map.js";
import { Saver } from "./draw_saving.js";
import { Steps } from "./draw_steps.js";

/** @typedef {import("./draw_saving.js").Feature} Feature */
/** @typedef {import("./draw_saving.js").Step} Step */

const POLL_MS = 4000;
const SAID_BY_TITLE = new Set(["attribute-missing", "place-unstated"]);

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
  drawn: (geometry) => (tool === "divide" || tool === "cut" ? cutWith(geometry) : drawn(geometry)),
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
  showFindings(answer.findings);
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
  listOne(id, feature);
}

/** @param {any} geometry */
function drawn(geometry) {
  const id = `${sheet.layer}-${newKey()}`;
  const properties = { ...sheet.blank, ...(sheet.idColumn ? { [sheet.idColumn]: id } : {}) };
  fresh.add(id);
  change([{ id, after: { type: "Feature", id, geometry, properties } }], false);
  press("edit");
  select(id);
  at("form-heading").focus();
}

/** @param {any} geometry a line to divide by, or an area to take out */
async function cutWith(geometry) {
  const id = selected;
  press("select");
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
  for (const row of at("list").querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
  row(id)?.setAttribute("aria-current", "true");
  show(id);
  if (id) {
    look(id);
  }
  hint();
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
  if (!feature) showFindings([]);
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
    if (answer.ok && id === selected) showFindings((await answer.json()).findings);
  } catch {
    // The next change asks again.
  }
}

/** What a rule finds is told once, with the fields that it is about.
 * @param {any[]} findings */
function showFindings(findings) {
  const byRule = new Map();
  for (const finding of findings) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding]);
  at("findings").replaceChildren(...[...byRule].map(([rule, found]) => findingItem(rule, found)));
  at("no-findings").hidden = findings.length > 0 || !selected;
  form.mark(new Set(findings.flatMap(fieldsOf)));
  map.setFaults(findings);
}

/** @param {string} rule @param {any[]} found */
function findingItem(rule, found) {
  const item = document.createElement("li");
  item.className = `is-${found[0].severity}`;
  const [title, cure] = sheet.rules[rule] ?? [rule, ""];
  const strong = document.createElement("strong");
  strong.textContent = `${words.say(found[0].severity)} · ${title}`;
  const fields = document.createElement("span");
  for (const name of new Set(found.flatMap(fieldsOf))) {
    const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!field) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = field.dataset.title;
    button.addEventListener("click", () => form.focus(name));
    fields.append(button, " ");
  }
  const detail = document.createElement("span");
  detail.className = "quiet";
  const messages = SAID_BY_TITLE.has(rule) ? [] : [...new Set(found.map((each) => [each.other, each.message].filter(Boolean).join(" · ")))];
  detail.textContent = [...messages, cure].join(" ");
  item.append(strong, fields, detail);
  return item;
}

/** @param {{field: string}} finding @returns {string[]} the properties that it is about */
function fieldsOf({ field }) {
  return field.split(", ").map((name) => name.split(".")[0]);
}

/* The list, which is the map in words */

/** @param {Feature | undefined} feature */
function nameOf(feature) {
  return String(feature?.properties[sheet.label] ?? "") || words.say("unnamed");
}

/** @param {string | null} id */
function row(id) {
  return id === null ? null : at("list").querySelector(`[data-id="${CSS.escape(id)}"]`);
}

/** @param {string} id @param {Feature | null} feature */
function listOne(id, feature) {
  const known = row(id);
  if (!feature) {
    known?.parentElement.remove();
  } else {
    const button = known ?? document.createElement("button");
    button.type = "button";
    button.dataset.id = id;
    button.replaceChildren(nameOf(feature));
    if (!feature.geometry) {
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = words.say("noPlace");
      button.append(" ", tag);
    }
    if (!known) {
      const item = document.createElement("li");
      item.append(button);
      at("list").prepend(item);
    }
    filterOne(button);
  }
  count();
}

/** @param {HTMLElement} button */
function filterOne(button) {
  const wanted = at("search").value.trim().toLocaleLowerCase();
  button.parentElement.hidden = sheet.whole && !`${button.textContent}\n${button.dataset.id}`.toLocaleLowerCase().includes(wanted);
}

function count() {
  const shown = at("list").querySelectorAll("li:not([hidden])").length;
  at("count").textContent = words.say(sheet.whole ? "count" : "inView", { count: shown });
}

at("list").addEventListener("click", (event) => {
  const button = event.target.closest("[data-id]");
  if (!button) return;
  select(button.dataset.id);
  map.show(button.dataset.id);
});
at("list").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = [...at("list").querySelectorAll("li:not([hidden]) button")];
  event.preventDefault();
  rows[rows.indexOf(document.activeElement) + step]?.focus();
});
at("search").addEventListener("input", () => {
  if (!sheet.whole) return later(load);
  for (const button of at("list").querySelectorAll("[data-id]")) filterOne(button);
  count();
});

/* The tools */

const TOOLS = {
  select: () => map.use("select"),
  point: () => map.draw("point"),
  line: () => map.draw("line"),
  area: () => map.draw("area"),
  edit: () => map.use("edit"),
  move: () => map.use("move"),
  divide: () => map.draw("line"),
  cut: () => map.draw("area"),
};
const HINTS = { point: "drawing", line: "drawing", area: "drawing", edit: "editing", move: "moving", divide: "dividing", cut: "cutting" };
let tool = "select";

/** @param {string} name */
function press(name) {
  tool = name;
  TOOLS[name]();
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
  hint();
}

function hint() {
  const name = tool;
  const known = HINTS[name];
  at("hint").textContent = !known ? "" : needsOne(name) && !selected ? words.say("choose")
    : words.say(known, { kind: known === "drawing" ? words.say(name) : "" });
}

/** @param {string} name */
function needsOne(name) {
  return !["select", "point", "line", "area"].includes(name);
}

function buttons() {
  at("undo").disabled = !steps.done.length;
  at("redo").disabled = !steps.undone.length;
  at("remove").disabled = !selected;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.disabled = ["divide", "cut"].includes(button.dataset.tool) && !features.get(selected)?.geometry;
  }
}

function remove() {
  const feature = features.get(selected);
  if (!feature) return;
  change([{ id: feature.id, after: null }], false);
  say(words.say("removed", { name: nameOf(feature) }));
  select(null);
}

for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => press(button.dataset.tool));
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
    press("select");
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
