"""A new version is compared, marked by a person, published once, and told to everybody before it takes effect."""

import contextlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text, update

from bot.config import PROJECT
from bot.errors import Invalid, NotFound, SetupError
from bot.privacy import policy_notices
from bot.privacy.policy_update import compare
from bot.privacy.restriction import lift, restrict
from bot.store import customers, policy_versions
from bot.store.datamap.model import Condition
from bot.store.desk_tables import AuditEntry, Mail, PolicyChange, PolicyNotice, PolicyVersion, Restriction
from bot.store.policy_diff import compare_words
from bot.store.shop import ShopStore
from bot.vocabulary import ChangeKind, RestrictionReason
from tests import policies, rights
from tests.unit import policy_desks as people
from tests.unit.conftest import others_can_write
from tests.unit.policy_desks import DAY, EFFECTIVE, IN_FORCE, SECOND

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def desk(settings, tmp_path, seeded_shop, empty_desk):
    """A desk with a draft of a second version."""
    opened = people.open_desk(settings, tmp_path, seeded_shop, empty_desk, START)
    yield opened
    rights.close(opened)


def found(desk, name=SECOND):
    with desk.reading() as session:
        return compare(session, desk, desk.policies.folder / f"{name}.md")


def count(desk, table, *conditions):
    with desk.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(*conditions))


def test_a_version_is_compared_clause_by_clause_and_word_by_word(desk):
    changes = {change.clause: change for change in found(desk).changes}
    assert {name: change.kind for name, change in changes.items()} == {
        "security": ChangeKind.CHANGED,
        "no-access": ChangeKind.CHANGED,
        "minors": ChangeKind.CHANGED,
        "retention": ChangeKind.ADDED,
    }
    pieces = [(piece.kind, piece.text) for piece in changes["minors"].pieces if piece.kind != "same"]
    assert pieces == [("removed", "should"), ("added", "must")]
    for change in changes.values():
        old = "".join(piece.text for piece in change.pieces if piece.kind != "added")
        new = "".join(piece.text for piece in change.pieces if piece.kind != "removed")
        assert old == (change.old.quote if change.old else "") and new == change.new.quote


def test_two_texts_that_say_the_same_have_no_pieces_but_one():
    assert [piece.kind for piece in compare_words("One  thing.", "One  thing.")] == ["same"]
    assert compare_words("", "") == []


def test_a_draft_applies_to_nobody_and_is_shown_to_nobody(desk):
    people.at(desk, IN_FORCE + 100 * DAY)
    assert set(people.bound(desk, "2020").values()) == {policies.FIRST} == set(people.bound(desk, None).values())
    with desk.reading() as session, pytest.raises(NotFound):
        policy_versions.version(session, desk.policies, SECOND)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "no mark yet"),
        ({"minors": None}, "minors"),
        ({"scope": {"mark": "neutral", "says": "Nothing."}}, "do not change"),
        ({"minors": {"mark": "neutral", "says": "   "}}, "one line"),
        ({"minors": {"mark": "neutral", "says": "two\nlines"}}, "one line"),
    ],
)
def test_publishing_without_a_mark_and_a_sentence_for_every_change_is_refused(desk, given, complaint):
    written = {**policies.MARKS, **given} if given else {}
    written = {clause: mark for clause, mark in written.items() if mark}
    with pytest.raises(Invalid, match=complaint):
        people.publish_second(desk, given=people.marks(written) if written else {})
    assert count(desk, PolicyVersion) == 0 == count(desk, PolicyChange)


def test_the_day_of_effect_must_leave_time_to_tell_everybody(desk):
    people.at(desk, IN_FORCE - 2 * DAY)
    with pytest.raises(Invalid, match="less than 3 days"):
        people.publish_second(desk)


def test_a_version_is_published_once_and_what_was_said_about_it_stays(desk):
    people.publish_second(desk)
    first = count(desk, AuditEntry)
    people.publish_second(desk, given=people.marks({"minors": {"mark": "improves", "says": "Other words."}}))
    assert count(desk, AuditEntry) == first
    with desk.reading() as session:
        entries = [each for each in session.scalars(select(AuditEntry)) if each.event == "policy_published"]
        assert [(each.reference, each.actor) for each in entries] == [(SECOND, "Officer")]
    with desk.reading() as session:
        marks = policy_versions.marks(session, SECOND)
        assert {clause: mark.sentence for clause, mark in marks.items()} == {
            clause: each["says"] for clause, each in policies.MARKS.items()
        }
        assert [each.version for each in policy_versions.published(session, desk.policies)] == [policies.FIRST, SECOND]
        assert session.get_one(PolicyVersion, SECOND).published_by == "Officer"


