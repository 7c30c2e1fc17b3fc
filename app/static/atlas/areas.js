/** Draws an area on the still map, and writes it into the form as WKT. */

const SVG = "http://www.w3.org/2000/svg";
const section = document.getElementById("draw");
const field = document.getElementById("area");

/** @param {SVGSVGElement} svg */
function begin(svg) {
  const corners = [];
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("class", "drawn");
  svg.append(shape);
  const { west, north, x, y } = Object.fromEntries(
    Object.entries(svg.dataset).map(([name, value]) => [name, Number(value)]),
  );

  function show() {
    shape.setAttribute("d", corners.length ? `M${corners.map((each) => each.join(" ")).join("L")}Z` : "");
    const said = document.getElementById("draw-said");
    said.textContent = corners.length ? `${said.dataset.words}${corners.length}` : "";
    const places = corners.map(([left, top]) => `${(west + left / x).toFixed(5)} ${(north - top / y).toFixed(5)}`);
    field.value = corners.length > 2 ? `POLYGON((${[...places, places[0]].join(", ")}))` : "";
  }

  svg.addEventListener("click", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    corners.push([Math.round(place.x * 10) / 10, Math.round(place.y * 10) / 10]);
    show();
  });
  document.getElementById("draw-undo").addEventListener("click", () => {
    corners.pop();
    show();
  });
  document.getElementById("draw-clear").addEventListener("click", () => {
    corners.length = 0;
    show();
  });
}

if (section) {
  section.hidden = false;
  begin(section.querySelector("svg"));
}
