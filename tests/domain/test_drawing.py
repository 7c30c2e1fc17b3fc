"""Drawing in a draft: each change is an edit, neighbours follow, nobody overwrites anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from layers.accounts import Account
from layers.catalogue import read_bundle
from layers.drawing import Step, begin, changes_since, check_drawn, cut, save
from layers.errors import InvalidParameter, NotFound, RevisionConflict, StaleEdit, ValidationFailed
from layers.model import BBox, Feature
from layers.publishing import layer_of, seed_store
from layers.review import submit
from layers.sheets import open_base, open_sheet
from layers.store import ChangeSet, Store

WANG, LI = (Account(name, name, "editor", "", datetime.now(UTC)) for name in ("wang", "li"))


@pytest.fixture
def bundle(parcels):
    return read_bundle(parcels)


@pytest.fixture
def store(store_address, bundle, grid):
    store = Store(store_address)
    seed_store(store, bundle)
    publish(store, "parcels", *grid)
    yield store
    store.close()


def publish(store, layer_id, *put):
    return store.publish(
        layer_id,
        ChangeSet(put, (), {}),
        base=store.head(layer_id),
        kind="publish",
        author="x",
        message="x",
    )


class Page:
    """What one person sees of a draft, and does in it."""

    def __init__(self, store, bundle, by, layer_id="parcels", draft=None):
        self.store, self.bundle, self.by = store, bundle, by
        self.layer = layer_of(bundle, layer_id)
        self.draft = draft or begin(store, bundle, layer_id, by)
        self.seen = self.sheet.number

    @property
    def sheet(self):
        base = open_base(self.store, self.layer, self.draft.base)
        return open_sheet(self.store, base, self.draft)

    def save(self, *steps, shared=False):
        asked = [Step(*each) if isinstance(each, tuple) else Step(each.id, each) for each in steps]
        saved = save(
            self.store, self.sheet, self.draft, asked, by=self.by, seen=self.seen, shared=shared
        )
        self.seen = saved.number
        return saved

    def reshape(self, feature_id, geometry, *, shared=True):
        feature = self.sheet.feature(feature_id)
        return self.save(replace(feature, geometry=geometry), shared=shared)

    def rules(self, feature):
        return {each.rule for each in check_drawn(self.store, self.bundle, self.sheet, feature)}

    def geometry(self, feature_id):
        return self.sheet.feature(feature_id).geometry


@pytest.fixture
def page(store, bundle):
    return Page(store, bundle, WANG)


@pytest.fixture
def colleague(store, bundle, page):
    return Page(store, bundle, LI, draft=page.draft)


def parcel(feature_id, geometry):
    return Feature(feature_id, geometry, {"地块编号": feature_id, "用地代码": "R2"})


NEW = parcel("new", box(116.9, 36.55, 116.905, 36.555))


def test_a_draft_is_begun_once_and_changes_nothing_until_something_is_drawn(store, bundle, page):
    again = begin(store, bundle, "parcels", WANG)

    assert again == page.draft
    assert (again.source, again.crs, again.status) == ("drawn", "CRS84", "open")
    assert store.drafts.changes(again) == ChangeSet((), (), {})
    assert begin(store, bundle, "parcels", LI).number != again.number


def test_a_draft_of_an_unknown_layer_is_not_begun(store, bundle):
    with pytest.raises(NotFound):
        begin(store, bundle, "nowhere", WANG)


def test_a_draft_that_is_continued_is_brought_to_the_head(store, bundle, page, grid):
    page.save(NEW)
    publish(store, "parcels", replace(grid[5], geometry=grid[5].geometry.buffer(-0.0001)))

    draft = begin(store, bundle, "parcels", WANG)

    assert draft.base == store.head("parcels").number
    assert [each.id for each in store.drafts.changes(draft).put] == ["new"]


def test_what_is_drawn_is_in_the_draft_and_not_published(store, page):
    saved = page.save(NEW)

    assert (saved.number, saved.others) == (1, ())
    assert page.sheet.feature("new") == NEW
    assert page.sheet.count == 13
    assert store.feature(store.head("parcels"), "new") is None


def test_coordinates_are_kept_to_the_published_decimals(page):
    page.save(parcel("new", Point(116.912345678901, 36.5)))
    assert page.geometry("new") == Point(116.9123457, 36.5)


def test_what_is_taken_back_is_an_edit_too_and_leaves_no_change(store, page, grid):
    first = grid[0]
    page.save(replace(first, properties={**first.properties, "面积": 7.0}))
    page.save((grid[1].id, None))
    page.save(NEW)

    page.save(first)
    page.save(grid[1])
    page.save(("new", None))

    assert len(store.drafts.edits(page.draft)) == 6
    assert store.drafts.changes(page.draft) == ChangeSet((), (), {})
    assert [each.id for each in sorted(page.sheet.all(), key=lambda each: each.id)] == [
        each.id for each in grid
    ]


def test_a_change_that_is_sent_twice_is_made_once(store, page):
    page.save(NEW)
    page.seen = 0
    assert page.save(NEW).number == 1
    assert len(store.drafts.edits(page.draft)) == 1


def test_the_second_of_two_who_change_one_feature_learns_who_was_first(page, colleague, grid):
    page.save(replace(grid[0], properties={**grid[0].properties, "面积": 1.0}))

    with pytest.raises(StaleEdit, match="wang"):
        colleague.save(replace(grid[0], properties={**grid[0].properties, "面积": 2.0}))

    assert page.sheet.feature(grid[0].id).properties["面积"] == 1.0


def test_whoever_saves_is_told_what_others_did_elsewhere(page, colleague, grid):
    page.save((grid[0].id, None))

    saved = colleague.save(NEW)

    assert [(edit.author, step) for edit, step in saved.others] == [
        ("wang", Step(grid[0].id, None))
    ]
    assert saved.number == 2


def test_what_was_done_meanwhile_is_told_as_it_is_now(store, page, colleague, grid):
    colleague.save(replace(grid[0], geometry=None))
    colleague.save(grid[0])

    number, others = changes_since(store, page.sheet.base, page.draft, 0)

    assert number == 2
    assert [(edit.author, step) for edit, step in others] == [("li", Step(grid[0].id, grid[0]))]


def test_nothing_is_drawn_in_a_draft_that_is_closed(store, page):
    store.drafts.close(page.draft, "discarded", author="wang")
    with pytest.raises(RevisionConflict):
        page.save(NEW)


def test_a_vertex_that_neighbours_share_moves_in_all_of_them(page, grid):
    moved = Polygon([(116.95, 36.55), (116.96, 36.55), (116.961, 36.561), (116.95, 36.56)])

    saved = page.reshape(grid[0].id, moved)

    assert {step.feature_id for step in saved.mine} == {"Z001", "Z002", "Z005", "Z006"}
    for each in ("Z002", "Z005", "Z006"):
        assert (116.961, 36.561) in page.geometry(each).exterior.coords[:]
    union = shapely.union_all([page.geometry(each.id) for each in grid])
    assert sum(page.geometry(each.id).area for each in grid) == pytest.approx(union.area)


def test_a_vertex_that_is_added_to_a_shared_edge_is_added_to_both(page, grid):
    bent = Polygon(
        [(116.95, 36.55), (116.96, 36.55), (116.962, 36.555), (116.96, 36.56), (116.95, 36.56)]
    )

    page.reshape(grid[0].id, bent)

    assert (116.962, 36.555) in page.geometry("Z002").exterior.coords[:]
    assert not page.geometry("Z001").overlaps(page.geometry("Z002"))

    page.reshape(grid[0].id, grid[0].geometry)
    again, before = page.geometry("Z002").normalize(), grid[1].geometry.normalize()
    assert again.equals_exact(before, 1e-9)


def test_neighbours_stay_where_nothing_is_shared(page, grid):
    moved = Polygon([(116.95, 36.55), (116.96, 36.55), (116.961, 36.561), (116.95, 36.56)])
    saved = page.reshape(grid[0].id, moved, shared=False)
    assert [step.feature_id for step in saved.mine] == ["Z001"]


def test_a_hole_and_a_first_place_move_no_neighbour(page, grid):
    holed = grid[0].geometry.difference(box(116.953, 36.553, 116.957, 36.557))
    assert [step.feature_id for step in page.reshape(grid[0].id, holed).mine] == ["Z001"]


def test_a_neighbour_that_somebody_has_changed_is_not_overwritten(page, colleague, grid):
    colleague.save(replace(grid[1], properties={**grid[1].properties, "面积": 1.0}))
    with pytest.raises(StaleEdit, match="li"):
        page.reshape(grid[0].id, Polygon([(116.95, 36.55), (116.97, 36.55), (116.96, 36.56)]))
    assert page.geometry(grid[0].id) == grid[0].geometry


def test_a_line_divides_an_area_and_its_neighbours_keep_their_edges(page, grid):
    steps = cut(page.sheet, "Z006", LineString([(116.955, 36.5651), (116.975, 36.5677)]))
    page.save(*steps)

    whole, piece = (page.sheet.feature(each) for each in ("Z006", steps[1].feature_id))
    assert piece.properties == {**grid[5].properties, "地块编号": piece.id}
    assert whole.geometry.area + piece.geometry.area == pytest.approx(grid[5].geometry.area)
    assert {each.feature_id for each in steps} == {"Z006", piece.id, "Z005", "Z007"}
    assert not {"overlap", "sliver-overlap", "sliver-gap"} & page.rules(piece)
    assert page.sheet.count == 13


def test_an_area_is_taken_out_of_another(page, grid):
    (step,) = cut(page.sheet, "Z001", box(116.953, 36.553, 116.957, 36.557))
    assert len(step.feature.geometry.interiors) == 1


def test_what_a_layer_holds_as_one_stays_one(page):
    steps = cut(page.sheet, "Z001", box(116.954, 36.54, 116.956, 36.57))
    assert [type(each.feature.geometry) for each in steps if each.feature_id == "Z001"] == [
        MultiPolygon
    ]


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        (LineString([(116.955, 36.555), (116.975, 36.555)]), "does not divide"),
        (box(116.9, 36.5, 117.0, 36.6), "Nothing is left"),
        (box(116.90, 36.50, 116.91, 36.51), "does not meet"),
        (Polygon([(116.95, 36.55), (116.96, 36.56), (116.96, 36.55), (116.95, 36.56)]), "valid"),
        (Point(116.955, 36.555), "with a line or with an area"),
    ],
)
def test_what_cannot_be_cut_is_said(page, tool, sentence):
    with pytest.raises(InvalidParameter, match=sentence):
        cut(page.sheet, "Z001", tool)


def test_faults_of_a_place_are_told_before_the_form_is_filled_in(page, grid):
    unnamed = Feature("new", box(116.955, 36.552, 116.965, 36.558), {"地块编号": "new"})
    assert {"attribute-missing", "overlap"} <= page.rules(unnamed)
    far = replace(unnamed, geometry=box(118.0, 36.0, 118.1, 36.1))
    assert "outside-district" in page.rules(far)
    bow = Polygon([(116.95, 36.55), (116.96, 36.56), (116.96, 36.55), (116.95, 36.56)])
    assert "self-intersection" in page.rules(replace(unnamed, geometry=bow))


def test_a_feature_is_checked_beside_one_that_is_not_valid(page, grid):
    bow = Polygon([(116.96, 36.55), (116.97, 36.56), (116.97, 36.55), (116.96, 36.56)])
    page.save(replace(grid[1], geometry=bow))
    assert page.rules(grid[0]) == set()


def test_only_what_concerns_a_feature_is_told_of_it(page, grid):
    page.save(parcel("a", box(116.955, 36.552, 116.965, 36.558)))
    assert page.rules(grid[11]) == set()
    assert "overlap" in page.rules(page.sheet.feature("Z001"))


def test_a_drawn_place_says_where_it_comes_from(store, bundle):
    page = Page(store, bundle, WANG, "places")
    known = next(each for each in page.sheet.all() if each.geometry is None)
    drawn = replace(known, geometry=Point(116.98, 36.62))
    page.save(drawn)

    assert "place-unstated" in page.rules(drawn)
    with pytest.raises(ValidationFailed) as refusal:
        submit(store, bundle, page.draft, WANG)
    assert {(each.rule, each.field) for each in refusal.value.findings} >= {
        ("place-unstated", "precision")
    }

    stated = {"geometry_source": "现场", "geometry_method": "量测", "precision": "P1"}
    page.save(replace(drawn, properties={**drawn.properties, **stated, "uncertainty_m": 5.0}))
    assert submit(store, bundle, page.draft, WANG).status == "submitted"


def test_features_are_found_by_place_and_by_name(page, grid):
    page.save(replace(grid[0], geometry=box(116.9, 36.5, 116.91, 36.51)))
    page.save((grid[1].id, None))

    near = page.sheet.near(BBox(116.951, 36.551, 116.975, 36.555))

    assert [each.id for each in near] == ["Z003"]
    assert [each.id for each in page.sheet.named("z00")] == [
        "Z001", *(f"Z00{n}" for n in range(3, 10))
    ]  # fmt: skip
    assert [each.id for each in page.sheet.named("（12号")] == ["Z012"]
