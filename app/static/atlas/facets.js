/** Facets: what narrows the list and the map, kept in the address; the server counts the same way. */

/** @typedef {import("./data.js").Entry} Entry */

const NONE = "none";

export class Facets {
  /** @param {HTMLFormElement} form @param {string[]} names */
  constructor(form, names) {
    this.form = form;
    this.names = names;
    this.form.querySelector(".apply").hidden = true;
  }

  /** @returns {Map<string, Set<string>>} what is chosen, by facet */
  chosen() {
    const chosen = new Map();
    for (const box of this.form.querySelectorAll("input[type=checkbox]:checked")) {
      if (!chosen.has(box.name)) chosen.set(box.name, new Set());
      chosen.get(box.name).add(box.value);
    }
    return chosen;
  }

  /** Check what an address says. @param {URLSearchParams} query */
  read(query) {
    for (const box of this.form.querySelectorAll("input[type=checkbox]")) {
      box.checked = query.getAll(box.name).flatMap((text) => text.split(",")).includes(box.value);
    }
  }

  /** Write what is chosen. @param {URLSearchParams} query */
  write(query) {
    for (const name of this.names) query.delete(name);
    for (const [name, values] of this.chosen()) query.set(name, [...values].join(","));
  }

  /** @param {Entry} entry @param {Map<string, Set<string>>} chosen */
  meets(entry, chosen) {
    if (entry.layer.ground) return true;
    return [...chosen].every(([name, values]) => valuesOf(name, entry).some((value) => values.has(value)));
  }

  /** Say how many each value would leave. @param {Entry[]} entries */
  count(entries) {
    const chosen = this.chosen();
    const narrowed = entries.filter((entry) => !entry.layer.ground);
    for (const field of this.form.querySelectorAll("[data-facet]")) {
      const name = field.dataset.facet;
      const others = new Map([...chosen].filter(([other]) => other !== name));
      const counts = new Map();
      for (const entry of narrowed) {
        if (!this.meets(entry, others)) continue;
        for (const value of valuesOf(name, entry)) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      for (const box of field.querySelectorAll("input")) {
        const count = counts.get(box.value) ?? 0;
        write(box.parentElement.querySelector("[data-count]"), String(count));
        box.parentElement.classList.toggle("is-empty", count === 0 && !box.checked);
      }
    }
  }
}

/** Change what an element says, if it says something else: what is written anew is laid out anew.
 * @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Show in the list what is left of each group, and say how many.
 * @param {HTMLElement} index
 * @param {{
 *   entries: Map<string, Entry>, away: Set<string>, seen: Set<string> | null, isNarrowed: boolean,
 *   panel: import("./panel.js").Panel, words: import("./words.js").Words,
 * }} left what is put away, and what alone is listed where only what is in view is
 */
export function narrowList(index, { entries, away, seen, isNarrowed, panel, words }) {
  for (const group of index.querySelectorAll(".group:not([data-large])")) {
    const refs = [...group.querySelectorAll("a[data-ref]")].map((link) => link.dataset.ref);
    const left = refs.filter((ref) => !away.has(ref) && (!seen || seen.has(ref)));
    const listed = new Set(left);
    for (const ref of refs) panel.link(ref).parentElement.hidden = !listed.has(ref);
    const drawn = left.filter((ref) => entries.get(ref)?.feature.geometry).length;
    const key = drawn === left.length ? "count" : "countMapped";
    write(group.querySelector("[data-count]"), words.say(key, { count: left.length, mapped: drawn }));
    group.hidden = (isNarrowed || seen !== null) && left.every((ref) => entries.get(ref)?.layer.ground);
  }
}

/** @param {string} name @param {Entry} entry @returns {string[]} */
function valuesOf(name, { feature }) {
  const { properties, geometry } = feature;
  if (name === "mapped") return [geometry ? "true" : "false"];
  if (name === "chapter") return properties.chapters.map(String);
  return [properties[name] ?? NONE];
}
