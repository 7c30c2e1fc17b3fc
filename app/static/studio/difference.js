/** The map of what a draft changes: old and new shapes, one fading into the other. */

import { Swipe } from "../atlas/swipe.js";

const figure = document.getElementById("shapes");
const live = document.getElementById("live");

const STYLES = {
  old: { color: "#b3261e", dashArray: "6 5", fillOpacity: 0.06 },
  new: { color: "#17713a", fillOpacity: 0.16 },
  base: { color: "#6b7280", dashArray: "2 5", fillOpacity: 0.04 },
  theirs: { color: "#1d4f9c", dashArray: "6 5", fillOpacity: 0.08 },
  mine: { color: "#17713a", fillOpacity: 0.16 },
};
const GROUND = { color: "#8a8371", weight: 1, fill: false, interactive: false };
const LOWEST_PANE = 420;
const SMALLEST_M = 150;

class ShapesMap {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.words = box.dataset;
    this.map = L.map(box, { zoomControl: false, attributionControl: false, zoomSnap: 0.25, maxZoom: 19 });
    L.control.zoom({ zoomInTitle: this.words.zoomIn, zoomOutTitle: this.words.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", this.words.label);
    this.map.getPane("mapPane").setAttribute("aria-hidden", "true");
    /** @type {Map<string, L.Path[]>} */
    this.shapes = new Map();
    /** @type {Map<string, string>} */
    this.names = new Map();
    this.sides = new Map();
  }

  /** Draw the sides, and the ground where it is published. */
  async draw() {
    const sides = await fetchJson(this.words.shapes);
    for (const [height, [side, shapes]] of Object.entries(sides).entries()) this.#add(side, shapes, height);
    this.whole = L.featureGroup([...this.sides.values()]).getBounds();
    this.frame(this.whole);
    for (const address of JSON.parse(this.words.ground)) {
      fetchJson(address).then((found) => L.geoJSON(found, { style: GROUND }).addTo(this.map).bringToBack(), () => {});
    }
  }

  #add(side, shapes, height) {
    const pane = this.map.createPane(`side-${side}`);
    pane.style.zIndex = String(LOWEST_PANE + height);
    const style = { pane: `side-${side}`, weight: 2.5, className: `shape-${side}`, interactive: false, ...STYLES[side] };
    const layer = L.geoJSON(shapes, {
      style, pane: style.pane, pointToLayer: (_, at) => L.circleMarker(at, { ...style, radius: 7 }),
      onEachFeature: (feature, shape) => {
        this.shapes.set(feature.id, [...(this.shapes.get(feature.id) ?? []), shape]);
        this.names.set(feature.id, feature.properties.name);
      },
    });
    this.sides.set(side, layer.addTo(this.map));
  }

  /** @param {string} id */
  show(id) {
    const found = this.shapes.get(id);
    if (!found) return;
    const bounds = L.featureGroup(found).getBounds();
    this.frame(bounds);
    this.halo?.remove();
    // A point has no size, and points side by side have no height.
    const box = L.latLngBounds(bounds.getSouthWest(), bounds.getNorthEast());
    this.halo = L.rectangle(box.extend(bounds.getCenter().toBounds(SMALLEST_M)).pad(0.15), {
      color: "#b3500b", weight: 2, fill: false, interactive: false, className: "halo",
    }).addTo(this.map);
    live.textContent = `${this.words.found}${this.names.get(id)}`;
  }

  /** @param {L.LatLngBounds} bounds */
  frame(bounds) {
    if (!bounds.isValid()) return;
    this.map.fitBounds(bounds, { padding: [24, 24], maxZoom: 16, animate: false });
  }

  /**
   * @param {string | null} label of the divider between old, on its left, and new; null for none
   * @param {(percent: number) => string} [say] what is seen at a place of the divider
   */
  swipe(label, say) {
    this.divider?.remove();
    this.divider = null;
    if (label === null) return;
    const [left, right] = ["old", "new"].map((side) => this.map.getPane(`side-${side}`));
    this.divider = new Swipe(this.map, { left: [left], right: [right] }, label, say);
    this.divider.handle.focus();
  }

  /** @param {number} share from 0, the old alone, to 100, the new alone */
  fade(share) {
    const opacity = { old: Math.min(1, 2 - share / 50), new: Math.min(1, share / 50) };
    for (const [side, value] of Object.entries(opacity)) {
      const pane = this.map.getPane(`side-${side}`);
      if (pane) pane.style.opacity = String(value);
    }
  }
}

async function fetchJson(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function listen(map) {
  for (const button of document.querySelectorAll("[data-show]")) {
    if (!map.shapes.has(button.dataset.show)) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      map.show(button.dataset.show);
      figure.scrollIntoView({ block: "nearest" });
    });
  }
  figure.querySelector("[data-whole]").addEventListener("click", () => map.frame(map.whole));
  const slider = figure.querySelector("[type=range]");
  /** @param {number} percent of the old @returns {string} */
  const seen = (percent) => `${slider.dataset[percent === 0 ? "new" : percent === 100 ? "old" : "both"]} ${percent}%`;
  const swipe = figure.querySelector("[data-swipe]");
  swipe?.addEventListener("click", () => {
    const isOn = swipe.getAttribute("aria-pressed") === "true";
    swipe.setAttribute("aria-pressed", String(!isOn));
    map.swipe(isOn ? null : swipe.dataset.swipe, seen);
  });
  slider?.addEventListener("input", () => {
    const share = Number(slider.value);
    map.fade(share);
    const words = share === 0 ? "old" : share === 100 ? "new" : "both";
    slider.setAttribute("aria-valuetext", `${slider.dataset[words]} ${share}%`);
  });
}

if (figure) {
  figure.hidden = false;
  const map = new ShapesMap(figure.querySelector(".shapes-map"));
  try {
    await map.draw();
    listen(map);
    if (map.shapes.size === 0) figure.hidden = true;
  } catch {
    figure.hidden = true;
    live.textContent = map.words.failed;
    live.className = "notice";
  }
  window.shapes = map;
}
document.documentElement.dataset.ready = "true";
