"""`python -m bot certificate`: anybody can tell a true certificate from a false one."""

import pytest
from typer.testing import CliRunner

from bot.cli import certificate as certificate_cli
from bot.errors import DeskError, SetupError
from bot.store import certificates

SEED = "5e" * 32
TEXT = "Certificate of deletion\n\nRequest: PR-2026-000001\n- Your orders: 3 orders"


@pytest.fixture
def call(settings, monkeypatch):
    monkeypatch.setattr(certificate_cli, "get_settings", lambda: settings)

    def called(*words, given=None):
        return CliRunner().invoke(certificate_cli.app, [*words], input=given)

    return called


@pytest.fixture
def mail():
    seal = certificates.in_lines(certificates.sign(TEXT, {"request": "PR-2026-000001"}, SEED))
    return f"Hello,\n\n{TEXT}\n\n{seal}\n\nYour privacy desk\n"


def test_a_genuine_certificate_is_told_with_its_words(call, mail, tmp_path):
    (tmp_path / "mail.txt").write_text(mail, encoding="utf-8")
    for done in (call("verify", str(tmp_path / "mail.txt")), call("verify", given=mail)):
        assert done.exit_code == 0 and "Genuine" in done.stdout and "3 orders" in done.stdout


def test_a_changed_one_is_refused(call, mail):
    done = call("verify", given=mail.replace("3 orders", "4 orders"))
    assert done.exit_code == 1 and isinstance(done.exception, DeskError) and "Genuine" not in done.stdout


def test_the_public_key_is_printed_and_no_secret_with_it(call):
    done = call("key")
    assert done.stdout.startswith("-----BEGIN PUBLIC KEY-----") and SEED not in done.stdout


@pytest.mark.parametrize("seed", ["", "5e", "x" * 64, "5e" * 33])
def test_a_key_that_is_none_is_named(seed):
    with pytest.raises(SetupError, match="SIGNING_KEY"):
        certificates.public_key(seed)
