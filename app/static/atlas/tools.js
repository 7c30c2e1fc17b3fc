/** Tools of planners, loaded when the first of them is opened: measure, coordinates, time, comparison. */

import { Measure } from "./measure.js";
import { parsePlace, written } from "./place.js";
import { Swipe } from "./swipe.js";

/** @returns {Promise<void>} settled when the tools' own style is there */
export function loadStyle() {
  return new Promise((done, fail) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL("tools.css", import.meta.url).href, onload: () => done(), onerror: fail });
    document.head.append(link);
  });
}

export class Tools {
  /**
   * @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words
   * @param {HTMLElement} bar @param {HTMLElement} box @param {{say(text: string): void, setKnown(when: string): Promise<any>, known: {when: string}}} page
   */
  constructor(atlas, words, bar, box, page) {
    Object.assign(this, { atlas, map: atlas.map, words, bar, box, page, say: page.say });
    this.measure = new Measure(atlas, words, (text, warning) => this.#result(text, warning));
    this.shown = { line: () => this.#measuring("line"), area: () => this.#measuring("area"), place: () => this.#place(), known: () => this.#known(), swipe: () => this.#swipe() };
    this.move = ({ latlng }) => this.#write(latlng);
    this.centre = () => this.#write(this.map.getCenter());
    this.map.getContainer().addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.open(null);
    });
  }

  /** @param {string | null} name */
  open(name) {
    const last = this.name;
    this.measure.stop();
    this.divider?.remove();
    this.divider = null;
    this.map.off("mousemove", this.move).off("moveend", this.centre);
    this.name = name === last ? null : name;
    this.atlas.busy = this.name === "line" || this.name === "area";
    this.map.getContainer().classList.toggle("is-tool", this.name !== null);
    for (const button of this.bar.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-expanded", String(button.dataset.tool === this.name));
    }
    this.out = null;
    this.box.hidden = this.name === null;
    this.box.replaceChildren();
    if (this.name) this.shown[this.name]();
    else this.bar.querySelector(`[data-tool="${last}"]`)?.focus();
  }

  #measuring(kind) {
    const buttons = document.createElement("p");
    buttons.className = "actions";
    buttons.append(
      this.#button("measureCentre", () => this.measure.put(this.map.getCenter())),
      this.#button("measureUndo", () => this.measure.undo()),
      this.#button("measureClear", () => this.measure.start(kind)),
    );
    this.out = line("result");
    this.warning = line("notice");
    const caution = line("quiet");
    caution.textContent = this.words.say("measureCaution");
    this.box.append(this.#heading(kind === "area" ? "measureArea" : "measureLine"), this.out, this.warning, buttons, caution);
    this.measure.start(kind);
  }

