/** Send files one after the other, with progress; the form does the same without it. */

const form = document.getElementById("send");
const input = form.querySelector('input[type="file"]');
const drop = document.getElementById("drop");
const list = document.getElementById("sending");
const PARTS = /\.(shp|shx|dbf|prj|cpg|sbn|sbx|qix|qpj|qmd|shp\.xml)$/i;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  start([...input.files]);
});
for (const name of ["dragover", "dragenter"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  start([...event.dataTransfer.files]);
});

/** @param {File[]} files */
async function start(files) {
  if (!files.length) return;
  const groups = together(files);
  const found = [];
  for (const group of groups) found.push(await send(group));
  const arrived = found.filter(Boolean).flat();
  if (found.some((each) => !each)) return;
  location.assign(arrived.length === 1 ? arrived[0] : form.action);
}

/** The parts of a Shapefile are sent together. @param {File[]} files @returns {File[][]} */
function together(files) {
  const shapes = new Set(files.filter((file) => /\.shp$/i.test(file.name)).map(stem));
  const groups = new Map();
  for (const [i, file] of files.entries()) {
    const key = PARTS.test(file.name) && shapes.has(stem(file)) ? stem(file) : i;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()];
}

/** @param {File} file */
function stem(file) {
  return file.name.replace(PARTS, "").toLowerCase();
}

/** @param {File[]} files @returns {Promise<string[] | null>} addresses; null if it did not arrive */
function send(files) {
  const row = document.createElement("li");
  const words = document.createElement("span");
  const bar = document.createElement("progress");
  const name = files[0].name;
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  row.append(words, bar);
  list.append(row);
  const say = (text) => { words.textContent = `${name}：${text}`; };
  if (files.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.most)) {
    bar.remove();
    row.className = "fault";
    say(form.dataset.large);
    return Promise.resolve(null);
  }
  const body = new FormData();
  body.append("layer", form.elements.layer.value);
  for (const file of files) body.append("files", file);
  say(form.dataset.sending);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", form.elements.csrf.value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    };
    const fail = (text) => {
      bar.remove();
      row.className = "fault";
      say(text);
      const again = document.createElement("button");
      again.type = "button";
      again.textContent = form.dataset.again;
      again.onclick = () => { row.remove(); start(files); };
      row.append(again);
      resolve(null);
    };
    request.onerror = () => fail(form.dataset.lost);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* an answer of something between */ }
      if (request.status === 201) {
        bar.value = 1;
        say(form.dataset.sent);
        resolve(answer.uploads);
      } else {
        fail(answer.fault ?? answer.detail ?? form.dataset.lost);
      }
    };
    request.send(body);
  });
}
