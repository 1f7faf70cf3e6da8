"""What gives somebody away, and what only looks like it."""

import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.privacy import erasure_scan
from bot.privacy.erasure_scan import Traces

TRACES = Traces.of("1001", {"name": "ann lee", "email": "an@example.com", "phone": "7700900123"})


@pytest.mark.parametrize("words", [
    "Ann Lee", "Dear Ann  Lee,", "(ann lee)", "it was ann lee's order", "an@example.com", "<An@Example.com>.",
    "write to an@example.com.", "+44 7700 900123", "07700 900123", {"to": ["Ann Lee"]},
])  # fmt: skip
def test_the_persons_own_words_are_found(words):
    assert TRACES.in_value(words)


@pytest.mark.parametrize("words", [
    "Ann Lee-Jones", "Joann Lee", "Mary-Ann Lee", "Ann Leeds", "jan@example.com", "jo.an@example.com",
    "x+an@example.com", "an@example.com.au", "1001", {"to": ["Ann Lee-Jones"]},
])  # fmt: skip
def test_somebody_elses_are_not(words):
    assert not TRACES.in_value(words)


def test_files_are_read_the_same_way():
    assert TRACES.raw.search('{"to": "Ann Lee"}') and TRACES.raw.search("mail to an@example.com failed")
    assert not TRACES.raw.search('{"to": "Ann Lee-Jones"}') and not TRACES.raw.search("jo.an@example.com")


@pytest.mark.parametrize(
    "name", ["Émile Roux", "Łukasz Nowak", "Иван Петров", "Γιώργος Παππάς", "İbrahim Öz", "Jan Groß"]
)
def test_letters_beyond_ascii_are_found_however_they_are_written(name):
    traces = Traces.of("1001", {"name": name})
    for casing in (name, name.lower(), name.upper()):
        for written in (casing, json.dumps(casing), json.dumps(casing).upper(), quote(casing), quote(casing).lower()):
            assert traces.in_value(f"told {written}!") and traces.raw.search(f"told {written}!"), written
    for other in (f"{name}ова", f"{name}-Jones", f"Jo{name}"):
        assert not traces.in_value(other) and not traces.raw.search(other), other


@pytest.mark.parametrize("kind", ["name", "email"])
@pytest.mark.parametrize(("before", "after"), [("Dear\n", "\n"), ("“", "”"), ('"', '"'), ("<", ">"), ("\t", "\u00a0")])
def test_a_line_break_or_quotation_mark_in_json_or_an_address_hides_nobody(kind, before, after):
    for value in {"name": ("Ann Lee", "Иван Петров"), "email": ("an@example.com",)}[kind]:
        traces, text = Traces.of("1001", {kind: value}), f"{before}{value}{after}"
        for written in (text, json.dumps({"says": text}), f"?says={quote(text)}", f"?says={quote(text).lower()}"):
            assert traces.in_value(written) and traces.raw.search(written), written


PIECES = ["Ann", "Lee", "an@example.com", "7700", "900", "123", " ", "\n", "\u00a0", "\t", "\\", '"', "-", "é", "x"]


@given(st.lists(st.sampled_from(PIECES), max_size=9), st.booleans())
@example(["7700", "\u00a0", "900", "123"], True)
@example(["Ann", "\n", "Lee"], True)
def test_an_event_tells_of_somebody_in_json_when_it_does_by_itself_and_only_then(pieces, ascii_only):
    event = {"event": "user", "text": "".join(pieces)}
    assert TRACES.in_json(json.dumps(event, ensure_ascii=ascii_only)) == TRACES.in_value(event)


@pytest.mark.parametrize("other", ["Иван Петровский", "Милован Петров", "Иван Петров-Ли"])
def test_somebody_elses_name_is_nobodys_trace_in_json_or_an_address_either(other):
    traces = Traces.of("1001", {"name": "Иван Петров"})
    for written in (other, json.dumps(f"told {other}"), f"?by={quote(other)}", f"?by={quote(other).lower()}"):
        assert not traces.in_value(written) and not traces.raw.search(written), written


_WRITTEN = (str, str.upper, str.lower, json.dumps, quote, lambda text: json.dumps(quote(text)).upper())
_SIGNS = st.sampled_from("aikslmno05.-'éÉßİıſ\u212aжЖ")


@given(st.text(_SIGNS, min_size=1, max_size=6), st.sampled_from(_WRITTEN), st.text(max_size=20), st.text(max_size=20))
@example("K. Oz", str.upper, "told ", "!")
@example("7700900123", "+44 (7700) 900-123".format, "", "")
def test_what_is_quickly_passed_over_holds_nothing(value, written, before, after):
    text = f"{before} {written(value)} {after}"
    for kind in ("name", "email", "phone"):
        digits = "".join(sign for sign in value if sign in "0123456789")
        traces = Traces.of("1001", {kind: digits if kind == "phone" else value})
        if traces.words is not None and (traces.words.search(text) or traces.raw.search(text)):
            assert traces.may_be_in(text), kind


def test_a_text_about_somebody_else_is_passed_over():
    traces = Traces.of("1001", {"name": "Ann Leeds", "email": "ann@example.com", "phone": "7700900123"})
    assert not traces.may_be_in("Please send me a copy of everything, to jo@example.com or 020 7946 0000, Leo.")


def test_a_letter_on_the_border_of_two_pieces_of_a_file_is_read_whole(settings, monkeypatch):
    monkeypatch.setattr(erasure_scan, "_CHUNK", 7)
    settings.desk_home.mkdir(parents=True, exist_ok=True)
    (settings.desk_home / "a.log").write_bytes("xÉmile Roux, Émile Roux".encode() + b"\xff\n" + "ÉMILE ROUX".encode())
    (settings.desk_home / "b.log").write_text("Émile Rouxel", encoding="utf-8")
    traces = Traces.of("1001", {"name": "Émile Roux"})
    assert erasure_scan.in_files(settings, traces, lambda: None) == {"a.log": 2}
