/** The search box: a combobox over /api/search, results grouped, by pointer or by keys. */

const PAUSE_MS = 40;

export class Search {
  /**
   * @param {HTMLInputElement} input @param {HTMLElement} list
   * @param {import("./words.js").Words} words
   * @param {{choose(ref: string): void, say(text: string): void}} page
   */
  constructor(input, list, words, page) {
    Object.assign(this, { input, list, words, page });
    this.at = -1;
    input.addEventListener("input", () => this.#later());
    input.addEventListener("focus", () => input.value && this.#later());
    input.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(option, event);
    });
    input.addEventListener("blur", () => this.close());
  }

  close() {
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    const text = this.input.value.trim();
    this.asked?.abort();
    if (!text) return this.close();
    this.asked = new AbortController();
    const query = new URLSearchParams({ q: text, limit: "20" });
    if (this.words.config.lang === "en") query.set("lang", "en");
    try {
      const answer = await fetch(`/api/search?${query}`, { signal: this.asked.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      this.#show((await answer.json()).results);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#message(this.words.say("searchFailed"));
    }
  }

  /** @param {any[]} results */
  #show(results) {
    if (results.length === 0) return this.#message(this.words.say("noHits"));
    const groups = Map.groupBy ? Map.groupBy(results, groupOf) : grouped(results);
    const nodes = [];
    let number = 0;
    for (const [group, hits] of groups) {
      const box = document.createElement("div");
      box.setAttribute("role", "group");
      const title = document.createElement("p");
      title.textContent = this.#title(group);
      title.id = `found-${nodes.length}`;
      box.setAttribute("aria-labelledby", title.id);
      box.append(title, ...hits.map((hit) => this.#option(hit, `hit-${number++}`)));
      nodes.push(box);
    }
    this.list.replaceChildren(...nodes);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#mark(0);
    this.page.say(this.words.say("hitCount", { count: results.length }));
  }

  #title(group) {
    if (group === "plan") return this.words.say("inText");
    return this.words.code("kind", group);
  }

  #option(hit, id) {
    const option = document.createElement("a");
    option.id = id;
    option.setAttribute("role", "option");
    option.tabIndex = -1;
    option.href = hit.href;
    if (hit.collection !== "plan") option.dataset.ref = `${hit.collection}/${hit.id}`;
    const name = document.createElement("span");
    name.textContent = (this.words.config.lang === "en" && hit.name_en) || hit.name;
    option.append(name);
    if (hit.matched !== hit.name) {
      const matched = document.createElement("span");
      matched.className = "quiet";
      matched.lang = "zh-CN";
      matched.textContent = hit.matched;
      option.append(matched);
    }
    return option;
  }

  #message(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.list.replaceChildren(line);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "false");
    this.page.say(text);
  }

  #mark(at) {
    const options = this.list.querySelectorAll("[role=option]");
    if (options.length === 0) return;
    this.at = (at + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.at)));
    options[this.at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[this.at].id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.#mark(this.at + (event.key === "ArrowDown" ? 1 : -1));
      else this.#later();
    } else if (event.key === "Enter" && open) {
      const option = this.list.querySelectorAll("[role=option]")[this.at];
      if (option) this.#choose(option, event);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  /** @param {HTMLAnchorElement} option @param {Event} event */
  #choose(option, event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.close();
    if (option.dataset.ref) this.page.choose(option.dataset.ref);
    else location.assign(option.href);
  }
}

/** @param {any} hit what it is listed under: its kind, or the plan's text */
function groupOf(hit) {
  return hit.collection === "plan" ? "plan" : hit.kind;
}

function grouped(results) {
  const groups = new Map();
  for (const hit of results) {
    const group = groupOf(hit);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(hit);
  }
  return groups;
}
