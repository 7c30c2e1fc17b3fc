"""Everything the domain can refuse to do.

::

    AtlasError
    ├── NotFound              an id that names nothing
    │   └── Withdrawn         what was public once and is no longer
    ├── InvalidParameter      a value that a caller gave
    ├── CrsError              coordinates in a system that the operation cannot take
    ├── DataInvalid           published data or a source file is not what it must be
    │   └── ValidationFailed  the same, with the findings
    ├── NotAllowed            somebody who is not known, or may not do this
    ├── LockedOut             too many attempts to log in
    ├── RevisionConflict      a publish based on a revision that is no longer the head
    │   ├── StaleEdit         an edit of a feature that has been changed since it was read
    │   └── Taken             a name that something else has already
    ├── NotFresh              a replica has not caught up with what is asked for
    ├── PrintingUnavailable   a sheet cannot be drawn now, or not where the atlas runs
    ├── SiteRefused           a static site cannot be written where, or as, it was asked for
    └── StoreUnavailable      the store cannot be opened, read or written

Each carries a stable `code`, one sentence that can be shown to a person, and where it happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class AtlasError(Exception):
    """Base of every refusal.

    Parameters
    ----------
    sentence : str
        One sentence that says what is wrong, where, and how to mend it.
    """

    code: ClassVar[str] = "atlas-error"
    exit_status: ClassVar[int] = 1

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(AtlasError):
    """An id names nothing that is published."""

    code = "not-found"
    exit_status = 4


class Withdrawn(NotFound):
    """What is asked for was public once, and is not shown any more."""

    code = "withdrawn"


class InvalidParameter(AtlasError):
    """A value given by the caller cannot be used.

    Parameters
    ----------
    parameter : str
        The name under which the caller gave the value.
    sentence : str
        What is wrong with it, and what would be right.
    """

    code = "invalid-parameter"
    exit_status = 2

    def __init__(self, parameter: str, sentence: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


class CrsError(AtlasError):
    """Coordinates are in a reference system that the operation cannot take."""

    code = "crs"
    exit_status = 5


class DataInvalid(AtlasError):
    """A file of published or source data is not what it must be."""

    code = "data-invalid"
    exit_status = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks one rule, and how to mend it.

    Attributes
    ----------
    rule : str
        Stable code of the rule.
    severity : str
        ``error`` (nothing can be published), ``warning`` (a reason is asked for), ``note``.
    place : tuple of float or None
        Longitude and latitude in degrees.
    value : str
        What stands there now, shortened.
    row : int or None
        In the file that was read, from 1.
    repair : Mapping or None
        GeoJSON geometry that is proposed instead; never applied unasked.
    """

    rule: str
    file: str
    feature_id: str | None
    field: str
    message: str
    remedy: str
    severity: Literal["error", "warning", "note"] = "error"
    place: tuple[float, float] | None = None
    value: str = ""
    row: int | None = None
    repair: Mapping[str, Any] | None = None

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Finding:
        """Return a finding that was kept as JSON, which knows no tuples."""
        place = record["place"]
        return cls(**record | {"place": place and (place[0], place[1])})

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row is not None else ""
        feature = f", feature {self.feature_id}" if self.feature_id else ""
        field = f', field "{self.field}"' if self.field else ""
        return f"{self.file}{row}{feature}{field}: {self.message} {self.remedy}".strip()


class ValidationFailed(DataInvalid):
    """Data breaks at least one rule.

    Parameters
    ----------
    findings : sequence of Finding
        At least one; the sentence lists them all, a line each.
    """

    code = "validation-failed"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class RevisionConflict(AtlasError):
    """A publish is based on a revision that is no longer the head of its layer."""

    code = "revision-conflict"
    exit_status = 6


class StaleEdit(RevisionConflict):
    """An edit is based on a state of a feature that is no longer published."""

    code = "stale-edit"


class Taken(RevisionConflict):
    """An id, or the key of an edit, is that of something else already."""

    code = "taken"


class NotAllowed(AtlasError):
    """Somebody is not known, or may not do what they ask for.

    Parameters
    ----------
    known : bool
        Whether it is known who asks.
    """

    code = "not-allowed"
    exit_status = 8

    def __init__(self, sentence: str, *, known: bool) -> None:
        super().__init__(sentence)
        self.known = known


class LockedOut(AtlasError):
    """There were too many attempts to log in under a name.

    Parameters
    ----------
    wait_s : int
        Seconds until the next one is looked at.
    """

    code = "locked-out"
    exit_status = 8

    def __init__(self, wait_s: int) -> None:
        minutes = -(-wait_s // 60)
        super().__init__(
            f"There were too many attempts to log in under this name; try again in {minutes} min."
        )
        self.wait_s = wait_s


class NotFresh(AtlasError):
    """What is asked for was published, but has not arrived here yet."""

    code = "not-fresh"
    exit_status = 7


class PrintingUnavailable(AtlasError):
    """A sheet cannot be drawn: no font, no turn, too much time or memory."""

    code = "printing-unavailable"


class BasemapUnavailable(AtlasError):
    """The pictures of a basemap on this machine cannot be read now."""

    code = "basemap-unavailable"


class SiteRefused(AtlasError):
    """A static site cannot be complete, or would take the place of something else."""

    code = "site-refused"


class StoreUnavailable(AtlasError):
    """The store cannot be opened, read or written."""

    code = "store-unavailable"
    exit_status = 7
