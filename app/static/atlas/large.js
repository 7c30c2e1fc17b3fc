/** Layers that are too large to be listed and drawn one by one: their tiles, and what of them is in view. */

import { Tiled } from "./tiled.js";

/** @typedef {import("./tiled.js").TiledLayer} TiledLayer */

const AT_ONCE = 20;

/** Milliseconds for which the map stands still before the list follows. */
const PAUSE_MS = 250;

const SHAPES = { Polygon: "area", LineString: "line", Point: "point" };

export class Large extends Tiled {
  /**
   * @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words
   * @param {{failed(layer: TiledLayer, is: boolean): void, href(ref: string): string, say(text: string): void}} page
   */
  constructor(atlas, words, page) {
    super(atlas, { failed: page.failed, drawn: (layer) => this.#note(layer), merged: (layer) => this.#told(layer) });
    Object.assign(this, { words, href: page.href, say: page.say, lists: new Map(), chosen: new Map(), heard: new Set() });
  }

  /** @param {TiledLayer} layer */
  add(layer) {
    super.add(layer);
    if (this.lists.has(layer.id)) return;
    const host = document.querySelector(`[data-large="${CSS.escape(layer.id)}"]`);
    const note = document.createElement("p");
    note.className = "quiet";
    document.querySelector(`[data-layer="${CSS.escape(layer.id)}"] .failure`).before(note);
    this.lists.set(layer.id, { layer, host, note });
    host.querySelector("[data-more]").addEventListener("click", () => this.#more(layer.id));
    this.list();
  }

  /** @param {string} ref */
  has(ref) {
    return this.shown.has(ref.split("/")[0]);
  }

  narrow(chosen, known) {
    super.narrow(chosen, known);
    this.chosen = chosen;
    for (const { layer } of this.shown.values()) this.#note(layer);
    this.list();
  }

  /** List what of each layer is in view, when the map has stood still. */
  list() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { for (const id of this.lists.keys()) this.#fill(id); }, PAUSE_MS);
  }

  /** Say why nothing lights up; once, since it holds for every square. */
  #told(layer) {
    if (this.heard.has(layer.id)) return;
    this.heard.add(layer.id);
    this.say(`${layer.title}${this.words.config.lang === "en" ? ": " : "："}${this.words.say("largeSquares")}`);
  }

  #note(layer) {
    const list = this.lists.get(layer.id);
    if (!list) return;
    const { unheeded, squares, faint } = this.unnarrowed(layer.id);
    const facet = (name) => document.querySelector(`[data-facet="${name}"] legend`).textContent;
    list.note.textContent = [
      unheeded.length ? this.words.say("largeUnheeded", { facets: this.words.list(unheeded.map(facet)) }) : "",
      squares ? this.words.say("largeSquares") : "",
      faint ? this.words.say("largeFaint") : "",
    ].filter(Boolean).join(this.words.config.lang === "en" ? " " : "");
  }

  async #fill(id) {
    const list = this.lists.get(id);
    list.host.hidden = !this.map.hasLayer(this.atlas.layers[id]);
    list.asked?.abort();
    if (list.host.hidden) return;
    list.view = this.map.getBounds();
    await this.#ask(list, 0, ({ features, numberMatched }) => {
      list.found = numberMatched;
      list.host.querySelector("ul").replaceChildren(...features.map((each) => this.#item(list.layer, each)));
      list.total ??= list.host.querySelector("[data-count]").textContent.replace(/[^\d,]/g, "");
      const counts = { count: numberMatched.toLocaleString("en"), total: list.total };
      list.host.querySelector("[data-count]").textContent = this.words.say("largeInView", counts);
      this.#say(list, numberMatched ? "" : this.words.say("largeNone"));
    });
  }

  async #more(id) {
    const list = this.lists.get(id);
    const items = list.host.querySelector("ul");
    const last = items.lastElementChild;
    await this.#ask(list, items.children.length, ({ features }) => {
      items.append(...features.map((each) => this.#item(list.layer, each)));
    });
    last.nextElementSibling?.firstElementChild.focus();
  }

  async #ask(list, offset, show) {
    const more = list.host.querySelector("[data-more]");
    list.asked = new AbortController();
    try {
      const answer = await fetch(this.#address(list, offset), { signal: list.asked.signal, headers: { Accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#say(list, this.words.say("largeFailed"));
    }
    const left = (list.found ?? 0) - list.host.querySelector("ul").children.length;
    more.hidden = left <= 0;
    more.textContent = this.words.say("largeMore", { count: Math.min(AT_ONCE, left) });
  }

  #address({ layer, view }, offset) {
    const clip = (degrees, most) => Math.max(-most, Math.min(most, degrees)).toFixed(6);
    const sides = [clip(view.getWest(), 180), clip(view.getSouth(), 90), clip(view.getEast(), 180), clip(view.getNorth(), 90)];
    const query = new URLSearchParams({ bbox: sides.join(","), limit: String(AT_ONCE), skipGeometry: "true" });
    if (offset) query.set("offset", String(offset));
    for (const [name, values] of this.chosen) {
      if (name === "mapped" || layer.facets.includes(name)) query.set(name, [...values].join(","));
    }
    return `/api/collections/${layer.id}/items?${query}`;
  }

  #say(list, text) {
    const said = list.host.querySelector("[data-words]");
    said.textContent = text;
    said.hidden = !text;
  }

  #item(layer, feature) {
    const ref = `${layer.id}/${feature.id}`;
    const item = document.createElement("li");
    const link = document.createElement("a");
    const name = document.createElement("span");
    link.className = `entry entry-${SHAPES[feature.geometry?.type?.replace("Multi", "")] ?? "area"}`;
    link.dataset.ref = ref;
    link.href = this.href(ref);
    name.className = "entry-name";
    name.textContent = this.words.name({ ref, layer, feature });
    link.append(name);
    item.append(link);
    return item;
  }
}
