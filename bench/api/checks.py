"""Before anything is timed: whether every server gives the right answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .load import Client
from .peers import Ask, Tile
from .processes import Unusable

if TYPE_CHECKING:
    from .kinds import Kind
    from .peers import Site

_LOOKED_AT = 3


def check(kind: Kind, site: Site, ours: Site, asks: list[Ask] | list[Tile]) -> None:
    """Compare some answers of a server with ours: status, number of features, their total.

    In what order features come is each server's own, so that pages hold others of them; those in
    a box are compared one by one.

    Raises
    ------
    Unusable
        If one differs; the text says how.
    """
    with Client(site.base) as asked, Client(ours.base) as known:
        for ask in asks[:_LOOKED_AT]:
            path, expected = site.path(ask), ours.path(ask)
            if path is None or expected is None:
                raise Unusable("has no such thing")
            if isinstance(ask, Tile):
                _compare_tiles(asked.get(path), path)
            elif ask.revision:
                if asked.get(path)[0] != 200:
                    raise Unusable("has no such thing")
            else:
                _compare(ask, asked.json(path), known.json(expected), path)


def _compare(ask: Ask, given: Any, wanted: Any, path: str) -> None:
    if ask.item:
        if given.get("id") != ask.item or not given.get("geometry"):
            raise Unusable(f"answers {path} with {str(given)[:80]}")
        return
    got, expected = given["features"], wanted["features"]
    if len(got) != len(expected):
        raise Unusable(f"answers {path} with {len(got)} features, not {len(expected)}")
    total = given.get("numberMatched", wanted["numberMatched"])
    if total != wanted["numberMatched"]:
        raise Unusable(f"counts {total} for {path}, not {wanted['numberMatched']}")
    ids = {_id_of(each) for each in got}
    if ask.bbox and len(got) == total and ids != {each["id"] for each in expected}:
        raise Unusable(f"answers {path} with other features")
    if ask.equal and any(each["properties"][ask.equal[0]] != ask.equal[1] for each in got):
        raise Unusable(f"answers {path} with features that it does not ask for")


def _id_of(feature: dict[str, Any]) -> Any:
    return feature.get("id", feature["properties"].get("code"))


def _compare_tiles(answer: tuple[int, dict[str, str], bytes], path: str) -> None:
    status, _, body = answer
    if status != 200 or len(body) < 1000:
        raise Unusable(f"answers {path} with {status} and {len(body)} bytes")
