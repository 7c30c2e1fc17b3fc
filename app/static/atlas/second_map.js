/** A second map beside the first one, which shows the same place at the same scale. */

const SHARED = ["zoomSnap", "zoomDelta", "minZoom", "maxZoom", "maxBounds", "maxBoundsViscosity"];

export class SecondMap {
  /** @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words */
  constructor(atlas, words) {
    Object.assign(this, { first: atlas.map, words });
    const field = this.first.getContainer();
    this.section = field.parentElement;
    this.section.classList.add("is-sides");
    this.box = document.createElement("div");
    this.box.className = "second-map";
    this.box.setAttribute("role", "application");
    field.after(this.box);
    this.names = [document.createElement("p"), document.createElement("p")];
    for (const [at, name] of this.names.entries()) {
      name.className = `side-name side-name-${at ? "new" : "old"}`;
      this.section.append(name);
    }
    this.map = L.map(this.box, {
      ...Object.fromEntries(SHARED.map((key) => [key, this.first.options[key]])),
      zoomControl: false, attributionControl: false, zoomAnimation: false,
    });
    this.map.getPane("mapPane").setAttribute("aria-hidden", "true");
    this.#follow(this.first, this.map);
    this.leading = () => this.#follow(this.first, this.map);
    this.first.on("move zoomend", this.leading);
    this.map.on("move zoomend", () => this.#follow(this.map, this.first));
    this.map.on("click", (event) => this.#click(event));
    this.observer = new ResizeObserver(() => {
      // That it has another size is no wish to be elsewhere.
      this.moving = true;
      this.map.invalidateSize({ animate: false, pan: false });
      this.moving = false;
      this.#follow(this.first, this.map);
    });
    this.observer.observe(this.box);
  }

  /** @param {string} left @param {string} right */
  name(left, right) {
    this.names[0].textContent = left;
    this.names[1].textContent = right;
    this.box.setAttribute("aria-label", this.words.say("compareSecond", { name: right }));
  }

  /** Draw a layer of the first map as it is there. @param {string} id @param {L.GeoJSON} group @param {any[]} features */
  add(id, group, features) {
    const name = `atlas-${id}`;
    const pane = this.map.getPane(name) ?? this.map.createPane(name);
    const { zIndex, opacity } = this.first.getPane(name).style;
    Object.assign(pane.style, { zIndex, opacity });
    const { style, pointToLayer } = group.options;
    const added = L.geoJSON(features, { pane: name, style, pointToLayer });
    // Hundreds of shapes must not each be a second stop for clicks: the first map answers for both.
    added.eachLayer((shape) => shape.setStyle({ className: "compared", interactive: false }));
    return added.addTo(this.map);
  }

  remove() {
    this.observer.disconnect();
    this.first.off("move zoomend", this.leading);
    this.map.remove();
    for (const each of [this.box, ...this.names]) each.remove();
    this.section.classList.remove("is-sides");
  }

  /** @param {L.Map} leader @param {L.Map} other */
  #follow(leader, other) {
    if (this.moving) return;
    this.moving = true;
    other.setView(leader.getCenter(), leader.getZoom(), { animate: false });
    this.moving = false;
  }

  /** Ask the first map what is at the same place. @param {L.LeafletMouseEvent} event */
  #click({ latlng, containerPoint }) {
    const { left, top } = this.first.getContainer().getBoundingClientRect();
    this.first.fire("click", { latlng, originalEvent: { clientX: left + containerPoint.x, clientY: top + containerPoint.y } });
  }
}
