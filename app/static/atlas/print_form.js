/** The form of a sheet: the chosen layers go into one field, and a change shows at once. */

const form = document.querySelector(".print-form");
const boxes = [...form.querySelectorAll("[data-layer]")];

function gather() {
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  form.elements.layers.value = chosen.join(",");
}

form.addEventListener("submit", gather);
form.addEventListener("change", (event) => {
  if (event.target.type !== "radio") return;
  gather();
  form.requestSubmit();
});
