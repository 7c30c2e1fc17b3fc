/** Two people have changed one feature: both states side by side, and somebody decides. */

/** @typedef {import("./draw_saving.js").Feature} Feature */
/** @typedef {import("./draw_saving.js").Step} Step */
/** @typedef {import("./draw_saving.js").Other} Other */

export class Conflict {
  /** @param {HTMLDialogElement} dialog @param {{say(key: string, values?: any): string}} words
   * @param {{label: string}} sheet
   * @param {{show(other: Other): void, mine(step: Step): void, theirs(step: Step, other: Other): void}} heard */
  constructor(dialog, words, sheet, heard) {
    this.dialog = dialog;
    this.words = words;
    this.label = sheet.label;
    this.heard = heard;
    // To leave it undecided would leave what was drawn unsaved.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    for (const choice of ["mine", "theirs"]) {
      dialog.querySelector(`[data-choice=${choice}]`).addEventListener("click", () => {
        dialog.close();
        heard[choice](this.step, this.other);
      });
    }
  }

  /** @param {Step} step @param {Other} other @param {Feature | null} mine */
  ask(step, other, mine) {
    if (this.dialog.open) return;
    Object.assign(this, { step, other });
    const known = other.feature ?? mine;
    const name = String(known?.properties[this.label] ?? "") || other.id;
    this.dialog.querySelector("[data-words]").textContent =
      this.words.say(other.feature ? "conflict" : "conflictRemoved", { author: other.author, name });
    const rows = differences(other.feature, mine, this.words).map((cells) => {
      const row = document.createElement("tr");
      cells.forEach((text, place) => {
        const cell = document.createElement(place ? "td" : "th");
        if (!place) cell.scope = "row";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    });
    this.dialog.querySelector("tbody").replaceChildren(...rows);
    this.heard.show(other);
    this.dialog.show();
    this.dialog.querySelector("h2").focus();
  }
}

/** @param {Feature | null} theirs @param {Feature | null} mine @param {{say(key: string): string}} words
 * @returns {[string, string, string][]} what differs: field, theirs, mine */
function differences(theirs, mine, words) {
  if (!theirs || !mine) {
    return [["", theirs ? theirs.id : words.say("gone"), mine ? mine.id : words.say("gone")]];
  }
  const names = new Set([...Object.keys(theirs.properties), ...Object.keys(mine.properties)]);
  const rows = [...names]
    .map((name) => [titleOf(name), text(theirs.properties[name]), text(mine.properties[name])])
    .filter(([, one, other]) => one !== other);
  if (text(theirs.geometry) !== text(mine.geometry)) {
    rows.unshift([words.say("geometry"), shape(theirs.geometry), shape(mine.geometry)]);
  }
  return rows;
}

/** @param {string} name */
function titleOf(name) {
  return document.querySelector(`[data-field="${CSS.escape(name)}"]`)?.dataset.title ?? name;
}

/** @param {any} value */
function text(value) {
  if (value == null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {any} geometry */
function shape(geometry) {
  return geometry ? `${geometry.type}, ${geometry.coordinates.flat(Infinity).length / 2}` : "–";
}
