/** What the panel shows: the index, one feature, or all features at a point; and what is selected. */

import { fetchFeature } from "./data.js";

/** @typedef {import("./data.js").Entry} Entry */

const byId = (id) => document.getElementById(id);

/** Zoom at which a feature of a large layer is shown that is not in view. */
const CLOSE = 16;

export class Panel {
  /** @param {import("./words.js").Words} words @param {(ref: string) => string} href */
  constructor(words, href) {
    this.words = words;
    this.href = href;
    this.views = { index: byId("index"), detail: byId("detail"), hits: byId("hits") };
    this.returnTo = null;
    /** @type {Map<string, HTMLElement>} */
    this.links = new Map([...this.views.index.querySelectorAll("[data-ref]")].map((link) => [link.dataset.ref, link]));
  }

  /** @param {"index" | "detail" | "hits"} name */
  open(name) {
    if (this.isOpen("index") && name !== "index") {
      this.returnTo = document.activeElement;
      this.scroll = byId("sheet").scrollTop;
    }
    for (const [key, view] of Object.entries(this.views)) view.hidden = key !== name;
    byId("sheet").scrollTop = name === "index" ? this.scroll ?? 0 : 0;
  }

  isOpen(name) {
    return !this.views[name].hidden;
  }

  /** Show a feature. @param {Entry} entry @param {Entry[]} also */
  detail(entry, also = []) {
    const view = this.words.view(entry);
    const article = this.views.detail;
    article.dataset.precision = view.precision;
    for (const slot of article.querySelectorAll("[data-slot]")) {
      const value = view[slot.dataset.slot];
      if (slot.dataset.slot === "citations") slot.replaceChildren(...value.map(citation));
      else {
        slot.textContent = value;
        slot.hidden = !value;
      }
    }
    for (const row of article.querySelectorAll("[data-row]")) {
      row.hidden = !view[row.dataset.row]?.length;
    }
    const query = this.words.config.lang === "en" ? "?f=html&lang=en" : "?f=html";
    article.querySelector("[data-href=api]").href = view.api + query;
    const report = article.querySelector("[data-href=report]");
    if (report) {
      const asked = { kind: "problem", about: entry.ref, lang: this.words.config.lang };
      report.href = `/opinions?${new URLSearchParams(asked)}`;
    }
    const english = this.words.config.lang === "en" ? "lang=en" : "";
    article.querySelector("[data-href=page]").href = `/features/${entry.ref}?${english}`;
    const name = encodeURIComponent(view.name);
    article.querySelector("[data-href=nearby]").href = `/nearby?q=${name}&${english}`;
    byId("also").hidden = also.length === 0;
    byId("also").querySelector("ul").replaceChildren(...also.map((other) => this.#item(other)));
    this.open("detail");
  }

  /** List everything at a point. @param {Entry[]} entries */
  hits(entries) {
    byId("hits-title").textContent = this.words.say("hits", { count: entries.length });
    this.views.hits.querySelector("ul").replaceChildren(...entries.map((entry) => this.#item(entry)));
    this.open("hits");
    byId("hits-title").focus({ preventScroll: true });
  }

  focusTitle() {
    byId("detail-title").focus({ preventScroll: true });
  }

  /** Put the focus back where it was before the panel opened. @param {string | null} ref */
  focusBack(ref) {
    const link = ref && this.link(ref);
    const known = this.returnTo?.isConnected && this.returnTo !== document.body;
    (known ? this.returnTo : link || byId("panel")).focus({ preventScroll: known });
    this.returnTo = null;
  }

  /** @param {string} ref */
  link(ref) {
    return this.links.get(ref);
  }

  /** @param {Entry} entry its name, which the list knows for all */
  nameOf(entry) {
    return this.link(entry.ref)?.querySelector(".entry-name")?.textContent ?? this.words.name(entry);
  }

  /** @param {Entry} entry */
  #item(entry) {
    const item = document.createElement("li");
    const known = this.link(entry.ref);
    const link = known ? known.cloneNode(true) : document.createElement("a");
    if (!known) link.textContent = this.nameOf(entry);
    link.className = "entry";
    link.dataset.ref = entry.ref;
    link.href = this.href(entry.ref);
    item.append(link);
    return item;
  }
}

/** What is selected: opened by its reference, drawn on the map, and told in the panel. */
export class Selection {
  /**
   * @param {{
   *   map: import("./map.js").AtlasMap, labels: import("./labels.js").Labels, panel: Panel,
   *   sheet: import("./sheet.js").Sheet, words: import("./words.js").Words,
   * }} parts
   * @param {{
   *   entries: Map<string, Entry>, hasFailed(layerId: string): boolean, unreachable(layer: import("./data.js").LayerConfig): void,
   *   place(ref: string): string, changed(ref: string | null): void, say(text: string): void, tell(text: string): void,
   * }} page ``place`` says which of several a feature is that were found at one place
   */
  constructor(parts, page) {
    Object.assign(this, { ...parts, page, config: parts.words.config });
    /** Features of which everything has been fetched. @type {Map<string, import("./data.js").Feature>} */
    this.whole = new Map();
    /** Features of large layers that have been pointed at: what is known of each. @type {Map<string, Entry>} */
    this.visited = new Map();
  }

  /** @param {string | null} ref what is known of a feature without asking */
  entryOf(ref) {
    return this.page.entries.get(ref) ?? this.visited.get(ref);
  }

  /** Keep what large layers tell of a place. @param {import("./tiled.js").Seen[]} found @returns {string[]} */
  remember(found) {
    for (const { ref, layer, properties } of found) {
      const feature = { type: "Feature", id: ref.slice(layer.id.length + 1), geometry: null, properties };
      if (!this.visited.has(ref)) this.visited.set(ref, { ref, layer, feature });
    }
    return found.map(({ ref }) => ref);
  }

  /** Show what the address names. @param {{focus: boolean, also?: string[]}} how */
  async follow({ focus, also = [] }) {
    const named = () => new URLSearchParams(location.search).get("f");
    const ref = named();
    if (ref && !this.entryOf(ref)) await this.#visit(ref);
    if (ref !== named()) return;
    const entry = this.entryOf(ref);
    if (entry) await this.#select(entry, focus, also);
    else this.#clear(focus, ref);
  }

  /** Bring what is selected into view; what is small, and in view, stays where it is. @param {string} ref */
  bring(ref) {
    if (!this.visited.has(ref)) this.map.show(ref);
    else if (!this.map.isInView(ref)) this.map.show(ref, CLOSE);
  }

  /** Ask for a feature of a large layer. @param {string} ref */
  async #visit(ref) {
    const layer = this.config.layers.find(({ id, tiles }) => tiles && ref.startsWith(`${id}/`));
    if (!layer) return;
    try {
      const feature = await fetchFeature(ref);
      this.whole.set(ref, feature);
      this.visited.set(ref, { ref, layer, feature });
    } catch ({ status }) {
      if (!status) this.page.unreachable(layer);
    }
  }

  /** @param {Entry} entry what is known of it without asking @returns {Promise<Entry>} all of it */
  async #complete(entry) {
    try {
      if (!this.whole.has(entry.ref)) this.whole.set(entry.ref, await fetchFeature(entry.ref));
      return { ...entry, feature: this.whole.get(entry.ref) };
    } catch {
      this.page.tell(this.words.say("failed", { layer: this.panel.nameOf(entry) }));
      return entry;
    }
  }

  /** @param {Entry} entry @param {boolean} focus @param {string[]} also what lies below it */
  async #select(entry, focus, also) {
    const { map } = this;
    this.#leave(entry.ref);
    map.mark(entry.ref);
    this.labels.prefer(entry.ref);
    this.page.tell("");
    const known = await this.#complete(entry);
    if (map.selected !== entry.ref) return;
    if (entry.layer.tiles && known.feature.geometry && !map.shapes.has(entry.ref)) {
      map.fill(entry.layer, [known]);
      map.mark(entry.ref);
    }
    this.panel.detail(known, also.map((ref) => this.entryOf(ref)).filter(Boolean));
    if (this.sheet.panel.dataset.sheet !== "half") this.sheet.set("half");
    else this.bring(entry.ref);
    const name = this.words.name(known);
    document.title = `${name} · ${this.config.title}`;
    this.page.changed(entry.ref);
    const place = this.page.place(entry.ref);
    if (!focus) return;
    this.panel.focusTitle();
    this.page.say(`${this.words.say("selected", { name })} ${place}`.trim());
  }

  /** Take off what was drawn of a large layer because it was selected. @param {string | null} next */
  #leave(next) {
    const last = this.map.selected;
    if (last && last !== next && this.visited.has(last)) this.map.drop(last);
  }

  /** @param {boolean} focus @param {string | null} unknown what the address names, which nobody knows */
  #clear(focus, unknown) {
    this.#leave(null);
    const last = this.map.selected;
    const wasOpen = !this.panel.isOpen("index");
    this.panel.open("index");
    this.map.mark(null);
    this.labels.prefer(null);
    document.title = this.config.title;
    this.page.changed(null);
    if (unknown && !this.page.hasFailed(unknown.split("/")[0])) this.page.tell(this.words.say("unknown", { ref: unknown }));
    if (focus && wasOpen) {
      this.panel.focusBack(last);
      this.page.say(this.words.say("cleared"));
    }
  }
}

/** @param {{words: string, title: string, href: string}} value */
function citation(value) {
  const item = document.createElement("li");
  const words = document.createElement("a");
  const title = document.createElement("cite");
  words.textContent = value.words;
  words.href = value.href;
  title.textContent = value.title;
  title.lang = "zh-CN";
  item.append(words, " ", title);
  return item;
}
