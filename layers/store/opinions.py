"""What the public says, as the store keeps it; every change is a row of the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args

import sqlalchemy as sa

from layers.errors import InvalidParameter, NotFound

from . import schema
from .audit import take_turn, write_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drafts import Connecting

OpinionKind: TypeAlias = Literal["problem", "opinion"]
Status: TypeAlias = Literal["open", "answered", "closed", "erased"]
KINDS: tuple[OpinionKind, ...] = get_args(OpinionKind)
STATUSES: tuple[Status, ...] = get_args(Status)

PUBLIC = "public"
"""Who the log says has done what somebody without an account did."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody said about one thing.

    Attributes
    ----------
    number : int
        Given by the store, from 1.
    receipt : str
        SHA-256 of the receipt number, which only its owner has.
    challenge : str
        What names the question that was answered to send it; each is good for one opinion.
    layer, subject : str
        A collection and a feature's id; ``plan:ID`` and a paragraph's id; ``pin:`` and a place.
    text : str or None
        As it was typed; None once it is erased.
    consent : str
        Version of the words that were agreed to.
    answer : str or None
        To whoever has the receipt.
    summary : str or None
        In the words of staff, the only part that becomes public.
    """

    number: int
    receipt: str
    challenge: str
    kind: OpinionKind
    layer: str
    subject: str
    text: str | None
    consent: str
    created: datetime
    status: Status = "open"
    answer: str | None = None
    summary: str | None = None
    answered: datetime | None = None
    closed: datetime | None = None

    @property
    def ref(self) -> str:
        """The subject as one word."""
        return f"{self.layer}/{self.subject}"


class Waiting(NamedTuple):
    """How many opinions nobody has answered, and when the oldest of them came."""

    open: int
    oldest: datetime | None


class Opinions:
    """The opinions of a store.

    Parameters
    ----------
    reading, writing : callable
        Open a transaction.
    """

    def __init__(self, reading: Connecting, writing: Connecting) -> None:
        self._reading = reading
        self._writing = writing

    def add(self, opinion: Opinion, sealed: str | None) -> Opinion:
        """Store an opinion and how its author can be reached; its number is given here.

        Raises
        ------
        InvalidParameter
            If the question was answered for another one before.
        """
        table = schema.opinion
        same = sa.select(table.c.number).where(table.c.challenge == opinion.challenge)
        with self._writing() as connection:
            take_turn(connection)
            if connection.execute(same).first() is not None:
                raise InvalidParameter("token", "This form was sent before; open it again.")
            number = (connection.execute(sa.select(sa.func.max(table.c.number))).scalar() or 0) + 1
            added = replace(opinion, number=number)
            connection.execute(table.insert().values(_values(added)))
            if sealed is not None:
                contact = schema.opinion_contact.insert()
                connection.execute(contact.values(opinion=number, sealed=sealed))
            detail = f"{added.kind}, {added.ref}, consent {added.consent}"
            _log(connection, added.created, PUBLIC, "receive opinion", number, detail)
        return added

    def chosen(
        self, status: str = "", kind: str = "", layer: str = "", before: int | None = None
    ) -> list[Opinion]:
        """Return opinions, the newest first; an empty text stands for any."""
        table = schema.opinion
        query = sa.select(table).order_by(table.c.number.desc())
        given = ((table.c.status, status), (table.c.kind, kind), (table.c.layer, layer))
        for column, value in given:
            query = query.where(column == value) if value else query
        if before is not None:
            query = query.where(table.c.number < before)
        with self._reading() as connection:
            return [_opinion(row) for row in connection.execute(query)]

    def waiting(self) -> Waiting:
        """Return how many are open, and since when."""
        table = schema.opinion
        query = sa.select(sa.func.count(), sa.func.min(table.c.created)).where(
            table.c.status == "open"
        )
        with self._reading() as connection:
            count, oldest = connection.execute(query).one()
        return Waiting(int(count), None if oldest is None else datetime.fromisoformat(oldest))

    def get(self, number: int) -> Opinion:
        """Return an opinion.

        Raises
        ------
        NotFound
            If there is none of this number.
        """
        found = self._find(schema.opinion.c.number == number)
        if found is None:
            raise NotFound(f"There is no report {number}.")
        return found

    def find(self, receipt: str) -> Opinion | None:
        """Return the opinion of a receipt's SHA-256; None if there is none."""
        return self._find(schema.opinion.c.receipt == receipt)

    def summaries(self, layer: str | None = None, subject: str | None = None) -> list[Opinion]:
        """Return the opinions with a public summary, the newest first, of one subject or all."""
        table = schema.opinion
        query = sa.select(table).where(table.c.summary.is_not(None))
        if layer is not None:
            query = query.where(table.c.layer == layer, table.c.subject == subject)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.c.answered.desc(), table.c.number))
            return [_opinion(row) for row in rows]

    def change(self, opinion: Opinion, *, author: str, now: datetime, what: str) -> None:
        """Store an opinion as it is now.

        Parameters
        ----------
        what : str
            For the log; never what was said.

        Raises
        ------
        InvalidParameter
            If it was erased in the meantime.
        """
        table = schema.opinion
        values = {k: v for k, v in _values(opinion).items() if k in _CHANGING}
        which = (table.c.number == opinion.number) & (table.c.status != "erased")
        with self._writing() as connection:
            take_turn(connection)
            if connection.execute(table.update().where(which).values(values)).rowcount == 0:
                raise InvalidParameter("report", "It has been erased, and cannot be answered.")
            _log(connection, now, author, what, opinion.number, "")

    def erase(self, number: int, *, author: str, now: datetime) -> None:
        """Remove all that was said in an opinion and to it; number, kind and subject stay."""
        table, contact = schema.opinion, schema.opinion_contact
        gone = {"text": None, "answer": None, "summary": None, "status": "erased"}
        which = (table.c.number == number) & (table.c.status != "erased")
        with self._writing() as connection:
            take_turn(connection)
            erased = connection.execute(table.update().where(which).values(gone)).rowcount
            if erased == 0:
                connection.rollback()
                return
            mine = contact.c.opinion == number
            connection.execute(contact.update().where(mine).values(sealed=None))
            _log(connection, now, author, "erase opinion", number, "")

    def has_contact(self, number: int) -> bool:
        """Tell whether it is known how to reach whoever sent an opinion."""
        return self._sealed(number) is not None

    def contact(self, number: int, *, author: str, now: datetime) -> str | None:
        """Return how to reach somebody, still encrypted; that it was looked at is logged."""
        sealed = self._sealed(number)
        if sealed is not None:
            with self._writing() as connection:
                take_turn(connection)
                _log(connection, now, author, "view contact", number, "")
        return sealed

    def erase_contacts(self, until: datetime, *, now: datetime) -> int:
        """Erase how to reach those whose opinions were closed before a moment; returns how many."""
        table, contact = schema.opinion, schema.opinion_contact
        old = sa.select(table.c.number).where(table.c.closed < _text(until))
        which = contact.c.sealed.is_not(None) & contact.c.opinion.in_(old)
        with self._reading() as connection:
            if connection.execute(sa.select(contact.c.opinion).where(which)).first() is None:
                return 0
        with self._writing() as connection:
            take_turn(connection)
            numbers = list(connection.execute(sa.select(contact.c.opinion).where(which)).scalars())
            connection.execute(contact.update().where(which).values(sealed=None))
            for number in numbers:
                _log(connection, now, "atlas", "erase contact", number, "kept long enough")
        return len(numbers)

    def _sealed(self, number: int) -> str | None:
        table = schema.opinion_contact
        query = sa.select(table.c.sealed).where(table.c.opinion == number)
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def _find(self, which: sa.ColumnElement[bool]) -> Opinion | None:
        with self._reading() as connection:
            row = connection.execute(sa.select(schema.opinion).where(which)).first()
        return None if row is None else _opinion(row)


