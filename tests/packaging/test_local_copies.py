"""What Folium links to and where its local copy lies."""

from __future__ import annotations

import re
import tomllib

import folium
import pytest
from branca.element import CssLink, JavascriptLink
from folium import plugins

from app.assets import StaticTree
from app.maps.vendor import DECLARATION, UnknownAsset, local_copies, localise

PROMISED = [
    folium.Map,
    plugins.TreeLayerControl,
    plugins.GroupedLayerControl,
    plugins.MarkerCluster,
    plugins.FastMarkerCluster,
    plugins.Search,
    plugins.Fullscreen,
    plugins.MeasureControl,
    plugins.MiniMap,
    plugins.Draw,
    plugins.GeoMan,
    plugins.SideBySideLayers,
    plugins.Timeline,
    plugins.TimelineSlider,
    plugins.TimestampedGeoJson,
    plugins.TimestampedWmsTileLayers,
    plugins.MousePosition,
    plugins.LocateControl,
    plugins.VectorGridProtobuf,
]


@pytest.fixture(scope="module")
def assets() -> StaticTree:
    return StaticTree()


def rendered(*children) -> folium.Figure:
    view = folium.Map(tiles=None)
    for child in children:
        view.add_child(child)
    figure = view.get_root()
    for child in list(figure._children.values()):
        child.render()
    return figure


def links(figure: folium.Figure) -> dict[str, str]:
    children = figure.header._children.items()
    return {name: c.url for name, c in children if isinstance(c, CssLink | JavascriptLink)}


@pytest.mark.parametrize("element", PROMISED, ids=lambda element: element.__name__)
def test_promised_element_needs_no_other_host(element, assets):
    copies = local_copies()
    defaults = [*getattr(element, "default_js", []), *getattr(element, "default_css", [])]

    for _, address in defaults:
        assert address in copies
        if copies[address] is not None:
            assert assets.href(copies[address]).startswith("/static/")


def test_every_link_of_a_map_becomes_ours(assets):
    figure = rendered(plugins.Fullscreen(), plugins.MarkerCluster(), folium.LayerControl())

    localise(figure, assets)

    found = links(figure)
    assert len(found) > 8
    assert all(address.startswith("/static/") for address in found.values())
    assert "glyphicons_css" not in found
    assert "awesome_rotate_css" not in found


def test_unwanted_links_are_left_out(assets):
    figure = rendered()

    localise(figure, assets, drop=["jquery", "bootstrap"])

    assert not {"jquery", "bootstrap"} & set(links(figure))
    assert "leaflet" in links(figure)


@pytest.mark.parametrize("address", ["https://cdn.example/x.js", "//cdn.example/x.js"])
def test_unknown_link_is_refused_by_name(address, assets):
    figure = rendered()
    figure.header.add_child(JavascriptLink(address), name="novel_plugin")

    with pytest.raises(UnknownAsset, match=f"novel_plugin from {re.escape(address)}"):
        localise(figure, assets)


def test_plugin_without_a_local_copy_is_refused(assets):
    figure = rendered(plugins.Terminator())

    with pytest.raises(UnknownAsset, match="terminator"):
        localise(figure, assets)


def test_missing_copy_is_said_with_the_remedy(tmp_path):
    with pytest.raises(UnknownAsset, match=r"app/static/vendor/\S+ is missing; .*pip install"):
        localise(rendered(), StaticTree(tmp_path, {}))


def test_every_package_is_pinned():
    packages = tomllib.loads(DECLARATION.read_text(encoding="utf-8"))["package"]

    assert len(packages) > 20
    for package in packages:
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"]), package["name"]
        assert re.fullmatch(r"sha512-[\w+/]{86}==", package["integrity"]), package["name"]
