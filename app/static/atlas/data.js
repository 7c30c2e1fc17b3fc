/**
 * The layers' data: fetched once each, kept by reference ("projects/laoshangbu").
 *
 * @typedef {{type: "Feature", id: string, geometry: object | null, properties: Record<string, any>}} Feature
 * @typedef {{id: string, title: string, url: string, label: string | null, ground: boolean, name: string, columns: [string, string][], tiles?: string}} LayerConfig
 * @typedef {{ref: string, layer: LayerConfig, feature: Feature}} Entry
 */

/** @returns {any} what the server wrote into the page */
export function readConfig() {
  return JSON.parse(document.getElementById("atlas-config").textContent);
}

/**
 * @param {LayerConfig} layer
 * @returns {Promise<{features: Feature[]}>}
 */
export async function fetchLayer(layer) {
  // Pages of a site of files come with their data.
  const kept = window.atlasData?.[layer.id];
  if (kept) return kept;
  const answer = await fetch(layer.url, { headers: { Accept: "application/geo+json" } });
  if (!answer.ok) throw new Error(`${layer.id}: ${answer.status}`);
  return answer.json();
}

/** The whole feature, of which the map has only an overview. @param {string} ref */
export async function fetchFeature(ref) {
  const answer = await fetch(`/api/collections/${ref.replace("/", "/items/")}`, {
    headers: { Accept: "application/geo+json" },
  });
  if (!answer.ok) throw Object.assign(new Error(`${ref}: ${answer.status}`), { status: answer.status });
  return answer.json();
}

/**
 * @param {LayerConfig} layer
 * @param {Feature[]} features
 * @returns {Entry[]}
 */
export function entriesOf(layer, features) {
  return features.map((feature) => ({ ref: `${layer.id}/${feature.id}`, layer, feature }));
}
