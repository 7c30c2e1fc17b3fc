/** What the tools of the map are built from. */

/** @param {string} name @param {string} [text] */
export function line(name, text = "") {
  const paragraph = document.createElement("p");
  paragraph.className = name;
  paragraph.textContent = text;
  return paragraph;
}

/** @param {string} text @param {() => void} [act] without one it sends the form that it is in */
export function button(text, act) {
  const made = document.createElement("button");
  made.type = act ? "button" : "submit";
  made.textContent = text;
  if (act) made.addEventListener("click", act);
  return made;
}

/** @param {string} text @param {HTMLElement} control @returns {HTMLLabelElement} the control in its label */
export function field(text, control) {
  const label = document.createElement("label");
  label.append(text, control);
  return label;
}

/** @param {[string, string][]} options value and words @param {string} [chosen] */
export function choice(options, chosen) {
  const select = document.createElement("select");
  select.append(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
  return select;
}

/** @param {string} legend @param {string} name @param {[string, string][]} options value and words @param {string} chosen */
export function radios(legend, name, options, chosen) {
  const set = document.createElement("fieldset");
  const title = document.createElement("legend");
  title.textContent = legend;
  set.className = "radios";
  set.append(title, ...options.map(([value, text]) => {
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name, value, checked: value === chosen });
    const label = field("", radio);
    label.append(text);
    return label;
  }));
  return set;
}

/** @param {string} path @param {Record<string, string | number | null | undefined>} query what is empty is left out @param {string} lang */
export function addressOf(path, query, lang) {
  const given = Object.entries({ ...query, lang: lang === "en" ? "en" : null }).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
