/** The embeddable map of one layer: data and names, nothing to click through. */

import { entriesOf, fetchLayer, readConfig } from "./data.js";
import { Labels } from "./labels.js";
import { AtlasMap } from "./map.js";
import { Words } from "./words.js";

const config = readConfig();
const words = new Words(config);
const map = new AtlasMap(window.atlas, words);
const labels = new Labels(map.map, words);

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

/** @param {import("./data.js").LayerConfig} layer */
function failed(layer) {
  document.getElementById("live").textContent = words.say("failed", { layer: layer.title });
  document.getElementById("live").className = "notice";
}
document.documentElement.dataset.ready = "true";
