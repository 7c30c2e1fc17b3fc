/** The features of a draft on the map, and the tools that change their shapes (Geoman). */

import { entriesOf, fetchLayer } from "../atlas/data.js";
import { AtlasMap } from "../atlas/map.js";

/** @typedef {import("./draw_saving.js").Feature} Feature */

const DECIMALS = 7;
const SHAPES = { point: "CircleMarker", line: "Line", area: "Polygon" };
const SMALL_PIXELS = 80;
const SNAP = { snappable: true, snapDistance: 14, allowSelfIntersection: true };

export class DrawMap {
  /** @param {any} config @param {{say(key: string): string}} words
   * @param {{select(id: string): void, drawn(geometry: any): void, changed(id: string, geometry: any): void, moved(): void}} heard */
  constructor(config, words, heard) {
    this.atlas = new AtlasMap(window.atlas, words);
    this.map = this.atlas.map;
    this.style = config.sheet.style;
    this.heard = heard;
    /** @type {Map<string, L.Layer>} */
    this.layers = new Map();
    this.map.setMaxZoom(21);
    // Vertices are no stops of the keyboard: the form holds the coordinates.
    L.Marker.mergeOptions({ keyboard: false });
    this.map.createPane("drawn").style.zIndex = "490";
    this.faults = L.layerGroup().addTo(this.map);
    this.map.pm.setGlobalOptions({
      ...SNAP, finishOnEnter: true,
      panes: { vertexPane: "markerPane", layerPane: "drawn", markerPane: "markerPane" },
    });
    this.map.pm.setLang(config.lang);
    this.map.on("pm:create", ({ layer }) => {
      const geometry = geometryOf(layer);
      layer.remove();
      this.stop();
      this.heard.drawn(geometry);
    });
    this.map.on("moveend", () => this.heard.moved());
    this.#drawGrounds(config.grounds);
  }

