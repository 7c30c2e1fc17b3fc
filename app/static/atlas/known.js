/** The map as it was known on a day: what has come since is put away, what has changed is named. */

const STATES = ["added", "removed", "changed"];

/**
 * @typedef {{layer: import("./data.js").LayerConfig, state: string, id: string, name: string}} Move
 * @param {import("./data.js").LayerConfig[]} layers
 * @param {string} when a moment or the number of a revision, as /diff takes it
 * @returns {Promise<{moves: Move[], count: number, absent: string[]}>} what differs from now; layers that were not there
 */
export async function fetchMoves(layers, when) {
  const answers = await Promise.all(layers.map((layer) => fetchDifference(layer, when)));
  const absent = layers.filter((_, at) => answers[at] === null).map((layer) => layer.id);
  const moves = layers.flatMap((layer, at) => STATES.flatMap((state) =>
    (answers[at]?.[state] ?? []).map(({ id, name }) => ({ layer, state, id, name }))));
  const counts = answers.flatMap((answer) => (answer ? STATES.map((state) => answer.counts[state]) : []));
  return { moves, absent, count: counts.reduce((sum, each) => sum + each, 0) };
}

async function fetchDifference(layer, when) {
  const query = new URLSearchParams({ from: when, limit: "10000" });
  const answer = await fetch(`/api/collections/${layer.id}/diff?${query}`, { headers: { Accept: "application/json" } });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${layer.id}: ${answer.status}`);
  return answer.json();
}

/** @param {Awaited<ReturnType<typeof fetchMoves>>} moves @param {Iterable<string>} refs all that is drawn @returns {Set<string>} what was not there */
export function notThere({ moves, absent }, refs) {
  const added = moves.filter((move) => move.state === "added").map(({ layer, id }) => `${layer.id}/${id}`);
  return new Set([...added, ...[...refs].filter((ref) => absent.includes(ref.split("/")[0]))]);
}
