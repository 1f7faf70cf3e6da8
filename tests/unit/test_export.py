"""A copy is made once, kept sealed, and fetched once by the right person."""

import os
import signal
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.access import ExportJourney
from actions.base import Turn
from actions.request_status import RequestStatus
from bot.config import PROJECT
from bot.errors import NotFound
from bot.privacy import export, holds
from bot.privacy.export_fetching import ExportAway, ExportGone, fetch, forget_exports, sweep_expired
from bot.privacy.request_status import RequestView
from bot.privacy.room import NotYet
from bot.store import conversations
from bot.store.announcements import sentence
from bot.store.desk_tables import AuditEntry, Export, Mail, Message, PrivacyRequest
from bot.store.package import shelf
from bot.store.package.sealed import SealBroken, unsealed
from bot.vocabulary import HoldKind, RequestKind, RequestState
from bot.web.app import make_app
from tests.unit.conftest import NOON
from tests.unit.exporting import announced, asked, carried_out, copy_for, fetched, opened, token_of
from tests.unit.test_complaint_claims import typed

AMELIA, BYSTANDER = "1001", "1002"
DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text(encoding="utf-8"))


@pytest.fixture
def ready(desk, chat):
    """Amelia's copy, offered in her chat: (chat, token)."""
    chat_id = chat(AMELIA)
    assert carried_out(asked(desk, chat_id, AMELIA)) == []
    return chat_id, token_of(desk, chat_id)


def files(desk):
    return sorted(shelf.folder(desk.settings).iterdir())


def exports(desk):
    with desk.reading() as session:
        return list(session.query(Export))


# ---------------------------------------------------------------------------------------------------- being told


def test_the_person_is_told_in_the_chat_with_a_card_and_by_mail_without_the_link(desk, ready):
    chat_id, token = ready
    (message,) = announced(desk, chat_id)
    assert message.card["kind"] == "download"
    assert message.card["expires_at"] == (NOON + timedelta(hours=72)).isoformat()
    assert message.card["size"] == exports(desk)[0].size
    assert "26 November 2026, 12:00 UTC" in message.text
    with desk.reading() as session:
        (mail,) = session.query(Mail)
    assert mail.recipient == "amelia.hartley@example.com"
    whole = mail.subject_line + mail.text
    assert token not in whole and "/exports/" not in whole and "Amelia" not in whole
    assert "Open the chat" in whole


def later_chat(desk, subject):
    """Signing in once more begins a new conversation."""
    later = NOON + timedelta(hours=9)
    with desk.transaction() as session:
        return conversations.open_session(session, subject, later, later + timedelta(hours=8))[0]


def test_the_card_goes_to_the_chat_in_which_the_code_was_typed_and_the_newest_one_is_told_of_it(desk, chat):
    first, theirs = chat(AMELIA), chat(BYSTANDER)
    last, nobodys = later_chat(desk, AMELIA), later_chat(desk, None)
    assert carried_out(asked(desk, first, AMELIA)) == []
    assert [each.response for each in announced(desk, first)] == ["utter_export_ready"]
    (told,) = announced(desk, last)
    assert told.response == "utter_export_elsewhere" and told.card is None
    assert [announced(desk, each) for each in (theirs, nobodys)] == [[], []]
    assert opened(fetched(desk, AMELIA, token_of(desk, first)))


def status_asked(desk, chat_id, words="Where is my request?"):
    """What the bot answers, with the content of the cards."""
    dispatcher, said = CollectingDispatcher(), typed(desk, chat_id, words)
    latest = {"intent": {"name": "request_status"}, "metadata": {"message": str(said)}}
    tracker = Tracker(chat_id, {}, latest, [], False, None, {}, "action_listen")
    with desk.transaction() as session:
        RequestStatus(desk).act(Turn(desk, session, dispatcher, tracker, DOMAIN))
        cards = {each["response"]: (each.get("custom") or {}).get("card") for each in dispatcher.messages}
        return {
            response: conversations.card_content(session, chat_id, card) if card else None
            for response, card in cards.items()
        }


