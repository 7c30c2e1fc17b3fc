/** What the panel shows: the index, one feature, or all features at a point. */

/** @typedef {import("./data.js").Entry} Entry */

const byId = (id) => document.getElementById(id);

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
