/** Codes, numbers and citations in words; the server writes the same for a page without script. */

/** @typedef {import("./data.js").Entry} Entry */

export class Words {
  /** @param {any} config */
  constructor(config) {
    this.config = config;
  }

  /** @param {string} key @param {Record<string, any>} [values] */
  say(key, values = {}) {
    return this.config.strings[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** @param {Record<string, any>} properties @param {string} key */
  text(properties, key) {
    const english = this.config.lang === "en" ? properties[`${key}_en`] : null;
    return english || properties[key] || "";
  }

  /** @param {string | number} moment @returns {string} the day that it was by the clock of the pages */
  day(moment) {
    const ahead = -Date.parse(`1970-01-01T00:00${this.config.clock}`);
    return new Date(new Date(moment).getTime() + ahead).toISOString().slice(0, 10);
  }

  /** @param {string} when a day, a moment or the number of a revision @returns {string} for the API, whose days are others */
  state(when) {
    return /^\d{4}-\d\d-\d\d$/.test(when) ? `${when}T23:59:59.999999${this.config.clock}` : when;
  }

  /** @param {string} list @param {string | null} code */
  code(list, code) {
    return this.config.codes[list]?.[code] ?? code ?? "";
  }

  /** @param {string[] | undefined} parts */
  list(parts) {
    return (parts ?? []).join(this.config.lang === "en" ? ", " : "、");
  }

  /** @param {{chapter: number, section: number, paragraph: number}} citation */
  citation(citation) {
    const section = this.config.sections[`${citation.chapter}.${citation.section}`];
    const comma = this.config.lang === "en" ? ", " : " ";
    const paragraph = this.say(citation.paragraph ? "paragraph" : "heading", { number: citation.paragraph });
    const { plan, chapter } = citation;
    return {
      words: `${section?.[0]}${comma}${paragraph}`,
      title: section?.[1] ?? "",
      href: `/plan/${plan}${this.config.lang === "en" ? "?lang=en" : ""}#${chapter}-${citation.section}-p${citation.paragraph}`,
    };
  }

  /** The cited paragraphs, each once. @param {any[]} citations */
  cited(citations) {
    const paragraphs = new Map(citations.map((each) => [`${each.chapter}-${each.section}-${each.paragraph}`, each]));
    return [...paragraphs.values()].map((each) => this.citation(each));
  }

  /** How firmly the plan commits itself, with its own verb. @param {Record<string, any>} p */
  commitment(p) {
    const label = this.code("commitment", p.commitment);
    return p.verb && this.config.lang !== "en" ? this.say("commitment", { label, verb: p.verb }) : label;
  }

  /** @param {Record<string, any>} p */
  certainty(p) {
    if (!("precision" in p)) return "";
    if (!p.precision) return this.say("unmapped");
    if (p.uncertainty_m == null) return "";
    const sketch = p.precision === "P3" || p.precision === "P4";
    return this.say(sketch ? "sketch" : "survey", { distance: distance(p.uncertainty_m) });
  }

  /** @param {Record<string, any>} p */
  area(p) {
    if (p.area_km2 == null) return "";
    const ranged = p.area_km2_min != null && p.area_km2_max != null;
    return this.say(ranged ? "areaRange" : "area", {
      area: p.area_km2, low: p.area_km2_min, high: p.area_km2_max,
    });
  }

  /** An office's own columns in a line. @param {import("./data.js").LayerConfig} layer @param {Record<string, any>} p */
  columns(layer, p) {
    const [between, behind] = this.config.lang === "en" ? ["; ", ": "] : ["；", "："];
    const known = layer.columns.filter(([name]) => p[name] != null);
    return known.map(([name, title]) => `${title}${behind}${p[name]}`).join(between);
  }

  /** @param {Record<string, any>} p */
  precision(p) {
    if (!p.precision) return "";
    const label = this.code("precision", p.precision);
    return label === p.precision ? label : `${p.precision} · ${label}`;
  }

  /** @param {Entry} entry */
  name({ layer, feature }) {
    return this.text(feature.properties, "name") || feature.properties[layer.name] || feature.id;
  }

  /** @param {Entry} entry what the detail panel shows, by slot */
  view({ ref, layer, feature }) {
    const p = feature.properties;
    return {
      layer: layer.title,
      name: this.name({ ref, layer, feature }),
      aliases: this.list(p.aliases),
      kind: this.code("kind", p.kind),
      summary: this.text(p, "summary") || this.columns(layer, p),
      zone: this.code("zone", p.zone),
      zone_basis: this.code("zone_basis", p.zone_basis),
      stage: !layer.ground && "stage" in p ? this.code("stage", p.stage) || this.say("stageUnknown") : "",
      commitment: this.commitment(p),
      industries: this.list(p.industries?.map((code) => this.code("industries", code))),
      area: this.area(p),
      certainty: this.certainty(p),
      precision: p.precision ?? "none",
      precision_words: this.precision(p),
      source: this.text(p, "geometry_source"),
      method: this.text(p, "geometry_method"),
      citations: this.cited(p.citations ?? []),
      api: `/api/collections/${ref.replace("/", "/items/")}`,
    };
  }
}

/** @param {number} metres */
function distance(metres) {
  return metres < 1000 ? `${Math.round(metres)} m` : `${Number((metres / 1000).toPrecision(3))} km`;
}
