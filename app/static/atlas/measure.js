/** Measure a line or an area by pointer, touch or keyboard. */

import { area, length } from "./geodesy.js";

const MU = 2000 / 3;

export class Measure {
  /** @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words @param {(text: string, warning: string) => void} tell */
  constructor(atlas, words, tell) {
    const { map } = atlas;
    Object.assign(this, { atlas, map, words, tell });
    /** @type {[number, number][]} */
    this.places = [];
    /** Features under each place. @type {string[][]} */
    this.touched = [];
    map.createPane("measure").style.zIndex = 650;
    this.drawn = L.featureGroup().addTo(map);
    this.add = ({ latlng }) => this.put(latlng);
  }

  /** @param {"line" | "area"} kind */
  start(kind) {
    this.stop();
    this.kind = kind;
    this.map.on("click", this.add);
    // Two places taken in a hurry are not a wish to zoom.
    this.map.doubleClickZoom.disable();
    this.#draw();
  }

  stop() {
    this.map.off("click", this.add);
    this.map.doubleClickZoom.enable();
    this.places = [];
    this.touched = [];
    this.drawn.clearLayers();
  }

  /** @param {L.LatLng} place */
  put({ lng, lat }) {
    const { left, top } = this.map.getContainer().getBoundingClientRect();
    const { x, y } = this.map.latLngToContainerPoint([lat, lng]);
    this.places.push([lng, lat]);
    this.touched.push(this.atlas.under(left + x, top + y));
    this.#draw();
  }

  undo() {
    this.places.pop();
    this.touched.pop();
    this.#draw();
  }

  #draw() {
    const ring = this.places.map(([lng, lat]) => [lat, lng]);
    const style = { pane: "measure", className: "measured", interactive: false, weight: 3 };
    const shape = this.kind === "area" && ring.length > 2 ? L.polygon(ring, style) : L.polyline(ring, { ...style, fill: false });
    const ends = ring.map((place) => L.circleMarker(place, { ...style, radius: 5, weight: 2 }));
    this.drawn.clearLayers();
    for (const each of [shape, ...ends]) this.drawn.addLayer(each);
    this.tell(this.result(), this.warning());
  }

  /** @returns {string} which of the features under the places are sketches */
  warning() {
    const refs = [...new Set([...this.touched.flat(), this.atlas.selected])];
    const sketches = refs.map((ref) => this.atlas.parts(ref)[0]?.feature.properties)
      .filter((each) => each?.precision === "P3" || each?.precision === "P4");
    if (!this.places.length || !sketches.length) return "";
    const names = this.words.list(sketches.map((each) => this.words.text(each, "name")));
    const worst = Math.max(...sketches.map((each) => each.uncertainty_m ?? 0));
    return this.words.say("measureSketch", { names, distance: metres(worst) });
  }

  /** @returns {string} what was measured, in words */
  result() {
    const enough = this.kind === "area" ? 3 : 2;
    if (this.places.length < enough) {
      return this.words.say("measureMore", { count: enough - this.places.length });
    }
    if (this.kind === "line") return this.words.say("measuredLine", { length: metres(length(this.places)) });
    const around = length([...this.places, this.places[0]]);
    return this.words.say("measuredArea", { ...areas(area(this.places)), around: metres(around) });
  }
}

/** @param {number} value @returns {string} */
function metres(value) {
  return value < 1000 ? `${value.toFixed(1)} m` : `${(value / 1000).toFixed(3)} km`;
}

/** @param {number} value square metres @returns {{ha: string, mu: string, km2: string}} */
export function areas(value) {
  return { ha: (value / 1e4).toFixed(2), mu: (value / MU).toFixed(1), km2: (value / 1e6).toFixed(4) };
}
