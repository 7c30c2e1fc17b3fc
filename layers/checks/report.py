"""What the checks found, as text, JSON, a table of faults, and places on a map."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from layers.errors import InvalidParameter, ValidationFailed

from .rules import RULES, Accepted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.errors import Finding

_COLUMNS = ("severity", "rule", "file", "row", "feature", "field", "value", "message", "remedy")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found in a layer's features.

    Attributes
    ----------
    findings : tuple of Finding
        Errors first.
    checked : int
        Features that were looked at.
    """

    layer_id: str
    findings: tuple[Finding, ...]
    checked: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that no reason lets pass."""
        return tuple(each for each in self.findings if each.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that a person may let pass with a reason."""
        return tuple(each for each in self.findings if each.severity == "warning")

    def counts(self) -> dict[str, int]:
        """Return how often each rule found something, the most frequent first."""
        return dict(Counter(each.rule for each in self.findings).most_common())

    def accept(self, reason: str) -> Accepted | None:
        """Let the warnings pass.

        Returns
        -------
        Accepted or None
            What is to be logged; None if there are no warnings.

        Raises
        ------
        ValidationFailed
            If there is an error.
        InvalidParameter
            If there is a warning and no reason.
        """
        self.refuse_errors()
        if not self.warnings:
            return None
        if not reason.strip():
            listed = "\n".join(str(each) for each in self.warnings[:_MOST_SHOWN])
            raise InvalidParameter(
                "reason",
                f"{listed}\n{len(self.warnings)} warnings need a reason to pass: {self._tally()}.",
            )
        return Accepted(dict(Counter(each.rule for each in self.warnings)), reason.strip())

    def refuse_errors(self) -> None:
        """Do nothing if there is no error.

        Raises
        ------
        ValidationFailed
            With the errors.
        """
        if self.errors:
            raise ValidationFailed(self.errors)

    def text(self) -> str:
        """Return the report in lines: one for each finding, grouped by rule, and a tally."""
        lines = []
        for code, times in self.counts().items():
            rule = RULES.get(code)
            title = f"{rule.title} {rule.title_en}" if rule else code
            severity = next(each.severity for each in self.findings if each.rule == code)
            lines.append(f"{severity} {code}: {title} ({times})")
            if rule:
                lines.append(f"  cause: {rule.cause_en}")
                lines.append(f"  cure: {rule.cure_en}")
            lines += [f"  {_line(each)}" for each in self.findings if each.rule == code]
        return "\n".join([*lines, f"{self.layer_id}: {self.checked} features, {self._tally()}"])

    def document(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return {
            "layer": self.layer_id,
            "checked": self.checked,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "rules": [_rule_document(code, times) for code, times in self.counts().items()],
            "findings": [
                _record(each) | {"place": each.place and list(each.place), "repair": each.repair}
                for each in self.findings
            ],
        }

    def table(self) -> str:
        """Return the findings as CSV, a row each, with a byte-order mark for spreadsheets."""
        sink = io.StringIO()
        writer = csv.writer(sink)
        writer.writerow([*_COLUMNS, "longitude", "latitude"])
        for each in self.findings:
            cells = [_harmless(cell) for cell in _record(each).values()]
            writer.writerow([*cells, *(each.place or ("", ""))])
        return "\ufeff" + sink.getvalue()

    def places(self) -> dict[str, Any]:
        """Return the findings as a GeoJSON FeatureCollection of points, null where unknown."""
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": each.place
                    and {"type": "Point", "coordinates": [round(x, 7) for x in each.place]},
                    "properties": _record(each),
                }
                for each in self.findings
            ],
        }

    def _tally(self) -> str:
        if not self.findings:
            return "no faults"
        return ", ".join(f"{code} {times}" for code, times in self.counts().items())


_MOST_SHOWN = 20
_SEVERITIES = ("error", "warning", "note")


def make_report(
    layer_id: str,
    findings: Sequence[Finding],
    ids: Sequence[str],
    rows: Mapping[str, int] | None = None,
) -> Report:
    """Return a report of findings, errors first.

    Parameters
    ----------
    ids : sequence of str
        Of the features that were looked at.
    rows : Mapping, optional
        Where each feature stands in the file that was read.
    """
    known = rows or {}
    placed = [
        each if each.row is not None else replace(each, row=known.get(each.feature_id or ""))
        for each in findings
    ]
    placed.sort(key=lambda each: _SEVERITIES.index(each.severity))
    return Report(layer_id, tuple(placed), len(ids))


def _line(finding: Finding) -> str:
    place = f" at {finding.place[0]:.6f}, {finding.place[1]:.6f}" if finding.place else ""
    row = f"row {finding.row}, " if finding.row is not None else ""
    feature = f"feature {finding.feature_id}, " if finding.feature_id else ""
    where = f'{row}{feature}field "{finding.field}"{place}: ' if finding.field else ""
    return f"{where}{finding.message}"


def _record(finding: Finding) -> dict[str, Any]:
    values = (
        finding.severity,
        finding.rule,
        finding.file,
        finding.row,
        finding.feature_id,
        finding.field,
        finding.value,
        finding.message,
        finding.remedy,
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _rule_document(code: str, times: int) -> dict[str, Any]:
    rule = RULES.get(code)
    return {"count": times} | (rule._asdict() if rule else {"code": code})


def _harmless(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{cell}"
    return "" if cell is None else cell