def test_who_asks_in_another_chat_where_a_copy_is_gets_no_link_to_it_but_a_way_to_one(desk, ready):
    first, token = ready
    theirs, later = later_chat(desk, BYSTANDER), later_chat(desk, AMELIA)
    desk.clock.advance(timedelta(hours=9))
    with desk.transaction() as session:
        request = session.query(PrivacyRequest).one()
        request.state, number = RequestState.FULFILLED, request.number
    assert "utter_export_elsewhere" not in status_asked(desk, theirs)
    assert "utter_export_elsewhere" not in status_asked(desk, first)
    for words in ("Where is my request?", f"where is {number}"):
        answered = status_asked(desk, later, words)
        assert answered["utter_export_elsewhere"] is None and token not in str(answered)
    assert opened(fetched(desk, AMELIA, token)).rows("customers")
    assert "utter_export_elsewhere" not in status_asked(desk, later)


def test_a_copy_whose_time_is_over_is_told_of_no_more(desk, ready):
    desk.clock.advance(timedelta(hours=72))
    assert "utter_export_elsewhere" not in status_asked(desk, later_chat(desk, AMELIA))


def test_only_the_hash_of_the_token_is_kept(desk, ready):
    assert ready[1] not in exports(desk)[0].token_hash
    assert ready[1].encode() not in (desk.settings.desk_home / "desk.sqlite3").read_bytes()


def test_a_step_that_runs_again_after_the_offer_tells_nothing_twice(desk, chat):
    chat_id = chat(AMELIA)
    work = asked(desk, chat_id, AMELIA)
    carried_out(work)
    token = token_of(desk, chat_id)
    assert export.ROOM.steps(work)[1].act(work) == []
    assert len(announced(desk, chat_id)) == 1
    assert opened(fetched(desk, AMELIA, token))


def test_a_conversation_that_was_erased_meanwhile_is_not_written_to(desk):
    assert carried_out(asked(desk, None, AMELIA)) == []
    with desk.reading() as session:
        assert session.query(Message).count() == 0


def test_nothing_is_made_for_a_customer_who_is_gone(desk, chat):
    assert carried_out(asked(desk, chat(AMELIA), "999999")) == [
        "The copy was not made: the shop has no such customer any more."
    ]
    assert files(desk) == [] and exports(desk) == []


def test_work_that_takes_long_says_now_and_then_how_far_it_is(desk, chat, monkeypatch):
    monkeypatch.setattr(export, "_SECONDS_BETWEEN_BEATS", 0.0)
    monkeypatch.setattr(export, "_PROGRESS_AFTER", (0.0, 0.0))
    beats = []
    chat_id = chat(AMELIA)
    work = replace(asked(desk, chat_id, AMELIA), heartbeat=lambda: beats.append(1))
    carried_out(work)
    assert [each.response for each in announced(desk, chat_id)] == ["utter_export_progress"] * 2 + [
        "utter_export_ready"
    ]
    assert len(beats) > 10


def test_the_room_asks_for_a_code_and_waits_after_a_change_of_contact_details():
    room = export.ROOM
    assert room.needs_code({}) and room.waits_for_contact_hold and not room.cools_off
    assert RequestKind.EXPORT == "export"


class Listener:
    """Hears what a journey says."""

    def __init__(self):
        self.heard = []

    def say(self, response, **values):
        self.heard.append(sentence(response, **values))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RequestState.RUNNING, "is being made under PR-2026-000009"),
        (RequestState.ON_HOLD, "26 November 2026, 12:00 UTC"),
    ],
)
def test_after_the_yes_the_person_hears_whether_it_is_made_now_or_later(state, words):
    until = NOON + timedelta(hours=72) if state is RequestState.ON_HOLD else None
    listener = Listener()
    view = RequestView(
        "PR-2026-000009", RequestKind.EXPORT, state, NOON, NOON, "a copy of your data", until, revocable=True
    )
    ExportJourney().question(listener, RequestKind.EXPORT)
    ExportJourney().agreed(listener, view)
    assert "Shall I have it made?" in listener.heard[0]
    assert words in listener.heard[1]


