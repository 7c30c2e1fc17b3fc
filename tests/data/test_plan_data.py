"""What is shipped of the plan: no mention is uncited, no sentence unread, no figure astray.

The plan's text is not part of the atlas. Where it lies beside the checkout every promise is held
against it; elsewhere against what was recorded of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.catalogue import bundled_data, read_bundle
from layers.comparison import check_citations
from layers.document import name_references, take_document
from layers.linking import Linker, uncited
from layers.plan import Citation, decode_plan, parse_plan
from layers.publishing import check_words

PLAN = "shizhong-14-5"
TEXT = Path(__file__).parents[3] / "shared" / "plan" / "shizhong-14th-five-year-plan.txt"


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(bundled_data())


@pytest.fixture(scope="module")
def data(bundle):
    return bundle.plans[PLAN]


@pytest.fixture(scope="module")
def features(bundle):
    return {
        f"{layer_id}/{feature.id}": feature
        for layer_id, members in bundle.features.items()
        for feature in members
    }


@pytest.fixture(scope="module")
def citations(features):
    return [
        (ref, Citation(**record))
        for ref, feature in features.items()
        for record in feature.properties["citations"]
    ]


@pytest.fixture(scope="module")
def text():
    """Return the plan's text taken apart, None where it is not at hand."""
    return parse_plan(decode_plan(TEXT.read_bytes())[0]) if TEXT.is_file() else None


def test_every_name_and_alias_in_the_text_is_cited(text, features, citations, data):
    if text is None:
        assert all(citation.end <= data.outline.characters for _, citation in citations)
        return
    linker = Linker(name_references(features))
    missing = [
        (passage.id, mention.ref)
        for passage in text.passages
        for mention in uncited(
            [
                each._replace(start=each.start + passage.start, end=each.end + passage.start)
                for each in linker.mentions(passage.text)
            ],
            citations,
        )
    ]
    assert missing == []


def test_every_citation_reads_in_the_text_what_it_quotes(text, citations, data):
    everything = [
        *citations,
        *((each.id, each.citation) for each in data.indicators.indicators),
        *((each.id, cited) for each in data.statements for cited in each.citations),
    ]
    assert len(everything) > 800
    assert all(citation.digest for _, citation in everything)
    if text is not None:
        assert check_citations(everything, text, "data") == []


def test_the_outline_and_the_sentences_are_those_of_the_text(text, data):
    assert len(data.sentences) == 807
    if text is not None:
        assert text.sha256 == data.outline.sha256
        assert text.chapters == data.outline.chapters
        assert tuple(text.sentences()) == data.sentences


def test_no_sentence_is_left_to_do(data, features):
    public = {ref: f for ref, f in features.items() if f.properties["access"] == "public"}
    document = take_document(PLAN, data, None, None, None, public)
    counts = document.ledger.counts()
    assert counts["todo"] == 0
    assert sum(counts.values()) == len(data.sentences)
    assert counts["mapped"] > 0 < counts["partly"]


def test_there_are_eighty_figures_each_with_a_number_in_its_citation(data):
    indicators = data.indicators.indicators
    assert len(indicators) == 80
    for each in indicators:
        start, end = each.value_range
        assert each.citation.start <= start < end <= each.citation.end, each.id
    assert {each.period for each in indicators} == {"2016-2020", "2020", "2025"}


def test_every_party_of_a_statement_is_a_feature_or_only_words(data, features):
    ids = {feature.id for feature in features.values()}
    for statement in data.statements:
        for party in (statement.subject, *statement.objects):
            assert party.id is None or party.id in ids, (statement.id, party)
            assert party.words


def test_no_spatial_statement_fails(data, features):
    results = check_words(data.statements, features.values())
    assert [(r.statement.id, r.reason_en) for r in results if r.outcome == "fails"] == []
    assert sum(result.outcome == "holds" for result in results) >= 30


def test_no_sentence_of_the_plan_is_committed(text):
    """Names and figures are facts; a run of the text longer than any name is a copy."""
    longest = 45
    files = [path for path in bundled_data().rglob("*") if path.suffix in {".json", ".geojson"}]
    assert files
    if text is None:
        return
    plain = "".join(text.text.split())
    runs = {plain[i : i + longest] for i in range(len(plain) - longest)}
    for path in files:
        content = "".join(path.read_text(encoding="utf-8").split())
        copied = [
            c for i in range(len(content) - longest) if (c := content[i : i + longest]) in runs
        ]
        assert copied == [], path.name
