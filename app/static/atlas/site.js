/** The search of the static site: names by characters, pinyin, initials and a typing error, then the plan's words. */

const box = document.getElementById("search");
const input = document.getElementById("q");
const list = document.getElementById("found");
const said = document.getElementById("found-words");
const ending = box.dataset.lang === "en" ? ".en.html" : ".html";
const MOST = 20;

const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** @param {{spelled: string[], name_en: string}} named @param {string} text @returns {number} 0 is the best, 4 is none */
function rank(named, text) {
  const spelled = [...named.spelled, fold(named.name_en)];
  if (spelled.includes(text)) return 0;
  if (spelled.some((each) => each.startsWith(text))) return 1;
  if (spelled.some((each) => each.includes(text))) return 2;
  return text.length > 3 && spelled.some((each) => isSlip(each, text)) ? 3 : 4;
}

/** Whether one is the other with one character more, less, another, or two exchanged. */
function isSlip(one, other) {
  if (Math.abs(one.length - other.length) > 1) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const [a, b] = [one.slice(at), other.slice(at)];
  const exchanged = a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
  return exchanged || a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1);
}

function names(index, text) {
  return index.names
    .map((named) => ({ named, at: rank(named, text) }))
    .filter(({ at }) => at < 4)
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

/** @returns {Promise<any>} what is searched: a script, since a page from a folder may read no file */
function load() {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    Object.assign(script, { src: "data/search.js", onload: () => done(window.atlasData.search), onerror: fail });
    document.head.append(script);
  });
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
    index ??= load();
    const known = await index;
    if (text === fold(input.value)) show([...names(known, text), ...passages(known, input.value.trim().split(/\s+/))]);
  } catch {
    index = null;
    said.textContent = box.dataset.failed;
  }
}

box.hidden = false;
input.addEventListener("input", search);
document.documentElement.dataset.ready = "true";
