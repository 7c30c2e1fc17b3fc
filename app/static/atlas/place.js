/** A place in three systems: written, read, gone to. */

import { fromZone, toZone } from "./geodesy.js";

const DEGREES = 7;

/** @param {[number, number]} place longitude, latitude @returns {[string, string][]} name of the system and coordinates */
export function written([longitude, latitude]) {
  const degrees = `${longitude.toFixed(DEGREES)}, ${latitude.toFixed(DEGREES)}`;
  const metres = toZone(longitude, latitude).map((value) => value.toFixed(3)).join(", ");
  return [["WGS 84", degrees], ["CGCS2000", degrees], ["EPSG:4548", metres]];
}

/** What somebody typed: degrees in either order, or metres of EPSG:4548 in either order.
 * @param {string} text @returns {[number, number] | null} longitude, latitude */
export function parsePlace(text) {
  const numbers = text.normalize("NFKC").match(/-?\d+(?:\.\d+)?/g)?.map(Number);
  if (numbers?.length !== 2) return null;
  const [small, large] = numbers.sort((a, b) => a - b);
  // In this part of the world the longitude is the larger of two degrees, the northing of two metres.
  if (small >= -90 && small <= 90 && large <= 180) return [large, small];
  const metres = small >= 100000 && small < 1000000 && large >= 1000000 && large <= 10000000;
  return metres ? fromZone(small, large) : null;
}
