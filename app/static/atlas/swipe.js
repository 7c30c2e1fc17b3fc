/** A divider over a map: what lies in some panes shows on its left only, what lies in others on its right. */

const STEP = 0.05;

export class Swipe {
  /**
   * @param {L.Map} map
   * @param {{left?: HTMLElement[], right?: HTMLElement[]}} panes Leaflet panes; all others show on both sides
   * @param {string} label what the divider is called
   * @param {(percent: number) => string} say what is seen when so much of the map lies on its left
   * @param {string[]} names of what lies on its left and on its right, written beside it
   */
  constructor(map, { left = [], right = [] }, label, say = (percent) => `${percent}%`, names = []) {
    Object.assign(this, { map, left, right, say, at: 0.5 });
    this.handle = document.createElement("div");
    this.handle.className = "swipe";
    for (const [name, value] of Object.entries({ role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal" })) {
      this.handle.setAttribute(name, value);
    }
    this.handle.append(...names.map((name) => Object.assign(document.createElement("span"), { className: "swipe-side", textContent: name })));
    map.getContainer().parentElement.append(this.handle);
    this.handle.addEventListener("keydown", (event) => this.#key(event));
    this.handle.addEventListener("pointerdown", (event) => this.handle.setPointerCapture(event.pointerId));
    this.handle.addEventListener("pointermove", (event) => this.#drag(event));
    this.handle.addEventListener("lostpointercapture", () => this.#settled());
    this.clip = () => this.#clip();
    map.on("move zoomend resize viewreset", this.clip);
    this.set(0.5);
  }

  /** @param {number} at part of the map's width, 0 to 1 */
  set(at) {
    this.at = Math.min(1, Math.max(0, at));
    this.handle.style.left = `${this.at * 100}%`;
    const percent = Math.round(this.at * 100);
    this.handle.setAttribute("aria-valuenow", String(percent));
    this.handle.setAttribute("aria-valuetext", this.say(percent));
    this.#clip();
  }

  remove() {
    this.map.off("move zoomend resize viewreset", this.clip);
    for (const pane of [...this.left, ...this.right]) pane.style.clip = "";
    this.handle.remove();
  }

  #clip() {
    const size = this.map.getSize();
    const from = this.map.containerPointToLayerPoint([0, 0]);
    const to = this.map.containerPointToLayerPoint(size);
    const middle = from.x + size.x * this.at;
    // A pane has no size of its own: clip-path would cut all of it away, clip takes pixels.
    for (const pane of this.left) pane.style.clip = `rect(${from.y}px, ${middle}px, ${to.y}px, ${from.x}px)`;
    for (const pane of this.right) pane.style.clip = `rect(${from.y}px, ${to.x}px, ${to.y}px, ${middle}px)`;
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.handle.hasPointerCapture(event.pointerId)) return;
    const box = this.map.getContainer().getBoundingClientRect();
    this.set((event.clientX - box.left) / box.width);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const to = {
      ArrowLeft: this.at - STEP, ArrowDown: this.at - STEP, ArrowRight: this.at + STEP, ArrowUp: this.at + STEP, Home: 0, End: 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.set(to);
    this.#settled();
  }

  /** Tell whoever listens to the handle that it was put somewhere. */
  #settled() {
    this.handle.dispatchEvent(new Event("change"));
  }
}