def test_a_file_that_was_changed_after_publishing_is_found_wherever_it_is_read(desk):
    from bot.bootstrap import open_desk

    people.publish_second(desk)
    for name in (policies.FIRST, SECOND):
        path = desk.policies.folder / f"{name}.md"
        published = path.read_text(encoding="utf-8")
        path.write_text(published.replace("reasonable", "feasible", 1), encoding="utf-8")
        for use in (
            lambda: people.bound(desk, "2020"),
            lambda: people.publish_second(desk),
            lambda: open_desk(desk.settings),
        ):
            with pytest.raises(SetupError, match=f"{name}.md was changed"):
                use()
        path.write_text(published, encoding="utf-8")
    people.bound(desk, "2020")
    (desk.policies.folder / f"{SECOND}.md").unlink()
    with pytest.raises(SetupError, match="is gone"):
        people.bound(desk, "2020")


def test_a_version_waits_until_the_one_before_it_has_taken_effect(desk):
    people.publish_second(desk)
    policies.second(desk.policies.folder, EFFECTIVE + 30 * DAY, "2027-B")
    with pytest.raises(Invalid, match="has not taken effect"):
        people.publish_second(desk, "2027-B", {})
    policies.second(desk.policies.folder, EFFECTIVE - 5 * DAY, "2027-C")
    with pytest.raises(Invalid, match="before version"):
        found(desk, "2027-C")


def test_a_file_outside_the_policy_folder_is_not_published(desk, tmp_path):
    path = tmp_path / f"{SECOND}.md"
    path.write_text((desk.policies.folder / f"{SECOND}.md").read_text(encoding="utf-8"), encoding="utf-8")
    with desk.reading() as session, pytest.raises(Invalid, match="policy folder"):
        compare(session, desk, path)


def test_everybody_is_told_once_by_mail_with_every_sentence_and_without_anything_of_theirs(desk):
    people.publish_second(desk)
    people.tell(desk)
    people.at(desk, START + 7 * timedelta(hours=1))
    people.tell(desk)  # another pass
    with desk.reading() as session:
        everybody = session.scalars(select(PolicyNotice.subject)).all()
        mails = session.scalars(select(Mail).where(Mail.dedupe_key.like("policy:%"))).all()
    assert len(everybody) == len(set(everybody)) == len(mails) == 208
    assert len({mail.text for mail in mails}) == 1
    text = mails[0].text
    for mark in policies.MARKS.values():
        assert mark["says"] in text
    assert "It reduces your rights." in text and "not a consent" in text
    assert f"/policy/changes?from={policies.FIRST}&to={SECOND}" in text
    assert people.notice(desk, "1001").delivered_at == START


@pytest.mark.parametrize(
    ("marks", "removed"),
    [
        ({"closed": 1}, {"1001", "1003"}),
        ({"closed": 1, "purged": 1}, {"1003"}),
    ],
)
def test_whoever_is_not_marked_as_removed_is_told_though_the_mark_was_never_filled_in(desk, marks, removed):
    with desk.shop.engine.begin() as connection:
        for column in ("closed", "purged"):
            connection.execute(text(f"ALTER TABLE customers ADD COLUMN {column} INTEGER"))
        connection.execute(text("UPDATE customers SET closed = 1 WHERE id = 1001"))
        connection.execute(text("UPDATE customers SET closed = 0, purged = 1 WHERE id = 1002"))
        connection.execute(text("UPDATE customers SET closed = 1, purged = 1 WHERE id = 1003"))
    gone = tuple(Condition(column, (value,)) for column, value in marks.items())
    accounts = replace(desk.datamap.tables["customers"], removed_when=gone)
    datamap = replace(desk.datamap, tables=desk.datamap.tables | {"customers": accounts})
    desk = replace(desk, datamap=datamap, shop=ShopStore(desk.shop.engine, datamap))
    people.publish_second(desk)
    people.tell(desk)
    with desk.reading() as session:
        told = set(session.scalars(select(PolicyNotice.subject)))
    assert len(told) == 208 - len(removed) and not told & removed


