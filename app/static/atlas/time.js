/** Time moves a filter and nothing else: the map as known on a day, and what the plan dates in a year. */

import { fetchMoves, notThere } from "./known.js";

/**
 * @typedef {{id: string, from: number | null, to: number | null, basis: string, inferred: boolean, citations: any[]}} Dated
 * @typedef {{id: string, title: string, total: number, dated: number, matched: number, undated: number}} Counted
 * @typedef {{year: number | null, years: number[], features: Dated[], collections: Counted[], figures: any[]}} Years
 */

export class Time {
  /** @param {any} config @param {import("./words.js").Words} words @param {import("./tools.js").Page} page */
  constructor(config, words, page) {
    Object.assign(this, { config, words, page, known: "", year: " " });
    /** @type {Map<string, Promise<Years>>} */
    this.fetched = new Map();
  }

  /** Show what the address names. */
  async follow() {
    const [known, year, undated] = ["known", "year", "undated"].map((name) => this.page.given(name));
    // What the page found wrong with its link stays said when the day and the year are followed first.
    let told = this.followed ? "" : this.page.told();
    this.followed = true;
    if (known !== this.known) {
      await this.setKnown(known).catch(() => this.page.tell(this.words.say("knownUnread", { when: known })));
      told = [told, known && this.page.told()].filter(Boolean).join(" ");
    }
    if (`${year} ${undated}` === this.year) return;
    await this.setYear(year, undated !== "off").catch(() => this.page.tell(this.words.say("yearUnread", { year })));
    // A link may set both: what is said of one must not hide what was said of the other.
    // The server has said the year already.
    const said = this.page.told();
    if (told) this.page.tell(told.includes(said) ? told : `${told} ${said}`);
  }

  /** Show the map as known on a day; an empty one is today.
   * @param {string} when @returns what differs from now */
  async setKnown(when) {
    this.known = when;
    if (when && !/^\d+$/.test(when) && Number.isNaN(Date.parse(when))) throw new Error(`no day: ${when}`);
    const moves = when ? await fetchMoves(this.config.layers, this.words.state(when)) : { moves: [], absent: [], count: 0 };
    const away = notThere(moves, this.page.entries.keys());
    this.page.put({ known: when }, { known: away }, moves.absent);
    this.page.tell(when ? this.words.say("knownAs", { when, count: moves.count, absent: away.size }) : "");
    return moves;
  }

  /** Leave what the plan dates in a year; an empty one leaves everything.
   * @param {string} year @param {boolean} undated whether what has no date stays, with a mark
   * @returns {Promise<{left: number, undated: number, document: Years} | null>} */
  async setYear(year, undated = true) {
    this.year = `${year} ${year && !undated ? "off" : ""}`;
    if (!year) {
      this.#mark(new Set());
      this.page.put({ year: "", undated: "" }, { year: new Set() });
      this.page.tell("");
      return null;
    }
    const all = await this.years("");
    if (!all.years.includes(Number(year))) throw new Error(`the plan has no ${year}`);
    const document = await this.years(year);
    const dated = new Set(all.features.map(({ id }) => id));
    const kept = new Set(document.features.map(({ id }) => id));
    const moved = [...this.page.entries.values()].filter(({ layer }) => !layer.ground).map(({ ref }) => ref);
    const without = new Set(moved.filter((ref) => !dated.has(ref)));
    const away = new Set(moved.filter((ref) => (without.has(ref) ? !undated : !kept.has(ref))));
    this.#mark(undated ? without : new Set());
    this.page.put({ year, undated: undated ? "" : "off" }, { year: away });
    const said = { left: moved.length - away.size, undated: without.size, document };
    this.page.tell(this.summary(said, year, undated));
    return said;
  }

  /** @returns {string} which layers the year moves, how much it leaves, and what has no date */
  summary({ left, undated, document }, year, shown) {
    const layers = this.words.list(document.collections.map(({ title }) => title));
    return this.words.say(shown ? "yearShown" : "yearOnly", { year, layers, left, undated });
  }

  /** @param {string} year @returns {Promise<Years>} */
  years(year) {
    if (!this.fetched.has(year)) {
      const answer = this.#fetch(year);
      this.fetched.set(year, answer);
      answer.catch(() => this.fetched.delete(year));
    }
    return this.fetched.get(year);
  }

  async #fetch(year) {
    const query = new URLSearchParams({ lang: this.words.config.lang, ...(year && { year }) });
    const answer = await fetch(`/api/plans/${this.config.plan}/years?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  /** Mark on the map and in words in the list what the plan gives no date. @param {Set<string>} refs */
  #mark(refs) {
    for (const ref of this.page.entries.keys()) {
      this.page.atlas.toggle(ref, "is-undated", refs.has(ref));
      const link = document.querySelector(`#index a[data-ref="${CSS.escape(ref)}"]`);
      link?.querySelector(".undated")?.remove();
      if (!link || !refs.has(ref)) continue;
      const mark = document.createElement("span");
      mark.className = "error undated";
      mark.textContent = this.words.say("yearNone");
      link.append(mark);
    }
  }
}
