"""What a person does in QGIS, done by its OAPIF provider; prints what was seen as JSON.

It runs in the Python of QGIS, not in the atlas's; the fixture `run_qgis` starts it. Arguments:
address of the API, token, `read`, `open` (any QGIS from 3.22 on) or `edit` (from 3.40 on), and for
`open` a project or layer definition, compressed by zlib, in base 64.
"""

import base64
import json
import os
import sys
import tempfile
import zlib
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QGIS_AUTH_DB_DIR_PATH"] = tempfile.mkdtemp()

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsAuthMethodConfig,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsLayerDefinition,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorDataProvider,
    QgsVectorLayer,
)

FIRST = "Z001"
NAME = '引号"反斜杠\\与“示范”'
EDITS = {
    "add": QgsVectorDataProvider.AddFeatures,
    "delete": QgsVectorDataProvider.DeleteFeatures,
    "attributes": QgsVectorDataProvider.ChangeAttributeValues,
    "geometries": QgsVectorDataProvider.ChangeGeometries,
}


def open_layer(api, collection, **options):
    """Return a layer as the dialog of QGIS opens it."""
    parts = {"url": api, "typename": collection, "pagesize": "100", **options}
    uri = " ".join(f"{name}='{value}'" for name, value in parts.items())
    return QgsVectorLayer(uri, collection, "OAPIF")


def log_in(token):
    """Return the name of a login kept by QGIS: HTTP Basic with the token as password."""
    manager = QgsApplication.authManager()
    manager.setMasterPassword("only for this run", True)
    config = QgsAuthMethodConfig("Basic")
    config.setName("atlas")
    config.setConfig("username", "surveyor")
    config.setConfig("password", token)
    assert manager.storeAuthenticationConfig(config)
    return config.id()


def read(api):
    """Open, count, filter by extent."""
    layer = open_layer(api, "parcels")
    assert layer.isValid(), "the layer cannot be opened"
    box = QgsFeatureRequest().setFilterRect(QgsRectangle(116.9502, 36.5502, 116.9518, 36.5518))
    features = list(layer.getFeatures())
    return {
        "fields": {field.name(): field.typeName() for field in layer.fields()},
        "crs": layer.crs().authid(),
        "count": layer.featureCount(),
        "features": len(features),
        "ids": len({feature["地块编号"] for feature in features}),
        "names": sorted(f["用地名称"] for f in features if f["地块编号"] == "Z001"),
        "in_box": sorted(feature["地块编号"] for feature in layer.getFeatures(box)),
        "extent": layer.extent().toRectF().getCoords(),
    }


def opened(packed):
    """Open a file of ours as a person does with File ▸ Open or Layer ▸ Add from definition."""
    text = zlib.decompress(base64.b64decode(packed))
    is_project = text.startswith(b"<!DOCTYPE qgis>")
    file = Path(tempfile.mkdtemp()) / ("file.qgs" if is_project else "file.qlr")
    file.write_bytes(text)
    path = str(file)
    project = QgsProject.instance()
    if is_project:
        assert project.read(path), project.error()
    else:
        done, said = QgsLayerDefinition.loadLayerDefinition(path, project, project.layerTreeRoot())
        assert done, said
    nodes = project.layerTreeRoot().findLayers()
    return {
        "crs": project.crs().authid(),
        "title": project.title(),
        "layers": [described(node.layer()) for node in nodes],
    }


def described(layer):
    """Return what somebody sees of a layer."""
    renderer = layer.renderer()
    # A layer whose first features have no place is a table for QGIS.
    kind = renderer.type() if renderer else ""
    categories = renderer.categories() if kind == "categorizedSymbol" else []
    symbols = [each.symbol() for each in categories]
    if kind == "singleSymbol":
        symbols = [renderer.symbol()]
    return {
        "name": layer.name(),
        "valid": layer.isValid(),
        "provider": layer.providerType(),
        "crs": layer.crs().authid(),
        "count": len(list(layer.getFeatures())),
        "aliases": {field.name(): field.alias() for field in layer.fields()},
        "widgets": {field.name(): field.editorWidgetSetup().type() for field in layer.fields()},
        "values": [each.value() for each in categories],
        "colours": [each.color().name() for each in symbols],
        "can": [n for n, e in EDITS.items() if layer.dataProvider().capabilities() & e],
        "labels": layer.labelsEnabled() and layer.labeling().settings().fieldName,
        "extent": layer.extent().toRectF().getCoords(),
    }