def opinion_faults(connection: sa.Connection) -> Iterator[str]:
    """Yield what is wrong with the opinions, a sentence each."""
    table, contact, log = schema.opinion, schema.opinion_contact, schema.audit
    logged = sa.select(log.c.subject).where(log.c.action == "receive opinion")
    received = set(connection.execute(logged).scalars())
    rows = connection.execute(sa.select(table.c.number, table.c.status, table.c.text)).all()
    for row in rows:
        if row.status not in STATUSES:
            yield f"Opinion {row.number}: there is no state {row.status}."
        if (row.status == "erased") != (row.text is None):
            yield f"Opinion {row.number}: it is {row.status}, but its text says otherwise."
    there = {f"opinion/{row.number}" for row in rows}
    for subject in sorted(received ^ there):
        yield f"{subject}: the log and the opinions do not agree that it was received."
    erased = {row.number for row in rows if row.status == "erased"}
    left = sa.select(contact.c.opinion).where(contact.c.sealed.is_not(None))
    for number in connection.execute(left.order_by(contact.c.opinion)).scalars():
        if number in erased:
            yield f"Opinion {number}: it is erased, but how to reach its author is not."


_CHANGING = frozenset(["status", "answer", "summary", "answered", "closed"])


def _log(
    connection: sa.Connection, now: datetime, author: str, action: str, number: int, detail: str
) -> None:
    write_log(connection, now, author, action, f"opinion/{number}", detail)


def _values(opinion: Opinion) -> dict[str, Any]:
    values = {column.name: getattr(opinion, column.name) for column in schema.opinion.c}
    for name in ("created", "answered", "closed"):
        values[name] = None if values[name] is None else _text(values[name])
    return values


def _opinion(row: Any) -> Opinion:
    values = dict(row._mapping)
    for name in ("created", "answered", "closed"):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    values["kind"] = cast("OpinionKind", values["kind"])
    return Opinion(**values)


def _text(moment: datetime) -> str:
    """Return a moment so that texts sort as moments do."""
    return moment.isoformat(timespec="microseconds")
