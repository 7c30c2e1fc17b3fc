/** Draws what is compared: old and new at a divider, or on two maps that move together. */

import { Labels } from "./labels.js";
import { SecondMap } from "./second_map.js";
import { Swipe } from "./swipe.js";

export const SIDES = "sides";

const OLD = "atlas--old";
const NEW = "atlas--new";
const HEIGHT = "480";
const NAMES_HEIGHT = "640";
const SMALLEST_M = 150;
/** Told apart by the dash as well as by the colour, as in the studio. */
const LOOKS = {
  [OLD]: { className: "compared compared-old", color: "#b3261e", fillColor: "#b3261e", dashArray: "6 5", fillOpacity: 0.1, weight: 3, opacity: 1 },
  [NEW]: { className: "compared compared-new", color: "#17713a", fillColor: "#17713a", dashArray: null, fillOpacity: 0.2, weight: 3, opacity: 1 },
};

export class Comparison {
  /** @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words @param {import("./tools.js").Page} page */
  constructor(atlas, words, { entries, labels }) {
    Object.assign(this, { atlas, words, entries, labels });
    this.drawn = [];
    /** Names of one side each, by its pane. @type {Map<string, Labels>} */
    this.names = new Map();
    /** @type {Map<string, L.LatLngBounds>} */
    this.boxes = new Map();
    this.observer = new ResizeObserver(() => this.#sized());
  }

  /** Keep in view what is in view now, whatever room the map is left. */
  begin() {
    const { map, whole } = this.atlas;
    const seen = map.getBounds();
    this.aim = seen.contains(whole) ? whole : seen;
    this.framed = null;
    this.observer.observe(map.getContainer());
  }

  end() {
    this.observer.disconnect();
    this.clear();
    this.#sized();
  }

  #sized() {
    const { map } = this.atlas;
    const { offsetWidth, offsetHeight } = map.getContainer();
    if (map.getSize().equals([offsetWidth, offsetHeight])) return;
    // Whoever has moved the map since has chosen another view.
    const isLeft = this.framed && (map.getZoom() !== this.framed.zoom || map.getCenter().distanceTo(this.framed.center) > 1);
    map.invalidateSize({ animate: false });
    if (isLeft) return;
    map.fitBounds(this.aim, { padding: [12, 12], animate: false });
    this.framed = { center: map.getCenter(), zoom: map.getZoom() };
  }

  /**
   * @param {import("./compare.js").Compared} compared @param {string} split "sides", or percent of the map on the left
   * @param {(percent: string) => void} moved told where the divider was put
   */
  draw(compared, split, moved) {
    const isSides = split === SIDES;
    const { left, right, replaced } = compared;
    if (!isSides || !this.second) this.clear();
    else this.#wipe();
    const { map } = this.atlas;
    this.#behind([...replaced, ...(isSides ? left.hidden : [])]);
    this.labels.setBehind([...replaced, ...left.hidden, ...(isSides ? [] : right.hidden)]);
    this.#states(map, OLD, left);
    if (!isSides) this.#states(map, NEW, right);
    if (isSides) this.#beside(compared);
    else this.#divide(compared, Number(split) / 100, moved);
    for (const names of this.names.values()) names.declutter();
  }

  clear() {
    this.#wipe();
    this.divider?.remove();
    this.second?.remove();
    this.divider = this.second = null;
  }

  /** @param {string} ref @returns {boolean} whether it is drawn, and brought into view */
  show(ref) {
    const box = this.boxes.get(ref);
    if (!box) return false;
    this.halos?.forEach((halo) => halo.remove());
    const outline = L.latLngBounds(box.getSouthWest(), box.getNorthEast()).extend(box.getCenter().toBounds(SMALLEST_M)).pad(0.15);
    const style = { color: "#b3500b", weight: 2, fill: false, interactive: false, className: "halo" };
    this.halos = [this.atlas.map, this.second?.map].filter(Boolean).map((map) => L.rectangle(outline, style).addTo(map));
    if (this.second || this.framed) this.atlas.map.fitBounds(box, { padding: [24, 24], maxZoom: 15, animate: false });
    else this.atlas.frame(box, { maxZoom: 15 });
    return true;
  }

