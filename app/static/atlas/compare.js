/** What is compared: read from the address, fetched, and told apart. */

import { addressOf } from "./tool_parts.js";

/**
 * What is asked for: `projects@1,projects@3` (revisions or days of a layer, none is now),
 * `@2026-01-01,@2026-03-01` (all layers on two days), `places,projects` (two layers),
 * `plan:1,plan:2` (versions of the plan's text).
 * @typedef {{kind: "revisions" | "dates" | "layers" | "plan", layer: string, left: string, right: string}} Asked
 * @typedef {{ref: string, state: string, name: string, href: string}} Item
 * @typedef {{name: string, hidden: string[], shapes: {layer: string, features: any[]}[], differing: Set<string>}} Side
 * @typedef {{left: Side, right: Side, replaced: string[], items: Item[], told: string, page: string}} Compared
 */

const STATES = ["changed", "added", "removed"];
const MOST = "10000";

/** @param {string} text @returns {Asked | null} */
export function parse(text) {
  const sides = text.split(",");
  if (sides.length !== 2 || !sides[0] || !sides[1]) return null;
  const versions = sides.map((side) => side.match(/^plan:(\d{1,9})$/)?.[1]);
  if (versions.every(Boolean)) return { kind: "plan", layer: "", left: versions[0], right: versions[1] };
  if (!text.includes("@")) return { kind: "layers", layer: "", left: sides[0], right: sides[1] };
  const [[layer, left], [other, right]] = sides.map((side) => side.split("@"));
  if (layer !== other || left === undefined || right === undefined) return null;
  return { kind: layer ? "revisions" : "dates", layer, left, right };
}

/** @param {Asked} asked @returns {string} as it is in the address */
export function written({ kind, layer, left, right }) {
  if (kind === "plan") return `plan:${left},plan:${right}`;
  return kind === "layers" ? `${left},${right}` : `${layer}@${left},${layer}@${right}`;
}

export class Fetcher {
  /** @param {import("./words.js").Words} words @param {import("./tools.js").Page} page */
  constructor(words, { entries, nameOf }) {
    Object.assign(this, { words, entries, nameOf, config: words.config });
  }

  /** @param {Asked} asked @returns {Promise<Compared>} rejected if there is no such state */
  async compared(asked) {
    if (asked.kind === "layers") return this.#layers(asked);
    if (asked.kind === "plan") return this.#versions(asked);
    return this.#states(asked);
  }

  /** @param {string} layer @returns {Promise<{revision: number, created: string, message: string}[]>} the newest first */
  async revisions(layer) {
    return (await fetchJson(`/api/collections/${layer}/revisions?limit=1000`)).revisions;
  }

  /** @returns {Promise<number>} how many versions of the plan's text there are */
  async versions() {
    return (await fetchJson(`/api/plans/${this.config.plan}`)).version ?? 0;
  }

