/** What the layers are drawn upon: one of the operator's basemaps, loaded when it is chosen. */

import { fromGcj02, toGcj02 } from "./gcj02.js";

/** A picture of nothing, in place of a tile that did not come. */
const NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const TILE = 256;

/**
 * @typedef {{id: string, title: string, urls: string[], subdomains: string, maxZoom: number, converted: boolean, credit: string}} Base
 */

/** Tiles in GCJ-02, each where it lies in WGS 84: within one, that differs by less than a pixel. */
const Shifted = L.TileLayer.extend({
  _getTiledPixelBounds(center) {
    const [lng, lat] = toGcj02([center.lng, center.lat]);
    return L.TileLayer.prototype._getTiledPixelBounds.call(this, L.latLng(lat, lng));
  },
  _getTilePos(coords) {
    const zoom = this._tileZoom;
    const middle = coords.scaleBy(L.point(TILE, TILE)).add([TILE / 2, TILE / 2]);
    const { lng, lat } = this._map.unproject(middle, zoom);
    const [trueLng, trueLat] = fromGcj02([lng, lat]);
    const shift = this._map.project([trueLat, trueLng], zoom).subtract(middle);
    return L.TileLayer.prototype._getTilePos.call(this, coords).add(shift);
  },
  _initTile(tile) {
    L.TileLayer.prototype._initTile.call(this, tile);
    // Neighbours drift apart by up to two pixels.
    tile.style.width = tile.style.height = `${TILE + 2}px`;
  },
});

/** The choice of a basemap, as the reader sets it and the address keeps it: ``base=office:60``. */
export class Bases {
  /**
   * @param {L.Map} map @param {HTMLElement} host @param {import("./words.js").Words} words
   * @param {(said?: string) => void} changed @param {(text: string) => void} notify
   */
  constructor(map, host, words, changed, notify) {
    Object.assign(this, { map, host, words, notify });
    /** @type {Base[]} */
    this.known = words.config.basemaps;
    this.layers = [];
    this.told = new Set();
    this.credit = document.getElementById("base-credit");
    this.fading = document.getElementById("base-fading");
    this.slider = this.fading.querySelector("input");
    host.hidden = false;
    host.addEventListener("change", ({ target }) => {
      if (target.type === "radio") this.#show(target.value);
      changed(this.credit.textContent);
    });
    this.slider.addEventListener("input", () => this.#fade());
  }

  /** @param {string | null} text what an address says @returns {boolean} whether there is such a basemap */
  read(text) {
    const [id, percent] = (text ?? this.#usual()).split(":");
    const isKnown = id === "none" || this.known.some((base) => base.id === id);
    const given = Number(percent ?? 100);
    this.slider.value = String(Number.isFinite(given) ? given : 100);
    this.#show(isKnown ? id : "none");
    return isKnown;
  }

  /** @returns {string} for the address; empty for what is usual */
  text() {
    const id = this.shown?.id ?? "none";
    const faded = this.shown && this.slider.value !== "100" ? `:${this.slider.value}` : "";
    return id + faded === this.#usual() ? "" : id + faded;
  }

  #usual() {
    return this.known.find((base) => base.first)?.id ?? "none";
  }

  /** @param {string} id */
  #show(id) {
    this.host.querySelector(`input[value="${CSS.escape(id)}"]`).checked = true;
    if (id === (this.shown?.id ?? "none")) return this.#fade();
    for (const layer of this.layers) layer.remove();
    this.shown = this.known.find((base) => base.id === id);
    this.layers = (this.shown?.urls ?? []).map((url) => this.#layer(url, this.shown));
    for (const layer of this.layers) layer.addTo(this.map);
    this.map.getContainer().classList.toggle("has-basemap", Boolean(this.shown));
    this.fading.hidden = !this.shown;
    this.credit.hidden = !this.shown;
    this.credit.textContent = this.shown ? this.#said(this.shown) : "";
    this.#fade();
  }

  /** @param {string} url @param {Base} base */
  #layer(url, base) {
    const Kind = base.converted ? Shifted : L.TileLayer;
    const layer = new Kind(url, {
      subdomains: base.subdomains || "a", maxNativeZoom: base.maxZoom, maxZoom: this.map.getMaxZoom(),
      errorTileUrl: NOTHING, referrerPolicy: "origin",
    });
    return layer.on("tileerror", () => {
      if (this.told.has(base.id)) return;
      this.told.add(base.id);
      this.notify(this.words.say("baseFailed", { base: base.title }));
    });
  }

  /** @param {Base} base */
  #said(base) {
    const credit = this.words.say("baseCredit", { credit: base.credit });
    return base.converted ? `${credit} ${this.words.say("baseConverted")}` : credit;
  }

  #fade() {
    this.slider.nextElementSibling.textContent = `${this.slider.value} %`;
    for (const layer of this.layers) layer.setOpacity(Number(this.slider.value) / 100);
  }
}
