/** Large layers on the map: pictures of vector tiles, drawn by a worker; loaded where there is one.
 *
 * @typedef {import("./data.js").LayerConfig & {tiles: string, bbox: number[], style: any, facets: string[]}} TiledLayer
 * @typedef {{ref: string, layer: TiledLayer, properties: Record<string, any>}} Seen
 */

import { Lit } from "./lit.js";
import { EXTENT } from "./mvt.js";
import { Names } from "./names.js";

const SIDE = 512;
const MOST_PIXELS = 1024;

/** Pixels around a line or a point that count as it. */
const REACH = 7;

/** Degrees around a place that is asked for: a decimetre, so that it is in one of two neighbours. */
const HERE = 5e-7;

/** Metres around a place up to which the server looks. */
const FARTHEST_M = 1000;

export class Tiled {
  /**
   * @param {import("./map.js").AtlasMap} atlas
   * @param {{failed(layer: TiledLayer, is: boolean): void, drawn?(layer: TiledLayer): void, merged?(layer: TiledLayer): void}} page
   *   ``merged`` is told that a square was pointed at, which stands for several features
   */
  constructor(atlas, page) {
    Object.assign(this, { atlas, map: atlas.map, page, number: 0 });
    /** @type {Map<string, {layer: TiledLayer, grid: L.GridLayer, tiles: Map<string, any>}>} */
    this.shown = new Map();
    this.waiting = new Map();
    this.worker = new Worker(new URL("tile_worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this[`_${data.did}`](data));
    this.worker.addEventListener("error", () => this.#fail());
    this.names = new Names(this.map, this.worker, () => ({ side: SIDE, scale: this.#scale(), tiles: this.#named() }));
    this.map.on("zoomend resize", () => this.#redraw());
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.#redraw(null, true));
  }

  /** Draw a layer as long as its group is on the map; again after a failure. @param {TiledLayer} layer */
  add(layer) {
    this.page.failed(layer, false);
    const known = this.shown.get(layer.id);
    // Not redraw(): that asks for tiles of a zoom that is no whole number where the map's is none.
    if (known) return void known.grid.remove().addTo(this.map);
    const tiles = new Map();
    const grid = this.#grid(layer, tiles);
    const group = this.atlas.layers[layer.id];
    this.shown.set(layer.id, { layer, grid, tiles, hidden: false, lit: new Lit(this.map, `atlas-${layer.id}`) });
    this.worker.postMessage({ act: "layer", layer: layer.id, rules: layer.style, english: document.documentElement.lang === "en" });
    group.on("add", () => grid.addTo(this.map)).on("remove", () => grid.remove());
    group.on("add remove", () => this.names.ask());
    if (this.map.hasLayer(group)) grid.addTo(this.map);
  }

  /**
   * @param {Map<string, Set<string>>} chosen what the facets leave
   * @param {{away: Set<string>, absent: string[]}} known what was not there on the day that is shown
   */
  narrow(chosen, { away, absent }) {
    for (const [id, shown] of this.shown) {
      const heeded = [...chosen].filter(([name]) => shown.layer.facets.includes(name)).map(([name, values]) => [name, [...values]]);
      const gone = [...away].filter((ref) => ref.startsWith(`${id}/`)).map((ref) => ref.slice(id.length + 1));
      shown.unheeded = [...chosen.keys()].filter((name) => name !== "mapped" && !shown.layer.facets.includes(name));
      shown.narrowed = heeded.length > 0;
      this.names.ask();
      shown.hidden = absent.includes(id) || (chosen.has("mapped") && !chosen.get("mapped").has("true"));
      if (shown.grid.getContainer?.()) shown.grid.getContainer().hidden = shown.hidden;
      const asked = JSON.stringify([heeded, gone]);
      if (asked === (shown.asked ?? "[[],[]]")) continue;
      shown.asked = asked;
      this.worker.postMessage({ act: "narrow", layer: id, chosen: heeded, away: gone });
      this.#redraw(shown, true);
    }
  }

  /** What the tiles show at a place. @param {L.LatLng} at @returns {Promise<Seen[]>} */
  async find(at) {
    const answers = this.#visible().map(({ layer }) => {
      const zoom = this.#tileZoom();
      const { x, y } = this.map.project(at, zoom).divideBy(SIDE);
      const [column, row] = [Math.floor(x), Math.floor(y)];
      const number = (this.number += 1);
      const reach = (REACH / this.#scale() / SIDE) * EXTENT;
      const answer = new Promise((done) => this.waiting.set(number, done));
      this.worker.postMessage({ act: "find", number, layer: layer.id, key: keyOf(zoom, column, row), x: (x - column) * EXTENT, y: (y - row) * EXTENT, reach });
      return answer.then(({ found, isMerged }) => {
        if (isMerged) this.page.merged?.(layer);
        return found;
      }).then((found) => found.filter(({ id }) => id != null).map((properties) => seen(layer, String(properties.id), properties)));
    });
    return (await Promise.all(answers)).flat();
  }

  /** What the server knows at a place; what the tiles show if it does not answer.
   * @param {L.LatLng} at @returns {Promise<Seen[]>} */
  async at(at) {
    const visible = this.#visible();
    if (!visible.length) return [];
    if (visible.some(({ asked }) => (asked ?? "[[],[]]") !== "[[],[]]")) return this.#left(visible, at);
    const pixel_m = (40075016.7 * Math.cos((at.lat * Math.PI) / 180)) / (256 * 2 ** this.map.getZoom());
    const query = new URLSearchParams({
      point: [at.lng, at.lat].map((each) => each.toFixed(7)), within: Math.min(FARTHEST_M, REACH * pixel_m).toFixed(2),
      collections: visible.map(({ layer }) => layer.id), limit: "100",
    });
    try {
      const answer = await fetch(`/api/at?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { collections } = await answer.json();
      return visible.flatMap(({ layer }) => (collections.find(({ id }) => id === layer.id)?.features ?? [])
        .filter((each) => each.distance_m === 0 || !/Polygon$/.test(each.geometry_type))
        .map(({ id, name, precision, uncertainty_m }) => seen(layer, id, { [layer.name ?? "name"]: name, precision, uncertainty_m })));
    } catch {
      return this.find(at);
    }
  }

  /** The same of what facets and the day leave: in squares the server tells them apart, beside a line
   * or a point the tiles do. @param {L.LatLng} at @returns {Promise<Seen[]>} */
  async #left(visible, at) {
    const box = [at.lng - HERE, at.lat - HERE, at.lng + HERE, at.lat + HERE].map((each) => each.toFixed(7)).join(",");
    const asked = visible.map(async ({ layer, asked: known }) => {
      const [chosen, gone] = JSON.parse(known ?? "[[],[]]");
      const query = new URLSearchParams({ bbox: box, limit: "100", skipGeometry: "true", ...Object.fromEntries(chosen.map(([name, values]) => [name, values.join(",")])) });
      const answer = await fetch(`/api/collections/${layer.id}/items?${query}`, { headers: { Accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const { features } = await answer.json();
      return features.filter(({ id }) => !gone.includes(id)).map(({ id, properties }) => seen(layer, String(id), properties));
    });
    const [tiles, server] = await Promise.all([this.find(at), Promise.all(asked).catch(() => [])]);
    return [...new Map([...server.flat(), ...tiles].map((each) => [each.ref, each])).values()];
  }

  /** Light up a feature wherever its tiles are shown. @param {string | null} ref */
  light(ref) {
    if (ref === this.lit) return;
    this.lit = ref;
    const [id, feature] = ref ? parts(ref) : [];
    for (const { layer, tiles, lit } of this.shown.values()) {
      if (layer.id !== id) lit.hide();
      else this.worker.postMessage({ act: "light", layer: id, id: feature, keys: [...tiles.keys()].filter((key) => zoomOf(key) === this.#tileZoom()) });
    }
  }

  _draw({ layer: id, key, side, bitmap, isMerged, isNarrowed }) {
    const { tiles, layer } = this.shown.get(id);
    const tile = tiles.get(key);
    if (!tile) return void bitmap?.close();
    Object.assign(tile, { side, isNarrowed, isMerged });
    // Where a pixel of the picture is one of the screen nothing has to be smoothed, in every frame.
    tile.canvas.style.imageRendering = side < MOST_PIXELS ? "pixelated" : "";
    tile.canvas.classList.toggle("is-faint", !isNarrowed);
    if (bitmap) put(tile.canvas, bitmap);
    else tile.canvas.width = 0;
    tile.done?.();
    tile.done = null;
    this.names.ask();
    this.page.drawn?.(layer);
  }

  _fail({ layer: id, key, error }) {
    const { tiles, layer } = this.shown.get(id);
    tiles.get(key)?.done?.(new Error(error));
    if (tiles.has(key)) this.page.failed(layer, true);
  }

  /** The worker has not started, or has ended. */
  #fail() {
    for (const { layer } of this.shown.values()) this.page.failed(layer, true);
    for (const done of this.waiting.values()) done({ found: [], isMerged: false });
    this.waiting.clear();
  }

  _find({ number, ...answer }) {
    this.waiting.get(number)?.(answer);
    this.waiting.delete(number);
  }

  _names(drawn) {
    this.names.put(drawn);
  }

  _light({ layer: id, id: feature, pieces }) {
    if (this.lit !== `${id}/${feature}`) return;
    this.shown.get(id).lit.show(pieces, (key, x, y) => {
      const [, row, column] = key.split("/").map(Number);
      return this.map.unproject([(column + x / EXTENT) * SIDE, (row + y / EXTENT) * SIDE], zoomOf(key));
    });
  }

  /** What is said of a layer of which not everything is shown by itself, or narrowed. @param {string} id */
  unnarrowed(id) {
    const { unheeded = [], narrowed, tiles } = this.shown.get(id) ?? { tiles: new Map() };
    const some = (is) => [...tiles.values()].some(is);
    return { unheeded, squares: some(({ isMerged }) => isMerged), faint: Boolean(narrowed) && some(({ isNarrowed }) => isNarrowed === false) };
  }

  #grid(layer, tiles) {
    const [west, south, east, north] = layer.bbox ?? [0, 0, 0, 0];
    const grid = new L.GridLayer({
      pane: `atlas-${layer.id}`, tileSize: SIDE, keepBuffer: 0, updateWhenZooming: false, updateWhenIdle: false,
      noWrap: true, bounds: [[south, west], [north, east]],
    });
    grid.createTile = ({ x, y, z }, done) => {
      const canvas = document.createElement("canvas");
      tiles.set(keyOf(z, x, y), { canvas, done, x, y, z });
      this.#draw(layer, { x, y, z });
      return canvas;
    };
    grid.on("tileunload", ({ tile, coords: { x, y, z } }) => {
      const key = keyOf(z, x, y);
      if (tiles.get(key)?.canvas !== tile) return;
      tiles.delete(key);
      this.worker.postMessage({ act: "drop", layer: layer.id, key });
      tile.width = 0;
    });
    return grid;
  }

  #draw(layer, { x, y, z }) {
    const url = layer.tiles.replace("{z}", String(z - 1)).replace("{y}", y).replace("{x}", x);
    this.worker.postMessage({ act: "draw", layer: layer.id, key: keyOf(z, x, y), url: new URL(url, location.href).href, dark: this.dark.matches, ...this.#size() });
  }

  /** Draw tiles anew that were drawn for another size, or all. */
  #redraw(only, all = false) {
    const { side } = this.#size();
    for (const shown of only ? [only] : this.shown.values()) {
      for (const tile of shown.tiles.values()) {
        if (tile.z === this.#tileZoom() && (all || (tile.side && tile.side !== side))) this.#draw(shown.layer, tile);
      }
    }
  }

  /** Pixels of a picture's side, and how many of them are one of the page. */
  #size() {
    const wide = SIDE * this.#scale();
    const side = Math.min(MOST_PIXELS, Math.round(wide * devicePixelRatio));
    return { side, ratio: side / wide };
  }

  #scale() {
    return this.map.getZoomScale(this.map.getZoom(), this.#tileZoom());
  }

  #tileZoom() {
    return Math.round(this.map.getZoom());
  }

  /** Tiles whose features are named: not where another state of the layer is drawn over it. */
  #named() {
    const isNamed = ({ layer, hidden }) => !hidden && this.map.hasLayer(this.atlas.layers[layer.id])
      && !this.map.getPane(`atlas-${layer.id}`).classList.contains("is-behind");
    return [...this.shown.values()].filter(isNamed).flatMap(({ layer, tiles }) => [...tiles]
      .filter(([, { z }]) => z === this.#tileZoom())
      .map(([key, { x, y }]) => ({ layer: layer.id, key, column: x, row: y })));
  }

  /** Layers that are shown, the uppermost first. */
  #visible() {
    const height = ({ layer }) => Number(this.map.getPane(`atlas-${layer.id}`).style.zIndex);
    return [...this.shown.values()]
      .filter(({ layer, hidden }) => !hidden && layer.style.interactive && this.map.hasLayer(this.atlas.layers[layer.id]))
      .sort((a, b) => height(b) - height(a));
  }
}

/** @returns {Seen} */
function seen(layer, id, properties) {
  return { ref: `${layer.id}/${id}`, layer, properties };
}

/** A tile of 512 pixels shows what one of 256 does a zoom before. */
function keyOf(zoom, x, y) {
  return `${zoom - 1}/${y}/${x}`;
}

function zoomOf(key) {
  return Number(key.split("/")[0]) + 1;
}

function parts(ref) {
  const at = ref.indexOf("/");
  return [ref.slice(0, at), ref.slice(at + 1)];
}

function put(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
}
