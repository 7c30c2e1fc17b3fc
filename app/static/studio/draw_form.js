/** The form of a feature: filled in from it, and read back into properties. */

/** @typedef {import("./draw_saving.js").Feature} Feature */

export class Form {
  /** @param {HTMLFormElement} form @param {(properties: Record<string, any>) => void} changed
   * @param {{say(key: string, values?: any): string}} words */
  constructor(form, changed, words) {
    this.form = form;
    this.words = words;
    this.fields = [...form.querySelectorAll("[data-field]")];
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => {
      const field = event.target.closest("[data-field]");
      if (field && this.#isSound(field)) changed(this.read());
    });
  }

  /** @param {Feature | null} feature */
  show(feature) {
    this.feature = feature;
    this.form.hidden = !feature;
    if (!feature) return;
    for (const field of this.fields) this.#fill(field, feature.properties[field.dataset.field]);
  }

  /** @returns {Record<string, any>} */
  read() {
    const properties = { ...this.feature.properties };
    for (const field of this.fields) {
      const value = valueOf(field);
      const name = field.dataset.field;
      if (value !== undefined) properties[name] = value;
      else if ("nullable" in field.dataset) properties[name] = null;
      else delete properties[name];
    }
    return properties;
  }

  /** @param {string} name */
  focus(name) {
    const field = this.fields.find((each) => each.dataset.field === name.split(".")[0]);
    const control = field && controlOf(field);
    control?.closest("details")?.setAttribute("open", "");
    control?.focus();
  }

  /** Say which fields a finding is about. @param {Set<string>} names */
  mark(names) {
    for (const field of this.fields) {
      const wrong = names.has(field.dataset.field);
      field.classList.toggle("is-wrong", wrong);
      controlOf(field).toggleAttribute("aria-invalid", wrong);
    }
  }

  /** @param {HTMLElement} field @param {any} value */
  #fill(field, value) {
    if (field.dataset.kind === "many") {
      const chosen = new Set((value ?? []).map((each) => JSON.stringify(each)));
      for (const box of field.querySelectorAll("input")) box.checked = chosen.has(canonical(box.value));
      this.#count(field);
      return;
    }
    const control = controlOf(field);
    control.setCustomValidity("");
    if (control.tagName === "SELECT") choose(control, value);
    else if (field.dataset.kind === "texts") control.value = (Array.isArray(value) ? value : []).join("\n");
    else if (field.dataset.kind === "json") control.value = value == null ? "" : JSON.stringify(value, null, 1);
    else control.value = value ?? "";
  }

  /** @param {HTMLElement} field */
  #isSound(field) {
    const control = controlOf(field);
    if (field.dataset.kind === "many") this.#count(field);
    if (field.dataset.kind !== "json") return control.checkValidity?.() ?? true;
    let fault = "";
    try {
      if (control.value.trim()) JSON.parse(control.value);
    } catch {
      fault = this.words.say("badJson");
    }
    control.setCustomValidity(fault);
    return control.reportValidity();
  }

  /** @param {HTMLElement} field */
  #count(field) {
    const chosen = [...field.querySelectorAll("input:checked")].map((box) => box.parentElement.textContent.trim());
    field.querySelector("output").textContent = chosen.join("、");
  }
}

/** @param {HTMLElement} field @returns {any} undefined where nothing stands */
function valueOf(field) {
  if (field.dataset.kind === "many") {
    return [...field.querySelectorAll("input:checked")].map((box) => JSON.parse(box.value));
  }
  const control = controlOf(field);
  const text = control.value.trim();
  if (field.dataset.kind === "texts") {
    return [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
  }
  if (!text) return undefined;
  switch (field.dataset.kind) {
    case "number":
    case "integer":
      return Number(text);
    case "codes":
    case "boolean":
    case "json":
      return JSON.parse(text);
    default:
      return control.value;
  }
}

/** @param {HTMLElement} field */
function controlOf(field) {
  return field.querySelector("input, select, textarea");
}

/** @param {string} json */
function canonical(json) {
  return JSON.stringify(JSON.parse(json));
}

/** Choose a code, also one that the list does not hold. @param {HTMLSelectElement} select @param {any} value */
function choose(select, value) {
  select.querySelector("[data-foreign]")?.remove();
  if (value == null) {
    select.value = "";
    return;
  }
  const wanted = JSON.stringify(value);
  const known = [...select.options].find((option) => option.value && canonical(option.value) === wanted);
  if (known) {
    known.selected = true;
    return;
  }
  const foreign = new Option(String(value), wanted, true, true);
  foreign.dataset.foreign = "";
  select.add(foreign);
}
