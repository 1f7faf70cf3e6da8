"""`python -m bot certificate`: whether a certificate of deletion is genuine, and the key that tells others."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.config import get_settings
from bot.store import certificates

app = typer.Typer(help="Certificates of deletion.", no_args_is_help=True)


@app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="The mail or the seal; standard input where it is left out.")
    ] = None,
) -> None:
    """Say whether a certificate is genuine, and print what was signed; exit 1 when it is not."""
    document = file.read_text(encoding="utf-8") if file else sys.stdin.read()
    certified = certificates.verify(document, get_settings().signing_key)
    typer.echo(f"Genuine. This was signed:\n\n{certified['text']}")


@app.command("key")
def key() -> None:
    """Print the public key with which anybody can check certificates (Ed25519, PEM)."""
    typer.echo(certificates.public_key(get_settings().signing_key), nl=False)


@app.command("show")
def show(number: Annotated[str, typer.Argument(help="Number of the request.")]) -> None:
    """Print the certificate of a request once more, for somebody whose mail was lost."""
    from bot.bootstrap import open_desk
    from bot.errors import NotFound
    from bot.store.desk_tables import Certificate

    with open_desk().reading() as session:
        certificate = session.get(Certificate, number)
        if certificate is None:
            raise NotFound("There is no certificate for a request with that number.")
        typer.echo(f"{certificate.text}\n\n{certificates.in_lines(certificate.signed)}")
