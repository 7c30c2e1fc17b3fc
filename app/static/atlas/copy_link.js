/** Copies the address of what is shown; the button says for a moment whether that worked. */

const SHOWN_MS = 3000;

let message;

/** @param {HTMLButtonElement} button @param {import("./words.js").Words} words @param {(text: string) => void} say */
export async function copyLink(button, words, say) {
  const label = button.dataset.label ??= button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = words.say("copied");
  } catch {
    button.textContent = words.say("copyByHand");
  }
  say(button.textContent);
  clearTimeout(message);
  message = setTimeout(() => { button.textContent = label; }, SHOWN_MS);
}
