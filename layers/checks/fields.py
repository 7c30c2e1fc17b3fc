"""Rules for the values of a feature."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

from .rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jsonschema.exceptions import ValidationError

    from layers.errors import Finding
    from layers.model import Feature, Layer

    from .rules import Context

_CODES: Mapping[str, str] = {
    "required": "attribute-missing",
    "additionalProperties": "attribute-unknown",
    "type": "attribute-type",
    "enum": "attribute-code",
    "const": "attribute-code",
    "minimum": "attribute-range",
    "maximum": "attribute-range",
    "exclusiveMinimum": "attribute-range",
    "exclusiveMaximum": "attribute-range",
    "multipleOf": "attribute-range",
}
"""Keyword of JSON Schema → our rule; every other keyword is a question of form."""

_MARKUP = re.compile(r"<\s*[a-zA-Z/!][^>]*>|javascript:|&#?[a-zA-Z0-9]+;", re.IGNORECASE)
_NEVER_TEXT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]|锟斤拷|烫烫|屯屯"
)
_GBK_AS_LATIN = re.compile(r"[\u00a1-\u00fe]{4,}")
_CHINESE = re.compile(r"[\u3400-\u9fff（）“”、，。·\x20-\x7e]+")
INTERNAL = re.compile(
    "看守所|拘留所|戒毒所|监狱|军事|军产|军区|部队|武警|营房|武装部|人防|弹药|炸药|雷达|靶场|"
    "指挥所|变电站|换流站|油库|水源井|取水口"
)
"""Words of names that must not be on a public map before a person has cleared them."""

_SHOWN = 60


def check_ids(layer: Layer, features: Sequence[Feature], _context: Context) -> Iterator[Finding]:
    """Yield the ids that stand more than once."""
    known = {feature.id: feature for feature in features}
    for identifier, times in Counter(feature.id for feature in features).items():
        if times > 1:
            yield found(
                "duplicate-id",
                layer,
                known[identifier],
                "id",
                f"stands {times} times.",
                value=identifier,
            )


def check_schema(layer: Layer, features: Sequence[Feature], _context: Context) -> Iterator[Finding]:
    """Yield what the layer's JSON Schema refuses."""
    validator = Draft202012Validator(layer.schema, format_checker=FormatChecker())
    for feature in features:
        said = set()
        for error in validator.iter_errors(dict(feature.properties)):
            code = _CODES.get(str(error.validator), "attribute-form")
            field, reason = _field_of(error), _reason(error)
            # The validator reports each property that is missing; the first names them all.
            if (field, reason) in said:
                continue
            said.add((field, reason))
            yield found(code, layer, feature, field, reason, value=_short(error.instance))


def sound_part(layer: Layer, feature: Feature) -> Feature:
    """Return a feature without the properties that the layer's JSON Schema refuses.

    It has no geometry if that is not valid. What compares features then finds what it can take,
    or nothing.
    """
    validator = Draft202012Validator(layer.schema, format_checker=FormatChecker())
    broken: set[str] = set()
    for error in validator.iter_errors(dict(feature.properties)):
        broken |= {str(error.absolute_path[0])} if error.absolute_path else set()
    declared = layer.schema["properties"].keys() - broken
    kept = {name: value for name, value in feature.properties.items() if name in declared}
    shape = feature.geometry
    drawn = shape if shape is not None and shape.is_valid and not shape.is_empty else None
    return replace(feature, geometry=drawn, properties=kept)


def check_texts(layer: Layer, features: Sequence[Feature], _context: Context) -> Iterator[Finding]:
    """Yield texts that are damaged, hold markup, or name what must stay internal."""
    for feature in features:
        for field, text in _texts(feature.properties):
            if damage := _damage(text):
                yield found(
                    "encoding-damaged",
                    layer,
                    feature,
                    field,
                    f"{text[:20]!r} {damage}.",
                    value=_short(text),
                )
            elif match := _MARKUP.search(text):
                yield found(
                    "markup", layer, feature, field, f"holds {match[0][:20]!r}.", value=_short(text)
                )
        if layer.is_public(feature):
            yield from _internal_names(layer, feature)


def _internal_names(layer: Layer, feature: Feature) -> Iterator[Finding]:
    aliases = feature.properties.get("aliases")
    others = (
        [each for each in aliases if isinstance(each, str)] if isinstance(aliases, list) else []
    )
    for name in dict.fromkeys([layer.name_of(feature), *others]):
        if match := INTERNAL.search(str(name)):
            message = f"“{name}” is public, but names with “{match[0]}” must not be."
            yield found("internal-name", layer, feature, layer.label, message, value=_short(name))


def _texts(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(member, field or str(key))
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member, field)


def _damage(text: str) -> str | None:
    """Say how a text was damaged; None if it looks sound."""
    if text.isascii() and text.isprintable():
        return None
    if _NEVER_TEXT.search(text):
        return "holds signs that stand for lost characters"
    if _rereads(text, "gb18030", "utf-8"):
        return "is UTF-8 that was read as GBK"
    if _rereads(text, "latin-1", "utf-8") or _rereads(text, "cp1252", "utf-8"):
        return "is UTF-8 that was read as Latin-1"
    if (match := _GBK_AS_LATIN.search(text)) and _rereads(match[0], "latin-1", "gb18030"):
        return "is GBK that was read as Latin-1"
    return None


def _rereads(text: str, wrong: str, right: str) -> bool:
    """Tell whether a text becomes Chinese if its bytes are read in another encoding."""
    try:
        again = text.encode(wrong).decode(right)
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False
    return again != text and not again.isascii() and _CHINESE.fullmatch(again) is not None


def _field_of(error: ValidationError) -> str:
    if error.absolute_path:
        return ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        return ", ".join(sorted(set(error.validator_value) - set(error.instance)))
    if error.validator == "additionalProperties":
        return ", ".join(sorted(set(error.instance) - set(error.schema.get("properties", {}))))
    return "properties"


def _reason(error: ValidationError) -> str:
    shown = _short(error.instance)
    match error.validator:
        case "required":
            return "is missing."
        case "additionalProperties":
            return "is not declared in the catalogue."
        case "enum":
            allowed = ", ".join(str(code) for code in error.validator_value)
            return f"{shown} is not one of {allowed}."
        case "type":
            return f"{shown} must be of type {error.validator_value}."
        case _:
            return f"{shown} breaks {error.validator}: {error.validator_value}."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
