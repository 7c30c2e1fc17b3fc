/** The tool of comparison: what is compared with what, how it is shown, and the list of differences. */

import { Fetcher, parse, written } from "./compare.js";
import { Comparison, SIDES } from "./comparison.js";
import { button, choice, field, line, radios } from "./tool_parts.js";

const KINDS = ["revisions", "dates", "layers", "plan"];
const LISTED = 200;
const PHONE = matchMedia("(max-width: 760px)");

export class CompareTool {
  /** @param {import("./tools.js").Tools} tools */
  constructor({ atlas, words, page }) {
    Object.assign(this, { words, page });
    this.fetcher = new Fetcher(words, page);
    this.comparison = new Comparison(atlas, words, page);
    this.turn = 0;
    /** @param {string} split */
    this.keep = (split) => {
      this.split = split;
      this.#put({ split: split === "50" ? "" : split });
    };
  }

  /** @param {HTMLElement} body */
  async show(body) {
    this.settings = document.createElement("details");
    // A link says already what is compared.
    this.settings.open = !this.page.given("compare");
    this.found = document.createElement("details");
    this.found.hidden = true;
    this.told = line("result");
    this.told.setAttribute("role", "status");
    body.className = "compare";
    this.comparison.begin();
    body.append(this.settings, this.told, this.found);
    await this.follow();
  }

  hide() {
    this.turn += 1;
    this.compared = null;
    this.comparison.end();
    this.#put({ compare: "", split: "" });
  }