  #wipe() {
    this.#behind([]);
    this.labels.setBehind([]);
    for (const names of this.names.values()) names.remove();
    this.names.clear();
    this.boxes.clear();
    for (const each of [...this.drawn, ...(this.halos ?? [])]) each.remove();
    this.drawn = [];
    this.halos = [];
  }

  /** Hide layers that are drawn anew; they still answer to clicks. @param {string[]} layers */
  #behind(layers) {
    for (const id of Object.keys(this.atlas.layers)) {
      this.atlas.map.getPane(`atlas-${id}`).classList.toggle("is-behind", layers.includes(id));
    }
  }

  /** @param {L.Map} map @param {string} name of the pane @param {import("./compare.js").Side} side */
  #states(map, name, { shapes, differing }) {
    const pane = map.getPane(name) ?? map.createPane(name);
    pane.style.zIndex = HEIGHT;
    for (const { layer, features } of shapes) {
      const usual = this.atlas.layers[layer].options.style;
      const refOf = (feature) => `${layer}/${feature.id}`;
      const look = (feature) => ({
        ...usual(feature), className: "compared", ...(differing.has(refOf(feature)) && LOOKS[name]), pane: name, interactive: false,
      });
      const added = L.geoJSON(features, {
        pane: name, style: look,
        filter: (feature) => !this.atlas.filtered?.has(refOf(feature)),
        pointToLayer: (feature, at) => L.circleMarker(at, { ...look(feature), radius: 7 }),
        onEachFeature: (feature, shape) => {
          const box = shape.getBounds?.() ?? L.latLngBounds([shape.getLatLng()]);
          this.boxes.set(refOf(feature), (this.boxes.get(refOf(feature)) ?? L.latLngBounds([])).extend(box));
        },
      });
      added.addTo(map);
      this.drawn.push(added);
      this.#name(map, name, layer, added, (feature) => !differing.has(refOf(feature)));
    }
  }

  /** Write the names of what is drawn on one side, where the map has names of that layer.
   * @param {L.Map} map @param {string} side its pane @param {string} id of the layer @param {L.GeoJSON} drawn
   * @param {(feature: any) => boolean} isKnown whether the map has it in the same place */
  #name(map, side, id, drawn, isKnown = () => true) {
    const layer = this.words.config.layers.find((each) => each.id === id);
    if (!layer?.label || !this.atlas.map.hasLayer(this.atlas.layers[id])) return;
    const names = this.#names(map, side);
    drawn.eachLayer((shape) => {
      const ref = `${id}/${shape.feature.id}`;
      const known = isKnown(shape.feature) && this.words.config.anchors[ref];
      const [part] = shape.getLayers?.() ?? [shape];
      names.add({ ref, layer, feature: shape.feature }, known || (part.getCenter?.() ?? part.getLatLng()), part);
    });
  }

  /** @param {L.Map} map @param {string} side */
  #names(map, side) {
    const pane = `${side}-names`;
    (map.getPane(pane) ?? map.createPane(pane)).style.zIndex = NAMES_HEIGHT;
    const beside = map === this.atlas.map ? this.labels : undefined;
    if (!this.names.has(pane)) this.names.set(pane, new Labels(map, this.words, { pane, beside }));
    return this.names.get(pane);
  }

  #divide({ left, right }, at, moved) {
    const { map } = this.atlas;
    // Names of what only one side shows stand on that side.
    for (const [side, ids] of [[OLD, right.hidden], [NEW, left.hidden]]) {
      for (const id of ids) this.#name(map, side, id, this.atlas.layers[id]);
    }
    const panes = (name, hidden) => [map.getPane(name), map.getPane(`${name}-names`), ...hidden.map((id) => map.getPane(`atlas-${id}`))].filter(Boolean);
    // What one side hides is what the other alone shows.
    const sides = { left: panes(OLD, right.hidden), right: panes(NEW, left.hidden) };
    const say = (percent) => this.words.say("compareSeen", { left: left.name, percent, right: right.name, rest: 100 - percent });
    this.divider = new Swipe(map, sides, this.words.say("compareDivider"), say, [left.name, right.name]);
    this.divider.set(at);
    this.divider.handle.addEventListener("change", () => moved(String(Math.round(this.divider.at * 100))));
  }

  #beside({ left, right, replaced }) {
    this.second ??= new SecondMap(this.atlas, this.words);
    this.second.name(left.name, right.name);
    const away = [...replaced, ...right.hidden];
    for (const [id, group] of Object.entries(this.atlas.layers)) {
      if (away.includes(id) || !this.atlas.map.hasLayer(group)) continue;
      const features = [...this.entries.values()].filter(({ ref, layer }) => layer.id === id && !this.atlas.filtered?.has(ref));
      const added = this.second.add(id, group, features.map(({ feature }) => feature));
      this.drawn.push(added);
      this.#name(this.second.map, NEW, id, added);
    }
    this.#states(this.second.map, NEW, right);
  }
}
