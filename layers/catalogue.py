"""The catalogue: which layers there are, what their features look like, and the code lists.

A layer is added by adding a file and an entry in ``catalog.json``; no code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from .checks import Context, check_layer, known_checks
from .coverage import read_sentences
from .document import PlanData
from .errors import DataInvalid, ValidationFailed
from .geojson import read_features, read_json
from .indicators import no_indicators, read_indicators
from .model import Layer
from .plan import read_outline
from .search import read_readings
from .statements import read_statements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Feature


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list, in both languages."""

    label: str
    label_en: str
    meaning: str
    meaning_en: str


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that are shown, switched on and off together."""

    id: str
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the atlas declares about itself.

    Attributes
    ----------
    district, district_en : str
        What it is an atlas of, as a sentence names it.
    tagline, tagline_en : str
        The line below its title, on the map and on paper.
    codes : Mapping
        Code lists by name, each a mapping of code to `Code`, in the order they are shown in.
    layers : tuple of Layer
        In drawing order, lowest first.
    groups : tuple of Group
        In the order they are shown in; a layer need not be in any.
    """

    title: str
    title_en: str
    description: str
    description_en: str
    district: str
    district_en: str
    tagline: str
    tagline_en: str
    plan: str
    codes: Mapping[str, Mapping[str, Code]]
    layers: tuple[Layer, ...]
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder of published data, read and checked.

    Attributes
    ----------
    plans : Mapping
        What is known of each plan beside its text, by its id.
    readings : Mapping
        How place names are read where a dictionary errs: name to pinyin.
    """

    catalogue: Catalogue
    plans: Mapping[str, PlanData]
    features: Mapping[str, tuple[Feature, ...]]
    readings: Mapping[str, str]


def bundled_data() -> Path:
    """Return the folder of the data that the atlas ships.

    It is `layers/_bundled` in an installed wheel and `data` beside `layers` in a checkout.
    """
    package = Path(__file__).resolve().parent
    installed = package / "_bundled"
    return installed if installed.is_dir() else package.parent / "data"


def read_bundle(folder: Path) -> Bundle:
    """Read and check published data.

    Parameters
    ----------
    folder : Path
        Holds ``geojson/catalog.json``, the files it names, ``search/readings.csv``, and a folder
        ``plan/<id>`` for each plan with its outline, sentences, indicators and statements.

    Raises
    ------
    DataInvalid
        If a file cannot be read; the sentence names it.
    ValidationFailed
        If a feature breaks a rule; the findings name file, feature id, field and reason.
    """
    catalogue = read_catalogue(folder / "geojson" / "catalog.json")
    plans = {
        data.outline.id: data
        for data in map(_read_plan, sorted((folder / "plan").glob("*/outline.json")))
    }
    if catalogue.plan not in plans:
        raise DataInvalid(f'catalog.json, field "plan": there is no plan {catalogue.plan}.')
    features = {
        layer.id: tuple(read_features(folder / "geojson" / layer.file))
        for layer in catalogue.layers
    }
    context = Context({plan_id: data.outline for plan_id, data in plans.items()}, features)
    findings = [
        finding
        for layer in catalogue.layers
        for finding in check_layer(layer, features[layer.id], context)
        if finding.severity == "error"
    ]
    if findings:
        raise ValidationFailed(findings)
    return Bundle(catalogue, plans, features, _readings(folder))


def _readings(folder: Path) -> Mapping[str, str]:
    path = folder / "search" / "readings.csv"
    return read_readings(path) if path.is_file() else {}


def _read_plan(outline: Path) -> PlanData:
    """Return what lies beside an outline; only the outline must be there."""
    folder = outline.parent
    sentences, indicators, statements = (
        folder / name for name in ("sentences.csv", "indicators.json", "statements.json")
    )
    known, reviewed = read_sentences(sentences) if sentences.is_file() else ([], frozenset())
    plan = read_outline(outline)
    return PlanData(
        outline=plan,
        sentences=tuple(known),
        reviewed=reviewed,
        indicators=read_indicators(indicators) if indicators.is_file() else no_indicators(plan.id),
        statements=tuple(read_statements(statements)) if statements.is_file() else (),
    )


def read_catalogue(path: Path) -> Catalogue:
    """Return the catalogue that a file declares.

    Raises
    ------
    DataInvalid
        If a member is missing, a schema is no JSON Schema, a check or a group is unknown.
    """
    document = read_json(path)
    try:
        layers = tuple(_layer(record, document["properties"]) for record in document["layers"])
        codes = {
            name: {code: Code(**entry) for code, entry in entries.items()}
            for name, entries in document["codes"].items()
        }
        groups = tuple(Group(**each) for each in document.get("groups", ()))
        texts = {key: str(document[key]) for key in _TEXTS}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataInvalid(f"{path.name}: a declaration is incomplete ({error}).") from error
    _refuse_unknown_groups(layers, groups)
    return Catalogue(**texts, codes=codes, layers=layers, groups=groups)


def _refuse_unknown_groups(layers: tuple[Layer, ...], groups: tuple[Group, ...]) -> None:
    known = {group.id for group in groups}
    for layer in layers:
        if layer.group is not None and layer.group not in known:
            raise DataInvalid(
                f"catalog.json, layer {layer.id}: there is no group {layer.group}; "
                f"name it in groups or take it out."
            )


def _layer(record: dict[str, Any], common: dict[str, Any]) -> Layer:
    schema = _schema(record, common)
    checks = tuple(record["checks"])
    if unknown := {check.partition(":")[0] for check in checks} - known_checks():
        raise DataInvalid(
            f"catalog.json, layer {record['id']}: no check is called {', '.join(sorted(unknown))}."
        )
    known = {name: record[name] for name in _PLAIN_MEMBERS}
    types = tuple(record["geometry_types"])
    optional = {name: record[name] for name in _OPTIONAL_MEMBERS if name in record}
    return Layer(**known, **optional, geometry_types=types, schema=schema, checks=checks)


def _schema(record: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a layer's properties: the common ones, then its own.

    A layer that says ``"common": false`` has its own only: an office's table as it is.
    """
    own = record["schema"]
    common = common if record.get("common", True) else {}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": record["title"],
        "type": "object",
        "properties": common | own["properties"],
        "required": [*common, *own.get("required", ())],
        "additionalProperties": False,
    }
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise DataInvalid(
            f"catalog.json, layer {record['id']}: not a JSON Schema ({error.message})."
        ) from error
    return schema


_TEXTS = (
    "title",
    "title_en",
    "description",
    "description_en",
    "district",
    "district_en",
    "tagline",
    "tagline_en",
    "plan",
)
_OPTIONAL_MEMBERS = ("group", "id_column", "access", "if_match", "review")
_PLAIN_MEMBERS = (
    "id",
    "file",
    "title",
    "title_en",
    "description",
    "description_en",
    "attribution",
    "attribution_en",
    "licence",
    "geometry_required",
    "label",
    "style",
)
