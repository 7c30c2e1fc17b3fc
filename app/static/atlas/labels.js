/** Names on the map: those of the zones always, those of projects where there is room. */

/** @typedef {import("./data.js").Entry} Entry */

export class Labels {
  /** @param {L.Map} map @param {import("./words.js").Words} words
   * @param {{pane?: string, beside?: Labels}} [where] the pane, and names that are there already */
  constructor(map, words, { pane = "tooltipPane", beside } = {}) {
    Object.assign(this, { map, words, pane, beside });
    /** @type {Map<string, {marker: L.Marker, element: HTMLElement, always: boolean, layerId: string}>} */
    this.shown = new Map();
    this.hiddenLayers = new Set();
    /** Layers whose names are written elsewhere. @type {Set<string>} */
    this.behind = new Set();
    this.moved = () => this.declutter();
    map.on("zoomend moveend resize", this.moved);
  }

  /** @param {Entry} entry @param {L.LatLng} at @param {L.Path} shape */
  add(entry, at, shape) {
    const always = entry.layer.label === "always";
    const centred = shape instanceof L.Polygon;
    const words = document.createElement("span");
    words.textContent = this.words.text(entry.feature.properties, "name");
    // No tooltip of Leaflet's: that is measured, and the page laid out, for each of them.
    const className = ["name", always && "name-always", !centred && "name-beside"].filter(Boolean).join(" ");
    const icon = L.divIcon({ className, html: words, iconSize: null });
    const marker = L.marker(at, { icon, interactive: false, keyboard: false, pane: this.pane }).addTo(this.map);
    const element = marker.getElement();
    element.style.setProperty("--c", shape.options.color);
    const height = this.words.config.layers.findIndex((layer) => layer.id === entry.layer.id);
    this.shown.set(entry.ref, { marker, element, always, height, layerId: entry.layer.id });
  }

  /** Take all names off the map, for good. */
  remove() {
    this.map.off("zoomend moveend resize", this.moved);
    for (const { marker } of this.shown.values()) marker.remove();
    this.shown.clear();
  }

  /** @param {string[]} layerIds whose names are written elsewhere */
  setBehind(layerIds) {
    this.behind = new Set(layerIds);
    this.declutter();
  }

  /** @param {string} layerId @param {boolean} visible */
  setLayer(layerId, visible) {
    if (visible) this.hiddenLayers.delete(layerId);
    else this.hiddenLayers.add(layerId);
    this.declutter();
  }

  /** @param {Set<string>} refs what facets have put away */
  setFiltered(refs) {
    this.filtered = refs;
    this.declutter();
  }

  /** Show a name only where it covers no other; the selected one comes first, then the zones.
   * Once for all that happens until the next picture. */
  declutter() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.#place();
    });
  }

  #place() {
    const order = [...this.shown].sort(([a, x], [b, y]) =>
      Number(b === this.first) - Number(a === this.first) || Number(y.always) - Number(x.always)
      || y.height - x.height);
    // All boxes are read before anything is changed: the page is laid out once.
    const placed = order
      .map(([ref, label]) => ({ ref, label, box: label.element.getBoundingClientRect() }));
    const taken = [...(this.beside?.taken ?? [])];
    for (const { ref, label, box } of placed) {
      const away = this.hiddenLayers.has(label.layerId) || this.behind.has(label.layerId) || this.filtered?.has(ref);
      const free = !away && taken.every((other) => apart(box, other));
      if (free) taken.push(box);
      label.element.classList.toggle("is-hidden", !free);
    }
    this.taken = taken;
  }

  /** @param {string | null} ref the name that must not be hidden by others */
  prefer(ref) {
    this.first = ref;
    for (const [key, label] of this.shown) {
      label.element.classList.toggle("is-selected", key === ref);
    }
    this.declutter();
  }
}

/** @param {DOMRect} a @param {DOMRect} b */
function apart(a, b) {
  return a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
}