# ------------------------------------------------------------------------------------------------ kept until fetched


def test_the_package_lies_sealed_with_a_key_of_its_own(desk, ready):
    (file,) = files(desk)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    content = file.read_bytes()
    assert b"PK\x03\x04" not in content and b"Amelia" not in content
    key = exports(desk)[0].file_key
    with file.open("rb") as sealed:
        assert b"".join(unsealed(sealed, key)).startswith(b"PK\x03\x04")


def test_without_its_row_nobody_can_read_the_file(desk, ready, chat):
    (file,) = files(desk)
    work = asked(desk, chat(BYSTANDER), BYSTANDER)
    carried_out(work)
    other = next(each for each in exports(desk) if each.subject == BYSTANDER)
    with file.open("rb") as sealed, pytest.raises(SealBroken):
        list(unsealed(sealed, other.file_key))


@pytest.mark.parametrize("harm", ["cut", "changed", "swapped"])
def test_a_sealed_file_that_was_tampered_with_is_found_out(tmp_path, harm):
    from cryptography.fernet import Fernet

    from bot.store.package.sealed import PIECE, SealedWriter

    key, path = Fernet.generate_key().decode(), tmp_path / "sealed"
    with SealedWriter(path, key) as sealed:
        sealed.write(b"a" * PIECE + b"b" * PIECE + b"c")
        sealed.finish()
    content = path.read_bytes()
    size = 4 + int.from_bytes(content[:4], "big")
    pieces = {
        "cut": content[: 2 * size],
        "changed": content[:100] + bytes([content[100] ^ 1]) + content[101:],
        "swapped": content[size : 2 * size] + content[:size] + content[2 * size :],
    }
    path.write_bytes(pieces[harm])
    with path.open("rb") as file, pytest.raises(SealBroken):
        list(unsealed(file, key))


# ---------------------------------------------------------------------------------------------------- fetched once


