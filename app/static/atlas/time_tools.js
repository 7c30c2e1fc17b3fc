/** The tools of time: the map as known on a day, and what the plan dates in a year. */

import { addressOf, button, field, line, radios } from "./tool_parts.js";

export class KnownTool {
  /** @param {import("./tools.js").Tools} tools */
  constructor({ words, page }) {
    Object.assign(this, { words, page });
  }

  /** @param {HTMLElement} box */
  async show(box) {
    const form = document.createElement("form");
    const label = document.createElement("label");
    const day = document.createElement("input");
    const now = this.page.given("known");
    Object.assign(day, { type: "date", id: "known-day", value: now, required: true });
    label.textContent = this.words.say("knownLabel");
    label.htmlFor = day.id;
    this.told = line("result");
    this.list = document.createElement("ul");
    form.append(label, day, button(this.words.say("knownShow")), button(this.words.say("knownReset"), () => this.#set("")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#set(day.value);
    });
    box.append(form, this.told, this.list);
    if (now) await this.#set(now);
  }

  hide() {}

  /** @param {string} when */
  async #set(when) {
    const { told, list } = this;
    try {
      const moves = await (await this.page.time()).setKnown(when);
      told.textContent = this.words.say(when ? "knownCount" : "knownNow", { count: moves.count });
      list.replaceChildren(...moves.moves.map((move) => this.#move(move, when)));
    } catch {
      told.textContent = this.words.say("knownUnread", { when });
    }
    this.page.say(told.textContent);
  }

  /** @param {import("./known.js").Move} move @param {string} when */
  #move({ layer, state, name }, when) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = addressOf(`/api/collections/${layer.id}/diff`, { from: this.words.state(when), f: "html" }, this.words.config.lang);
    link.textContent = this.words.say(state === "added" ? "knownAdded" : state === "removed" ? "knownRemoved" : "knownChanged", { name });
    item.append(link);
    return item;
  }
}

export class YearTool {
  /** @param {import("./tools.js").Tools} tools */
  constructor({ words, page }) {
    Object.assign(this, { words, page });
  }

  /** @param {HTMLElement} box */
  async show(box) {
    const time = await this.page.time();
    const { years } = await time.years("");
    const year = this.page.given("year");
    const steps = [["", this.words.say("yearAll")], ...years.map((each) => [String(each), String(each)])];
    const form = document.createElement("form");
    const undated = document.createElement("input");
    Object.assign(undated, { type: "checkbox", checked: this.page.given("undated") !== "off" });
    const keep = field("", undated);
    keep.className = "keep";
    keep.append(this.words.say("yearKeep"));
    form.className = "years";
    form.append(radios(this.words.say("yearLabel"), "year", steps, year), keep);
    this.told = line("result");
    this.figures = document.createElement("section");
    const set = () => this.#set(time, new FormData(form).get("year"), undated.checked);
    form.addEventListener("change", set);
    form.addEventListener("submit", (event) => event.preventDefault());
    box.append(form, this.told, this.figures, line("quiet", this.words.say("yearRule")));
    if (year) await set();
  }

  hide() {}

  async #set(time, year, undated) {
    const { told, figures } = this;
    try {
      const said = await time.setYear(year, undated);
      told.textContent = said ? time.summary(said, year, undated) : this.words.say("yearAllShown");
      figures.replaceChildren(...(said ? this.#figures(said.document, year) : []));
    } catch {
      told.textContent = this.words.say("yearUnread", { year });
    }
    this.page.say(told.textContent);
  }

  /** @param {import("./time.js").Years} document @param {string} year */
  #figures({ collections, figures }, year) {
    const counts = document.createElement("ul");
    counts.append(...collections.map(({ title, matched, dated, undated }) => {
      const item = document.createElement("li");
      item.textContent = this.words.say("yearLayer", { layer: title, matched, dated, undated });
      return item;
    }));
    const heading = document.createElement("h3");
    heading.textContent = this.words.say(figures.length ? "yearFigures" : "yearNoFigures", { year, count: figures.length });
    const list = document.createElement("ul");
    list.append(...figures.map(({ id, name, value, status, inferred }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `${addressOf("/indicators", {}, this.words.config.lang)}#${id}`;
      link.textContent = `${name} ${value}`;
      const note = status === "actual" ? "yearActual" : inferred ? "yearInferred" : "";
      item.append(link, note ? ` ${this.words.say(note)}` : "");
      return item;
    }));
    return [counts, heading, list];
  }
}