def test_telling_survives_a_worker_that_dies_anywhere_and_tells_nobody_twice(desk, monkeypatch):
    people.publish_second(desk)
    monkeypatch.setattr(policy_notices, "MOST_WAITING", 50)
    real = policy_notices._mail

    def dies(*given):
        real(*given)
        raise rights.Killed

    for attempt in range(6):
        monkeypatch.setattr(policy_notices, "_mail", dies if attempt % 2 else real)
        with contextlib.suppress(rights.Killed):
            policy_notices.tell_everybody(desk)
        with desk.transaction() as session:
            session.execute(update(Mail).values(sent_at=desk.clock.now()))
    monkeypatch.setattr(policy_notices, "_mail", real)
    people.tell(desk)
    with desk.reading() as session:
        keys = session.scalars(select(Mail.dedupe_key)).all()
        assert session.scalar(select(func.count()).select_from(PolicyNotice)) == 208 == len(keys) == len(set(keys))


def test_the_outbox_is_never_full_of_notices(desk):
    people.publish_second(desk)
    for _ in range(4):
        policy_notices.tell_everybody(desk)
    assert count(desk, Mail) == policy_notices.MOST_WAITING


def test_the_earlier_of_mail_and_chat_counts_as_delivery(desk):
    people.publish_second(desk)
    policy_notices.tell_everybody(desk)
    with desk.reading() as session:
        each = policy_versions.version(session, desk.policies, SECOND)
    with desk.transaction() as session:
        policy_notices.shown(session, each, "1001", START + DAY)
        policy_notices.shown(session, each, "1001", START + 9 * DAY)
        policy_notices.shown(session, each, "1002", START + 5 * DAY)
        session.execute(update(Mail).values(sent_at=START + 2 * DAY))
        policy_notices.note_deliveries(session, each)
    own, other = people.notice(desk, "1001"), people.notice(desk, "1002")
    assert (own.shown_at, own.mailed_at, own.delivered_at) == (START + DAY, START + 2 * DAY, START + DAY)
    assert (other.shown_at, other.delivered_at) == (START + 5 * DAY, START + 2 * DAY)
    assert own.starts_at == other.starts_at == IN_FORCE


def test_refused_mails_and_missing_addresses_are_listed_for_staff(desk):
    from bot.privacy.policy_overview import overview, undelivered

    people.publish_second(desk)
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET email = '' WHERE id = 1002"))
    policy_notices.tell_everybody(desk)
    with desk.transaction() as session:
        session.execute(update(Mail).where(Mail.id != people.notice(desk, "1001").mail_id).values(sent_at=START))
        session.execute(update(Mail).where(Mail.id == people.notice(desk, "1001").mail_id).values(refused_at=START))
    policy_notices.tell_everybody(desk)
    with desk.reading() as session:
        listed = dict(undelivered(session, SECOND))
        assert (listed["1001"], listed["1002"]) == ("the mail was refused", "no address")
        numbers = dict(overview(session, desk)[0].lines)
    assert (numbers["mails refused"], numbers["not delivered yet"]) == (1, len(listed))


def mails_to(desk, subject):
    with desk.reading() as session:
        everybody = session.scalars(select(Mail).order_by(Mail.id))
        return [mail for mail in everybody if mail.recipient == desk.email_of(subject)]


def outage(desk):
    """Every mail that waits has been tried in vain as often as a mail is tried."""
    with desk.transaction() as session:
        session.execute(update(Mail).where(Mail.sent_at.is_(None)).values(given_up_at=desk.clock.now()))


def standing(desk):
    from bot.privacy.policy_overview import overview, undelivered

    with desk.reading() as session:
        return dict(undelivered(session, SECOND)), dict(overview(session, desk)[0].lines)


