/**
 * The steps that can be taken back, and those that can be taken again. They survive a reload.
 *
 * @typedef {import("./draw_saving.js").Feature} Feature
 * @typedef {import("./draw_saving.js").Step} Step
 */

const MOST_STEPS = 100;
/** Characters. A browser keeps some five million, and what is not saved yet must find room first. */
const MOST_KEPT = 1_000_000;

export class Steps {
  /** @param {{layer: string, draft: number}} sheet @param {(one: any, other: any) => boolean} same */
  constructor({ layer, draft }, same) {
    this.place = `draw-steps:${layer}:${draft}`;
    this.same = same;
    /** @type {Step[]} */
    this.done = [];
    /** @type {Step[]} */
    this.undone = [];
  }

  /** @param {Step} step */
  add(step) {
    this.done.push(step);
    if (this.done.length > MOST_STEPS) this.done.shift();
    this.undone = [];
    this.keep();
  }

  /** @param {boolean} forward @returns {Step | undefined} what comes off one list, to be turned round */
  take(forward) {
    return (forward ? this.undone : this.done).pop();
  }

  /** @param {Step} step turned round @param {boolean} forward */
  turned(step, forward) {
    (forward ? this.done : this.undone).push(step);
    this.keep();
  }

  /** @param {Step} step what cannot be taken back any more */
  forget(step) {
    for (const list of [this.done, this.undone]) {
      const place = list.findIndex((each) => each.key === step.key || each.key === step.undoes);
      if (place >= 0) list.splice(place, 1);
    }
    this.keep();
  }

  /** A feature was saved, and the draft may have it otherwise than it was sent.
   * @param {Step} step @param {string} id @param {Feature | null} feature */
  settle(step, id, feature) {
    for (const each of [...this.done, ...this.undone]) {
      if (each.key !== step.key) continue;
      for (const edit of each.edits) if (edit.id === id) edit.after = feature;
    }
  }

  keep() {
    let [done, undone] = [this.done, this.undone];
    let text = JSON.stringify({ done, undone });
    while (text.length > MOST_KEPT && done.length + undone.length) {
      if (done.length) done = done.slice(Math.ceil(done.length / 2));
      else undone = undone.slice(Math.ceil(undone.length / 2));
      text = JSON.stringify({ done, undone });
    }
    try {
      sessionStorage.setItem(this.place, text);
    } catch {
      // The page itself still has them.
    }
  }

  /**
   * Take up the steps of a page before this one, as far as they lead to the draft as it is now:
   * what somebody else has changed since is not to be undone unseen.
   *
   * @param {(id: string) => Promise<Feature | null>} current the draft's state of a feature
   */
  async restore(current) {
    let kept;
    try {
      kept = JSON.parse(sessionStorage.getItem(this.place)) ?? { done: [], undone: [] };
    } catch {
      return;
    }
    const ids = new Set([...kept.done, ...kept.undone].flatMap((step) => step.edits.map((edit) => edit.id)));
    const states = new Map(await Promise.all([...ids].map(async (id) => [id, await current(id)])));
    // Whoever was quicker than the answers has begun anew.
    if (this.done.length || this.undone.length) return;
    this.done = this.#leading(kept.done, new Map(states));
    this.undone = this.#leading(kept.undone, new Map(states));
    this.keep();
  }

  /** @param {Step[]} steps @param {Map<string, Feature | null>} states @returns {Step[]} the last of them that fit */
  #leading(steps, states) {
    let from = steps.length;
    while (from > 0) {
      const { edits } = steps[from - 1];
      if (!edits.every(({ id, after }) => this.same(states.get(id), after))) break;
      for (const { id, before } of edits) states.set(id, before);
      from -= 1;
    }
    return steps.slice(from);
  }
}
