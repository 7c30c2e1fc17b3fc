/** Asks the browser where the reader is, and sends it once, in the body of a form. */

const form = document.getElementById("position");
const said = document.getElementById("position-said");

/** @param {string} text */
function say(text) {
  said.hidden = false;
  said.textContent = text;
}

if (form && "geolocation" in navigator) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(said.dataset.asking);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.at.value = `${coords.longitude.toFixed(5)},${coords.latitude.toFixed(5)}`;
        form.submit();
      },
      () => say(said.dataset.refused),
      { timeout: 10_000, maximumAge: 0 },
    );
  });
}
