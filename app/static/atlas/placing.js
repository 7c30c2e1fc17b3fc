/** Names on a picture of large layers: which of them fit, and how they are written.
 *
 * @typedef {{text: string, colour: string, isArea: boolean, x: number, y: number, box: number[]}} Candidate
 *   where its name belongs, and left, top, right and bottom of the feature, in pixels of the picture
 * @typedef {{lines: string[], colour: string, isArea: boolean, box: number[]}} Placed left, top, right and bottom of the name
 */

import { attributes, POLYGON } from "./mvt.js";

/** Names in one picture: more would be a page of text, and no map. */
const MOST = 400;

/** Pixels from a point or a line to its name, as in `.name-beside`. */
const BESIDE = 15;

/** Pixels that are left free around a name. */
const APART = 3;

/** Lines into which a name may be broken that is too long for its area. */
const MOST_LINES = 3;

/** What a line is not broken within: words, numbers and codes of an alphabet. */
const UNBROKEN = /[\p{Script=Latin}\p{N}._/-]+\s*|./gu;

/** What is named in a tile, and by which of its shapes. @param {import("./mvt.js").Shapes} labels
 * @param {{places: Map<string, number[]>}} plan @param {boolean} english */
export function namesIn(labels, { places }, english) {
  const found = [];
  for (let at = 0; at < labels.count; at += 1) {
    const { id, name, name_en } = attributes(labels, at);
    const [shape] = places.get(id) ?? [];
    const text = (english && name_en) || name;
    const [x, y] = labels.corners.subarray(2 * labels.parts[labels.starts[at]]);
    if (text && shape !== undefined) found.push({ id, text: String(text), shape, x, y });
  }
  return found;
}

/**
 * @param {{tile: any, left: number, top: number, isShown(at: number): boolean}[]} tiles of one layer
 * @param {number} unit pixels for each unit of a tile
 * @returns {Candidate[]} a feature that lies in several tiles has one box around all of it
 */
export function candidates(tiles, unit) {
  return tiles.flatMap(({ tile, left, top, isShown }) => tile.names.filter(({ shape }) => isShown(shape)).map(({ id, text, shape, x, y }) => {
    const { kind, colour } = tile.plan.brushOf[shape];
    return { text, colour, isArea: kind === POLYGON, x: left + x * unit, y: top + y * unit, box: boxOf(id, tiles, unit) };
  }));
}

function boxOf(id, tiles, unit) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { tile: { plan, shapes: { boxes } }, left, top } of tiles) {
    for (const at of plan.places.get(id) ?? []) {
      box[0] = Math.min(box[0], left + boxes[4 * at] * unit);
      box[1] = Math.min(box[1], top + boxes[4 * at + 1] * unit);
      box[2] = Math.max(box[2], left + boxes[4 * at + 2] * unit);
      box[3] = Math.max(box[3], top + boxes[4 * at + 3] * unit);
    }
  }
  return box;
}

/**
 * Those that stay within their area, and cover no other name; larger features come first.
 * @param {Candidate[]} wanted @param {number[][]} taken boxes where something is written already
 * @param {(text: string) => number} widthOf @param {number} height of a line
 * @returns {Placed[]}
 */
export function place(wanted, taken, widthOf, height) {
  const size = ({ box: [left, top, right, bottom] }) => (right - left) * (bottom - top);
  const order = [...wanted].sort((a, b) => size(b) - size(a) || (a.text < b.text ? -1 : 1));
  const occupied = [...taken];
  const placed = [];
  for (const each of order) {
    if (placed.length === MOST) break;
    const found = each.isArea ? within(each, widthOf, height) : beside(each, widthOf, height);
    if (!found || occupied.some((other) => overlap(found.box, other))) continue;
    occupied.push(found.box);
    placed.push({ ...found, colour: each.colour, isArea: each.isArea });
  }
  return placed;
}

function beside({ text, x, y }, widthOf, height) {
  return { lines: [text], box: [x + BESIDE, y - height / 2, x + BESIDE + widthOf(text), y + height / 2] };
}

/** In as few lines as stay within the area; null where none do. */
function within({ text, x, y, box }, widthOf, height) {
  for (let count = 1; count <= MOST_LINES && count * height <= box[3] - box[1]; count += 1) {
    const lines = broken(text, count);
    const [wide, high] = [Math.max(...lines.map(widthOf)) / 2, (lines.length * height) / 2];
    const found = [x - wide, y - high, x + wide, y + high];
    const fits = found[0] >= box[0] && found[1] >= box[1] && found[2] <= box[2] && found[3] <= box[3];
    if (fits) return { lines, box: found };
  }
  return null;
}

/** A name in lines of about the same length. */
function broken(text, count) {
  const parts = text.match(UNBROKEN) ?? [];
  const lines = [""];
  for (const part of parts) {
    const line = lines.at(-1);
    const isFull = line && line.length + part.length / 2 >= text.length / count;
    if (isFull && lines.length < count) lines.push(part);
    else lines[lines.length - 1] = line + part;
  }
  return lines.map((line) => line.trim());
}

function overlap(a, b) {
  return a[0] < b[2] + APART && b[0] < a[2] + APART && a[1] < b[3] && b[1] < a[3];
}

/**
 * In the type of `.name` in atlas.css.
 * @param {OffscreenCanvasRenderingContext2D} pen @param {Placed[]} placed
 * @param {{halo: string, dark: boolean}} look @param {number} height of a line
 */
export function write(pen, placed, { halo, dark }, height) {
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.textBaseline = "middle";
  pen.strokeStyle = halo;
  const each = (draw) => {
    for (const { lines, colour, isArea, box } of placed) {
      pen.textAlign = isArea ? "center" : "left";
      pen.fillStyle = dark ? mixed(colour, 0.38, 255) : mixed(colour, 0.62, 0);
      const x = isArea ? (box[0] + box[2]) / 2 : box[0];
      lines.forEach((line, at) => draw(line, x, box[1] + (at + 0.5) * height));
    }
  };
  each((...at) => pen.strokeText(...at));
  each((...at) => pen.fillText(...at));
}

/** @param {string} colour as #rrggbb @param {number} share of it @param {number} other of each part of the other colour */
function mixed(colour, share, other) {
  const parts = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgb(${parts.map((each) => Math.round(share * each + (1 - share) * other)).join(" ")})`;
}
