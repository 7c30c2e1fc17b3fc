/** The layers as the reader sets them: on or off, opacity, order; kept in the address. */

const LOWEST_PANE = 410;

export class Tree {
  /**
   * @param {HTMLElement} host @param {import("./map.js").AtlasMap} atlas
   * @param {import("./words.js").Words} words
   * @param {{toggle(id: string, on: boolean): void, changed(said?: string): void}} page
   */
  constructor(host, atlas, words, page) {
    Object.assign(this, { host, atlas, words, page });
    this.rows = new Map([...host.querySelectorAll("[data-layer]")].map((row) => [row.dataset.layer, row]));
    /** Layers from the lowest to the uppermost, as the catalogue has them. */
    this.usual = words.config.layers.map(({ id }) => id).filter((id) => atlas.layers[id] && this.rows.has(id));
    this.order = [...this.usual];
    this.fade = new Map();
    this.off = new Set();
    for (const id of this.usual) this.rows.get(id).append(this.#settings(id));
    host.addEventListener("change", ({ target }) => {
      if (target.type === "checkbox") {
        const rows = target.closest("[data-layer]") ?? target.closest("[data-group]");
        for (const id of this.#layersIn(rows)) this.#switch(id, target.checked);
        this.#showGroups();
      }
      this.page.changed();
    });
  }

  /** @param {URLSearchParams} query @returns {string[]} layers that an address names and nobody knows */
  read(query) {
    const known = (id) => this.usual.includes(id);
    const names = (key) => (query.get(key) ?? "").split(",").filter(Boolean);
    const fades = names("opacity").map((text) => text.split(":"));
    const off = names("off");
    const order = names("order");
    for (const id of this.rows.keys()) this.#switch(id, !off.includes(id));
    this.#showGroups();
    for (const id of this.usual) {
      const percent = Number(fades.find(([name]) => name === id)?.[1] ?? 100);
      this.#opacity(id, Number.isFinite(percent) ? Math.min(100, Math.max(10, percent)) : 100);
    }
    const first = [...new Set(order.filter(known))];
    this.#arrange([...first, ...this.usual.filter((id) => !first.includes(id))]);
    const named = [...off.filter((id) => !this.rows.has(id)), ...fades.map(([id]) => id).filter((id) => !known(id)), ...order.filter((id) => !known(id))];
    return [...new Set(named)];
  }

  /** @param {URLSearchParams} query */
  write(query) {
    if (this.off.size) query.set("off", [...this.off].join(","));
    if (this.fade.size) query.set("opacity", [...this.fade].map(([id, percent]) => `${id}:${percent}`).join(","));
    if (this.order.join() !== this.usual.join()) query.set("order", this.order.join(","));
  }

  /** @param {HTMLElement} row of a layer, or of a group */
  #layersIn(row) {
    const within = [...row.querySelectorAll("[data-layer]")].map((each) => each.dataset.layer);
    return row.dataset.layer ? [row.dataset.layer] : within;
  }

  /** A group is on, off, or in part; its layers decide. */
  #showGroups() {
    for (const group of this.host.querySelectorAll("[data-group]")) {
      const ids = this.#layersIn(group);
      const box = group.querySelector("input[type=checkbox]");
      const off = ids.filter((id) => this.off.has(id)).length;
      box.checked = off === 0;
      box.indeterminate = off > 0 && off < ids.length;
    }
  }

  #switch(id, on) {
    const row = this.rows.get(id);
    row.querySelector("input[type=checkbox]").checked = on;
    row.classList.toggle("is-off", !on);
    if (on === !this.off.has(id)) return;
    if (on) this.off.delete(id);
    else this.off.add(id);
    this.page.toggle(id, on);
  }

  #opacity(id, percent) {
    if (percent === 100) this.fade.delete(id);
    else this.fade.set(id, percent);
    const slider = this.rows.get(id).querySelector("input[type=range]");
    slider.value = String(percent);
    slider.nextElementSibling.textContent = `${percent} %`;
    this.atlas.map.getPane(`atlas-${id}`).style.opacity = String(percent / 100);
  }

  #arrange(order) {
    this.order = order;
    order.forEach((id, height) => { this.atlas.map.getPane(`atlas-${id}`).style.zIndex = String(LOWEST_PANE + height); });
  }

  #move(id, step) {
    const at = this.order.indexOf(id);
    const to = at + step;
    if (to < 0 || to >= this.order.length) return;
    const order = [...this.order];
    [order[at], order[to]] = [order[to], order[at]];
    this.#arrange(order);
    this.page.changed(this.words.say("layerPlace", { place: order.length - to, count: order.length }));
  }

  #settings(id) {
    const title = this.words.config.layers.find((layer) => layer.id === id).title;
    const box = document.createElement("details");
    const summary = document.createElement("summary");
    const label = document.createElement("label");
    const slider = document.createElement("input");
    box.className = "layer-settings";
    summary.textContent = this.words.say("layerSettings");
    summary.setAttribute("aria-label", `${summary.textContent} ${title}`);
    Object.assign(slider, { type: "range", min: "10", max: "100", step: "5", value: "100" });
    slider.addEventListener("input", () => this.#opacity(id, Number(slider.value)));
    label.append(this.words.say("layerOpacity"), slider, document.createElement("output"));
    const moves = [["layerUp", 1], ["layerDown", -1]].map(([key, step]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = this.words.say(key);
      button.setAttribute("aria-label", `${button.textContent} ${title}`);
      button.addEventListener("click", () => this.#move(id, step));
      return button;
    });
    const actions = document.createElement("p");
    actions.className = "actions";
    actions.append(...moves);
    box.append(summary, label, actions);
    return box;
  }
}
