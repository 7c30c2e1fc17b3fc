/** The embeddable map: what its address asks for, drawn; nothing to click through. */

import { entriesOf, fetchLayer, readConfig } from "./data.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { Words } from "./words.js";

const config = readConfig();
const words = new Words(config);
const map = new AtlasMap(window.atlas, words);
const labels = new Labels(map.map, words);
const away = new Set(config.away);

for (const layer of config.layers) {
  try {
    if (layer.tiles) {
      const { Tiled } = await import("./tiled.js");
      new Tiled(map, { failed: (_, is) => is && failed(layer) }).add(layer);
      continue;
    }
    const list = entriesOf(layer, (await fetchLayer(layer)).features);
    map.fill(layer, list);
    for (const entry of list) {
      const at = config.anchors[entry.ref];
      const [part] = map.parts(entry.ref);
      if (at && part && layer.label) labels.add(entry, at, part);
    }
    labels.declutter();
  } catch {
    failed(layer);
  }
}
for (const [id, percent] of Object.entries(config.fades)) {
  const pane = map.map.getPane(`atlas-${id}`);
  if (pane) pane.style.opacity = String(percent / 100);
}
map.setFiltered(away);
labels.setFiltered(away);
if (config.bounds) map.frame(config.bounds, { animate: false, maxZoom: 13 });
if (config.ref) {
  map.mark(config.ref);
  labels.prefer(config.ref);
}
for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  for (const [name, state] of [[on, true], [off, false]]) {
    document.querySelector(".embed-list")?.addEventListener(name, ({ target }) => {
      const ref = target.closest("a[data-ref]")?.dataset.ref;
      if (ref) map.light(ref, state);
    });
  }
}

/** @param {import("./data.js").LayerConfig} layer */
function failed(layer) {
  document.getElementById("live").textContent = words.say("failed", { layer: layer.title });
  document.getElementById("live").className = "notice";
}
document.documentElement.dataset.ready = "true";
