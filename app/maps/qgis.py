"""Layers of the atlas as QGIS opens them: connection, style, aliases and code lists.

QGIS documents neither format but by what it writes and reads; this is what 3.22 and later read of
it: `QgsLayerDefinition`, `QgsProject` and the ``readXml`` of renderers, symbols and fields.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from pyproj import CRS

from .styles import style_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from layers.catalogue import Catalogue
    from layers.model import Layer

METRES, DEGREES = "EPSG:4548", "OGC:CRS84"
"""Systems in which layers are edited.

QGIS sends new features with six decimals, so that metres are better. Before 3.28 it takes every
layer to be in degrees, whatever it is told.
"""

_FAMILIES: Mapping[str, str] = {"Point": "marker", "LineString": "line", "Polygon": "fill"}
"""What QGIS calls the symbols of each kind of geometry."""

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Shown(NamedTuple):
    """An entry of the list of layers in QGIS.

    Attributes
    ----------
    family : str
        A kind of geometry, of `_FAMILIES`.
    source, provider, crs : str
        As QGIS names them.
    """

    layer: Layer
    id: str
    name: str
    family: str
    source: str
    provider: str
    crs: str


class Told(NamedTuple):
    """Where the atlas is, and what is called how in the language of whoever asks.

    Attributes
    ----------
    api : str
        Address of the landing page of the API.
    crs : str
        `METRES` or `DEGREES`.
    title : callable
        Of a layer.
    column : callable
        Of a property of a layer.
    families : Mapping
        Of kinds of geometry.
    """

    api: str
    crs: str
    title: Callable[[Layer], str]
    column: Callable[[Layer, str], str]
    families: Mapping[str, str]


def layer_definition(layer: Layer, catalogue: Catalogue, told: Told) -> bytes:
    """Return a layer as a QGIS layer definition (``.qlr``)."""
    root = Element("qlr")
    top = SubElement(root, "layer-tree-group", name="", checked="Qt::Checked", expanded="1")
    _put_layers(root, "maplayers", top, [layer], catalogue, told)
    return _document(root, "qgis-layer-definition")


def project(
    layers: Sequence[Layer],
    catalogue: Catalogue,
    title: str,
    told: Told,
    view: tuple[float, float, float, float] | None = None,
) -> bytes:
    """Return a QGIS project (``.qgs``) with layers, the lowest first.

    Parameters
    ----------
    view : tuple of float, optional
        What is shown at first, in EPSG:4548 metres.
    """
    root = Element("qgis", version="3.22.0", projectname=_plain(title))
    SubElement(root, "title").text = _plain(title)
    _put_crs(SubElement(root, "projectCrs"), METRES)
    switches = SubElement(SubElement(root, "properties"), "SpatialRefSys")
    SubElement(switches, "ProjectionsEnabled", type="int").text = "1"
    top = SubElement(root, "layer-tree-group")
    _put_layers(root, "projectlayers", top, layers[::-1], catalogue, told)
    canvas = SubElement(root, "mapcanvas", name="theMapCanvas")
    SubElement(canvas, "units").text = "meters"
    if view is not None:
        extent = SubElement(canvas, "extent")
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), view, strict=True):
            SubElement(extent, name).text = f"{value:.1f}"
    _put_crs(SubElement(canvas, "destinationsrs"), METRES)
    return _document(root, "qgis")


def _put_layers(
    root: Element,
    name: str,
    top: Element,
    layers: Iterable[Layer],
    catalogue: Catalogue,
    told: Told,
) -> None:
    """Add layers to the tree that QGIS shows, and what is known of each."""
    described = SubElement(root, name)
    for layer in layers:
        entries = _entries(layer, told)
        group = top
        if len(entries) > 1:
            title = _plain(told.title(layer))
            group = SubElement(top, "layer-tree-group", name=title, checked="Qt::Checked")
        for entry in entries:
            SubElement(
                group,
                "layer-tree-layer",
                id=entry.id,
                name=entry.name,
                source=entry.source,
                providerKey=entry.provider,
                checked="Qt::Checked",
                expanded="0",
            )
            _put_layer(described, entry, catalogue, told)


def _entries(layer: Layer, told: Told) -> list[Shown]:
    """Return a layer as QGIS can show it.

    A layer of QGIS has one kind of geometry. Where ours has several, the one that is edited shows
    only one of them; what GDAL reads beside it, for each kind, shows all.
    """
    title = _plain(told.title(layer))
    families = [each for each in _FAMILIES if {each, f"Multi{each}"} & {*layer.geometry_types}]
    named = {"url": told.api, "typename": layer.id, "srsname": told.crs, "pagesize": "1000"}
    if told.crs == DEGREES:
        named.pop("srsname")
    source = " ".join(f"{name}='{_quoted(value)}'" for name, value in named.items())
    family = families[-1] if families else "Polygon"
    edited = Shown(layer, f"atlas_{layer.id}", title, family, source, "OAPIF", told.crs)
    if len(families) < 2:
        return [edited]
    return [
        edited,
        *(
            Shown(
                layer,
                f"atlas_{layer.id}_{each.lower()}",
                _plain(f"{title} · {told.families[each]}"),
                each,
                f"OAPIF:{told.api}|layername={layer.id}|geometrytype={each}",
                "ogr",
                DEGREES,
            )
            for each in families
        ),
    ]


def _put_layer(parent: Element, entry: Shown, catalogue: Catalogue, told: Told) -> None:
    layer = entry.layer
    labelled = bool(layer.style.get("label"))
    record = SubElement(parent, "maplayer", type="vector", labelsEnabled=str(int(labelled)))
    SubElement(record, "id").text = entry.id
    SubElement(record, "datasource").text = entry.source
    SubElement(record, "layername").text = entry.name
    _put_crs(SubElement(record, "srs"), entry.crs)
    SubElement(record, "provider", encoding="UTF-8").text = entry.provider
    names = list(layer.schema["properties"])
    fields = SubElement(record, "fieldConfiguration")
    aliases = SubElement(record, "aliases")
    for index, name in enumerate(names):
        field = SubElement(fields, "field", name=_plain(name))
        _put_codes(field, layer, name, catalogue)
        title = _plain(told.column(layer, name))
        SubElement(aliases, "alias", index=str(index), field=_plain(name), name=title)
    _put_renderer(record, entry)
    if labelled:
        _put_labels(record, layer)


def _put_codes(field: Element, layer: Layer, name: str, catalogue: Catalogue) -> None:
    """Let QGIS offer a list of values where the layer's schema has one."""
    allowed = layer.schema["properties"][name].get("enum")
    if not allowed or not all(isinstance(each, str) for each in allowed if each is not None):
        return
    labels = catalogue.codes.get(name, {})
    widget = SubElement(field, "editWidget", type="ValueMap")
    options = SubElement(SubElement(widget, "config"), "Option", type="Map")
    listed = SubElement(options, "Option", type="List", name="map")
    for code in allowed:
        if code is not None:
            label = labels[code].label if code in labels else code
            entry = SubElement(listed, "Option", type="Map")
            SubElement(entry, "Option", name=_plain(label), type="QString", value=_plain(code))


