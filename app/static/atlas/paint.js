/** Shapes of a vector tile on a canvas, by the layer's style record; and what lies under a point.
 * The same rules as `atlasStyle` in app/maps/elements.py, which draws the layers that are not tiled.
 *
 * @typedef {import("./mvt.js").Shapes} Shapes
 * @typedef {{by: string, colour: string, colours: Record<string, string>, weight: number, opacity: number, fill: number, dash: string, dark?: boolean}} Rules
 * @typedef {{colour: string, kind: number, sketch: boolean, square: boolean}} Brush
 */

import { column, LINE, POINT, POLYGON } from "./mvt.js";

const RADIUS = 7;

/** Large areas before small ones: so many times larger, and it is drawn first. */
const STEP = 16;

/** The colour on a dark page: what the filter in atlas.css makes of those of the other layers
 * (Filter Effects, sections 8.2 and 8.4). @param {string} colour */
function brighter(colour) {
  const lit = [1, 3, 5].map((at) => Math.min(255, 1.45 * Number.parseInt(colour.slice(at, at + 2), 16)));
  const grey = 0.213 * lit[0] + 0.715 * lit[1] + 0.072 * lit[2];
  return `rgb(${lit.map((each) => Math.round(0.9 * each + 0.1 * grey)).join(" ")})`;
}

/**
 * How each shape is drawn, and in what order.
 * @param {Shapes} shapes @param {Rules} rules
 */
export function arrange(shapes, rules) {
  const by = column(shapes, rules.by);
  const precision = column(shapes, "precision");
  const merged = column(shapes, "features");
  const ids = column(shapes, "id");
  const brushes = new Map();
  const brushOf = Array.from(shapes.kinds, (kind, at) => {
    const sketch = precision[at] === "P3" || precision[at] === "P4";
    const colour = rules.colours[by[at]] ?? rules.colour;
    // A square stands for several features, and is none of them.
    const square = merged[at] !== null && ids[at] === null;
    const key = `${kind} ${colour} ${sketch} ${square}`;
    if (!brushes.has(key)) brushes.set(key, { colour, kind, sketch, square, rank: brushes.size });
    return brushes.get(key);
  });
  const height = (at) => {
    if (shapes.kinds[at] !== POLYGON) return shapes.kinds[at] === LINE ? -1 : -2;
    const [left, top, right, bottom] = shapes.boxes.subarray(4 * at, 4 * at + 4);
    return Math.ceil(Math.log((right - left) * (bottom - top) + 1) / Math.log(STEP));
  };
  const heights = Float32Array.from(shapes.kinds, (_, at) => height(at));
  const order = Uint32Array.from(shapes.kinds, (_, at) => at);
  order.sort((a, b) => heights[b] - heights[a] || brushOf[a].rank - brushOf[b].rank);
  const places = new Map();
  ids.forEach((id, at) => { if (id !== null && !brushOf[at].square) places.set(id, [...(places.get(id) ?? []), at]); });
  return { brushOf, order, ids, places, isMerged: merged.some((each) => each !== null) };
}

/**
 * @param {OffscreenCanvasRenderingContext2D} pen its unit is a pixel of the page
 * @param {Shapes} shapes @param {ReturnType<typeof arrange>} plan @param {Rules} rules
 * @param {number} scale pixels for each unit of the tile
 * @param {(at: number) => boolean} isShown
 */
export function paint(pen, shapes, plan, rules, scale, isShown) {
  let brush = null;
  let open = false;
  for (const at of plan.order) {
    if (!isShown(at)) continue;
    if (plan.brushOf[at] !== brush) {
      if (open) finish(pen, brush, rules);
      brush = plan.brushOf[at];
      pen.beginPath();
      open = true;
    }
    trace(pen, shapes, at, scale);
  }
  if (open) finish(pen, brush, rules);
}

function trace(pen, { kinds, starts, parts, corners }, at, scale) {
  for (let part = starts[at]; part < starts[at + 1]; part += 1) {
    const [from, to] = [parts[part], parts[part + 1]];
    for (let i = from; i < to; i += 1) {
      const x = corners[2 * i] * scale;
      const y = corners[2 * i + 1] * scale;
      if (kinds[at] === POINT) {
        pen.moveTo(x + RADIUS, y);
        pen.arc(x, y, RADIUS, 0, 2 * Math.PI);
      } else if (i === from) pen.moveTo(x, y);
      else pen.lineTo(x, y);
    }
    if (kinds[at] === POLYGON) pen.closePath();
  }
}

function finish(pen, { colour, kind, sketch, square }, rules) {
  pen.fillStyle = pen.strokeStyle = rules.dark ? brighter(colour) : colour;
  if (kind !== LINE && rules.fill > 0) {
    pen.globalAlpha = kind === POINT ? 0.55 : rules.fill * (sketch ? 0.7 : 1);
    pen.fill();
  }
  if (square) return;
  const dash = kind === POINT ? "2.5 2" : rules.dash;
  pen.setLineDash(sketch ? dash.split(" ").map(Number) : []);
  pen.globalAlpha = rules.opacity;
  pen.lineWidth = kind === LINE ? rules.weight + 1.5 : kind === POINT ? 1.75 : rules.weight;
  pen.stroke();
}

/**
 * What lies under a point, uppermost first; squares are nothing.
 * @param {Shapes} shapes @param {ReturnType<typeof arrange>} plan
 * @param {number} x @param {number} y in units of the tile
 * @param {number} reach units up to which a line or a point counts
 * @param {(at: number) => boolean} isShown
 * @returns {number[]}
 */
export function under(shapes, plan, x, y, reach, isShown) {
  const { kinds, boxes } = shapes;
  const found = [];
  for (const at of plan.order) {
    // Boxes that are not near are passed over without an object being made.
    const margin = kinds[at] === POLYGON ? 0 : reach;
    const box = 4 * at;
    if (boxes[box] - margin > x || boxes[box + 2] + margin < x || boxes[box + 1] - margin > y || boxes[box + 3] + margin < y) continue;
    if (!plan.brushOf[at].square && isShown(at) && covers(shapes, at, x, y, reach)) found.push(at);
  }
  return found.reverse();
}

/** Whether a point lies in a square. @param {Shapes} shapes @param {ReturnType<typeof arrange>} plan */
export function isInSquare({ count, boxes }, { brushOf, isMerged }, x, y) {
  const covers = (at) => boxes[at] <= x && boxes[at + 2] >= x && boxes[at + 1] <= y && boxes[at + 3] >= y;
  for (let at = 0; isMerged && at < count; at += 1) if (brushOf[at].square && covers(4 * at)) return true;
  return false;
}

function covers({ kinds, starts, parts, corners }, at, x, y, reach) {
  let inside = false;
  for (let part = starts[at]; part < starts[at + 1]; part += 1) {
    const [from, to] = [parts[part], parts[part + 1]];
    let last = kinds[at] === POLYGON ? to - 1 : from;
    for (let i = from; i < to; i += 1) {
      const [ax, ay, bx, by] = [corners[2 * last], corners[2 * last + 1], corners[2 * i], corners[2 * i + 1]];
      if (kinds[at] === POLYGON) {
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
      } else if (distance(kinds[at] === POINT ? [bx, by, bx, by] : [ax, ay, bx, by], x, y) <= reach) return true;
      last = i;
    }
  }
  return inside;
}

function distance([ax, ay, bx, by], x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const part = dx || dy ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(ax + part * dx - x, ay + part * dy - y);
}
