"""What every response carries, and which requests are refused before anything else.

Owns the content security policy and the same-origin rule for writes. Invariant: no inline script or style without
this response's nonce, no foreign origin in any header.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from interviews.errors import NotAllowed


def nonce() -> str:
    """This response's nonce for style elements."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


class Signer(TimestampSigner):
    """Signs the session's cookie; one signed later than now is good too, for the machine's clock may have been set back since."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        value, at = super().unsign(signed_value, None, True)
        if max_age is not None and self.get_timestamp() - at.timestamp() > max_age:
            raise SignatureExpired("Expected a younger session", payload=value, date_signed=at)
        return (value, at) if return_timestamp else value


class Sessions(SecureCookieSessionInterface):
    """The session's cookie, for encrypted connections alone once it was given over one."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        found = super().get_signing_serializer(app)
        if found is not None:
            found.signer = Signer
        return found

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def believe_proxies(app: Flask, count: int) -> None:
    """Take the browser's address, scheme and host from what this many proxies in front have added, and from nobody else.

    Called last: it goes around everything that answers.
    """
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def guard(app: Flask) -> None:
    """Install the headers, the same-origin check and the session's cookie."""
    app.session_interface = Sessions()

    @app.before_request
    def same_origin() -> None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if site not in ("same-origin", "none") or (origin and urlsplit(origin).netloc != request.host):
            raise NotAllowed("Expected a request from this site's own pages")

    @app.after_request
    def headers(response: Response) -> Response:
        policy = {
            "default-src": "'self'", "script-src": "'self'", "style-src": f"'self' 'nonce-{nonce()}'", "img-src": "'self' data:",
            "font-src": "'self'", "connect-src": "'self'", "object-src": "'none'", "base-uri": "'none'",
            "form-action": "'self'", "frame-ancestors": "'none'",
        }  # fmt: skip
        response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Not "no-referrer": browsers then send the Origin "null" with a form, which the check above refuses.
        response.headers["Referrer-Policy"] = "same-origin"
        # Links in replies are nobody's to look up before they are followed.
        response.headers["X-DNS-Prefetch-Control"] = "off"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
