"""``atlas indicators``: what has come of the plan's figures."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from layers.errors import AtlasError

from .common import open_store, read_settings, stop

indicators = typer.Typer(no_args_is_help=True, help="Figures of the plan: enter actual values.")


@indicators.command()
def enter(
    series: Annotated[str, typer.Argument(help="Series, as /api/indicators names it: gdp.")],
    year: Annotated[int, typer.Argument(help="Year: 2021 to 2035.")],
    value: Annotated[float, typer.Argument(help="Value in the unit given.")],
    unit: Annotated[str, typer.Option(help="Unit of the value: 亿元.")],
    source: Annotated[str, typer.Option(help="Who published it, where and when.")],
) -> None:
    """Enter what a series came to in a year; a figure of the same year is replaced, and kept."""
    from layers.indicators import Actual
    from layers.publishing import enter_actual

    try:
        store, bundle = open_store(read_settings())
        known = bundle.plans[bundle.catalogue.plan].indicators
        actual = Actual(series, year, value, unit, source, getpass.getuser(), datetime.now(UTC))
        enter_actual(store, known, actual)
    except AtlasError as error:
        raise stop(str(error), error.exit_status) from None
    typer.echo(f"{series} {year}: {value:g} {unit}, from {source}")
