/** Names on the map: those of the zones always, those of projects where there is room. */

/** @typedef {import("./data.js").Entry} Entry */

export class Labels {
  /** @param {L.Map} map @param {import("./words.js").Words} words */
  constructor(map, words) {
    this.map = map;
    this.words = words;
    /** @type {Map<string, {tooltip: L.Tooltip, always: boolean, layerId: string}>} */
    this.shown = new Map();
    this.hiddenLayers = new Set();
    map.on("zoomend moveend resize", () => this.declutter());
  }

  /** @param {Entry} entry @param {L.LatLng} at @param {L.Path} shape */
  add(entry, at, shape) {
    const always = entry.layer.label === "always";
    const centred = shape instanceof L.Polygon;
    const words = document.createElement("span");
    words.textContent = this.words.text(entry.feature.properties, "name");
    const tooltip = L.tooltip(at, {
      permanent: true, interactive: false, opacity: 1,
      direction: centred ? "center" : "right", offset: centred ? [0, 0] : [9, 0],
      className: always ? "name name-always" : "name",
    });
    tooltip.setContent(words).addTo(this.map);
    tooltip.getElement().style.setProperty("--c", shape.options.color);
    const height = this.words.config.layers.findIndex((layer) => layer.id === entry.layer.id);
    this.shown.set(entry.ref, { tooltip, always, height, layerId: entry.layer.id });
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

  /** Show a name only where it covers no other; the selected one comes first, then the zones. */
  declutter() {
    const order = [...this.shown].sort(([a, x], [b, y]) =>
      Number(b === this.first) - Number(a === this.first) || Number(y.always) - Number(x.always)
      || y.height - x.height);
    const taken = [];
    for (const [ref, label] of order) {
      const element = label.tooltip.getElement();
      if (!element) continue;
      element.classList.remove("is-hidden");
      const box = element.getBoundingClientRect();
      const away = this.hiddenLayers.has(label.layerId) || this.filtered?.has(ref);
      const free = !away && taken.every((other) => apart(box, other));
      if (free) taken.push(box);
      else element.classList.add("is-hidden");
    }
  }

  /** @param {string | null} ref the name that must not be hidden by others */
  prefer(ref) {
    this.first = ref;
    for (const [key, label] of this.shown) {
      label.tooltip.getElement()?.classList.toggle("is-selected", key === ref);
    }
    this.declutter();
  }
}

/** @param {DOMRect} a @param {DOMRect} b */
function apart(a, b) {
  return a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
}
