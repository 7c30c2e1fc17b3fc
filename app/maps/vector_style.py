"""A layer's style record as MapLibre reads it, for its vector tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .styles import style_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layers.model import Layer

_SKETCH = ["match", ["get", "precision"], ["P3", "P4"], True, False]
"""Whether a feature is a sketch; it is drawn with a dashed edge and a softer filling."""


def style_layers(layer: Layer, source: str, *, english: bool) -> list[dict[str, Any]]:
    """Return the layers of a MapLibre style that draw a layer's tiles.

    They need nothing but the tiles: no sprite, and no glyphs, since MapLibre draws text with the
    fonts of its machine where a style names none (MapLibre Style Specification, `glyphs`).

    Parameters
    ----------
    source : str
        Name of the source of the tiles in the style.
    english : bool
        Whether names are shown in English where there are any.
    """
    rules = style_record(layer.style)
    drawn = {"source": source, "source-layer": layer.id}
    colour = _colour(rules)
    layers = [
        {
            "id": f"{layer.id}-fill",
            "type": "fill",
            **drawn,
            "filter": _is("Polygon"),
            "paint": {
                "fill-color": colour,
                "fill-opacity": ["case", _SKETCH, rules["fill"] * 0.7, rules["fill"]],
            },
        },
        *(_edges(layer.id, drawn, rules, colour, sketch=sketch) for sketch in (False, True)),
        {
            "id": f"{layer.id}-point",
            "type": "circle",
            **drawn,
            "filter": _is("Point"),
            "paint": {
                "circle-color": colour,
                "circle-opacity": 0.55,
                "circle-radius": 6,
                "circle-stroke-color": colour,
                "circle-stroke-width": 1.5,
            },
        },
    ]
    # A frame is drawn as an edge only, and named by nobody.
    return (
        [*layers, _names(layer, source, english=english)] if rules["interactive"] else layers[1:3]
    )


def _colour(rules: Mapping[str, Any]) -> Any:
    known = [part for value, colour in rules["colours"].items() for part in (value, colour)]
    return ["match", ["get", rules["by"]], *known, rules["colour"]] if known else rules["colour"]


def _is(kind: str) -> list[Any]:
    return ["==", ["geometry-type"], kind]


def _edges(
    layer_id: str, drawn: Mapping[str, Any], rules: Mapping[str, Any], colour: Any, *, sketch: bool
) -> dict[str, Any]:
    wanted = _SKETCH if sketch else ["!", _SKETCH]
    width = ["case", _is("LineString"), rules["weight"] + 1.5, rules["weight"]]
    paint = {"line-color": colour, "line-width": width, "line-opacity": rules["opacity"]}
    if sketch:
        # Dashes are in widths of the line here, in pixels in the record.
        dashes = [float(part) / rules["weight"] for part in rules["dash"].split()]
        paint["line-dasharray"] = ["literal", dashes]
    return {
        "id": f"{layer_id}-{'sketch' if sketch else 'edge'}",
        "type": "line",
        **drawn,
        "filter": ["all", ["!=", ["geometry-type"], "Point"], wanted],
        "paint": paint,
    }


def _names(layer: Layer, source: str, *, english: bool) -> dict[str, Any]:
    names = ["name_en", "name", "id"] if english else ["name", "id"]
    return {
        "id": f"{layer.id}-name",
        "type": "symbol",
        "source": source,
        "source-layer": f"{layer.id}_labels",
        "layout": {
            "text-field": ["coalesce", *(["get", name] for name in names)],
            "text-size": 13,
            "text-max-width": 8,
            "text-allow-overlap": layer.style.get("label") == "always",
        },
        "paint": {"text-color": "#1c2733", "text-halo-color": "#ffffff", "text-halo-width": 1.5},
    }
