/** Says when a draft that is checked in the background has been; nothing that was typed is lost. */

const INTERVAL_MS = 2000;
const notice = document.getElementById("checking");
const progress = document.getElementById("checking-progress");

function show([done, all]) {
  const meter = progress.querySelector("progress");
  const count = progress.querySelector("[data-count]");
  [meter.max, meter.value] = [all, done];
  count.textContent = count.dataset.count.replace("{done}", done).replace("{all}", all);
}

async function look() {
  const answer = await fetch(notice.dataset.address).catch(() => null);
  const found = answer?.ok ? await answer.json() : null;
  if (!found?.checked) {
    if (found?.progress) show(found.progress);
    setTimeout(look, INTERVAL_MS);
    return;
  }
  progress.remove();
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = notice.dataset.show;
  notice.replaceChildren(`${notice.dataset.done} `, link);
}

setTimeout(look, INTERVAL_MS);
