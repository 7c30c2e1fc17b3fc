/** The names of features of large layers: one picture over the map, drawn by the worker when the map
 * stands still. It moves with the map as the tiles do, so that nothing is drawn while it moves. */

import { EXTENT } from "./mvt.js";

/** Milliseconds for which the map stands still before names are drawn. */
const PAUSE_MS = 150;

/** Pixels of a picture, beyond which it is drawn coarser. */
const MOST_PIXELS = 6_000_000;

export class Names {
  /**
   * @param {L.Map} map @param {Worker} worker
   * @param {() => {side: number, scale: number, tiles: {layer: string, key: string, column: number, row: number}[]}} shown
   *   the tiles that are on the map, pixels of their side, and how many of the page one of these is
   */
  constructor(map, worker, shown) {
    Object.assign(this, { map, worker, shown, number: 0 });
    this.canvas = document.createElement("canvas");
    this.canvas.className = "large-names";
    map.createPane("atlas--names").append(this.canvas);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    map.on("zoomstart", () => { this.canvas.hidden = true; });
    map.on("moveend zoomend resize", () => this.ask());
  }

  /** Draw them anew, once for all that happens in a moment. */
  ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.map.dragging.moving() ? this.ask() : this.#ask()), PAUSE_MS);
  }

  #ask() {
    const { side, scale, tiles } = this.shown();
    const { x: width, y: height } = this.map.getSize();
    const { min } = this.map.getPixelBounds();
    const wide = side * scale;
    this.number += 1;
    this.at = this.map.containerPointToLayerPoint([0, 0]);
    const style = getComputedStyle(this.canvas);
    this.worker.postMessage({
      act: "names", number: this.number, width, height, unit: wide / EXTENT,
      ratio: Math.min(devicePixelRatio, Math.sqrt(MOST_PIXELS / Math.max(1, width * height))),
      tiles: tiles.map(({ layer, key, column, row }) => ({ layer, key, left: column * wide - min.x, top: row * wide - min.y })),
      taken: this.#taken(), font: style.font, line: Number.parseFloat(style.lineHeight), halo: style.color, dark: this.dark.matches,
    });
  }

  /** Put a finished picture in place. @param {{number: number, bitmap: ImageBitmap | null, width: number, height: number, count: number}} drawn */
  put({ number, bitmap, width, height, count }) {
    if (number !== this.number) return void bitmap?.close();
    this.canvas.hidden = !bitmap;
    this.canvas.dataset.count = String(count);
    if (!bitmap) return;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
    L.DomUtil.setPosition(this.canvas, this.at);
  }

  /** Boxes of the names that are written already, which are elements. */
  #taken() {
    const { left, top } = this.map.getContainer().getBoundingClientRect();
    const names = this.map.getPane("tooltipPane").querySelectorAll(".name:not(.is-hidden)");
    return [...names].map((name) => name.getBoundingClientRect()).map((box) => [box.left - left, box.top - top, box.right - left, box.bottom - top]);
  }
}