def filtered(api):
    """Narrow down by an expression of QGIS, which becomes CQL2."""
    found = {}
    for expression in (
        "用地代码 = 'G1'",
        "\"用地代码\" = 'G1'",
        '"面积" > 100 AND "用地名称" LIKE \'地块2%\'',
        "\"用地名称\" = '地块7'",
        '"面积" IS NULL',
        "\"地块编号\" IN ('Z003', 'Z004')",
    ):
        layer = open_layer(api, "parcels")
        accepted = layer.setSubsetString(expression)
        found[expression] = [accepted, layer.featureCount(), len(list(layer.getFeatures()))]
    return found


def square(x, y, size):
    """Return a square with its lower left corner at a place."""
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
    return QgsGeometry.fromPolygonXY([[QgsPointXY(*each) for each in corners]])


def edit(api, token, where, start):
    """Create a feature, change its values, move it, delete it; each is saved and read anew."""
    login = log_in(token)

    def reopened():
        layer = open_layer(api, "edited", authcfg=login, **where)
        assert layer.isValid(), "the layer cannot be opened"
        return layer

    layer = reopened()
    seen = {
        "crs": layer.crs().authid(),
        "can": [n for n, each in EDITS.items() if layer.dataProvider().capabilities() & each],
    }

    def save(layer):
        assert layer.commitChanges(), layer.commitErrors()

    def state(layer):
        return [
            {
                "values": {f.name(): feature[f.name()] for f in layer.fields()},
                "ring": [[v.x(), v.y()] for v in feature.geometry().vertices()],
            }
            for feature in layer.getFeatures()
            if feature["地块编号"] != FIRST
        ]

    def only(layer):
        (feature,) = (f for f in layer.getFeatures() if f["地块编号"] != FIRST)
        return feature

    x, y, size = start
    feature = QgsFeature(layer.fields())
    for name, value in {"用地名称": NAME, "用地代码": "R2", "面积": 1.5}.items():
        feature[name] = value
    feature.setGeometry(square(x, y, size))
    layer.startEditing()
    assert layer.addFeature(feature)
    save(layer)
    seen["created"] = state(reopened())

    layer = reopened()
    feature = only(layer)
    layer.startEditing()
    layer.changeAttributeValue(feature.id(), layer.fields().indexOf("用地名称"), NAME + "，已改\\")
    save(layer)
    seen["changed"] = state(reopened())

    layer = reopened()
    feature = only(layer)
    layer.startEditing()
    layer.changeGeometry(feature.id(), square(x + 2 * size, y, size))
    save(layer)
    seen["moved"] = state(reopened())

    layer = reopened()
    feature = only(layer)
    layer.startEditing()
    layer.deleteFeature(feature.id())
    save(layer)
    seen["deleted"] = state(reopened())
    return seen


def main():
    api, token, what, *rest = sys.argv[1:]
    application = QgsApplication([], False)
    application.initQgis()
    seen = {"version": Qgis.QGIS_VERSION_INT}
    if what == "read":
        seen |= read(api)
    elif what == "open":
        seen |= opened(*rest)
    else:
        seen["filtered"] = filtered(api)
        seen["degrees"] = edit(api, token, {}, (116.9700123, 36.5600456, 0.001))
        start = (497700.123, 4047500.456, 100.0)
        seen["metres"] = edit(api, token, {"srsname": "EPSG:4548"}, start)
    print(json.dumps(seen, default=str))
    sys.stdout.flush()
    os._exit(0)  # QGIS without a window may crash as it ends.


main()