  #title(layer) {
    const found = this.config.layers.find(({ id }) => id === layer);
    if (!found) throw new Error(layer);
    return found.title;
  }

  #layers({ left, right }) {
    const names = [left, right].map((id) => this.#title(id));
    const side = (at) => ({ name: names[at], hidden: [at ? left : right], shapes: [], differing: new Set() });
    return { left: side(0), right: side(1), replaced: [], items: [], told: this.words.say("compareLayers", { left: names[0], right: names[1] }), page: "" };
  }

  async #states(asked) {
    const { layers } = this.config;
    const wanted = asked.layer ? layers.filter(({ id }) => id === asked.layer) : layers;
    if (!wanted.length) throw new Error(asked.layer);
    const answers = await Promise.all(wanted.map(({ id }) => fetchDifference(id, { ...asked, left: this.words.state(asked.left), right: this.words.state(asked.right) })));
    const found = wanted.map((layer, at) => ({ layer, answer: answers[at] })).filter(({ answer }) => answer);
    if (!found.length) throw new Error(written(asked));
    const differing = found.filter(({ answer }) => STATES.some((state) => answer.counts[state]));
    const [left, right] = await Promise.all(["from", "to"].map(async (end) => ({
      name: this.#stateName(asked, end, found),
      hidden: [],
      shapes: await Promise.all(differing.map(({ layer, answer }) => fetchState(layer.id, answer[end]))),
      differing: new Set(differing.flatMap(({ layer, answer }) => [...answer.changed, ...answer[end === "from" ? "removed" : "added"]].map(({ id }) => `${layer.id}/${id}`))),
    })));
    const sum = (state) => found.reduce((total, { answer }) => total + answer.counts[state], 0);
    return {
      left, right, replaced: differing.map(({ layer }) => layer.id),
      items: differing.flatMap(({ layer, answer }) => this.#items(layer, answer)),
      told: this.words.say("compareCounts", { added: sum("added"), removed: sum("removed"), changed: sum("changed") }),
      page: addressOf("/compare", { layer: asked.layer, from: asked.left, to: asked.right }, this.config.lang),
    };
  }

  #stateName({ layer, left, right }, end, found) {
    const told = found[0].answer[end];
    if (layer && told) return this.words.say("compareRevision", { number: told.revision, day: this.words.day(told.created) });
    return (end === "from" ? left : right) || this.words.say("compareNow");
  }

  #items(layer, answer) {
    const ends = { from: answer.from?.revision ?? 0, to: answer.to.revision };
    const href = addressOf(`/api/collections/${layer.id}/diff`, { ...ends, f: "html" }, this.config.lang);
    return STATES.flatMap((state) => answer[state].map(({ id, name }) => {
      const ref = `${layer.id}/${id}`;
      return { ref, state, name: this.#nameOf(ref) || name, href };
    }));
  }

  #nameOf(ref) {
    const entry = this.entries.get(ref);
    return entry && this.nameOf(entry);
  }

  /** Features whose citations have moved, changed or been lost from one text of the plan to another. */
  async #versions({ left, right }) {
    const { plan } = this.config;
    const query = { from: left, to: right };
    const answer = await fetchJson(addressOf(`/api/plans/${plan}/compare`, query));
    const page = addressOf(`/plan/${plan}/compare`, query, this.config.lang);
    const items = Object.entries(answer.features).filter(([ref]) => this.entries.has(ref)).map(([ref, anchors]) => {
      const states = anchors.map(({ state }) => state);
      const state = ["changed", "lost", "moved"].find((each) => states.includes(each));
      return { ref, state: states.every((each) => each === "lost") ? "lost" : state, name: this.#nameOf(ref), href: page };
    });
    const side = (version, kept) => {
      const refs = items.filter(kept).map(({ ref }) => ref);
      return { name: this.words.say("compareVersion", { number: version }), hidden: [], shapes: this.#shapes(refs), differing: new Set(refs) };
    };
    const { paragraphs, citations } = answer;
    const figures = citations.figures.moved + citations.figures.changed + citations.figures.lost;
    return {
      left: side(answer.from, () => true), right: side(answer.to, ({ state }) => state !== "lost"), replaced: [], items, page,
      told: this.words.say("comparePlan", { ...paragraphs, features: items.length, figures }),
    };
  }

  #shapes(refs) {
    return this.config.layers.map(({ id }) => ({
      layer: id, features: refs.filter((ref) => ref.startsWith(`${id}/`)).map((ref) => this.entries.get(ref).feature),
    }));
  }
}

async function fetchJson(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw Object.assign(new Error(`${address}: ${answer.status}`), { status: answer.status });
  return answer.json();
}

/** @returns {Promise<any>} null where a layer was not there on a day that is asked for of all layers */
async function fetchDifference(layer, { kind, left, right }) {
  const ask = (from) => fetchJson(addressOf(`/api/collections/${layer}/diff`, { from, to: right, limit: MOST }));
  try {
    return await ask(left || (await newest(layer)));
  } catch (error) {
    if (kind === "revisions" || error.status !== 404) throw error;
    // Then it had no revision on the first day; without one on the second, it is not compared.
    return ask("0").catch((late) => { if (late.status === 404) return null; throw late; });
  }
}

async function newest(layer) {
  return String((await fetchJson(`/api/collections/${layer}/revisions?limit=1`)).revisions[0].revision);
}

/** @param {{revision: number} | null} told nothing was there before the first revision */
async function fetchState(layer, told) {
  if (!told) return { layer, features: [] };
  const { features } = await fetchJson(`/api/collections/${layer}/revisions/${told.revision}/overview`);
  return { layer, features };
}
