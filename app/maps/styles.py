"""A layer's style record, read for the map and for its legend alike.

The record (``style`` of a layer in the catalogue) may hold:

``colour``      ``#rrggbb`` of everything that `colours` does not name
``by``          the property (or ``id``) that `colours` is keyed by
``colours``     mapping of its values to ``#rrggbb``
``weight``      width of an edge in pixels
``opacity``     of the edge, 0 to 1
``fill``        opacity of the filling, 0 to 1; 0 draws the edge only
``dash``        dashes of a sketch's edge, in SVG's words
``interactive`` false for a layer that is only a frame
``themes``      other properties to colour by: property to value to ``#rrggbb``
``label``       ``always``, ``room`` (where there is room) or null
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULTS: Mapping[str, Any] = {
    "by": "zone",
    "colour": "#1D3557",
    "colours": {},
    "weight": 1.5,
    "opacity": 0.9,
    "fill": 0.3,
    "dash": "6 4",
    "interactive": True,
}
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def style_record(style: Mapping[str, Any]) -> dict[str, Any]:
    """Return the drawing part of a style record with every default filled in.

    Raises
    ------
    ValueError
        If a colour is not ``#rrggbb``.
    """
    record = {key: style.get(key, default) for key, default in _DEFAULTS.items()}
    for colour in [record["colour"], *record["colours"].values()]:
        if not _COLOUR.fullmatch(colour):
            raise ValueError(f"{colour!r} is not a colour of the form #rrggbb.")
    return record


def style_rules(style: Mapping[str, Any]) -> str:
    """Return a style record as JSON that may stand in a script."""
    text = json.dumps(style_record(style), ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def style_themes(style: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return by what else than usual the features may be coloured: property, value, colour.

    Raises
    ------
    ValueError
        If a colour is not ``#rrggbb``.
    """
    themes: dict[str, dict[str, str]] = {
        name: dict(colours) for name, colours in style.get("themes", {}).items()
    }
    for colours in themes.values():
        style_record({"colours": colours})
    return themes


def feature_colour(style: Mapping[str, Any], feature_id: str, properties: Mapping[str, Any]) -> str:
    """Return the colour in which a feature is drawn."""
    record = style_record(style)
    key = feature_id if record["by"] == "id" else properties.get(record["by"])
    return str(record["colours"].get(key, record["colour"]))


def is_ground(style: Mapping[str, Any]) -> bool:
    """Tell whether a layer is the ground that the others lie on: a frame, or named areas."""
    return not style.get("interactive", True) or style.get("label") == "always"