def test_a_copy_is_fetched_once(desk, ready):
    token = ready[1]
    assert opened(fetched(desk, AMELIA, token)).rows("customers")
    with pytest.raises(ExportGone):
        fetched(desk, AMELIA, token)
    assert files(desk) == []
    assert exports(desk)[0].file_key == ""
    with desk.reading() as session:
        events = [each.event for each in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert events[-2:] == ["export_ready", "export_fetched"]


def test_a_download_that_breaks_off_leaves_nothing_behind(desk, ready):
    with desk.transaction() as session:
        stream = fetch(session, desk, NOON, AMELIA, ready[1]).stream
    next(stream)
    stream.close()
    assert files(desk) == [] and exports(desk)[0].file_key == ""
    with pytest.raises(ExportGone, match="Ask for a copy of your data again"):
        fetched(desk, AMELIA, ready[1])


def test_of_two_who_fetch_at_the_same_time_one_gets_it(desk, ready):
    with desk.transaction() as session:
        first = fetch(session, desk, NOON, AMELIA, ready[1])
        with pytest.raises(ExportGone):
            fetch(session, desk, NOON, AMELIA, ready[1])
    assert opened(b"".join(first.stream))


def test_its_time_is_looked_at_when_it_is_fetched_whether_it_was_swept_or_not(desk, ready, clock):
    clock.advance(timedelta(hours=72))
    assert files(desk)
    with pytest.raises(ExportGone):
        fetched(desk, AMELIA, ready[1])


@pytest.mark.parametrize("who", [BYSTANDER, None])
def test_nobody_else_learns_that_it_exists(desk, ready, who):
    with pytest.raises(NotFound) as theirs:
        fetched(desk, who, ready[1])
    with pytest.raises(NotFound) as unknown:
        fetched(desk, who, "no-such-token")
    assert str(theirs.value) == str(unknown.value)
    assert opened(fetched(desk, AMELIA, ready[1]))


def test_a_newer_copy_takes_the_place_of_an_older_one(desk, ready, chat):
    chat_id, old = ready
    carried_out(asked(desk, chat_id, AMELIA))
    assert len(files(desk)) == 1
    with pytest.raises(ExportGone):
        fetched(desk, AMELIA, old)
    assert opened(fetched(desk, AMELIA, token_of(desk, chat_id)))


@pytest.mark.parametrize("step", ["_contents", "_is_ready"], ids=["before it is written", "before it is offered"])
def test_of_two_copies_made_at_once_none_is_offered_that_cannot_be_read(desk, chat, monkeypatch, step):
    chat_id, theirs = chat(AMELIA), chat(BYSTANDER)
    assert carried_out(asked(desk, theirs, BYSTANDER)) == []
    work, other = asked(desk, chat_id, AMELIA), asked(desk, chat_id, AMELIA)
    done = getattr(export, step)

    def overtaken(*arguments):
        monkeypatch.undo()
        found = done(*arguments)
        assert carried_out(other) == []
        return found

    monkeypatch.setattr(export, step, overtaken)
    with pytest.raises((NotFound, NotYet)):
        carried_out(work)
    assert len(announced(desk, chat_id)) == 1 and len(files(desk)) == 2
    assert [each.act(work) for each in export.ROOM.steps(work)] == [[], []], "tried again, it is made anew"
    assert len(announced(desk, chat_id)) == 2
    for subject, place in ((AMELIA, chat_id), (BYSTANDER, theirs)):
        assert opened(fetched(desk, subject, token_of(desk, place))).rows("customers")


# ------------------------------------------------------------------------------------------------ forgotten and swept


def test_packages_die_when_their_person_is_forgotten_and_those_of_others_do_not(desk, ready, chat):
    chat_id = chat(BYSTANDER)
    carried_out(asked(desk, chat_id, BYSTANDER))
    with desk.transaction() as session:
        assert forget_exports(session, desk, AMELIA) == 1
        assert forget_exports(session, desk, AMELIA) == 0
    assert [each.subject for each in exports(desk)] == [BYSTANDER]
    assert len(files(desk)) == 1
    with pytest.raises(NotFound):
        fetched(desk, AMELIA, ready[1])
    assert opened(fetched(desk, BYSTANDER, token_of(desk, chat_id)))


def test_sweeping_removes_what_is_over_and_what_belongs_to_nobody(desk, ready, chat, clock):
    stray = shelf.folder(desk.settings) / ("0" * 32 + "-dead.part")
    stray.write_bytes(b"x")
    clock.advance(timedelta(hours=71))
    chat_id = chat(BYSTANDER)
    carried_out(asked(desk, chat_id, BYSTANDER))
    assert sweep_expired(desk) == 1
    assert len(files(desk)) == 2
    clock.advance(timedelta(hours=1))
    assert sweep_expired(desk) == 1
    assert {each.subject: bool(each.file_key) for each in exports(desk)} == {AMELIA: False, BYSTANDER: True}
    with pytest.raises(ExportGone):
        fetched(desk, AMELIA, ready[1])
    assert opened(fetched(desk, BYSTANDER, token_of(desk, chat_id)))
    clock.advance(timedelta(days=29, hours=1))
    sweep_expired(desk)
    assert [each.subject for each in exports(desk)] == [AMELIA, BYSTANDER]
    clock.advance(timedelta(days=1))
    sweep_expired(desk)
    assert [each.subject for each in exports(desk)] == [BYSTANDER]
    with pytest.raises(NotFound):
        fetched(desk, AMELIA, ready[1])


def test_a_package_that_lies_on_another_machine_is_neither_used_up_nor_called_over(desk, ready):
    (here,) = files(desk)
    elsewhere = here.rename(here.with_name("elsewhere"))
    with pytest.raises(ExportAway):
        fetched(desk, AMELIA, ready[1])
    elsewhere.rename(here)
    assert opened(fetched(desk, AMELIA, ready[1]))
    with pytest.raises(ExportGone):
        fetched(desk, AMELIA, ready[1])


def test_sweeping_leaves_a_package_alone_that_is_being_written(desk, chat, monkeypatch):
    monkeypatch.setattr(export, "_SECONDS_BETWEEN_BEATS", 0.0)
    swept = []
    work = replace(asked(desk, chat(AMELIA), AMELIA), heartbeat=lambda: swept.append(sweep_expired(desk)))
    assert carried_out(work) == []
    assert sum(swept) == 0 and len(swept) > 5


def test_a_package_that_was_given_up_is_swept_after_its_time(desk, chat, clock):
    work = asked(desk, chat(AMELIA), AMELIA)
    export.ROOM.steps(work)[0].act(work)
    clock.advance(timedelta(hours=90))
    assert sweep_expired(desk) == 0
    clock.advance(timedelta(hours=10))
    assert sweep_expired(desk) == 1
    assert exports(desk) == []


# --------------------------------------------------------------------------------------------------------- killed


def run_and_die(desk, work, step, die):
    """Do a step in a process that kills itself without a word."""
    child = os.fork()
    if child == 0:
        desk.engine.dispose(close=False)
        desk.shop.engine.dispose(close=False)
        die()
        step.act(work)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def killed(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def dying(name):
    """Ways to die, by the point at which it happens."""

    def while_writing():
        export._SECONDS_BETWEEN_BEATS = 0.0
        beats = iter(range(8))
        export._Progress.__call__ = lambda *_: next(beats, None) is None and killed()

    def before_the_file_counts():
        export.SealedWriter.finish = killed

    def before_the_row_says_so():
        export.update = killed

    def before_it_was_told():
        export.announce = killed

    return {
        each.__name__: each
        for each in (while_writing, before_the_file_counts, before_the_row_says_so, before_it_was_told)
    }[name]


@pytest.mark.parametrize(
    ("step", "point"),
    [(0, "while_writing"), (0, "before_the_file_counts"), (0, "before_the_row_says_so"), (1, "before_it_was_told")],
)
def test_a_worker_that_is_killed_leaves_no_half_package_and_the_next_one_finishes(desk, chat, step, point):
    chat_id = chat(AMELIA)
    work = asked(desk, chat_id, AMELIA)
    steps = export.ROOM.steps(work)
    if step == 1:
        steps[0].act(work)
    run_and_die(desk, work, steps[step], dying(point))
    assert announced(desk, chat_id) == []
    assert not [each for each in exports(desk) if each.token_hash]
    for each in steps[step:]:
        assert each.act(work) == []
    assert len(files(desk)) == 1 and len(exports(desk)) == 1
    assert len(announced(desk, chat_id)) == 1
    assert len(opened(fetched(desk, AMELIA, token_of(desk, chat_id))).rows("orders")) == 12
    assert files(desk) == []


def test_a_worker_whose_work_was_taken_over_stops_and_spoils_nothing(desk, chat, monkeypatch):
    monkeypatch.setattr(export, "_SECONDS_BETWEEN_BEATS", 0.0)
    chat_id = chat(AMELIA)
    work = asked(desk, chat_id, AMELIA)
    beats = []

    def taken_over():
        beats.append(1)
        if len(beats) == 5:
            assert carried_out(work) == []

    with pytest.raises((NotFound, FileNotFoundError)):
        export.ROOM.steps(replace(work, heartbeat=taken_over))[0].act(replace(work, heartbeat=taken_over))
    assert len(files(desk)) == 1
    assert opened(fetched(desk, AMELIA, token_of(desk, chat_id)))


def test_data_erased_while_the_package_is_written_leaves_no_file(desk, chat, monkeypatch):
    monkeypatch.setattr(export, "_SECONDS_BETWEEN_BEATS", 0.0)

    def erased():
        with desk.transaction() as session:
            forget_exports(session, desk, AMELIA)

    work = replace(asked(desk, chat(AMELIA), AMELIA), heartbeat=erased)
    with pytest.raises((NotFound, FileNotFoundError)):
        export.ROOM.steps(work)[0].act(work)
    assert files(desk) == [] and exports(desk) == []


def test_data_erased_in_the_last_moment_leaves_no_file(desk, chat, monkeypatch):
    rename = Path.rename

    def renamed_too_late(draft, target):
        rename(draft, target)
        with desk.transaction() as session:
            session.query(Export).delete()

    monkeypatch.setattr(Path, "rename", renamed_too_late)
    work = asked(desk, chat(AMELIA), AMELIA)
    with pytest.raises(NotFound):
        export.ROOM.steps(work)[0].act(work)
    assert files(desk) == []


def test_a_package_that_was_lost_before_the_offer_is_made_again(desk, chat):
    chat_id = chat(AMELIA)
    work = asked(desk, chat_id, AMELIA)
    first, second = export.ROOM.steps(work)
    first.act(work)
    for file in files(desk):
        file.unlink()
    assert second.act(work) == []
    assert opened(fetched(desk, AMELIA, token_of(desk, chat_id)))


# ------------------------------------------------------------------------------------------------------- over the web


@pytest.fixture
def web(desk):
    with TestClient(make_app(desk)) as client:
        yield client


def key(web, desk, subject):
    from bot.store import conversations

    with desk.transaction() as session:
        later = export.datetime.now(tz=NOON.tzinfo) + timedelta(hours=1)
        _, token = conversations.open_session(session, subject, NOON, later)
    return {"Authorization": f"Bearer {token}"}


def test_the_door_gives_a_zip_that_nobody_stores(web, desk, ready, capfd):
    answer = web.get(f"/api/v1/exports/{ready[1]}", headers=key(web, desk, AMELIA))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith('attachment; filename="my-data-PR-')
    assert len(answer.content) == int(answer.headers["content-length"])
    assert opened(answer.content).rows("customers")
    again = web.get(f"/api/v1/exports/{ready[1]}", headers=key(web, desk, AMELIA))
    assert (again.status_code, again.json()["code"]) == (410, "export_gone")
    assert ready[1] not in "".join(capfd.readouterr())


def test_nobody_who_changed_contact_details_a_short_while_ago_fetches_a_copy_that_was_ready_before(
    web, desk, ready, chat
):
    theirs = chat(BYSTANDER)
    assert carried_out(asked(desk, theirs, BYSTANDER)) == []
    with desk.transaction() as session:
        until = NOON + timedelta(hours=48)
        holds.place(session, NOON, AMELIA, HoldKind.CONTACT_CHANGED, until, "PR-2026-000901")
    address, mine = f"/api/v1/exports/{ready[1]}", key(web, desk, AMELIA)
    refused = web.get(address, headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (409, "export_held")
    assert "25 November 2026, 12:00 UTC" in refused.json()["detail"]
    assert web.get(f"/api/v1/exports/{token_of(desk, theirs)}", headers=key(web, desk, BYSTANDER)).status_code == 200
    desk.clock.advance(timedelta(hours=49))
    assert web.get(address, headers=mine).status_code == 200, "it was not used up"


def test_the_door_stays_shut_for_everybody_else(web, desk, ready):
    address = f"/api/v1/exports/{ready[1]}"
    assert web.get(address).status_code == 401
    assert web.get(address, headers=key(web, desk, None)).status_code == 401
    theirs = web.get(address, headers=key(web, desk, BYSTANDER))
    unknown = web.get("/api/v1/exports/nothing", headers=key(web, desk, BYSTANDER))
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json() == unknown.json()
    assert web.get(address, headers=key(web, desk, AMELIA)).status_code == 200


def test_a_copy_says_whose_request_it_answers(desk, chat):
    package = copy_for(desk, chat(AMELIA), AMELIA)
    with desk.reading() as session:
        (request,) = session.query(PrivacyRequest)
    assert package.data["request"] == request.number
    assert package.data["customer"] == AMELIA