  #result(text, warning) {
    if (!this.out) return;
    this.out.textContent = text;
    this.warning.textContent = warning;
    this.warning.hidden = !warning;
    if (this.measure.places.length) this.say(`${text} ${warning}`);
  }

  #place() {
    this.list = document.createElement("dl");
    const form = document.createElement("form");
    const label = document.createElement("label");
    const input = document.createElement("input");
    const go = this.#button("placeGo");
    label.textContent = this.words.say("placeLabel");
    label.htmlFor = input.id = "place-text";
    input.autocomplete = "off";
    input.placeholder = "116.975, 36.55";
    go.type = "submit";
    const wrong = line("quiet");
    wrong.setAttribute("role", "status");
    form.append(label, input, go, wrong);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      wrong.textContent = this.#go(input.value);
    });
    this.box.append(this.#heading("placeTitle"), this.list, form);
    this.map.on("mousemove", this.move).on("moveend", this.centre);
    this.centre();
  }

  #swipe() {
    const { layers } = this.words.config;
    const choices = ["swipeLeft", "swipeRight"].map((key, at) => {
      const label = document.createElement("label");
      const choice = document.createElement("select");
      choice.append(new Option(this.words.say("swipeNone"), ""), ...layers.map(({ id, title }) => new Option(title, id)));
      choice.value = at ? "" : layers.at(-1).id;
      choice.addEventListener("change", () => this.#divide(choices));
      label.append(this.words.say(key), choice);
      return { label, choice };
    });
    const help = line("quiet");
    help.textContent = this.words.say("swipeHelp");
    this.box.append(this.#heading("swipeTitle"), ...choices.map(({ label }) => label), help);
    this.#divide(choices);
  }

  #divide(choices) {
    const at = this.divider?.at ?? 0.5;
    this.divider?.remove();
    const [left, right] = choices.map(({ choice }) => (choice.value ? [this.map.getPane(`atlas-${choice.value}`)] : []));
    this.divider = new Swipe(this.map, { left, right }, this.words.say("swipeTitle"));
    this.divider.set(at);
  }

  #known() {
    const form = document.createElement("form");
    const label = document.createElement("label");
    const day = document.createElement("input");
    const show = this.#button("knownShow");
    Object.assign(day, { type: "date", id: "known-day", value: this.page.known.when, required: true });
    label.textContent = this.words.say("knownLabel");
    label.htmlFor = day.id;
    show.type = "submit";
    const told = line("result");
    const list = document.createElement("ul");
    const set = async (when) => {
      try {
        const moves = await this.page.setKnown(when);
        told.textContent = this.words.say(when ? "knownCount" : "knownNow", { count: moves.count });
        list.replaceChildren(...moves.moves.map((move) => this.#move(move, when)));
      } catch {
        told.textContent = this.words.say("knownUnread", { when });
      }
      this.say(told.textContent);
    };
    form.append(label, day, show, this.#button("knownReset", () => set("")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      set(day.value);
    });
    this.box.append(this.#heading("knownTitle"), form, told, list);
    if (this.page.known.when) set(this.page.known.when);
  }

  /** @param {import("./known.js").Move} move @param {string} when */
  #move({ layer, state, name }, when) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const query = new URLSearchParams({ from: when, f: "html", ...(this.words.config.lang === "en" && { lang: "en" }) });
    link.href = `/api/collections/${layer.id}/diff?${query}`;
    link.textContent = this.words.say(state === "added" ? "knownAdded" : state === "removed" ? "knownRemoved" : "knownChanged", { name });
    item.append(link);
    return item;
  }

  /** @param {string} text @returns {string} what is wrong with it */
  #go(text) {
    const place = parsePlace(text);
    if (!place) return this.words.say("placeUnread");
    const there = L.latLng(place[1], place[0]);
    if (!L.latLngBounds(this.map.options.maxBounds).contains(there)) return this.words.say("placeOutside");
    this.map.setView(there, Math.max(this.map.getZoom(), 14), { animate: false });
    return "";
  }

  /** @param {L.LatLng} latlng */
  #write({ lng, lat }) {
    const rows = written([lng, lat]).map(([system, text]) => {
      const row = document.createElement("div");
      const name = document.createElement("dt");
      const value = document.createElement("dd");
      const copy = this.#button("placeCopy", () => this.#copy(text));
      copy.setAttribute("aria-label", `${this.words.say("placeCopy")} ${system}`);
      name.textContent = system;
      value.append(text, copy);
      row.append(name, value);
      return row;
    });
    if (this.list.contains(document.activeElement)) return;
    this.list.replaceChildren(...rows);
  }

  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(this.words.say("placeCopied", { text }));
    } catch {
      this.say(text);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.map.getContainer() || !this.name) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      this.open(null);
    } else if (this.atlas.busy && event.key === "Enter") this.measure.put(this.map.getCenter());
    else if (this.atlas.busy && event.key === "Backspace") this.measure.undo();
  }

  #heading(key) {
    const heading = document.createElement("h2");
    heading.textContent = this.words.say(key);
    const close = this.#button("toolClose", () => this.open(null));
    const head = document.createElement("div");
    head.className = "tool-head";
    head.append(heading, close);
    return head;
  }

  #button(key, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = this.words.say(key);
    if (act) button.addEventListener("click", act);
    return button;
  }
}

function line(name) {
  const paragraph = document.createElement("p");
  paragraph.className = name;
  return paragraph;
}