def test_notices_given_up_in_a_long_outage_are_mailed_again_until_a_server_takes_them(desk):
    people.publish_second(desk)
    with desk.reading() as session:
        each = policy_versions.version(session, desk.policies, SECOND)
    policy_notices.tell_everybody(desk)
    first = people.notice(desk, "1001").mail_id
    with desk.transaction() as session:
        session.execute(update(Mail).where(Mail.id == people.notice(desk, "1002").mail_id).values(refused_at=START))
        session.execute(update(Mail).where(Mail.id == people.notice(desk, "1003").mail_id).values(sent_at=START))
        policy_notices.note_deliveries(session, each)
        policy_notices.shown(session, each, "2020", START)
    outage(desk)
    policy_notices.tell_everybody(desk)
    listed, numbers = standing(desk)
    assert (
        listed["1001"] == "no server took the mail, it will be sent again" and listed["1002"] == "the mail was refused"
    )
    assert (numbers["mails refused"], numbers["mails to be sent again"]) == (1, policy_notices.MOST_WAITING - 3)
    assert people.notice(desk, "1001").refused_at is None and len(mails_to(desk, "1001")) == 1, "not at once"

    people.at(desk, START + timedelta(hours=6))
    people.tell(desk)
    own, (lost, new) = people.notice(desk, "1001"), mails_to(desk, "1001")
    assert (lost.id, own.mail_id, lost.text) == (first, new.id, new.text)
    assert own.mailed_at == own.delivered_at == desk.clock.now() and own.refused_at is None
    for reached in ("1002", "1003", "2020"):
        assert len(mails_to(desk, reached)) == 1, "refused for good, handed over, or shown in the chat"
    listed, numbers = standing(desk)
    assert set(listed) == {"1002"} and numbers["mails to be sent again"] == 0


def test_an_outage_that_outlasts_the_day_of_effect_keeps_no_notice_back_for_good(desk):
    people.publish_second(desk)
    people.tell(desk)
    with desk.transaction() as session:  # of a mail that was on its way when the passes ended
        own = select(PolicyNotice.mail_id).where(PolicyNotice.subject == "1001").scalar_subquery()
        session.execute(update(Mail).where(Mail.id == own).values(sent_at=None, given_up_at=START))
        mine = update(PolicyNotice).where(PolicyNotice.subject == "1001")
        session.execute(mine.values(mailed_at=None, delivered_at=None, starts_at=None, refused_at=START))
    people.at(desk, IN_FORCE + DAY)
    mails = count(desk, Mail)
    for lost in range(3):
        assert policy_notices.tell_everybody(desk) == 1, lost
        assert count(desk, Mail) == mails + lost + 1, "nobody else is mailed"
        outage(desk)
        assert policy_notices.tell_everybody(desk) == 0, "not before hours have passed"
        people.at(desk, desk.clock.now() + timedelta(hours=6))
    people.tell(desk)
    assert people.notice(desk, "1001").starts_at == desk.clock.now()


def test_who_is_being_deleted_or_has_no_address_any_more_is_not_mailed_again(desk):
    people.publish_second(desk)
    policy_notices.tell_everybody(desk)
    outage(desk)
    with desk.transaction() as session:
        restrict(session, desk, START, "1001", RestrictionReason.ERASURE, "PR-2026-000001")
    with desk.shop.engine.begin() as connection:
        connection.execute(text("UPDATE customers SET email = '' WHERE id = 1002"))
    people.at(desk, START + DAY)
    people.tell(desk)
    assert len(mails_to(desk, "1001")) == 1 and len(mails_to(desk, "1003")) == 2
    assert set(standing(desk)[0]) == {"1001", "1002"}
    with desk.transaction() as session:
        lift(session, desk, desk.clock.now(), "PR-2026-000001")
    people.tell(desk)
    assert set(standing(desk)[0]) == {"1002"}, "told once it was taken back"


def test_mails_that_are_given_up_again_and_again_leave_room_for_first_notices(desk):
    people.publish_second(desk)
    policy_notices.tell_everybody(desk)
    outage(desk)
    people.at(desk, START + DAY)
    policy_notices.tell_everybody(desk)
    waiting = (Mail.sent_at.is_(None), Mail.given_up_at.is_(None))
    assert count(desk, PolicyNotice) == 208, "everybody has a notice"
    assert count(desk, Mail, *waiting) == policy_notices.MOST_WAITING // 2


