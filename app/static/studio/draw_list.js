/** The list of a draft's features, which is the map in words. */

/** @typedef {import("./draw_saving.js").Feature} Feature */

export class FeatureList {
  /**
   * @param {any} sheet @param {import("../atlas/words.js").Words} words
   * @param {{nameOf(feature: Feature): string, choose(id: string): void, search(): void}} page
   *   ``search`` is asked to look again where not all features are here
   */
  constructor(sheet, words, page) {
    Object.assign(this, { sheet, words, page });
    this.host = document.getElementById("list");
    this.wanted = document.getElementById("search");
    this.host.addEventListener("click", (event) => {
      const button = event.target.closest("[data-id]");
      if (button) page.choose(button.dataset.id);
    });
    this.host.addEventListener("keydown", (event) => this.#key(event));
    this.wanted.addEventListener("input", () => {
      if (!sheet.whole) return page.search();
      for (const button of this.host.querySelectorAll("[data-id]")) this.#filter(button);
      this.#count();
    });
  }

  /** @param {string | null} id */
  mark(id) {
    for (const row of this.host.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    if (id !== null) this.#row(id)?.setAttribute("aria-current", "true");
  }

  /** @param {string} id @param {Feature | null} feature */
  put(id, feature) {
    const known = this.#row(id);
    if (!feature) known?.parentElement.remove();
    else {
      const button = known ?? this.#add(id);
      button.replaceChildren(this.page.nameOf(feature));
      if (!feature.geometry) {
        const tag = document.createElement("span");
        tag.className = "tag";
        tag.textContent = this.words.say("noPlace");
        button.append(" ", tag);
      }
      this.#filter(button);
    }
    this.#count();
  }

  /** @param {string} id */
  #add(id) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.id = id;
    item.append(button);
    this.host.prepend(item);
    return button;
  }

  /** @param {string} id */
  #row(id) {
    return this.host.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  /** @param {HTMLElement} button */
  #filter(button) {
    const wanted = this.wanted.value.trim().toLocaleLowerCase();
    const known = `${button.textContent}\n${button.dataset.id}`.toLocaleLowerCase();
    button.parentElement.hidden = this.sheet.whole && !known.includes(wanted);
  }

  #count() {
    const shown = this.host.querySelectorAll("li:not([hidden])").length;
    document.getElementById("count").textContent = this.words.say(this.sheet.whole ? "count" : "inView", { count: shown });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...this.host.querySelectorAll("li:not([hidden]) button")];
    event.preventDefault();
    rows[rows.indexOf(document.activeElement) + step]?.focus();
  }
}
