"""What every request and every answer goes through: a size limit in, security headers out."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.problems import problem

_LARGEST_BODY = 64 * 1024
_LARGEST_UPLOAD = 5 * 1024 * 1024 + 64 * 1024  # the largest file, and what stands around it
_UPLOADS = (re.compile(r"/api/v1/cases/[A-Z0-9-]{1,20}/attachments"), re.compile(r"(/api/v1)?/guardian/[\w.-]{1,80}"))
"""Addresses that take files; the size of the file itself is checked where its content is."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses bodies that are too large before anybody reads them; adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, pass on, add headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                # Static files may be kept, but are asked for again, so that an upgrade shows at once.
                headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
            await send(message)

        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        app = self.app
        if "transfer-encoding" in headers:
            app = problem(411, "length_missing", "Please send the length of the body.")
        elif not length.isdigit() or int(length) > _largest(scope["path"]):
            app = problem(413, "too_long", _too_long(scope["path"]))
        await app(scope, receive, sending)


def _takes_files(path: str) -> bool:
    return any(address.fullmatch(path) for address in _UPLOADS)


def _largest(path: str) -> int:
    return _LARGEST_UPLOAD if _takes_files(path) else _LARGEST_BODY


def _too_long(path: str) -> str:
    if _takes_files(path):
        return "A file may have at most 5 MB. Please send a smaller photo or scan."
    return "A message may have at most 4,000 characters. Please shorten it."
