"""Map elements of ours, in Folium's own form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branca.element import MacroElement
from folium.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    import folium


class MetricScale(MacroElement):
    """A scale bar in metres and kilometres only.

    Parameters
    ----------
    position : str
        A corner, in Leaflet's words.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        L.control.scale({imperial: false, maxWidth: 120, position: {{ this.position|tojson }}})
            .addTo({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, position: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it untyped
        self._name = "MetricScale"
        self.position = position


class Frame(MacroElement):
    """Show a box at once.

    Folium's own ``fit_bounds`` starts an animation, during which Leaflet drops every move that
    the page asks for.

    Parameters
    ----------
    bounds : list
        South-west and north-east corner, latitude first.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        {{ this._parent.get_name() }}.fitBounds(
            {{ this.bounds|tojson }}, {padding: [16, 16], animate: false});
        {% endmacro %}
        """
    )

    def __init__(self, bounds: list[list[float]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it untyped
        self._name = "Frame"
        self.bounds = bounds


class StyleRules(MacroElement):
    """The functions that turn a layer's style record into Leaflet options.

    A sketch (precision P3 or P4) is drawn with a dashed edge and a softer fill.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        function atlasStyle(rules) {
            return (feature) => {
                const p = feature.properties;
                const sketch = p.precision === "P3" || p.precision === "P4";
                const type = feature.geometry ? feature.geometry.type : "";
                const isLine = /LineString$/.test(type);
                const isPoint = /Point$/.test(type);
                const key = rules.by === "id" ? feature.id : p[rules.by];
                const colour = rules.colours[key] || rules.colour;
                const kind = isLine ? "line" : isPoint ? "point" : "area";
                return {
                    className: "shape shape-" + kind,
                    color: colour,
                    weight: isLine ? rules.weight + 1.5 : rules.weight,
                    opacity: rules.opacity,
                    dashArray: sketch ? rules.dash : null,
                    lineCap: "butt",
                    fill: !isLine && rules.fill > 0,
                    fillColor: colour,
                    fillOpacity: sketch ? rules.fill * 0.7 : rules.fill,
                    interactive: rules.interactive,
                };
            };
        }
        function atlasPoint(rules, pane) {
            const style = atlasStyle(rules);
            return (feature, latlng) => L.circleMarker(latlng, {
                ...style(feature), pane, radius: 7, weight: 1.75, fillOpacity: 0.55,
                dashArray: style(feature).dashArray ? "2.5 2" : null,
            });
        }
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it untyped
        self._name = "StyleRules"


class Bridge(MacroElement):
    """Hand the map and its layers to the page's own script as ``window.atlas``.

    Parameters
    ----------
    view : folium.Map
    layers : mapping of layer id to folium.GeoJson
    bounds : list
        South-west and north-east corner, latitude first, of everything on the map.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        window.atlas = {
            map: {{ this.view.get_name() }},
            bounds: L.latLngBounds({{ this.bounds|tojson }}),
            layers: {
            {%- for layer_id, layer in this.layers.items() %}
                {{ layer_id|tojson }}: {{ layer.get_name() }},
            {%- endfor %}
            },
        };
        {% endmacro %}
        """
    )

    def __init__(
        self,
        view: folium.Map,
        layers: Mapping[str, folium.GeoJson],
        bounds: list[list[float]],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves it untyped
        self._name = "Bridge"
        self.view = view
        self.layers = layers
        self.bounds = bounds
