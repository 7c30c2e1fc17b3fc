/** The feature of a large layer that is pointed at, put together from the pieces of it in tiles. */

import { EXTENT, LINE, POINT, POLYGON } from "./mvt.js";

/** Units beyond a tile where what is larger has been cut; its edge is not one of the feature. */
const CUT = [-64, EXTENT + 64];

const LOOK = { interactive: false, bubblingMouseEvents: false, lineCap: "round", fillRule: "nonzero" };

export class Lit {
  /** @param {L.Map} map @param {string} pane */
  constructor(map, pane) {
    this.map = map;
    this.areas = L.polygon([], { ...LOOK, pane, stroke: false, fillOpacity: 0.5 });
    this.edges = L.polyline([], { ...LOOK, pane, weight: 4 });
    this.points = L.featureGroup();
    this.pane = pane;
  }

  /**
   * @param {{key: string, kind: number, colour: string, parts: Int16Array[]}[]} pieces
   * @param {(key: string, x: number, y: number) => L.LatLng} placed
   */
  show(pieces, placed) {
    const edges = [];
    const areas = [];
    this.points.clearLayers();
    for (const { key, kind, colour, parts } of pieces) {
      for (const part of parts) {
        const corners = Array.from({ length: part.length / 2 }, (_, at) => placed(key, part[2 * at], part[2 * at + 1]));
        if (kind === POLYGON) areas.push(corners);
        if (kind === POINT) corners.map((at) => L.circleMarker(at, { ...LOOK, pane: this.pane, color: colour, radius: 7, weight: 3, fillOpacity: 0.85 }).addTo(this.points));
        else edges.push(...runs(part, corners, kind));
      }
    }
    const color = pieces[0]?.colour;
    // One path for all pieces: where they overlap it is filled once.
    this.areas.setStyle({ fillColor: color }).setLatLngs(areas);
    this.edges.setStyle({ color, weight: pieces[0]?.kind === LINE ? 6 : 4 }).setLatLngs(edges);
    for (const layer of [this.areas, this.edges, this.points]) if (!this.map.hasLayer(layer)) layer.addTo(this.map);
  }

  hide() {
    this.show([], () => null);
  }
}

/** The edges of a part without those along which it was cut, as lines. */
function runs(part, corners, kind) {
  const count = corners.length;
  const found = [];
  let run = [];
  for (let at = 0; at < (kind === POLYGON ? count : count - 1); at += 1) {
    const next = (at + 1) % count;
    const cut = kind === POLYGON && [0, 1].some((axis) => part[2 * at + axis] === part[2 * next + axis] && CUT.includes(part[2 * at + axis]));
    if (cut) {
      if (run.length) found.push(run);
      run = [];
      continue;
    }
    if (!run.length) run.push(corners[at]);
    run.push(corners[next]);
  }
  if (run.length) found.push(run);
  return found;
}
