/** The drawing page's tools: which is in use, and what is said of it. */

const HINTS = { point: "drawing", line: "drawing", area: "drawing", edit: "editing", move: "moving", divide: "dividing", cut: "cutting" };
/** Tools that work on what is selected. */
const OF_ONE = new Set(["edit", "move", "divide", "cut"]);

export class Tools {
  /**
   * @param {import("./draw_map.js").DrawMap} map @param {import("../atlas/words.js").Words} words
   * @param {() => string | null} selected
   */
  constructor(map, words, selected) {
    Object.assign(this, { words, selected, name: "select" });
    this.start = {
      select: () => map.use("select"),
      point: () => map.draw("point"),
      line: () => map.draw("line"),
      area: () => map.draw("area"),
      edit: () => map.use("edit"),
      move: () => map.use("move"),
      divide: () => map.draw("line"),
      cut: () => map.draw("area"),
    };
    this.buttons = [...document.querySelectorAll("[data-tool]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.press(button.dataset.tool));
  }

  /** Whether what is drawn divides the selected feature, or is taken out of it. */
  get cuts() {
    return this.name === "divide" || this.name === "cut";
  }

  /** @param {string} name */
  press(name) {
    this.name = name;
    this.start[name]();
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
    this.hint();
  }

  hint() {
    const known = HINTS[this.name];
    document.getElementById("hint").textContent = !known ? "" : OF_ONE.has(this.name) && !this.selected() ? this.words.say("choose")
      : this.words.say(known, { kind: known === "drawing" ? this.words.say(this.name) : "" });
  }

  /** @param {boolean} cutting whether there is something to divide or to cut */
  allow(cutting) {
    for (const button of this.buttons) button.disabled = ["divide", "cut"].includes(button.dataset.tool) && !cutting;
  }
}
