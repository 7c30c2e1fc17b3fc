/** Fetches, reads and draws vector tiles beside the page, which only puts finished pictures in place. */

import { attributes, column, EXTENT, readTile } from "./mvt.js";
import { arrange, isInSquare, paint, under } from "./paint.js";
import { candidates, namesIn, place, write } from "./placing.js";

/** Tiles that are kept read beside those that are shown, the one that was used last at the end. */
const MOST = 16;

/** Widths of names that are known; more are measured again. */
const MOST_WIDTHS = 20_000;

/** @type {Map<string, {rules: any, english: boolean, chosen: [string, string[]][], away: Set<string>}>} */
const layers = new Map();
/** @type {Map<string, Promise<any>>} by layer and key */
const read = new Map();
const asked = new Map();
const widths = new Map();

const acts = {
  layer({ layer, rules, english }) {
    layers.set(layer, { rules, english, chosen: [], away: new Set() });
  },

  narrow({ layer, chosen, away }) {
    Object.assign(layers.get(layer), { chosen, away: new Set(away) });
  },

  async draw({ layer, key, url, ...look }) {
    const name = `${layer} ${key}`;
    asked.set(name, (asked.get(name) ?? 0) + 1);
    const number = asked.get(name);
    try {
      const tile = await known(layer, key, url);
      if (asked.get(name) !== number) return;
      const picture = drawn(tile, layers.get(layer), look);
      postMessage({ did: "draw", layer, key, side: look.side, ...picture }, picture.bitmap ? [picture.bitmap] : []);
    } catch (error) {
      if (asked.get(name) === number) postMessage({ did: "fail", layer, key, error: String(error) });
    }
  },

  drop({ layer, key }) {
    asked.delete(`${layer} ${key}`);
  },

  async find({ number, layer, key, x, y, reach }) {
    const tile = await read.get(`${layer} ${key}`)?.catch(() => null);
    const set = layers.get(layer);
    const found = tile ? under(tile.shapes, tile.plan, x, y, reach, shownIn(tile, set)) : [];
    const isMerged = !found.length && Boolean(tile) && isInSquare(tile.shapes, tile.plan, x, y);
    postMessage({ did: "find", number, isMerged, found: found.map((at) => attributes(tile.shapes, at)) });
  },

  async light({ layer, id, keys }) {
    const tiles = await Promise.all(keys.map((key) => read.get(`${layer} ${key}`)?.catch(() => null)));
    const pieces = tiles.flatMap((tile, at) => (tile ? piecesOf(tile, id).map((each) => ({ key: keys[at], ...each })) : []));
    postMessage({ did: "light", layer, id, pieces });
  },
};

/** Draw the names of all layers, none over another. */
acts.names = async ({ number, tiles, unit, width, height, ratio, taken, font, line, ...look }) => {
  const known = await Promise.all(tiles.map(async (each) => ({ ...each, tile: await read.get(`${each.layer} ${each.key}`)?.catch(() => null) })));
  const shown = known.filter(({ tile }) => tile).map((each) => ({ ...each, isShown: shownIn(each.tile, layers.get(each.layer)) }));
  const wanted = [...layers.keys()].flatMap((id) => candidates(shown.filter(({ layer }) => layer === id), unit));
  const canvas = wanted.length ? new OffscreenCanvas(Math.round(width * ratio), Math.round(height * ratio)) : null;
  const pen = canvas?.getContext("2d");
  if (pen) pen.font = font;
  const placed = place(wanted.filter(({ x, y }) => x >= 0 && y >= 0 && x <= width && y <= height), taken, (text) => widthOf(pen, text), line);
  if (placed.length) {
    pen.scale(ratio, ratio);
    write(pen, placed, look, line);
  }
  const bitmap = placed.length ? canvas.transferToImageBitmap() : null;
  postMessage({ did: "names", number, bitmap, width, height, count: placed.length }, bitmap ? [bitmap] : []);
};

addEventListener("message", ({ data }) => acts[data.act](data));

function known(layer, key, url) {
  const name = `${layer} ${key}`;
  const found = read.get(name) ?? fetchTile(layer, url);
  read.delete(name);
  read.set(name, found);
  found.catch(() => read.delete(name));
  forget();
  return found;
}

/** Let go of what was used longest ago. What is shown is kept: it is pointed at, and named. */
function forget() {
  let spare = read.size - asked.size - MOST;
  for (const name of read.keys()) {
    if (spare <= 0) return;
    if (asked.has(name)) continue;
    read.delete(name);
    spare -= 1;
  }
}

function widthOf(pen, text) {
  const name = `${pen.font} ${text}`;
  if (widths.size > MOST_WIDTHS) widths.clear();
  if (!widths.has(name)) widths.set(name, pen.measureText(text).width);
  return widths.get(name);
}

async function fetchTile(layer, url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  if (bytes.byteLength === 0) return null;
  const [shapes, labels] = readTile(bytes, [layer, `${layer}_labels`]);
  const { rules, english } = layers.get(layer);
  const plan = arrange(shapes, rules);
  return { shapes, plan, names: namesIn(labels, plan, english) };
}

/** A picture of a tile; nothing of one that holds nothing. */
function drawn(tile, { rules, ...set }, { side, ratio, dark }) {
  if (!tile?.shapes.count) return { bitmap: null, isMerged: false, isNarrowed: true };
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.lineJoin = "round";
  paint(pen, tile.shapes, tile.plan, { ...rules, dark }, side / ratio / EXTENT, shownIn(tile, set));
  return { bitmap: canvas.transferToImageBitmap(), isMerged: tile.plan.isMerged, isNarrowed: canNarrow(tile, set) };
}

/** The pieces of a feature in a tile. */
function piecesOf({ shapes: { starts, parts, corners }, plan }, id) {
  return (plan.places.get(id) ?? []).map((at) => {
    const { kind, colour } = plan.brushOf[at];
    const cut = (_, part) => corners.slice(2 * parts[starts[at] + part], 2 * parts[starts[at] + part + 1]);
    return { kind, colour, parts: Array.from({ length: starts[at + 1] - starts[at] }, cut) };
  });
}

/** Which shapes are left by the facets and by the day that is shown. */
function shownIn(tile, set) {
  if (!tile || (!set.chosen.length && !set.away.size)) return () => true;
  const { plan, shapes } = tile;
  const narrowed = canNarrow(tile, set) ? set.chosen.map(([name, values]) => [column(shapes, name), new Set(values)]) : [];
  return (at) => !set.away.has(plan.ids[at]) && narrowed.every(([held, values]) => values.has(String(held[at] ?? "none")));
}

/** Whether a tile says of each feature what the facets ask: merged ones, and crowded ones, do not. */
function canNarrow({ shapes, plan }, { chosen }) {
  return !chosen.length || (!plan.isMerged && chosen.every(([name]) => shapes.keys.includes(name)));
}
