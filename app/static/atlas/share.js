/** Copies the permanent address of a page. */

const button = document.getElementById("copy");
const field = document.getElementById("link");
const said = document.getElementById("copied");

if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = button.dataset.copied;
    } catch {
      field.select();
      said.textContent = button.dataset.failed;
    }
  });
}
