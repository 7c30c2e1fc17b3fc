/** What the checks find in the selected feature: told once for each rule, with the fields that it is about. */

const SAID_BY_TITLE = new Set(["attribute-missing", "place-unstated"]);

export class Findings {
  /**
   * @param {any} sheet @param {import("../atlas/words.js").Words} words
   * @param {import("./draw_form.js").Form} form @param {import("./draw_map.js").DrawMap} map
   * @param {() => string | null} selected
   */
  constructor(sheet, words, form, map, selected) {
    Object.assign(this, { sheet, words, form, map, selected });
    this.list = document.getElementById("findings");
    this.none = document.getElementById("no-findings");
  }

  /** @param {any[]} findings */
  show(findings) {
    const byRule = new Map();
    for (const finding of findings) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding]);
    this.list.replaceChildren(...[...byRule].map(([rule, found]) => this.#item(rule, found)));
    this.none.hidden = findings.length > 0 || !this.selected();
    this.form.mark(new Set(findings.flatMap(fieldsOf)));
    this.map.setFaults(findings);
  }

  /** @param {string} rule @param {any[]} found */
  #item(rule, found) {
    const item = document.createElement("li");
    item.className = `is-${found[0].severity}`;
    const [title, cure] = this.sheet.rules[rule] ?? [rule, ""];
    const strong = document.createElement("strong");
    strong.textContent = `${this.words.say(found[0].severity)} · ${title}`;
    const detail = document.createElement("span");
    detail.className = "quiet";
    const messages = SAID_BY_TITLE.has(rule) ? [] : [...new Set(found.map((each) => [each.other, each.message].filter(Boolean).join(" · ")))];
    detail.textContent = [...messages, cure].join(" ");
    item.append(strong, this.#fields(found), detail);
    return item;
  }

  /** @param {any[]} found */
  #fields(found) {
    const fields = document.createElement("span");
    for (const name of new Set(found.flatMap(fieldsOf))) {
      const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
      if (!field) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "link";
      button.textContent = field.dataset.title;
      button.addEventListener("click", () => this.form.focus(name));
      fields.append(button, " ");
    }
    return fields;
  }
}

/** @param {{field: string}} finding @returns {string[]} the properties that it is about */
function fieldsOf({ field }) {
  return field.split(", ").map((name) => name.split(".")[0]);
}
