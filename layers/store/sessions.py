"""Who is logged in, and who has tried to be."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from layers.errors import LockedOut

from . import schema
from .audit import take_turn, write_log

if TYPE_CHECKING:
    from .drafts import Connecting

LONGEST = timedelta(hours=12)
"""After which a session ends, however busy it is."""

MOST_FAILURES = 5
WINDOW = timedelta(minutes=15)
"""So many failures in so much time, and a name is locked until the first of them is older."""

_SEEN_AGAIN = timedelta(minutes=1)
"""How often it is stored that a session is used."""

_FAILED, _SUCCEEDED, _REFUSED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in with a browser.

    Attributes
    ----------
    sha256 : str
        Of the secret in the browser's cookie, which is kept nowhere else.
    seen : datetime
        When it was last used, to a minute.
    """

    sha256: str
    account: str
    created: datetime
    seen: datetime


class Sessions:
    """The sessions of a store.

    Parameters
    ----------
    reading, writing : callable
        Open a transaction.
    """

    def __init__(self, reading: Connecting, writing: Connecting) -> None:
        self._reading = reading
        self._writing = writing

    def begin(self, account: str, now: datetime, how: str = "") -> str:
        """Begin a session and return the secret that the browser is to show.

        Parameters
        ----------
        how : str, optional
            For the log, where it was not with a password.
        """
        secret = secrets.token_urlsafe(32)
        with self._writing() as connection:
            take_turn(connection)
            connection.execute(
                schema.session.insert().values(
                    sha256=_digest(secret), account=account, created=_text(now), seen=_text(now)
                )
            )
            write_log(connection, now, account, "log in", account, how)
        return secret

    def find(self, secret: str, now: datetime, idle: timedelta) -> Session | None:
        """Return the session of a secret; None if there is none, or it has ended by itself.

        Parameters
        ----------
        idle : timedelta
            After which a session that is not used ends.
        """
        table = schema.session
        query = sa.select(table).where(table.c.sha256 == _digest(secret), table.c.ended.is_(None))
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        found = Session(row.sha256, row.account, _time(row.created), _time(row.seen))
        if now - found.created >= LONGEST or now - found.seen >= idle:
            return None
        if now - found.seen >= _SEEN_AGAIN:
            self._update(table.c.sha256 == found.sha256, seen=_text(now))
        return found

    def end(self, session: Session, now: datetime) -> None:
        """End a session: its owner has logged out."""
        table = schema.session
        with self._writing() as connection:
            take_turn(connection)
            ended = table.update().where(table.c.sha256 == session.sha256).values(ended=_text(now))
            connection.execute(ended)
            write_log(connection, now, session.account, "log out", session.account, "")

    def end_all(self, account: str, now: datetime) -> None:
        """End every session of somebody whose password or state has changed."""
        table = schema.session
        self._update((table.c.account == account) & table.c.ended.is_(None), ended=_text(now))

    def attempt(self, name: str, now: datetime) -> str:
        """Count an attempt to log in as a failure until `succeed` says otherwise; return its id.

        It is counted before the password is looked at, so that many at once gain nothing.

        Raises
        ------
        LockedOut
            If there were too many.
        """
        subject = hashlib.sha256(name.encode()).hexdigest()
        self._refuse(self._failures(subject, now)[:MOST_FAILURES], now)
        attempt = secrets.token_hex(16)
        with self._writing() as connection:
            values = {"id": attempt, "subject": subject, "time": _text(now), "outcome": _FAILED}
            connection.execute(schema.login_attempt.insert().values(values))
        counted = self._failures(subject, now)
        if len(counted) > MOST_FAILURES:
            self._settle(attempt, _REFUSED)
            self._refuse(counted[:MOST_FAILURES], now)
        return attempt

    def succeed(self, attempt: str) -> None:
        """Say that an attempt was no failure."""
        self._settle(attempt, _SUCCEEDED)

    def _failures(self, subject: str, now: datetime) -> list[datetime]:
        """Return when somebody failed since they last succeeded, the newest first."""
        table = schema.login_attempt
        query = (
            sa.select(table.c.time, table.c.outcome)
            .where(table.c.subject == subject, table.c.time > _text(now - WINDOW))
            .order_by(table.c.time.desc())
        )
        failures: list[datetime] = []
        with self._reading() as connection:
            for row in connection.execute(query):
                if row.outcome == _SUCCEEDED:
                    break
                if row.outcome == _FAILED:
                    failures.append(_time(row.time))
        return failures

    @staticmethod
    def _refuse(failures: list[datetime], now: datetime) -> None:
        if len(failures) >= MOST_FAILURES:
            wait = failures[-1] + WINDOW - now
            raise LockedOut(max(1, round(wait.total_seconds())))

    def _settle(self, attempt: str, outcome: int) -> None:
        table = schema.login_attempt
        with self._writing() as connection:
            connection.execute(table.update().where(table.c.id == attempt).values(outcome=outcome))

    def _update(self, which: sa.ColumnElement[bool], **values: Any) -> None:
        with self._writing() as connection:
            connection.execute(schema.session.update().where(which).values(**values))


def _digest(secret: str) -> str:
    """Return what is kept of a secret. It has 256 bits of its own, so it needs no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _text(moment: datetime) -> str:
    """Return a moment so that texts sort as moments do."""
    return moment.isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
