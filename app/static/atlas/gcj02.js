/** GCJ-02, the shifted coordinates of Chinese web maps; the formula of layers/gcj02.py. */

const AXIS_M = 6378245;
const ECCENTRICITY_2 = 0.00669342162296594323;
const { PI, sin, cos, sqrt, abs } = Math;

/** @param {[number, number]} place longitude and latitude in WGS 84 @returns {[number, number]} in GCJ-02 */
export function toGcj02([longitude, latitude]) {
  const x = longitude - 105;
  const y = latitude - 35;
  const waves = 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    + (2 / 3) * (waves + 20 * sin(PI * y) + 40 * sin((PI / 3) * y))
    + (2 / 3) * (160 * sin((PI / 12) * y) + 320 * sin((PI / 30) * y));
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    + (2 / 3) * (waves + 20 * sin(PI * x) + 40 * sin((PI / 3) * x))
    + (2 / 3) * (150 * sin((PI / 12) * x) + 300 * sin((PI / 30) * x));
  const phi = (latitude * PI) / 180;
  const magic = 1 - ECCENTRICITY_2 * sin(phi) ** 2;
  const meridian = (AXIS_M * (1 - ECCENTRICITY_2)) / (magic * sqrt(magic));
  const parallel = (AXIS_M / sqrt(magic)) * cos(phi);
  return [longitude + (east / parallel) * (180 / PI), latitude + (north / meridian) * (180 / PI)];
}

/** @param {[number, number]} place in GCJ-02 @returns {[number, number]} in WGS 84, to a millimetre */
export function fromGcj02(place) {
  let guess = place;
  for (let step = 0; step < 6; step += 1) {
    const there = toGcj02(guess);
    guess = [guess[0] + place[0] - there[0], guess[1] + place[1] - there[1]];
  }
  return guess;
}
