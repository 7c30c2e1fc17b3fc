/** The map on paper: the link to a sheet takes the view along, and the browser's own printing is
 * true to scale. Loaded after the page. */

const PIXEL_M = 0.0254 / 96;
const EQUATOR_M = 40075016.686;
const TILE = 256;
const MARGIN_MM = 10;
const PAPERS = { A4: [210, 297], A3: [297, 420] };
const STEPS = [1, 1.1, 1.25, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10];

/** How much of the sheet's height is left for the map, title and legend taken off. */
const SHARE = 0.62;

/**
 * @param {import("./map.js").AtlasMap} atlas
 * @param {{config: any, facets: import("./facets.js").Facets, words: import("./words.js").Words}} page
 */
export function preparePrint(atlas, { config, facets, words }) {
  const link = document.getElementById("print");
  const aim = () => { link.href = sheetAddress(atlas.map, config, facets); };
  for (const event of ["pointerenter", "focus", "click"]) link.addEventListener(event, aim);
  const paper = chosenPaper(new URLSearchParams(location.search));
  document.body.classList.add(`paper-${paper.name}-${paper.direction}`.toLowerCase());
  let before = null;
  addEventListener("beforeprint", () => { before ??= fitToPaper(atlas, paper, { facets, words }); });
  addEventListener("afterprint", () => {
    before?.();
    before = null;
  });
}

/** @returns {string} the address of a sheet of what the map shows */
function sheetAddress(map, config, facets) {
  const query = new URLSearchParams();
  const bounds = map.getBounds();
  const sides = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  query.set("bbox", sides.map((side) => side.toFixed(5)).join(","));
  const shown = config.layers.filter((layer) => map.hasLayer(window.atlas.layers[layer.id]));
  if (shown.length && shown.length < config.layers.length) {
    query.set("layers", shown.map((layer) => layer.id).join(","));
  }
  facets.write(query);
  const here = new URLSearchParams(location.search);
  for (const name of ["year", "undated"]) if (here.get(name)) query.set(name, here.get(name));
  if (config.lang === "en") query.set("lang", "en");
  return `/print?${query.toString().replaceAll("%2C", ",")}`;
}

/** @param {URLSearchParams} query */
function chosenPaper(query) {
  const name = query.get("paper") in PAPERS ? query.get("paper") : "A4";
  const direction = query.get("orientation") === "landscape" ? "landscape" : "portrait";
  const [short, long] = PAPERS[name];
  const [width, height] = direction === "landscape" ? [long, short] : [short, long];
  return { name, direction, width: width - 2 * MARGIN_MM, height: (height - 2 * MARGIN_MM) * SHARE };
}

/** Give the map the size of the paper and a round scale. @returns {() => void} what undoes it */
function fitToPaper(atlas, paper, page) {
  const { map } = atlas;
  const box = map.getContainer().parentElement;
  const view = { center: map.getCenter(), zoom: map.getZoom(), bounds: map.getBounds(), snap: map.options.zoomSnap };
  document.body.classList.add("is-printing");
  box.style.width = `${paper.width}mm`;
  box.style.height = `${paper.height}mm`;
  map.options.zoomSnap = 0;
  map.invalidateSize({ animate: false, pan: false });
  const shown = within(view.bounds, atlas.whole);
  const latitude = shown.getCenter().lat;
  const scale = roundScale(scaleAt(map.getBoundsZoom(shown), latitude));
  map.setView(shown.getCenter(), zoomAt(scale, latitude), { animate: false });
  caption(scale, page);
  return () => {
    document.body.classList.remove("is-printing");
    box.style.width = box.style.height = "";
    map.options.zoomSnap = view.snap;
    map.invalidateSize({ animate: false, pan: false });
    map.setView(view.center, view.zoom, { animate: false });
  };
}

/** @returns {L.LatLngBounds} the part of a view in which there is something; all of it if nothing */
function within(view, whole) {
  if (!view.intersects(whole)) return view;
  const south = Math.max(view.getSouth(), whole.getSouth());
  const north = Math.min(view.getNorth(), whole.getNorth());
  const west = Math.max(view.getWest(), whole.getWest());
  const east = Math.min(view.getEast(), whole.getEast());
  return L.latLngBounds([south, west], [north, east]);
}

/** Say what the sheet shows. */
function caption(scale, { facets, words }) {
  const chosen = [...facets.form.querySelectorAll("[data-facet] input:checked")]
    .map((box) => box.parentElement.firstElementChild.nextSibling.textContent.trim());
  const year = new URLSearchParams(location.search).get("year");
  if (year) chosen.push(`${words.say("yearTitle")} ${year}`);
  const filter = chosen.length ? words.list(chosen) : words.say("printNoFilter");
  document.getElementById("print-caption").textContent = [
    words.say("printScale", { scale: scale.toLocaleString("en") }),
    words.say("printFilter", { filter }),
    document.querySelector(".colophon p").textContent,
    words.say("printDate", { date: words.day(Date.now()) }),
    ...(document.querySelector(".has-basemap") ? [words.say("printNoBase")] : []),
  ].join(" · ");
}

const groundWidth = (latitude) => EQUATOR_M * Math.cos((latitude * Math.PI) / 180);
const scaleAt = (zoom, latitude) => groundWidth(latitude) / (TILE * 2 ** zoom) / PIXEL_M;
const zoomAt = (scale, latitude) => Math.log2(groundWidth(latitude) / (TILE * scale * PIXEL_M));

function roundScale(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return Math.round(STEPS.find((step) => step * power >= least * 0.999) * power);
}