@pytest.fixture
def command(desk):
    """The command line on the test's desk."""

    def ran(*words, said=""):
        names = ("audit_key", "signing_key", "encryption_keys", "shop_database_url", "desk_database_url")
        environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environment |= {name.upper(): getattr(desk.settings, name) for name in names}
        environment |= {"DESK_HOME": str(desk.settings.desk_home), "POLICY_FOLDER": str(desk.policies.folder)}
        done = subprocess.run(
            [sys.executable, "-m", "bot", "policy", *words],
            cwd=PROJECT, env=environment | {"PYTHONPATH": str(PROJECT)}, input=said, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    return ran


def test_a_version_is_looked_at_published_and_followed_on_the_command_line(desk, command):
    from datetime import date

    today = datetime.now(UTC).date()
    path = policies.second(desk.policies.folder, date.fromordinal(today.toordinal() + 30))
    code, said = command("diff", str(path))
    assert code == 0 and "4 changed clauses" in said and "retention" in said
    code, said = command("publish", str(path), "--by", "Officer", "--marks", str(policies.marks_file(path.parent, {})))
    assert code == 1 and "no mark yet" in said
    code, said = command("publish", str(path), "--by", "Officer", "--marks", str(policies.marks_file(path.parent)))
    assert code == 0 and "is published" in said and "New clauses need phrases" in said
    code, said = command("publish", str(path), "--by", "Officer", "--marks", str(policies.marks_file(path.parent)))
    assert code == 0 and "published already" in said
    assert command("show") == command("show", policies.FIRST)
    code, said = command("notices")
    assert code == 0 and "customers told" in said
    path.write_text(path.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    code, said = command("publish", str(path), "--by", "Officer")
    assert code == 1 and "was changed after it was published" in said


def test_the_marks_are_asked_for_where_no_file_holds_them(desk, command):
    from datetime import date

    today = datetime.now(UTC).date()
    path = policies.second(desk.policies.folder, date.fromordinal(today.toordinal() + 30))
    answers = "x\ni\nSafer.\nr\nLess.\nn\nThe same.\nn\nNew.\n"
    code, said = command("publish", str(path), "--by", "Officer", said=answers + "n\n")
    assert code == 1 and "Nothing was published" in said
    code, said = command("publish", str(path), "--by", "Officer", said=answers + "y\n")
    assert code == 0 and "is published" in said
    with desk.reading() as session:
        assert {mark.sentence for mark in policy_versions.marks(session, SECOND).values()} == {
            "Safer.", "Less.", "The same.", "New."
        }  # fmt: skip


def while_people_are_read(desk, monkeypatch, happens):
    """Something happens once, after the worker has read the next accounts of the shop."""
    real, left = customers.after, [happens]

    def read(*given):
        found = real(*given)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(customers, "after", read)


def test_the_shop_is_asked_who_to_tell_while_everybody_else_can_write(desk):
    people.publish_second(desk)
    could = others_can_write(desk)
    policy_notices.tell_everybody(desk)
    outage(desk)
    first = len(could)
    people.at(desk, START + DAY)
    policy_notices.tell_everybody(desk)
    assert 0 < first < len(could) and all(could)


def test_of_two_workers_that_read_the_same_people_one_tells_them(desk, monkeypatch):
    people.publish_second(desk)
    while_people_are_read(desk, monkeypatch, lambda: policy_notices.tell_everybody(desk))
    assert policy_notices.tell_everybody(desk) == 0
    assert count(desk, Mail) == policy_notices.MOST_WAITING
    monkeypatch.undo()
    people.tell(desk)
    assert count(desk, Mail) == count(desk, PolicyNotice) == 208


def test_who_is_erased_while_the_people_are_read_is_not_told(desk, monkeypatch):
    people.publish_second(desk)
    with desk.transaction() as session:
        restrict(session, desk, START, "1001", RestrictionReason.ERASURE, "PR-2026-000001")

    def erased():
        with desk.transaction() as session:
            session.execute(delete(Restriction).where(Restriction.subject == "1001"))

    while_people_are_read(desk, monkeypatch, erased)
    policy_notices.tell_everybody(desk)
    assert people.notice(desk, "1001") is None and mails_to(desk, "1001") == []
    assert len(mails_to(desk, "1002")) == 1
