/** The Folium map, made to answer: light up, select, list what lies under a point. */

/** @typedef {import("./data.js").Entry} Entry */

const REACH = [[0, 0], [7, 0], [-7, 0], [0, 7], [0, -7], [5, 5], [-5, -5], [5, -5], [-5, 5]];

/** Pixels of a shape's side from which on it is seen without the map being moved. */
const SMALLEST = 6;

export class AtlasMap {
  /**
   * @param {{map: L.Map, layers: Record<string, L.GeoJSON>, bounds: L.LatLngBounds}} folium
   * @param {{say(key: string): string}} words
   */
  constructor({ map, layers, bounds }, words) {
    // Leaflet then moves things in the plane, and the browser need not keep a picture of each name
    // and each layer to put them together in every frame: the map moves as one (atlas.css).
    L.Browser.ie3d = true;
    this.map = map;
    this.layers = layers;
    /** @type {Map<string, L.Path>} */
    this.shapes = new Map();
    /** @type {WeakMap<Element, string>} */
    this.refs = new WeakMap();
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
      for (const part of this.parts(ref)) {
        Object.assign(part, { atlasRef: ref, feature: event.layer.feature });
        part.on("add", () => this.refs.set(part.getElement(), ref));
      }
    };
    group.on("layeradd", added);
    group.addData(entries.map((entry) => entry.feature));
    group.off("layeradd", added);
    const size = (part) => (part instanceof L.Polygon ? extent(part) : part.getBounds ? 0 : -1);
    const all = entries.flatMap((entry) => this.parts(entry.ref));
    for (const part of all) if (part.getElement()) this.refs.set(part.getElement(), part.atlasRef);
    all.sort((a, b) => size(b) - size(a)).forEach((part) => part.bringToFront());
  }

  /** Take a shape off the map that was drawn for the moment. @param {string} ref */
  drop(ref) {
    const shape = this.shapes.get(ref);
    this.layers[ref.split("/")[0]].removeLayer(shape ?? {});
    this.shapes.delete(ref);
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
        const ref = this.refs.get(element);
        if (ref) found.add(ref);
      }
      if ([...found].some((ref) => !this.isArea(ref))) break;
    }
    return [...found];
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
  show(ref, maxZoom = 13) {
    const bounds = this.halo?.getBounds() ?? this.#bounds(ref);
    if (bounds) this.frame(bounds, { maxZoom });
  }

  /** Whether a shape lies where nothing covers the map, and is large enough to be seen. @param {string} ref */
  isInView(ref) {
    const bounds = this.#bounds(ref);
    if (!bounds) return true;
    const [{ x: left, y: bottom }, { x: right, y: top }] = [bounds.getSouthWest(), bounds.getNorthEast()].map((corner) => this.map.latLngToContainerPoint(corner));
    const { x, y } = this.map.getSize();
    return left >= 0 && top >= 0 && right <= x && bottom <= y - this.covered() && (right - left > SMALLEST || bottom - top > SMALLEST || left === right);
  }

  /** @param {string} ref */
  #bounds(ref) {
    const shape = this.shapes.get(ref);
    return shape?.getBounds?.() ?? shape?.getLatLng().toBounds(0);
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