  /** @param {{id: string, url: string}[]} grounds */
  async #drawGrounds(grounds) {
    for (const ground of grounds) {
      try {
        this.atlas.fill(ground, entriesOf(ground, (await fetchLayer(ground)).features));
      } catch {
        // What is drawn can be drawn without it.
      }
    }
  }

  /** Draw a feature as it is now, or take it away. @param {string} id @param {Feature | null} feature */
  put(id, feature) {
    const old = this.layers.get(id);
    if (old && feature?.geometry && JSON.stringify(geometryOf(old)) === JSON.stringify(feature.geometry)) {
      // To draw it anew would take it out of the hand that holds a vertex.
      old.feature = feature;
      old.setStyle?.(window.atlasStyle(this.style)(feature));
      return;
    }
    old?.pm?.disable?.();
    old?.remove();
    this.layers.delete(id);
    if (!feature?.geometry) return;
    const layer = this.#layerOf(feature);
    this.layers.set(id, layer);
    layer.addTo(this.map);
    if (id === this.selected) this.#arm();
  }

  /** @param {Feature} feature */
  #layerOf(feature) {
    const style = { ...window.atlasStyle(this.style)(feature), interactive: true, pane: "drawn" };
    const layer = L.GeoJSON.geometryToLayer(feature, {
      pointToLayer: (_, place) => L.circleMarker(place, { ...style, radius: 8, fill: true, fillOpacity: 0.6 }),
    });
    layer.feature = feature;
    layer.options.pane = "drawn";
    if (layer.setStyle) layer.setStyle(style);
    for (const part of layer.getLayers?.() ?? [layer]) Object.assign(part.options, style);
    layer.on("click", (event) => {
      if (this.mode === "drawing") return;
      L.DomEvent.stopPropagation(event);
      this.heard.select(feature.id);
    });
    for (const name of ["pm:edit", "pm:dragend", "pm:vertexremoved"]) {
      layer.on(name, () => queueMicrotask(() => this.#commit(feature.id)));
    }
    return layer;
  }

  /** @param {string} id */
  #commit(id) {
    const layer = this.layers.get(id);
    if (!layer) return;
    const geometry = geometryOf(layer);
    // Geoman takes a shape away whose vertices are all removed; that is what the button is for.
    if (geometry.coordinates.flat(Infinity).length) this.heard.changed(id, geometry);
  }

  /** @param {string | null} id */
  select(id) {
    this.layers.get(this.selected)?.pm?.disable?.();
    this.#mark(this.selected, false);
    this.selected = id;
    this.#mark(id, true);
    this.#arm();
  }

  /** @param {string | null} id @param {boolean} on */
  #mark(id, on) {
    const layer = this.layers.get(id);
    for (const part of layer?.getLayers?.() ?? (layer ? [layer] : [])) {
      part.getElement?.()?.classList.toggle("is-selected", on);
    }
  }

  /** @param {"select" | "edit" | "move"} mode what is done with the selected shape */
  use(mode) {
    this.stop();
    this.mode = mode;
    this.#arm();
  }

  #arm() {
    const layer = this.layers.get(this.selected);
    if (!layer) return;
    this.#mark(this.selected, true);
    const parts = layer.getLayers?.() ?? [layer];
    for (const part of parts) {
      part.pm.disable();
      part.pm.disableLayerDrag();
      if (this.mode === "edit") part.pm.enable({ ...SNAP, preventMarkerRemoval: false });
      if (this.mode === "move") part.pm.enableLayerDrag();
    }
  }

  /** @param {"point" | "line" | "area"} shape */
  draw(shape) {
    this.stop();
    this.mode = "drawing";
    const style = { color: this.style.colour, fillOpacity: 0.2 };
    this.map.pm.enableDraw(SHAPES[shape], {
      ...SNAP, templineStyle: style, hintlineStyle: { ...style, dashArray: "4 4" }, pathOptions: style,
      resizeableCircleMarker: false, continueDrawing: false,
    });
  }

  stop() {
    this.map.pm.disableDraw();
    if (this.mode === "drawing") this.mode = "select";
    const layer = this.layers.get(this.selected);
    for (const part of layer?.getLayers?.() ?? (layer ? [layer] : [])) {
      part.pm.disable();
      part.pm.disableLayerDrag();
    }
  }

  /** @param {string} id */
  show(id) {
    const layer = this.layers.get(id);
    if (!layer) return;
    const bounds = layer.getBounds?.() ?? layer.getLatLng().toBounds(400);
    const [low, high] = [bounds.getSouthWest(), bounds.getNorthEast()].map((each) => this.map.latLngToContainerPoint(each));
    const isSmall = low.distanceTo(high) < SMALL_PIXELS;
    if (isSmall || !this.map.getBounds().contains(bounds)) this.map.fitBounds(bounds, { padding: [48, 48], maxZoom: 15, animate: false });
  }

  /** Show where the faults are. @param {{place: number[] | null, severity: string}[]} findings */
  setFaults(findings) {
    this.faults.clearLayers();
    for (const { place, severity } of findings) {
      if (!place) continue;
      L.circleMarker([place[1], place[0]], {
        pane: "markerPane", radius: 12, weight: 3, fill: false, interactive: false, pmIgnore: true, snapIgnore: true,
        className: `fault-place is-${severity}`,
      }).addTo(this.faults);
    }
  }

  /** Draw what somebody else made of a feature beside one's own. @param {Feature | null} feature */
  setTheirs(feature) {
    this.theirs?.remove();
    this.theirs = null;
    if (!feature?.geometry) return;
    this.theirs = L.geoJSON(feature, {
      style: { className: "theirs", fill: false, dashArray: "6 5", weight: 3, interactive: false },
      pointToLayer: (_, place) => L.circleMarker(place, { radius: 10, className: "theirs", interactive: false }),
      pmIgnore: true, snapIgnore: true,
    }).addTo(this.map);
  }

  /** @returns {string} the box in view as the server asks for it */
  bbox() {
    return this.map.getBounds().toBBoxString();
  }
}

/** A shape as it is sent: rounded, outer rings counter-clockwise (RFC 7946, section 3.1.6).
 * @param {L.Layer} layer */
function geometryOf(layer) {
  const { type, coordinates } = layer.toGeoJSON(DECIMALS).geometry;
  if (type === "Polygon") return { type, coordinates: turned(coordinates) };
  return { type, coordinates: type === "MultiPolygon" ? coordinates.map(turned) : coordinates };
}

/** @param {number[][][]} rings */
function turned(rings) {
  return rings.map((ring, place) => {
    const area = ring.reduce((sum, [x, y], i) => {
      const [u, v] = ring[(i + 1) % ring.length];
      return sum + (x * v - u * y);
    }, 0);
    return area < 0 === (place === 0) ? ring.toReversed() : ring;
  });
}
