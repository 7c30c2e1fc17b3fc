/** The tool of coordinates: where the pointer or the middle of the map is, and how to get somewhere. */

import { parsePlace, written } from "./place.js";
import { button, line } from "./tool_parts.js";

export class PlaceTool {
  /** @param {import("./tools.js").Tools} tools */
  constructor({ map, words, page }) {
    Object.assign(this, { map, words, say: page.say });
    this.move = ({ latlng }) => this.#write(latlng);
    this.centre = () => this.#write(this.map.getCenter());
  }

  /** @param {HTMLElement} box */
  show(box) {
    this.list = document.createElement("dl");
    const form = document.createElement("form");
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.textContent = this.words.say("placeLabel");
    label.htmlFor = input.id = "place-text";
    input.autocomplete = "off";
    input.placeholder = "116.975, 36.55";
    const wrong = line("quiet");
    wrong.setAttribute("role", "status");
    form.append(label, input, button(this.words.say("placeGo")), wrong);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      wrong.textContent = this.#go(input.value);
    });
    box.append(this.list, form);
    this.map.on("mousemove", this.move).on("moveend", this.centre);
    this.centre();
  }

  hide() {
    this.map.off("mousemove", this.move).off("moveend", this.centre);
  }

  /** @param {string} text @returns {string} what is wrong with it */
  #go(text) {
    const place = parsePlace(text);
    if (!place) return this.words.say("placeUnread");
    const there = L.latLng(place[1], place[0]);
    if (!L.latLngBounds(this.map.options.maxBounds).contains(there)) return this.words.say("placeOutside");
    this.map.setView(there, Math.max(this.map.getZoom(), 14), { animate: false });
    return "";
  }

  /** @param {L.LatLng} latlng */
  #write({ lng, lat }) {
    const rows = written([lng, lat]).map(([system, text]) => {
      const row = document.createElement("div");
      const name = document.createElement("dt");
      const value = document.createElement("dd");
      const copy = button(this.words.say("placeCopy"), () => this.#copy(text));
      copy.setAttribute("aria-label", `${this.words.say("placeCopy")} ${system}`);
      name.textContent = system;
      value.append(text, copy);
      row.append(name, value);
      return row;
    });
    if (this.list.contains(document.activeElement)) return;
    this.list.replaceChildren(...rows);
  }

  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.say(this.words.say("placeCopied", { text }));
    } catch {
      this.say(text);
    }
  }
}