def _put_renderer(record: Element, entry: Shown) -> None:
    rules = style_record(entry.layer.style)
    colours: list[tuple[str, str]] = [*rules["colours"].items(), ("", rules["colour"])]
    if len(colours) == 1:
        renderer = SubElement(record, "renderer-v2", type="singleSymbol")
    else:
        attribute = "id" if rules["by"] == "id" else rules["by"]
        renderer = SubElement(record, "renderer-v2", type="categorizedSymbol", attr=attribute)
        listed = SubElement(renderer, "categories")
        for number, (value, _) in enumerate(colours):
            SubElement(
                listed,
                "category",
                render="true",
                value=_plain(value),
                label=_plain(value),
                symbol=str(number),
            )
    symbols = SubElement(renderer, "symbols")
    for number, (_, colour) in enumerate(colours):
        kind = _FAMILIES[entry.family]
        symbol = SubElement(symbols, "symbol", type=kind, name=str(number), alpha="1")
        name, properties = _symbol(entry.family, rules, colour)
        drawn = SubElement(symbol, "layer", {"class": name}, enabled="1", locked="0")
        drawn.set("pass", "0")
        options = SubElement(drawn, "Option", type="Map")
        for key, value in properties.items():
            SubElement(options, "Option", name=key, type="QString", value=value)


def _symbol(family: str, rules: Mapping[str, Any], colour: str) -> tuple[str, dict[str, str]]:
    """Return the class and the properties of a symbol layer that draws as the maps do."""
    edge = _rgba(colour, rules["opacity"])
    weight = str(rules["weight"])
    if family == "Polygon":
        return "SimpleFill", {
            "color": _rgba(colour, rules["fill"]),
            "style": "solid" if rules["fill"] else "no",
            "outline_color": edge,
            "outline_width": weight,
            "outline_width_unit": "Pixel",
        }
    if family == "LineString":
        width = str(rules["weight"] + 1.5)
        return "SimpleLine", {"line_color": edge, "line_width": width, "line_width_unit": "Pixel"}
    return "SimpleMarker", {
        "name": "circle",
        "color": _rgba(colour, 0.55),
        "outline_color": edge,
        "outline_width": weight,
        "outline_width_unit": "Pixel",
        "size": "12",
        "size_unit": "Pixel",
    }


def _rgba(colour: str, opacity: float) -> str:
    parts = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return ",".join(map(str, [*parts, round(255 * opacity)]))


def _put_labels(record: Element, layer: Layer) -> None:
    settings = SubElement(SubElement(record, "labeling", type="simple"), "settings")
    name = _plain(layer.label)
    style = SubElement(
        settings, "text-style", fieldName=name, fontSize="9", textColor="28,39,51,255"
    )
    SubElement(style, "text-buffer", bufferDraw="1", bufferSize="1", bufferColor="255,255,255,220")


def _put_crs(parent: Element, crs: str) -> None:
    record = SubElement(parent, "spatialrefsys")
    # The authority's name alone is not always looked up.
    SubElement(record, "wkt").text = CRS.from_user_input(crs).to_wkt()
    SubElement(record, "authid").text = crs


def _quoted(value: str) -> str:
    """Return a value as `QgsDataSourceUri` reads it between single quotes."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _plain(text: str) -> str:
    """Return a text without what XML cannot hold (XML 1.0, section 2.2)."""
    return _NO_XML.sub("", text)


def _document(root: Element, name: str) -> bytes:
    kind = f"<!DOCTYPE {name}>\n".encode()
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return kind + text + b"\n"
