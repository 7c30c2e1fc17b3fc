/** The Folium map, made to answer: light up, select, list what lies under a point. */

/** @typedef {import("./data.js").Entry} Entry */

const REACH = [[0, 0], [7, 0], [-7, 0], [0, 7], [0, -7], [5, 5], [-5, -5], [5, -5], [-5, 5]];

export class AtlasMap {
  /**
   * @param {{map: L.Map, layers: Record<string, L.GeoJSON>, bounds: L.LatLngBounds}} folium
   * @param {{say(key: string): string}} words
   */
  constructor({ map, layers, bounds }, words) {
    this.map = map;
    this.layers = layers;
    /** @type {Map<string, L.Path>} */
    this.shapes = new Map();
    this.selected = null;
    /** @type {() => number} pixels that the sheet covers at the bottom */
    this.covered = () => 0;
    // The list says in words what is drawn here.
    map.getPane("mapPane").setAttribute("aria-hidden", "true");
    const box = map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", words.say("map"));
    L.control.zoom({
      position: "topright", zoomInTitle: words.say("zoomIn"), zoomOutTitle: words.say("zoomOut"),
    }).addTo(map);
    this.whole = bounds;
    map.on("zoomstart", () => { this.zooming = true; });
    map.on("zoomend", () => this.#zoomed());
  }

  /** Draw a layer: large areas first, points last, so that nothing hides what is smaller.
   * @param {import("./data.js").LayerConfig} layer @param {Entry[]} entries */
  fill(layer, entries) {
    const group = this.layers[layer.id];
    const refs = new Map(entries.map((entry) => [entry.feature, entry.ref]));
    const added = (event) => {
      const ref = refs.get(event.layer.feature);
      if (!ref) return;
      this.shapes.set(ref, event.layer);
      for (const part of this.parts(ref)) Object.assign(part, { atlasRef: ref, feature: event.layer.feature });
    };
    group.on("layeradd", added);
    group.addData(entries.map((entry) => entry.feature));
    group.off("layeradd", added);
    const size = (part) => (part instanceof L.Polygon ? extent(part) : part.getBounds ? 0 : -1);
    const all = entries.flatMap((entry) => this.parts(entry.ref));
    all.sort((a, b) => size(b) - size(a)).forEach((part) => part.bringToFront());
  }

  /** @param {string} layerId @param {boolean} visible */
  setLayer(layerId, visible) {
    const group = this.layers[layerId];
    if (visible) group.addTo(this.map);
    else group.remove();
    this.mark(this.selected);
  }

  /** @param {Set<string>} refs what facets have put away */
  setFiltered(refs) {
    for (const ref of this.shapes.keys()) this.toggle(ref, "is-filtered", refs.has(ref));
    this.filtered = refs;
  }

  /** @returns {string[]} what lies under a point of the window, uppermost first */
  under(x, y) {
    const found = new Set();
    for (const [dx, dy] of REACH) {
      for (const element of document.elementsFromPoint(x + dx, y + dy)) {
        const ref = this.#refOf(element);
        if (ref) found.add(ref);
      }
      if ([...found].some((ref) => !this.isArea(ref))) break;
    }
    return [...found];
  }

  /** @param {Element} element */
  #refOf(element) {
    if (!element.classList.contains("shape")) return null;
    return [...this.shapes.keys()].find((ref) =>
      this.parts(ref).some((part) => part.getElement() === element));
  }

  /** @param {string | null} ref @returns {L.Path[]} the drawn parts; a MultiPoint has several */
  parts(ref) {
    const shape = this.shapes.get(ref);
    return shape?.getLayers ? shape.getLayers() : shape ? [shape] : [];
  }

  /** @param {string} ref */
  isArea(ref) {
    return this.parts(ref)[0] instanceof L.Polygon;
  }

  /** @param {string} ref @param {string} name of a class @param {boolean} on */
  toggle(ref, name, on) {
    for (const part of this.parts(ref)) part.getElement()?.classList.toggle(name, on);
  }

  /** @param {string} ref @param {boolean} on */
  light(ref, on) {
    this.toggle(ref, "is-lit", on);
  }

  /** Draw a shape as the selected one, without moving the map. @param {string | null} ref */
  mark(ref) {
    this.toggle(this.selected, "is-selected", false);
    this.halo?.remove();
    this.halo = null;
    this.selected = ref;
    this.toggle(ref, "is-selected", true);
    const points = this.parts(ref).filter((part) => part instanceof L.CircleMarker && part.getElement());
    if (points.length) this.halo = L.featureGroup(points.map(halo)).addTo(this.map).bringToBack();
  }

  /** Bring a shape into the part of the map that nothing covers. @param {string} ref */
  show(ref) {
    const bounds = this.halo?.getBounds() ?? this.shapes.get(ref)?.getBounds();
    if (bounds) this.frame(bounds, { maxZoom: 13 });
  }

  showAll() {
    this.frame(this.whole, { animate: false });
  }

  /** @param {L.LatLngBounds} bounds @param {L.FitBoundsOptions} [options] */
  frame(bounds, options) {
    // Leaflet drops a move that is asked for while it still zooms.
    if (this.zooming) {
      this.next = [bounds, options];
      return;
    }
    const covered = this.covered();
    this.map.fitBounds(bounds, {
      paddingTopLeft: [24, 24],
      paddingBottomRight: [24, 24 + covered + (covered ? 44 : 0)],
      animate: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      ...options,
    });
  }

  #zoomed() {
    this.zooming = false;
    const next = this.next;
    this.next = null;
    if (next) queueMicrotask(() => this.frame(...next));
  }

  /** @returns {Set<string>} what the window shows */
  inView() {
    const view = this.map.getBounds();
    const seen = [...this.shapes].filter(([ref, shape]) =>
      !this.filtered?.has(ref) && this.map.hasLayer(shape) && view.intersects(shape.getBounds?.() ?? shape.getLatLng().toBounds(1)),
    );
    return new Set(seen.map(([ref]) => ref));
  }
}

/** @param {L.CircleMarker} point the circle, in metres, within which the place may lie */
function halo(point) {
  const { pane, color } = point.options;
  return L.circle(point.getLatLng(), {
    radius: point.feature?.properties.uncertainty_m ?? 0, pane, color, className: "halo",
    interactive: false, weight: 1.5, dashArray: "4 5", fillOpacity: 0.08,
  });
}

/** @param {L.Polygon} area */
function extent(area) {
  const box = area.getBounds();
  return (box.getEast() - box.getWest()) * (box.getNorth() - box.getSouth());
}
