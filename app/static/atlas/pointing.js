/** What a pointer or a key points at on the map: lit up, opened, and gone through one by one. */

const byId = (id) => document.getElementById(id);

export class Pointing {
  /**
   * @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words
   * @param {{
   *   entryOf(ref: string): import("./data.js").Entry, heightOf(layerId: string): number,
   *   at(place: L.LatLng): Promise<string[]>, over(place: L.LatLng): Promise<string[]>,
   *   go(ref: string, also?: string[]): void, list(refs: string[]): void,
   *   light(ref: string | null, on: boolean): void, isWaiting(): boolean,
   * }} page ``at`` and ``over`` tell what large layers have at a place, by the server and by their tiles
   */
  constructor(atlas, words, page) {
    Object.assign(this, { atlas, map: atlas.map, words, page });
    /** What was found at one place. @type {string[]} */
    this.steps = [];
    this.looked = 0;
    this.hovered = null;
    /** @type {MouseEvent | null} */
    this.pointer = null;
    byId("steps-before").addEventListener("click", () => this.#step(-1));
    byId("steps-after").addEventListener("click", () => this.#step(1));
    this.map.on("click", ({ originalEvent, latlng }) => this.#look(originalEvent.clientX, originalEvent.clientY, latlng));
    this.map.on("mouseout", () => this.#hover(null));
    this.map.on("mousemove", ({ originalEvent }) => {
      if (this.map.dragging?.moving()) return;
      this.pointer = originalEvent;
      this.#follow();
    });
    this.map.getContainer().addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === event.currentTarget) this.#lookAtCentre();
    });
  }

  /** Say which of those found at one place is shown. @param {string} ref @returns {string} in words, empty for none */
  show(ref) {
    const at = this.steps.indexOf(ref);
    byId("steps").hidden = at < 0;
    if (at < 0) return "";
    const said = this.words.say("step", { number: at + 1, count: this.steps.length });
    byId("steps-words").textContent = said;
    byId("steps-before").disabled = at === 0;
    byId("steps-after").disabled = at === this.steps.length - 1;
    return said;
  }

  /** @param {number} by */
  #step(by) {
    const next = this.steps[this.steps.indexOf(this.atlas.selected) + by];
    if (!next) return;
    this.page.go(next);
    this.show(next);
  }

  /** What lies in the middle of the map, for those without a pointer. */
  #lookAtCentre() {
    const box = this.map.getContainer().getBoundingClientRect();
    const centre = this.map.getCenter();
    const { x, y } = this.map.latLngToContainerPoint(centre);
    this.#look(box.left + x, box.top + y, centre);
  }

  /** Open what is at a point of the window. @param {number} x @param {number} y @param {L.LatLng} place */
  async #look(x, y, place) {
    if (this.atlas.busy || this.page.isWaiting()) return;
    this.looked += 1;
    const number = this.looked;
    const found = this.#inOrder(this.atlas.under(x, y), await this.page.at(place));
    if (number === this.looked) this.#open(found, place);
  }

  /** @param {string[]} drawn @param {string[]} large @returns {string[]} each once, the uppermost layer first */
  #inOrder(drawn, large) {
    if (!large.length) return drawn;
    const height = (ref) => this.page.heightOf(this.page.entryOf(ref).layer.id);
    return [...new Set([...drawn, ...large])].sort((a, b) => height(b) - height(a));
  }

  /** @param {string[]} refs @returns {string | undefined} what is meant, before the ground below it */
  #uppermost(refs) {
    return refs.find((ref) => !this.page.entryOf(ref).layer.ground) ?? refs[0];
  }

  /** @param {string[]} found @param {L.LatLng} place */
  #open(found, place) {
    this.steps = [];
    const meant = this.#uppermost(found);
    const near = new URL(byId("nearby-here").href);
    near.searchParams.set("at", [place.lng, place.lat].map((each) => each.toFixed(5)));
    byId("nearby-here").href = near;
    if (found.filter((ref) => !this.page.entryOf(ref).layer.ground).length > 1) {
      this.steps = found;
      this.page.list(found);
    } else if (meant) this.page.go(meant, found.filter((ref) => ref !== meant));
  }

  /** Light up what the pointer is over. @param {string | null} [ref] */
  #hover(ref = null) {
    if (ref === this.hovered) return;
    if (this.hovered) this.page.light(this.hovered, false);
    this.page.light(ref, true);
    this.hovered = ref;
  }

  /** Light up what is under the pointer, as often as there is a picture, for the last place only. */
  async #follow() {
    if (this.following) return;
    this.following = true;
    while (this.pointer) {
      const { clientX, clientY } = await new Promise((done) => requestAnimationFrame(() => done(this.pointer)));
      this.pointer = null;
      const place = this.map.mouseEventToLatLng({ clientX, clientY });
      const found = this.#inOrder(this.atlas.under(clientX, clientY), await this.page.over(place));
      this.#hover(this.#uppermost(found));
    }
    this.following = false;
  }
}
