/** Tools of planners, loaded when the first of them is opened: measure, coordinates, time, comparison. */

import { Measure } from "./measure.js";
import { PlaceTool } from "./place_tool.js";
import { KnownTool, YearTool } from "./time_tools.js";
import { button, line } from "./tool_parts.js";

/** @returns {Promise<void>} settled when the tools' own style is there */
export function loadStyle() {
  return new Promise((done, fail) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL("tools.css", import.meta.url).href, onload: () => done(), onerror: fail });
    document.head.append(link);
  });
}

/**
 * What the page lets a tool do.
 * @typedef {{
 *   say(text: string): void, tell(text: string): void, told(): string,
 *   go(ref: string): void, nameOf(entry: import("./data.js").Entry): string, atlas: import("./map.js").AtlasMap,
 *   put(given: Record<string, string>, hidden?: Record<string, Set<string>>): void,
 *   given(name: string): string, entries: Map<string, import("./data.js").Entry>,
 *   time(): Promise<import("./time.js").Time>, labels: import("./labels.js").Labels,
 * }} Page
 */

const TITLES = { line: "measureLine", area: "measureArea", place: "placeTitle", known: "knownTitle", year: "yearTitle", compare: "compareTitle" };

export class Tools {
  /**
   * @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words
   * @param {HTMLElement} bar @param {HTMLElement} box @param {Page} page
   */
  constructor(atlas, words, bar, box, page) {
    Object.assign(this, { atlas, map: atlas.map, words, bar, box, page });
    this.measure = new Measure(atlas, words, (text, warning) => this.#result(text, warning));
    this.tools = {
      line: this.#measuring("line"), area: this.#measuring("area"),
      place: new PlaceTool(this), known: new KnownTool(this), year: new YearTool(this),
    };
    this.map.getContainer().addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.open(null);
    });
  }

  /** Open a tool, or close it if it is open; null closes whatever is. @param {string | null} name */
  async open(name) {
    if (name === "compare" && !this.tools.compare) {
      const { CompareTool } = await import("./compare_tool.js");
      this.tools.compare ??= new CompareTool(this);
    }
    const last = this.name;
    this.name = name === last ? null : name;
    this.atlas.busy = this.name === "line" || this.name === "area";
    this.map.getContainer().classList.toggle("is-tool", this.atlas.busy || this.name === "place");
    for (const each of this.bar.querySelectorAll("[data-tool]")) {
      each.setAttribute("aria-expanded", String(each.dataset.tool === this.name));
    }
    this.box.hidden = this.name === null;
    this.box.closest(".map").dataset.tool = this.box.dataset.tool = this.name ?? "";
    if (last) this.tools[last].hide();
    this.box.replaceChildren();
    if (this.name) {
      // What is still being fetched for a tool that was closed is written where nobody sees it.
      const body = document.createElement("div");
      this.box.append(this.#head(TITLES[this.name]), body);
      await this.tools[this.name].show(body);
    } else this.bar.querySelector(`[data-tool="${last}"]`)?.focus();
  }

  /** Show the comparison that the address names, or none. */
  async follow() {
    const isOpen = this.name === "compare";
    if (isOpen !== Boolean(this.page.given("compare"))) await this.open("compare");
    else if (isOpen) await this.tools.compare.follow();
  }

  /** Draw anew what depends on what is shown. */
  refresh() {
    if (this.name === "compare") this.tools.compare.refresh();
  }

  #measuring(kind) {
    return {
      show: (box) => {
        const actions = line("actions");
        actions.append(
          button(this.words.say("measureCentre"), () => this.measure.put(this.map.getCenter())),
          button(this.words.say("measureUndo"), () => this.measure.undo()),
          button(this.words.say("measureClear"), () => this.measure.start(kind)),
        );
        this.out = line("result");
        this.warning = line("notice");
        box.append(this.out, this.warning, actions, line("quiet", this.words.say("measureCaution")));
        this.measure.start(kind);
      },
      hide: () => {
        this.measure.stop();
        this.out = null;
      },
    };
  }

  #result(text, warning) {
    if (!this.out) return;
    this.out.textContent = text;
    this.warning.textContent = warning;
    this.warning.hidden = !warning;
    if (this.measure.places.length) this.page.say(`${text} ${warning}`);
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

  /** @param {string} key */
  #head(key) {
    const heading = document.createElement("h2");
    const head = document.createElement("div");
    heading.textContent = this.words.say(key);
    head.className = "tool-head";
    head.append(heading, button(this.words.say("toolClose"), () => this.open(null)));
    return head;
  }
}
