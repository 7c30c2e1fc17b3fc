/** Other colours than the usual ones, by a property of the features, with their legend. */

const UNSAID = "#5b6470";

/**
 * Colour shapes and list by a property, or as usual with an empty one.
 * @param {import("./map.js").AtlasMap} atlas @param {import("./words.js").Words} words
 * @param {string} property @param {HTMLElement} legend
 */
export function paint(atlas, words, property, legend) {
  const counts = new Map();
  for (const { id, themes } of words.config.layers) {
    if (!Object.keys(themes).length) continue;
    const colours = themes[property] && new Map(themes[property]);
    const group = atlas.layers[id];
    const colourOf = (feature) => (colours ? colours.get(feature.properties[property]) ?? UNSAID : group.options.style(feature).color);
    group.setStyle((feature) => ({ color: colourOf(feature), fillColor: colourOf(feature) }));
    for (const [ref, shape] of atlas.shapes) {
      if (!ref.startsWith(`${id}/`)) continue;
      const { feature } = shape.getLayers ? shape.getLayers()[0] : shape;
      const value = feature.properties[property] ?? "";
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    markList(id, colours, property, atlas);
    if (colours) legend.replaceChildren(...rows(colours, counts, property, words));
  }
  legend.hidden = !property;
}

/** Colour the marks of the list as the shapes are; what is not drawn keeps its own. */
function markList(id, colours, property, atlas) {
  for (const mark of document.querySelectorAll(`#index a[data-ref^="${CSS.escape(id)}/"] .mark`)) {
    const shape = atlas.shapes.get(mark.closest("a").dataset.ref);
    if (!shape) continue;
    mark.dataset.usual ??= mark.getAttribute("color");
    const { feature } = shape.getLayers ? shape.getLayers()[0] : shape;
    mark.setAttribute("color", colours ? colours.get(feature.properties[property]) ?? UNSAID : mark.dataset.usual);
  }
}

function rows(colours, counts, property, words) {
  const known = [...colours].map(([value, colour]) => [words.code(property, value), colour, counts.get(value) ?? 0]);
  const unsaid = counts.get("") ?? 0;
  return [...known, ...(unsaid ? [[words.say("stageUnknown"), UNSAID, unsaid]] : [])].map(([label, colour, count]) => {
    const row = document.createElement("li");
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    const said = document.createElement("span");
    for (const [name, value] of Object.entries({ class: "swatch", viewBox: "0 0 30 18", width: 30, height: 18, "aria-hidden": "true", color: colour })) swatch.setAttribute(name, value);
    for (const [name, value] of Object.entries({ cx: 15, cy: 9, r: 6, fill: "currentColor", "fill-opacity": 0.45, stroke: "currentColor", "stroke-width": 2 })) shape.setAttribute(name, value);
    said.textContent = `${label} ${words.say("count", { count })}`;
    swatch.append(shape);
    row.append(swatch, said);
    return row;
  });
}
