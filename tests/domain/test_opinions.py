"""What the public says: taken with consent, followed by a receipt, erased without a rest."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from layers.catalogue import bundled_data, read_bundle
from layers.challenges import LONGEST_S, SOONEST_S, Challenges, in_words, read_number
from layers.errors import InvalidParameter, NotFound
from layers.opinions import (
    CONSENT,
    Draft,
    Subject,
    Terms,
    answer,
    close,
    follow,
    public_summaries,
    submit,
)
from layers.publishing import seed_store
from layers.receipts import new_receipt, receipt_digest
from layers.sealing import Seal, read_key
from layers.spoken import read_text, visible
from layers.store import Store, back_up, move_store, restore, schema

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
PHONE = "139 0000 0000"
HERE = Subject("projects", "laoshangbu")
KEY = b"k" * 32


@pytest.fixture
def store(store_address):
    store = Store(store_address)
    yield store
    store.close()


@pytest.fixture
def seal():
    return Seal(KEY)


@pytest.fixture
def send(store, seal):
    """Send an opinion; returns its receipt number."""

    def send(text="位置不对", contact=PHONE, challenge="one", consent=CONSENT, kind="problem"):
        draft = Draft(kind, text, contact, consent)
        return submit(store, seal, HERE, draft, challenge, NOW)

    return send


def everything(store):
    """Return all rows of all tables as one text."""
    with store.looking() as connection:
        return "".join(
            str(connection.execute(sa.select(table)).all())
            for table in schema.metadata.sorted_tables
        )


def test_an_opinion_is_found_by_its_receipt_only(store, send):
    receipt = send()
    found = follow(store, receipt)
    assert (found.number, found.kind, found.text, found.status) == (
        1, "problem", "位置不对", "open",
    )  # fmt: skip
    assert found.consent == CONSENT
    assert receipt not in everything(store)
    with pytest.raises(InvalidParameter, match="Nothing was received"):
        follow(store, new_receipt())


def test_how_to_reach_its_author_is_encrypted_and_every_look_is_logged(store, send, seal):
    send()
    assert PHONE not in everything(store)
    sealed = store.opinions.contact(1, author="zhang", now=NOW)
    assert seal.open(sealed) == PHONE
    assert Seal(b"x" * 32).open(sealed) is None
    last = store.log()[-1]
    assert (last.actor, last.action, last.subject) == ("zhang", "view contact", "opinion/1")


def test_the_log_says_that_something_came_and_not_what(store, send):
    send(text="某某某住在这里")
    (entry,) = store.log()
    assert (entry.actor, entry.action, entry.subject) == ("public", "receive opinion", "opinion/1")
    assert "某某某" not in str(entry)
    assert list(store.faults()) == []


def test_erasing_leaves_the_number_and_nothing_that_was_said(store, send):
    receipt = send()
    answer(store, 1, "已改。", "公开说法", author="zhang", now=NOW)
    store.opinions.erase(1, author="public", now=NOW)
    found = follow(store, receipt)
    assert (found.status, found.text, found.answer, found.summary) == ("erased", None, None, None)
    assert not store.opinions.has_contact(1)
    assert public_summaries(store, HERE) == []
    rest = everything(store)
    assert "位置不对" not in rest
    assert "已改" not in rest
    assert list(store.faults()) == []
    with pytest.raises(InvalidParameter, match="erased"):
        answer(store, 1, "再说", "", author="zhang", now=NOW)


def test_what_is_erased_twice_is_logged_once(store, send):
    send()
    store.opinions.erase(1, author="public", now=NOW)
    before = store.log()
    store.opinions.erase(1, author="public", now=NOW)
    assert store.log() == before


def test_only_the_summary_of_staff_is_public(store, send):
    send(text="原话")
    assert public_summaries(store, HERE) == []
    answer(store, 1, "谢谢", "有人指出位置偏北。", author="zhang", now=NOW)
    assert [each.summary for each in public_summaries(store, HERE)] == ["有人指出位置偏北。"]
    assert public_summaries(store, Subject("projects", "other")) == []
    answer(store, 1, "谢谢", "", author="zhang", now=NOW)
    assert public_summaries(store, HERE) == []


def test_what_waits_is_counted_until_it_is_answered(store, send):
    send()
    assert store.opinions.waiting() == (1, NOW)
    answer(store, 1, "已改", "", author="zhang", now=NOW)
    assert store.opinions.waiting() == (0, None)


def test_contacts_are_erased_some_time_after_the_end(store, send):
    send()
    send(challenge="two")
    close(store, 1, author="zhang", now=NOW)
    erase = store.opinions.erase_contacts
    assert erase(NOW, now=NOW) == 0
    assert erase(NOW + timedelta(days=1), now=NOW) == 1
    assert not store.opinions.has_contact(1)
    assert store.opinions.has_contact(2)
    assert follow_text(store, 1) == "位置不对"
    assert store.log()[-1].action == "erase contact"


def follow_text(store, number):
    return store.opinions.get(number).text


@pytest.mark.parametrize(
    ("changed", "parameter"),
    [
        ({"consent": ""}, "consent"),
        ({"consent": "2020-01"}, "consent"),
        ({"text": ""}, "text"),
        ({"text": " \n\u200b\u3000"}, None),
        ({"text": "\u3000 \n"}, "text"),
        ({"text": "字" * 2001}, "text"),
        ({"contact": "1" * 201}, "contact"),
        ({"kind": "praise"}, "kind"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(store, send, changed, parameter):
    if parameter is None:
        send(**changed)
        return
    with pytest.raises(InvalidParameter) as refusal:
        send(**changed)
    assert refusal.value.parameter == parameter
    assert store.opinions.chosen() == []


def test_a_question_is_good_for_one_opinion(send):
    send()
    with pytest.raises(InvalidParameter, match="sent before"):
        send()


def test_an_unknown_number_is_no_report(store):
    with pytest.raises(NotFound):
        store.opinions.get(7)


def test_a_row_that_was_taken_out_is_noticed(store, send):
    send()
    with store.transaction() as connection:
        connection.execute(schema.opinion_contact.delete())
        connection.execute(schema.opinion.delete())
    assert ["opinion/1" in each for each in store.faults()] == [True]


def test_a_contact_left_behind_is_noticed(store, send):
    send()
    with store.transaction() as connection:
        connection.execute(schema.opinion.update().values(text=None, status="erased"))
    assert any("reach its author" in each for each in store.faults())


def test_a_store_moves_with_its_opinions(tmp_path, database):
    source, target = Store(tmp_path / "atlas.sqlite"), Store(database)
    try:
        seed_store(source, read_bundle(bundled_data()))
        receipt = submit(
            source, Seal(KEY), HERE, Draft("opinion", "好", PHONE, CONSENT), "one", NOW
        )
        move_store(source, target, lambda *_: None)
        assert follow(target, receipt).text == "好"
        assert target.opinions.has_contact(1)
    finally:
        source.close()
        target.close()


def of_everybody(store, seal, receipts):
    """Return what is kept of some opinions, and how to reach their authors."""
    found = [follow(store, receipt) for receipt in receipts]
    return [
        (each, seal.open(store.opinions.contact(each.number, author="zhang", now=NOW)))
        for each in found
    ]


@pytest.fixture
def answered(seal):
    """Return what fills a store: two opinions, the first of which was answered and closed."""

    def fill(store):
        receipts = [
            submit(store, seal, HERE, Draft("problem", text, contact, CONSENT), text, NOW)
            for text, contact in (("位置不对", PHONE), ("说得好 👍", "li@example.cn"))
        ]
        answer(store, 1, "已改。", "公开说法", author="zhang", now=NOW)
        close(store, 1, author="zhang", now=NOW)
        return receipts

    return fill


def test_a_copy_of_the_file_keeps_opinions_and_how_to_reach_their_authors(tmp_path, seal, answered):
    path, copy = tmp_path / "atlas.sqlite", tmp_path / "copy.sqlite"
    store = Store(path)
    receipts = answered(store)
    back_up(store, copy, lambda *_: None)
    before = of_everybody(store, seal, receipts)
    for number in (1, 2):
        store.opinions.erase(number, author="public", now=NOW)
    store.close()
    assert PHONE.encode() not in copy.read_bytes()

    restore(copy, path)
    restored = Store(path)
    assert of_everybody(restored, seal, receipts) == before
    assert [contact for _, contact in before] == [PHONE, "li@example.cn"]
    assert list(restored.faults()) == []
    restored.close()


def test_a_copy_of_the_database_keeps_opinions_and_how_to_reach_their_authors(
    cluster, database, seal, answered
):
    store = Store(database)
    receipts = answered(store)
    before = of_everybody(store, seal, receipts)
    name = f"restored_{uuid4().hex}"
    dump, copy = str(cluster.folder / name), cluster.address.format(name)
    cluster.run("pg_dump", "-Fc", "-f", dump, database)
    store.opinions.erase(1, author="public", now=NOW)
    store.close()

    cluster.run("createdb", "-h", str(cluster.folder), "-U", "atlas", "-T", "template0", name)
    cluster.run("pg_restore", "-d", copy, dump)
    restored = Store(copy)
    assert of_everybody(restored, seal, receipts) == before
    assert list(restored.faults()) == []
    restored.close()


@pytest.mark.parametrize("change", [str.lower, lambda text: text.replace("-", " "), str.strip])
def test_a_receipt_may_be_typed_as_people_do(change):
    receipt = new_receipt()
    assert receipt_digest(change(receipt)) == receipt_digest(receipt)


def test_a_receipt_with_one_wrong_sign_or_two_exchanged_is_told():
    plain = new_receipt().replace("-", "")
    for at, letter in enumerate(plain):
        wrong = plain[:at] + ("7" if letter != "7" else "K") + plain[at + 1 :]
        with pytest.raises(InvalidParameter, match="mistyped"):
            receipt_digest(wrong)
    for at in range(len(plain) - 1):
        exchanged = plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
        if exchanged != plain:
            with pytest.raises(InvalidParameter, match="mistyped"):
                receipt_digest(exchanged)


@pytest.mark.parametrize("typed", ["", "1", "x" * 10_000, "一二三", "\0", "\ud800"])
def test_what_is_no_receipt_is_told(typed):
    with pytest.raises(InvalidParameter, match="17 letters"):
        receipt_digest(typed)


@pytest.fixture
def challenges():
    return Challenges(KEY)


LATER = NOW + timedelta(seconds=SOONEST_S)


def test_a_question_is_answered_in_figures_or_words(challenges):
    for language in ("zh", "en", None):
        token = challenges.ask(NOW)
        right = challenges.question(token).answer
        typed = in_words(right, language) if language and right <= 10 else f" {right} "
        assert challenges.check(token, typed, LATER)


def test_another_process_with_the_same_key_takes_the_answer(challenges):
    token = challenges.ask(NOW)
    other = Challenges(KEY)
    assert other.check(token, str(challenges.question(token).answer), LATER)


@pytest.mark.parametrize(
    ("seconds", "parameter"), [(0, "early"), (SOONEST_S - 1, "early"), (LONGEST_S + 1, "token")]
)
def test_an_answer_has_its_time(challenges, seconds, parameter):
    token = challenges.ask(NOW)
    right = str(challenges.question(token).answer)
    with pytest.raises(InvalidParameter) as refusal:
        challenges.check(token, right, NOW + timedelta(seconds=seconds))
    assert refusal.value.parameter == parameter


def test_a_wrong_answer_ends_the_question(challenges):
    token = challenges.ask(NOW)
    with pytest.raises(InvalidParameter) as refusal:
        challenges.check(token, "999", LATER)
    assert refusal.value.parameter == "answer"
    with pytest.raises(InvalidParameter) as refusal:
        challenges.check(token, str(challenges.question(token).answer), LATER)
    assert refusal.value.parameter == "token"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.1.é", "\ud800", "x" * 5_000])
def test_a_token_of_somebody_else_is_refused(challenges, token):
    with pytest.raises(InvalidParameter):
        challenges.check(token, "1", LATER)
    genuine = challenges.ask(NOW)
    body, _, signature = genuine.rpartition(".")
    nonce, _, issued = body.partition(".")
    with pytest.raises(InvalidParameter):
        challenges.check(f"{nonce}.{int(issued) + 1}.{signature}", "1", LATER)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("12", 12), ("１２", 12), ("十二", 12), ("twelve", 12), ("Twelve.", 12), ("十", 10),
     ("", None), ("-1", None), ("1" * 41, 10**40 // 9), ("二十", None), ("²", 2)],
)  # fmt: skip
def test_how_numbers_are_read(typed, number):
    assert read_number(typed) == number


def test_a_question_never_asks_for_less_than_nothing(challenges):
    for _ in range(300):
        question = challenges.question(challenges.ask(NOW))
        assert 0 < question.answer < 20
        assert max(question.first, question.second) <= 10


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (
            "平常的字，emoji 👩\u200d👩\u200d👧 ❤\ufe0f",
            "平常的字，emoji 👩\u200d👩\u200d👧 ❤\ufe0f",
        ),
        ("abc\u202ecba", "abc⟦U+202E⟧cba"),
        ("\u2067x\u2069", "⟦U+2067⟧x⟦U+2069⟧"),
        ("a\u200bb\ufeff", "a⟦U+200B⟧b⟦U+FEFF⟧"),
        ("a\u200db", "a⟦U+200D⟧b"),
        ("\x1b[31m", "⟦U+001B⟧[31m"),
        ("<b onclick='x'>", "<b onclick='x'>"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 3),
        ("العربية", "العربية"),
    ],
)
def test_marks_that_nobody_sees_are_shown(typed, shown):
    assert visible(typed) == shown


def test_a_text_is_kept_as_typed():
    assert read_text("a\r\nb\u202e<i>", "text", 2_000) == "a\nb\u202e<i>"
    assert read_text("x\0y\ud800", "text", 2_000) == "x\ufffdy?"
    assert read_text("😀" * 2_000, "text", 2_000) == "😀" * 2_000


@pytest.mark.parametrize(
    ("terms", "opinion", "problem"),
    [
        (Terms(), None, None),
        (Terms(on=False), "off", "off"),
        (Terms(first=date(2026, 11, 3)), "early", None),
        (Terms(last=date(2026, 11, 1)), "over", None),
        (Terms(first=date(2026, 11, 2), last=date(2026, 11, 2)), None, None),
    ],
)
def test_opinions_have_their_days_and_problems_are_always_taken(terms, opinion, problem):
    assert terms.closed("opinion", NOW) == opinion
    assert terms.closed("problem", NOW) == problem


def test_a_day_ends_when_it_does_in_china():
    terms = Terms(last=date(2026, 11, 2))
    assert terms.closed("opinion", datetime(2026, 11, 2, 15, 59, tzinfo=UTC)) is None
    assert terms.closed("opinion", datetime(2026, 11, 2, 16, 0, tzinfo=UTC)) == "over"


def test_the_key_is_made_once_and_for_nobody_else(tmp_path):
    path = tmp_path / "home" / "contact.key"
    key = read_key(path)
    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["contact.key"]


def test_a_short_key_is_refused():
    with pytest.raises(InvalidParameter, match="shorter"):
        Seal(b"short")


def test_closing_twice_keeps_the_first_moment(store, send):
    send()
    close(store, 1, author="zhang", now=NOW)
    close(store, 1, author="zhang", now=NOW + timedelta(days=3))
    assert store.opinions.get(1).closed == NOW
    answer(store, 1, "后来", "", author="zhang", now=NOW)
    assert store.opinions.get(1) == replace(
        store.opinions.get(1), status="closed", answer="后来", summary=None
    )
