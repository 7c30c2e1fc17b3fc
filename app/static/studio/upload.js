/** The page of an upload: follow the work, show the shapes, go to where something was found. */

const state = document.getElementById("state");
if (state.dataset.over === "false") follow();

/** Ask how far the work is until it is over; then load the page with what was found. */
async function follow() {
  try {
    const answer = await fetch(state.dataset.address, { headers: { accept: "application/json" } });
    if (answer.status === 404 || answer.status === 401) return location.reload();
    const { step, over } = await answer.json();
    if (over) return location.reload();
    state.textContent = `${state.dataset[step]}…`;
    const bar = document.querySelector("progress.work");
    if (bar) bar.value = step === "checking" ? 2 : 1;
  } catch {
    state.textContent = state.dataset.lost;
  }
  setTimeout(follow, 1000);
}

// Pressed twice, a button still asks once.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

const box = document.getElementById("map");
if (box) show(box);

/** @param {HTMLElement} place */
async function show(place) {
  const map = L.map(place, { attributionControl: false, zoomSnap: 0.5, zoomAnimation: false, fadeAnimation: false });
  map.setView([36.6, 116.95], 10);
  L.control.scale({ imperial: false }).addTo(map);
  map.createPane("base").style.zIndex = "350";
  const base = L.geoJSON([], { pane: "base", interactive: false, style: { className: "base-line", fill: false } }).addTo(map);
  const shapes = L.geoJSON([], {
    style: (feature) => ({ className: `sent is-${feature.properties.found ?? "sound"}` }),
    pointToLayer: (feature, at) => L.circleMarker(at, { radius: 5 }),
    onEachFeature: (feature, layer) => layer.bindTooltip(label(feature, place.dataset.row)),
  }).addTo(map);
  const repairs = L.geoJSON([], { interactive: false, style: { className: "repair" } });
  const loads = [
    load("/api/collections/zones/items?f=json", base),
    load("/api/collections/district/items?f=json", base),
    load(place.dataset.repairs, repairs),
    load(place.dataset.shapes, shapes).then((collection) => {
      if (collection.left_out) note("more");
      const box_ = shapes.getBounds();
      if (box_.isValid()) map.fitBounds(box_, { padding: [20, 20], maxZoom: 16, animate: false });
    }),
  ];
  const results = await Promise.allSettled(loads);
  if (results.some((each) => each.status === "rejected")) note("failed");
  let mark = null;
  for (const link of document.querySelectorAll("[data-place]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const [x, y] = link.dataset.place.split(",").map(Number);
      mark?.remove();
      mark = L.circleMarker([y, x], { radius: 14, className: "mark-place", interactive: false }).addTo(map);
      repairs.addTo(map);
      map.setView([y, x], 17, { animate: false });
      document.getElementById("map-heading").scrollIntoView({ block: "start" });
      place.focus({ preventScroll: true });
    });
  }
  document.documentElement.dataset.ready = "true";
}

/** @param {string} address @param {L.GeoJSON} into */
async function load(address, into) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(address);
  const collection = await answer.json();
  into.addData(collection);
  return collection;
}

/** Names are text, whatever they hold. */
function label(feature, row) {
  const words = document.createElement("span");
  const { row: number, name } = feature.properties;
  words.textContent = `${feature.id} · ${name}${number ? ` · ${row} ${number}` : ""}`;
  return words;
}

/** @param {"more" | "failed"} what */
function note(what) {
  const line = document.getElementById("map-note");
  line.textContent = line.dataset[what];
}
