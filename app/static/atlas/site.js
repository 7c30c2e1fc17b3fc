/** The search of the static site: names by characters, pinyin and initials, then the plan's words. */

const box = document.getElementById("search");
const input = document.getElementById("q");
const list = document.getElementById("found");
const said = document.getElementById("found-words");
const ending = box.dataset.lang === "en" ? ".en.html" : ".html";
const MOST = 20;

const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** @param {{spelled: string[], name_en: string}} named @param {string} text @returns {number} 0 is the best, 3 is none */
function rank(named, text) {
  const spelled = [...named.spelled, fold(named.name_en)];
  if (spelled.includes(text)) return 0;
  if (spelled.some((each) => each.startsWith(text))) return 1;
  return spelled.some((each) => each.includes(text)) ? 2 : 3;
}

function names(index, text) {
  return index.names
    .map((named) => ({ named, at: rank(named, text) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at || b.named.weight - a.named.weight || a.named.name.length - b.named.name.length)
    .map(({ named }) => ({
      href: named.page + ending,
      name: (box.dataset.lang === "en" && named.name_en) || named.name,
      more: named.kind,
    }));
}

function passages(index, words) {
  return index.passages
    .filter((each) => words.every((word) => each.text.includes(word)))
    .map((each) => ({ href: `${each.page}${ending}#${each.place}`, name: each.title, more: each.text.slice(0, 80) }));
}

function show(hits) {
  list.replaceChildren(...hits.slice(0, MOST).map((hit) => {
    const line = document.createElement("li");
    const link = document.createElement("a");
    const more = document.createElement("span");
    link.href = hit.href;
    link.textContent = hit.name;
    more.className = "quiet";
    more.textContent = hit.more;
    line.append(link, " ", more);
    return line;
  }));
  said.textContent = hits.length ? box.dataset.count.replace("{count}", hits.length) : box.dataset.none;
}

let index = null;

async function search() {
  const text = fold(input.value);
  if (!text) {
    list.replaceChildren();
    said.textContent = "";
    return;
  }
  try {
    index ??= await (await fetch("search.json")).json();
    if (text === fold(input.value)) show([...names(index, text), ...passages(index, input.value.trim().split(/\s+/))]);
  } catch {
    said.textContent = box.dataset.failed;
  }
}

box.hidden = false;
input.addEventListener("input", search);
document.documentElement.dataset.ready = "true";
