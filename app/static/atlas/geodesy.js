/**
 * Lengths, areas and zone metres on GRS 80, in degrees of CGCS2000 (or WGS 84: the same within
 * decimetres), longitude first. tests/browser/test_tools.py holds them against pyproj.
 *
 * Sources: C. F. F. Karney (2011), Transverse Mercator with an accuracy of a few nanometers,
 * J. Geodesy 85, equations 7 to 36; T. Vincenty (1975), Survey Review 23; J. P. Snyder (1987),
 * USGS Professional Paper 1395, equations 3-11 to 3-13.
 */

const A = 6378137;
const F = 1 / 298.257222101;
const E = Math.sqrt(F * (2 - F));
const N = F / (2 - F);
const RADIANS = Math.PI / 180;
const RECTIFYING = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const FORTH = [
  N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3 + (41 / 180) * N ** 4,
  (13 / 48) * N ** 2 - (3 / 5) * N ** 3 + (557 / 1440) * N ** 4,
  (61 / 240) * N ** 3 - (103 / 140) * N ** 4,
  (49561 / 161280) * N ** 4,
];
const BACK = [
  N / 2 - (2 / 3) * N ** 2 + (37 / 96) * N ** 3 - N ** 4 / 360,
  N ** 2 / 48 + N ** 3 / 15 - (437 / 1440) * N ** 4,
  (17 / 480) * N ** 3 - (37 / 840) * N ** 4,
  (4397 / 161280) * N ** 4,
];
/** EPSG:4548: CGCS2000 / 3-degree Gauss-Kruger CM 117E. */
const MERIDIAN = 117;
const FALSE_EAST = 500000;

/** @param {number} longitude @param {number} latitude @returns {[number, number]} east, north in metres of EPSG:4548 */
export function toZone(longitude, latitude) {
  const away = (longitude - MERIDIAN) * RADIANS;
  const tau = conformal(Math.tan(latitude * RADIANS));
  let xi = Math.atan2(tau, Math.cos(away));
  let eta = Math.asinh(Math.sin(away) / Math.hypot(tau, Math.cos(away)));
  [xi, eta] = series(xi, eta, FORTH, 1);
  return [FALSE_EAST + RECTIFYING * eta, RECTIFYING * xi];
}

/** @param {number} east @param {number} north @returns {[number, number]} longitude, latitude */
export function fromZone(east, north) {
  const [xi, eta] = series(north / RECTIFYING, (east - FALSE_EAST) / RECTIFYING, BACK, -1);
  const wanted = Math.sin(xi) / Math.hypot(Math.sinh(eta), Math.cos(xi));
  let tau = wanted;
  // Each turn leaves some e² (0.0067) of the error.
  for (let turn = 0; turn < 8; turn += 1) tau += (wanted - conformal(tau)) / (1 - E * E);
  return [MERIDIAN + Math.atan2(Math.sinh(eta), Math.cos(xi)) / RADIANS, Math.atan(tau) / RADIANS];
}

/** @param {number} tau tangent of a latitude @returns {number} that of its conformal latitude */
function conformal(tau) {
  const sigma = Math.sinh(E * Math.atanh((E * tau) / Math.hypot(1, tau)));
  return tau * Math.hypot(1, sigma) - sigma * Math.hypot(1, tau);
}

function series(xi, eta, factors, sign) {
  let [north, east] = [xi, eta];
  factors.forEach((factor, at) => {
    const twice = 2 * (at + 1);
    north += sign * factor * Math.sin(twice * xi) * Math.cosh(twice * eta);
    east += sign * factor * Math.cos(twice * xi) * Math.sinh(twice * eta);
  });
  return [north, east];
}

/** @param {[number, number]} from @param {[number, number]} to @returns {number} metres along the geodesic */
export function distance(from, to) {
  const u1 = reduced(from[1]);
  const u2 = reduced(to[1]);
  const away = (to[0] - from[0]) * RADIANS;
  let lambda = away;
  let line = null;
  // Vincenty's inverse does not settle near the antipode only, which this map never shows.
  for (let turn = 0; turn < 20; turn += 1) {
    const before = lambda;
    line = onSphere(u1, u2, lambda);
    if (line.sin === 0) return 0;
    const c = (F / 16) * line.cos2 * (4 + F * (4 - 3 * line.cos2));
    const inner = line.middle + c * line.cos * (2 * line.middle ** 2 - 1);
    lambda = away + (1 - c) * F * line.sinAzimuth * (line.sigma + c * line.sin * inner);
    if (Math.abs(lambda - before) < 1e-13) break;
  }
  const b = A * (1 - F);
  const u = (line.cos2 * (A * A - b * b)) / (b * b);
  const a = 1 + (u / 16384) * (4096 + u * (u * (320 - 175 * u) - 768));
  const k = (u / 1024) * (256 + u * (u * (74 - 47 * u) - 128));
  const { middle, sin, cos } = line;
  const last = (k / 6) * middle * (4 * sin * sin - 3) * (4 * middle * middle - 3);
  const step = k * sin * (middle + (k / 4) * (cos * (2 * middle * middle - 1) - last));
  return b * a * (line.sigma - step);
}

function reduced(latitude) {
  return Math.atan((1 - F) * Math.tan(latitude * RADIANS));
}

function onSphere(u1, u2, lambda) {
  const across = Math.cos(u2) * Math.sin(lambda);
  const along = Math.cos(u1) * Math.sin(u2) - Math.sin(u1) * Math.cos(u2) * Math.cos(lambda);
  const sin = Math.hypot(across, along);
  const cos = Math.sin(u1) * Math.sin(u2) + Math.cos(u1) * Math.cos(u2) * Math.cos(lambda);
  const sinAzimuth = sin ? (Math.cos(u1) * across) / sin : 0;
  const cos2 = 1 - sinAzimuth ** 2;
  const middle = cos2 ? cos - (2 * Math.sin(u1) * Math.sin(u2)) / cos2 : 0;
  return { sin, cos, sigma: Math.atan2(sin, cos), sinAzimuth, cos2, middle };
}

/** @param {[number, number][]} line @returns {number} metres */
export function length(line) {
  return line.slice(1).reduce((sum, place, at) => sum + distance(line[at], place), 0);
}

const POLE = 1 + ((1 - E * E) / E) * Math.atanh(E);
const AUTHALIC_RADIUS = A * Math.sqrt(POLE / 2);

/** Great circles on the sphere of the same area, as layers.measure.areas_m2.
 * @param {[number, number][]} ring not closed @returns {number} square metres */
export function area(ring) {
  let excess = 0;
  ring.forEach((place, at) => {
    const next = ring[(at + 1) % ring.length];
    const [from, to] = [halfTangent(place[1]), halfTangent(next[1])];
    const step = Math.tan(((next[0] - place[0]) * RADIANS) / 2);
    excess += 2 * Math.atan2(step * (from + to), 1 + from * to);
  });
  return Math.abs(excess) * AUTHALIC_RADIUS ** 2;
}

/** @param {number} latitude @returns {number} the tangent of half its authalic latitude */
function halfTangent(latitude) {
  const sine = Math.sin(latitude * RADIANS);
  const q = (1 - E * E) * (sine / (1 - (E * sine) ** 2) + Math.atanh(E * sine) / E);
  return Math.tan(Math.asin(q / POLE) / 2);
}
