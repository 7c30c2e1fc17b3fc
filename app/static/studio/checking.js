/** Says when a draft that is checked in the background has been; nothing that was typed is lost. */

const INTERVAL_MS = 2000;
const notice = document.getElementById("checking");

async function look() {
  const answer = await fetch(notice.dataset.address).catch(() => null);
  const found = answer?.ok ? await answer.json() : null;
  if (!found?.checked) {
    setTimeout(look, INTERVAL_MS);
    return;
  }
  const link = document.createElement("a");
  link.href = location.pathname;
  link.textContent = notice.dataset.show;
  notice.replaceChildren(`${notice.dataset.done} `, link);
}

setTimeout(look, INTERVAL_MS);
