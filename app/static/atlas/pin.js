/** Chooses a place on a small map and writes it into the field of the form, which stays as it is. */

import { entriesOf, fetchLayer, readConfig } from "./data.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { parsePlace } from "./place.js";
import { Words } from "./words.js";

const CLOSE = 15;
const DIGITS = 5;

const words = new Words(readConfig());
const field = document.getElementById("at");
const said = document.getElementById("pin-said");
const atlas = new AtlasMap(window.atlas, words);
const labels = new Labels(atlas.map, words);
const { map, whole } = atlas;
let mark = null;

/** @param {L.LatLng} there */
function show(there) {
  mark?.remove();
  const icon = L.divIcon({ className: "pin-mark", iconSize: null });
  mark = L.marker(there, { icon, interactive: false, keyboard: false }).addTo(map);
}

/** @param {L.LatLng} there */
function choose(there) {
  if (!whole.contains(there)) {
    said.textContent = words.say("pinOutside");
    return;
  }
  show(there);
  field.value = `${there.lng.toFixed(DIGITS)}, ${there.lat.toFixed(DIGITS)}`;
  field.removeAttribute("aria-invalid");
  said.textContent = words.say("pinChosen", { place: field.value });
}

/** Show what was typed; the server says what is wrong with it. */
function follow() {
  const place = parsePlace(field.value);
  const there = place && L.latLng(place[1], place[0]);
  if (!there || !whole.contains(there)) return;
  show(there);
  map.setView(there, Math.max(map.getZoom(), CLOSE), { animate: false });
}

/** Draw what helps to find a place; without it the map is still one to choose on.
 * @param {import("./data.js").LayerConfig} layer */
async function draw(layer) {
  const entries = entriesOf(layer, (await fetchLayer(layer)).features);
  atlas.fill(layer, entries);
  for (const entry of entries) {
    const at = words.config.anchors[entry.ref];
    const [part] = atlas.parts(entry.ref);
    if (at && part && layer.label) labels.add(entry, at, part);
  }
  labels.declutter();
}

// Whoever scrolls the page passes over the map.
map.scrollWheelZoom.disable();
const box = map.getContainer();
box.setAttribute("aria-label", words.say("pinMap"));
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target !== box) return;
  event.preventDefault();
  choose(map.getCenter());
});
map.on("click", ({ latlng }) => choose(latlng));
document.getElementById("pin-centre").addEventListener("click", () => choose(map.getCenter()));
field.addEventListener("change", follow);
atlas.showAll();
follow();
await Promise.allSettled(words.config.layers.filter((layer) => !layer.tiles).map(draw));
document.documentElement.dataset.ready = "true";
