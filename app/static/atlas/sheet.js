/** The panel as a bottom sheet on phones: three heights, by button, by drag, by script. */

const HEIGHTS = ["peek", "half", "full"];
const PHONE = matchMedia("(max-width: 760px)");

export class Sheet {
  /**
   * @param {HTMLElement} panel @param {HTMLButtonElement} handle
   * @param {import("./words.js").Words} words @param {() => void} moved
   */
  constructor(panel, handle, words, moved) {
    Object.assign(this, { panel, handle, words, moved });
    handle.addEventListener("click", () => this.#click());
    handle.addEventListener("pointerdown", (event) => this.#grab(event));
    PHONE.addEventListener("change", () => this.#place());
    addEventListener("resize", () => this.#place());
    this.set(panel.dataset.sheet);
  }

  /** @returns {number} pixels of the map that the sheet covers, half the window at most */
  covered() {
    return PHONE.matches ? Math.min(this.#height(this.panel.dataset.sheet), innerHeight / 2) : 0;
  }

  /** @param {string} height */
  set(height) {
    this.panel.dataset.sheet = height;
    const key = { peek: "sheetPeek", half: "sheetHalf", full: "sheetFull" }[height];
    this.handle.firstElementChild.nextElementSibling.textContent = this.words.say(key);
    this.#place();
    this.moved();
  }

  /** @param {string} height */
  #height(height) {
    const room = innerHeight - this.panel.parentElement.firstElementChild.offsetHeight;
    return { peek: 76, half: Math.round(innerHeight * 0.46), full: room - 64 }[height];
  }

  #place() {
    const height = PHONE.matches ? `${this.#height(this.panel.dataset.sheet)}px` : "";
    document.documentElement.style.setProperty("--sheet", height || "0px");
  }

  #click() {
    if (this.dragged) return;
    this.set(HEIGHTS[(HEIGHTS.indexOf(this.panel.dataset.sheet) + 1) % HEIGHTS.length]);
  }

  /** @param {PointerEvent} down */
  #grab(down) {
    if (!PHONE.matches) return;
    this.dragged = false;
    const start = this.#height(this.panel.dataset.sheet);
    let height = start;
    const move = (event) => {
      height = start + down.clientY - event.clientY;
      this.dragged ||= Math.abs(height - start) > 6;
      if (!this.dragged) return;
      this.panel.classList.add("is-dragged");
      document.documentElement.style.setProperty("--sheet", `${Math.max(48, height)}px`);
    };
    // The panel has grown under the pointer by the time the browser looks for a link to drag.
    const stay = (event) => event.preventDefault();
    const drop = () => {
      document.removeEventListener("dragstart", stay);
      this.handle.removeEventListener("pointermove", move);
      this.panel.classList.remove("is-dragged");
      if (!this.dragged) return;
      const far = (name) => Math.abs(this.#height(name) - height);
      this.set(HEIGHTS.reduce((best, name) => (far(name) < far(best) ? name : best)));
      setTimeout(() => { this.dragged = false; });
    };
    document.addEventListener("dragstart", stay);
    this.handle.setPointerCapture(down.pointerId);
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener("pointerup", drop, { once: true });
    this.handle.addEventListener("pointercancel", drop, { once: true });
  }
}
