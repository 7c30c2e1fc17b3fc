/** The buttons of the planners' tools, which are loaded when the first of them is asked for. */

export class Toolbar {
  /**
   * @param {HTMLElement} bar @param {HTMLElement} box
   * @param {import("./words.js").Words} words @param {import("./tools.js").Page} page
   * @param {() => void} opened called when a tool is open
   */
  constructor(bar, box, words, page, opened) {
    Object.assign(this, { bar, box, words, page, opened });
    /** The tools once they are there. @type {import("./tools.js").Tools | null} */
    this.tools = null;
    this.waiting = 0;
    bar.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-tool]");
      if (button) this.#open(button);
    });
  }

  /** Until a tool that was asked for is open, the map must not answer for it. */
  get isLoading() {
    return this.waiting > 0;
  }

  /** @returns {Promise<import("./tools.js").Tools>} */
  load() {
    this.loaded ??= import("./tools.js").then(async ({ Tools, loadStyle }) => {
      await loadStyle();
      this.tools = new Tools(this.page.atlas, this.words, this.bar, this.box, this.page);
      return this.tools;
    });
    this.loaded.catch(() => { this.loaded = null; });
    return this.loaded;
  }

  /** Show the comparison that the address names. */
  async follow() {
    const tools = await this.load();
    const before = tools.name;
    await tools.follow();
    if (tools.name && tools.name !== before) this.opened();
  }

  /** @param {HTMLButtonElement} button */
  async #open(button) {
    this.waiting += 1;
    button.setAttribute("aria-busy", "true");
    try {
      const tools = await this.load();
      await tools.open(button.dataset.tool);
      if (tools.name) this.opened();
    } catch {
      this.page.say(this.words.say("failed", { layer: button.textContent }));
    }
    this.waiting -= 1;
    button.removeAttribute("aria-busy");
  }
}
