/**
 * Mapbox vector tiles (version 2.1), read into flat arrays: a tile of 6,000 parcels makes no object
 * for each of their corners.
 *
 * @typedef {object} Shapes
 * @property {number} count
 * @property {Uint8Array} kinds 1 point, 2 line, 3 polygon
 * @property {Uint32Array} starts of each feature, and the end: its first part in `parts`
 * @property {Uint32Array} parts of each ring, line or set of points, and the end: its first corner
 * @property {Int16Array} corners x and y in units of the tile, one behind the other
 * @property {Int16Array} boxes left, top, right and bottom of each feature
 * @property {Uint32Array} tagStarts of each feature, and the end: its first number in `tags`
 * @property {number[]} tags places in `keys` and `values`, in turn
 * @property {string[]} keys
 * @property {any[]} values
 */

import { PbfReader } from "../vendor/pbf-5.1.2/index.js";

export const EXTENT = 4096;
export const POINT = 1;
export const LINE = 2;
export const POLYGON = 3;

const MOVE = 1;
const CLOSE = 7;

/** @param {ArrayBuffer} bytes @param {string[]} names of layers in the tile @returns {Shapes[]} one of each, which may be empty */
export function readTile(bytes, names) {
  const found = new Map(names.map((name) => [name, { name, keys: [], values: [], features: [] }]));
  new PbfReader(bytes).readFields((tag, wanted, pbf) => {
    if (tag !== 3) return;
    const layer = { name: "", keys: [], values: [], features: [] };
    pbf.readMessage(readLayer, layer);
    if (wanted.has(layer.name)) wanted.set(layer.name, layer);
  }, found);
  return names.map((name) => flatten(found.get(name), new PbfReader(bytes)));
}

/** The attributes of a feature. @param {Shapes} shapes @param {number} at @returns {Record<string, any>} */
export function attributes({ tags, tagStarts, keys, values }, at) {
  const found = {};
  for (let i = tagStarts[at]; i < tagStarts[at + 1]; i += 2) found[keys[tags[i]]] = values[tags[i + 1]];
  return found;
}

/** One attribute of every feature, null where there is none. @param {Shapes} shapes @param {string} key */
export function column({ count, tags, tagStarts, keys, values }, key) {
  const found = new Array(count).fill(null);
  const wanted = keys.indexOf(key);
  for (let at = 0; wanted >= 0 && at < count; at += 1) {
    for (let i = tagStarts[at]; i < tagStarts[at + 1]; i += 2) {
      if (tags[i] === wanted) found[at] = values[tags[i + 1]];
    }
  }
  return found;
}

function readLayer(tag, layer, pbf) {
  if (tag === 1) layer.name = pbf.readString();
  else if (tag === 2) layer.features.push(pbf.readMessage(readFeature, { kind: 0, tags: [], at: 0, end: 0 }));
  else if (tag === 3) layer.keys.push(pbf.readString());
  else if (tag === 4) layer.values.push(pbf.readMessage(readValue, [null])[0]);
}

function readFeature(tag, feature, pbf) {
  if (tag === 2) pbf.readPackedVarint(feature.tags);
  else if (tag === 3) feature.kind = pbf.readVarint();
  else if (tag === 4) {
    // Read when it is known how much room all corners need.
    feature.end = pbf.readVarint() + pbf.pos;
    feature.at = pbf.pos;
    pbf.pos = feature.end;
  }
}

function readValue(tag, value, pbf) {
  if (tag === 1) value[0] = pbf.readString();
  else if (tag === 2) value[0] = pbf.readFloat();
  else if (tag === 3) value[0] = pbf.readDouble();
  else if (tag === 4) value[0] = pbf.readVarint(true);
  else if (tag === 5) value[0] = pbf.readVarint();
  else if (tag === 6) value[0] = pbf.readSVarint();
  else if (tag === 7) value[0] = pbf.readBoolean();
}

function flatten({ features, keys, values }, pbf) {
  const count = features.length;
  // A corner takes two bytes at least, a part four beside its corners.
  const bytes = features.reduce((sum, each) => sum + each.end - each.at, 0);
  const shapes = {
    count, keys, values, tags: features.flatMap((each) => each.tags),
    kinds: Uint8Array.from(features, (each) => each.kind),
    starts: new Uint32Array(count + 1), parts: new Uint32Array((bytes >> 2) + count + 2),
    corners: new Int16Array(bytes), boxes: new Int16Array(4 * count),
    tagStarts: new Uint32Array(count + 1),
  };
  const room = { part: 0, corner: 0 };
  features.forEach((feature, at) => {
    shapes.starts[at] = room.part;
    shapes.tagStarts[at + 1] = shapes.tagStarts[at] + feature.tags.length;
    readGeometry(pbf, feature, shapes, room);
    box(shapes, at, room);
  });
  shapes.starts[count] = room.part;
  shapes.parts[room.part] = room.corner;
  shapes.parts = shapes.parts.slice(0, room.part + 1);
  shapes.corners = shapes.corners.slice(0, 2 * room.corner);
  return shapes;
}

/** Read the commands of a geometry (section 4.3). */
function readGeometry(pbf, { kind, at, end }, shapes, room) {
  let x = 0;
  let y = 0;
  if (kind === POINT) shapes.parts[room.part++] = room.corner;
  pbf.pos = at;
  while (pbf.pos < end) {
    const number = pbf.readVarint();
    const command = number & 7;
    if (command === CLOSE) continue;
    if (command === MOVE && kind !== POINT) shapes.parts[room.part++] = room.corner;
    for (let left = number >> 3; left > 0; left -= 1) {
      x += pbf.readSVarint();
      y += pbf.readSVarint();
      shapes.corners[2 * room.corner] = x;
      shapes.corners[2 * room.corner + 1] = y;
      room.corner += 1;
    }
  }
}

function box({ boxes, corners, parts, starts }, at, room) {
  let [left, top, right, bottom] = [32767, 32767, -32768, -32768];
  for (let i = parts[starts[at]]; i < room.corner; i += 1) {
    const x = corners[2 * i];
    const y = corners[2 * i + 1];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  boxes.set([left, top, right, bottom], 4 * at);
}
