/**
 * What was changed and is not in the draft yet: sent one step after the other, and again after the
 * connection was lost. What waits survives a reload.
 *
 * @typedef {{type: "Feature", id: string, geometry: any, properties: Record<string, any>}} Feature
 * @typedef {{id: string, before: Feature | null, after: Feature | null}} Edit
 * @typedef {{key: string, edits: Edit[], shared: boolean, undoes?: string}} Step
 * @typedef {{id: string, author: string, feature: Feature | null}} Other
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;

export class Saver {
  /**
   * @param {{url: string, number: number, layer: string, draft: number}} sheet
   * @param {string} token
   * @param {{
   *   saved(step: Step, answer: any): void, told(others: Other[]): void,
   *   conflict(step: Step, other: Other): void, refused(step: Step, reason: string): void,
   *   state(name: "saved" | "saving" | "waiting" | "closed", reason?: string): void,
   * }} heard
   */
  constructor(sheet, token, heard) {
    this.url = sheet.url;
    this.token = token;
    this.number = sheet.number;
    this.heard = heard;
    this.place = `draw:${sheet.layer}:${sheet.draft}`;
    /** @type {Step[]} */
    this.queue = [];
    this.wait = FIRST_WAIT_MS;
    this.held = false;
    addEventListener("online", () => this.again());
    addEventListener("beforeunload", (event) => {
      if (this.queue.length) event.preventDefault();
    });
  }

  /** Take up what a page before this one could not send. @returns {Step[]} */
  restore() {
    try {
      this.queue = JSON.parse(sessionStorage.getItem(this.place) ?? "[]");
    } catch {
      this.queue = [];
    }
    if (this.queue.length) this.#send();
    return this.queue;
  }

  /** @param {Step} step */
  add(step) {
    this.queue.push(step);
    this.#keep();
    this.#send();
  }

  /** Send what waits now. */
  again() {
    clearTimeout(this.timer);
    this.wait = FIRST_WAIT_MS;
    this.#send();
  }

  /** Steps that touch a feature. @param {string} id */
  touching(id) {
    return this.queue.filter((step) => step.edits.some((edit) => edit.id === id));
  }

  /** @param {(step: Step) => boolean} gone */
  drop(gone) {
    this.queue = this.queue.filter((step) => !gone(step));
    this.#keep();
  }

  /** Go on after a conflict was decided. */
  resume() {
    this.held = false;
    this.#send();
  }

  /** Ask what others have done. */
  async ask() {
    if (this.busy || this.held || this.queue.length) return;
    try {
      const answer = await this.fetch(`edits?since=${this.number}`);
      if (!answer.ok || this.busy || this.queue.length) return;
      const told = await answer.json();
      this.number = told.number;
      this.heard.told(told.others);
    } catch {
      // Whoever draws is told when something cannot be saved.
    }
  }

  /** @param {string} path @param {string} [method] @param {any} [body] */
  fetch(path, method = "GET", body) {
    return fetch(`${this.url}/${path}`, {
      method,
      headers: { "x-csrf-token": this.token, Accept: "application/json", "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
  }

  #keep() {
    try {
      if (this.queue.length) sessionStorage.setItem(this.place, JSON.stringify(this.queue));
      else sessionStorage.removeItem(this.place);
    } catch {
      // The page itself still has it.
    }
  }

  async #send() {
    if (this.busy || this.held) return;
    this.busy = true;
    clearTimeout(this.timer);
    while (this.queue.length && !this.held) {
      this.heard.state("saving");
      if (!await this.#sendOne(this.queue[0])) break;
    }
    this.busy = false;
    if (!this.queue.length) this.heard.state("saved");
  }

  /** @param {Step} step @returns {Promise<boolean>} whether to go on with the next one */
  async #sendOne(step) {
    let answer;
    try {
      answer = await this.#request(step);
    } catch {
      return this.#later();
    }
    if (answer.ok) {
      const saved = await answer.json();
      this.wait = FIRST_WAIT_MS;
      this.number = saved.number;
      this.#done(step);
      this.heard.saved(step, saved);
      return true;
    }
    if (answer.status >= 500 || answer.status === 429) return this.#later();
    const { detail } = await answer.json().catch(() => ({ detail: String(answer.status) }));
    if (answer.status === 412) return this.#collide(step);
    if ([401, 403, 404, 409].includes(answer.status)) {
      this.held = true;
      this.heard.state("closed", detail);
      return false;
    }
    this.#done(step);
    this.heard.refused(step, detail);
    return true;
  }

  /** @param {Step} step */
  #request({ edits, shared }) {
    const seen = this.number;
    if (edits.length > 1) {
      return this.fetch("edits", "POST", {
        seen, shared, edits: edits.map(({ id, after }) => ({ id, feature: after && bare(after) })),
      });
    }
    const [{ id, after }] = edits;
    const path = `features/${encodeURIComponent(id)}`;
    return after ? this.fetch(path, "PUT", { ...bare(after), seen, shared }) : this.fetch(`${path}?seen=${seen}`, "DELETE");
  }

  /** @param {Step} step */
  async #collide(step) {
    const answer = await this.fetch(`edits?since=${this.number}`).catch(() => null);
    if (!answer?.ok) return this.#later();
    const told = await answer.json();
    const mine = new Set(step.edits.map((edit) => edit.id));
    // A neighbour that would have followed is shown as it is now; then the step is sent again.
    const other = told.others.find((each) => mine.has(each.id));
    this.number = told.number;
    this.heard.told(told.others.filter((each) => each !== other));
    if (!other) return true;
    this.held = true;
    this.heard.conflict(step, other);
    return false;
  }

  #later() {
    this.heard.state("waiting");
    this.timer = setTimeout(() => this.#send(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    return false;
  }

  /** @param {Step} step */
  #done(step) {
    this.drop((each) => each.key === step.key);
  }
}

/** @param {Feature} feature */
function bare({ geometry, properties }) {
  return { geometry, properties };
}