  /** Change the address; that nothing else has changed need not be drawn. @param {Record<string, string>} given */
  #put(given) {
    this.isSetting = true;
    this.page.put(given);
    this.isSetting = false;
  }

  /** Draw again after layers or filters have changed. */
  refresh() {
    if (this.compared && !this.isSetting) this.comparison.draw(this.compared, this.split, this.keep);
  }

  /** Show what the address names; without that, what is most likely to be of use. */
  async follow() {
    const text = this.page.given("compare");
    const asked = text ? parse(text) : await this.#usual();
    this.split = splitOf(this.page.given("split"));
    this.asked = asked ?? (await this.#usual());
    await this.#form();
    if (asked) await this.#draw();
    else this.#unread(text);
  }

  /** @returns {Promise<import("./compare.js").Asked>} the last two revisions, else two layers */
  async #usual() {
    const { layers } = this.words.config;
    const movable = layers.filter(({ ground }) => !ground);
    const layer = (movable.at(-1) ?? layers.at(-1)).id;
    const revisions = await this.fetcher.revisions(layer).catch(() => []);
    if (revisions.length > 1) return { kind: "revisions", layer, left: String(revisions[1].revision), right: String(revisions[0].revision) };
    return { kind: "layers", layer: "", left: (movable[0] ?? layers[0]).id, right: layer };
  }

  async #form() {
    const say = (key) => this.words.say(key);
    const form = document.createElement("form");
    const summary = document.createElement("summary");
    const kind = choice(KINDS.map((each) => [each, say(`compareKind_${each}`)]), this.asked.kind);
    const [layer, ends] = await this.#ends();
    const view = radios(say("compareView"), "view", [["swipe", say("compareSwipe")], [SIDES, say("compareSides")]], this.split === SIDES ? SIDES : "swipe");
    summary.textContent = say("compareWhat");
    kind.addEventListener("change", async () => this.#ask(await this.#start(kind.value)));
    view.addEventListener("change", ({ target }) => this.#show(target.value === SIDES ? SIDES : "50"));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(field(say("compareKind"), kind), ...layer, ...ends, view, line("quiet", say("compareHelp")));
    const name = document.activeElement?.closest?.(".compare label")?.firstChild.textContent;
    this.settings.replaceChildren(summary, form);
    // What was chosen by keyboard keeps the focus when the form is written anew.
    [...form.querySelectorAll("label")].find((label) => label.firstChild.textContent === name)?.querySelector("select, input")?.focus();
  }

  /** @returns {Promise<[HTMLElement[], HTMLElement[]]>} the controls of the layer, and of both ends */
  async #ends() {
    const { kind, layer, left, right } = this.asked;
    const ends = (make) => ["left", "right"].map((end) => {
      const control = make(end === "left" ? left : right);
      control.addEventListener("change", () => control.checkValidity() && this.#ask({ ...this.asked, [end]: control.value }));
      return field(this.words.say(kind === "layers" ? `compareLayer_${end}` : `compare_${end}`), control);
    });
    const layers = this.words.config.layers.map(({ id, title }) => [id, title]);
    if (kind === "layers") return [[], ends((value) => choice(layers, value))];
    if (kind === "dates") return [[], ends((value) => Object.assign(document.createElement("input"), { type: "date", required: true, value }))];
    if (kind === "plan") {
      const count = await this.fetcher.versions().catch(() => 0);
      const versions = Array.from({ length: count }, (_, at) => [String(at + 1), this.words.say("compareVersion", { number: at + 1 })]);
      return [count < 2 ? [line("notice", this.words.say("compareVersions", { count }))] : [], ends((value) => choice(versions, value))];
    }
    const which = choice(layers, layer);
    which.addEventListener("change", async () => this.#ask(await this.#start("revisions", which.value)));
    return [[field(this.words.say("compareLayer"), which)], ends(this.#revisions(await this.fetcher.revisions(layer).catch(() => [])))];
  }

  /** @returns {(value: string) => HTMLSelectElement} a choice among revisions, and what the address names */
  #revisions(known) {
    const options = known.map(({ revision, created, message }) => [
      String(revision), `${this.words.say("compareRevision", { number: revision, day: this.words.day(created) })} ${message}`.slice(0, 60),
    ]);
    return (value) => {
      const has = options.some(([number]) => number === value);
      return choice(has ? options : [[value, value || this.words.say("compareNow")], ...options], value);
    };
  }

  /** @returns {Promise<import("./compare.js").Asked>} with what a kind of comparison begins */
  async #start(kind, layer = "") {
    const { layers } = this.words.config;
    if (kind === "layers") return { kind, layer: "", left: layers.at(-2)?.id ?? layers[0].id, right: layers.at(-1).id };
    if (kind === "plan") {
      const count = await this.fetcher.versions().catch(() => 0);
      return { kind, layer: "", left: String(Math.max(1, count - 1)), right: String(count) };
    }
    if (kind === "dates") {
      const today = this.words.day(Date.now());
      return { kind, layer: "", left: `${today.slice(0, 4)}-01-01`, right: today };
    }
    const chosen = layer || (layers.find(({ ground }) => !ground) ?? layers[0]).id;
    const [newest, before] = await this.fetcher.revisions(chosen).catch(() => []);
    return { kind, layer: chosen, left: String((before ?? newest)?.revision ?? 1), right: String(newest?.revision ?? 1) };
  }

  /** @param {import("./compare.js").Asked} asked */
  async #ask(asked) {
    this.asked = asked;
    await this.#form();
    await this.#draw();
  }

  async #draw() {
    const turn = ++this.turn;
    const text = written(this.asked);
    this.#put({ compare: text, split: this.split === "50" ? "" : this.split });
    this.told.textContent = this.words.say("compareFetching");
    try {
      const compared = await this.fetcher.compared(this.asked);
      if (turn !== this.turn) return;
      this.compared = compared;
      this.#list(compared);
      this.#show(this.split);
      this.page.say(compared.told);
    } catch {
      if (turn === this.turn) this.#unread(text);
    }
  }

  /** @param {string} split */
  #show(split) {
    this.keep(split);
    if (!this.compared) return;
    this.comparison.draw(this.compared, split, this.keep);
    // The map is the point: on a phone what is said of it makes room.
    if (PHONE.matches) this.settings.open = this.found.open = false;
  }

  #unread(text) {
    this.compared = null;
    this.comparison.clear();
    this.found.hidden = true;
    this.told.textContent = this.words.say("compareUnread", { text });
    // What is said of another part of the same link stays.
    const before = this.page.told().replace(this.told.textContent, "").trim();
    this.page.tell([before, this.told.textContent].filter(Boolean).join(" "));
  }

  /** @param {import("./compare.js").Compared} compared */
  #list({ items, told, page }) {
    const summary = document.createElement("summary");
    const list = document.createElement("ul");
    this.told.textContent = told;
    summary.textContent = this.words.say("compareList", { count: items.length });
    list.append(...items.slice(0, LISTED).map((item) => this.#item(item)));
    this.found.hidden = !page;
    this.found.open = true;
    this.found.replaceChildren(summary, this.#key(), list);
    if (!page) return;
    const more = document.createElement("a");
    more.href = page;
    more.textContent = this.words.say(items.length > LISTED ? "compareMore" : "comparePage", { count: items.length - LISTED });
    const last = line("actions");
    last.append(more);
    this.found.append(last);
  }

  #key() {
    const key = line("quiet compare-key");
    for (const side of ["old", "new"]) {
      const mark = document.createElement("span");
      mark.className = `compare-line compare-line-${side}`;
      key.append(mark, this.words.say(side === "old" ? "compareOld" : "compareNew"), " ");
    }
    return key;
  }

  /** @param {import("./compare.js").Item} item */
  #item({ ref, state, name, href }) {
    const item = document.createElement("li");
    const row = document.createElement("span");
    const look = document.createElement("a");
    const text = this.words.say(`compareState_${state}`, { name });
    const shown = button(text, () => {
      if (this.comparison.show(ref)) this.page.say(this.words.say("compareFound", { name }));
      else this.page.say(this.words.say("compareUndrawn", { name }));
    });
    shown.className = `compare-item compare-${state}`;
    look.href = href;
    look.textContent = this.words.say("compareDetail");
    look.setAttribute("aria-label", `${look.textContent} ${name}`);
    row.className = "compare-row";
    row.append(shown, look);
    item.append(row);
    return item;
  }
}

/** @param {string} text @returns {string} "sides", or percent of the map on the left of the divider */
function splitOf(text) {
  if (text === SIDES) return SIDES;
  const percent = Number(text);
  return text && percent >= 0 && percent <= 100 ? String(percent) : "50";
}
