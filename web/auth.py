"""Who someone is: signed invitation links, and the roles they open.

Owns links, the session's roles, the names that interviewers go by and the rule that every route is closed unless opened. Invariant:
a view without ``opened_to`` or ``public`` answers 403 whatever the caller holds; a role counts for one interview only; a name comes
from a signed link and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request, session
from itsdangerous import BadSignature, URLSafeSerializer

from interviews.errors import NotAllowed
from interviews.events import Role
from interviews.service.rating import ANYBODY

View = TypeVar("View", bound=Callable[..., Any])
_SALT = "invitation-1"


@dataclass(frozen=True)
class Link:
    """An invitation: one role in one interview until ``expires_ms`` (Unix). ``rater`` names an interviewer; empty for nobody."""

    interview: str
    role: Role
    expires_ms: int
    rater: str = ""


def sign_link(secret: str, link: Link) -> str:
    """The token that stands in an invitation's URL."""
    named = [link.rater] if link.rater else []
    return str(URLSafeSerializer(secret, salt=_SALT).dumps([link.interview, link.role, link.expires_ms, *named]))


def read_link(secret: str, token: str) -> Link:
    """The invitation behind a token, which may have expired. Raises ``NotAllowed`` for a wrong one."""
    try:
        interview, role, expires_ms, *named = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except (BadSignature, ValueError, TypeError):
        raise NotAllowed(
            "This link is not an invitation of this server. "
            "Expected the link exactly as it was sent to you; part of it may be missing."
        ) from None
    return Link(interview, role, expires_ms, *named)


def require_valid(link: Link, now_ms: int, promised_ms: int | None = None) -> None:
    """Raise ``NotAllowed`` for an expired one. ``promised_ms`` is until when the link was promised to open in any case."""
    if now_ms > max(link.expires_ms, promised_ms or 0):
        raise NotAllowed(
            "This invitation has expired. Ask the person who sent it for a new one; nothing recorded is lost."
        )


def grant(link: Link) -> None:
    """Remember in the session what the link opens, and whom it names.

    A link without a name leaves the name that the session has: nobody gets rid of theirs by an older link.
    """
    roles, raters = dict(session.get("roles", {})), dict(session.get("raters", {}))
    before = roles.get(link.interview, [])
    roles[link.interview] = sorted({*before, link.role})
    if link.role == "interviewer":
        known = raters.get(link.interview, [ANYBODY] if link.role in before else [])
        name = link.rater or (known[-1] if known else ANYBODY)
        raters[link.interview] = [*(one for one in known if one != name), name]
    session["roles"], session["raters"] = roles, raters
    session.permanent = True


def rater(interview: str) -> str:
    """The name under which the caller judges that interview: that of the named link they opened last."""
    return raters(interview)[-1]


def raters(interview: str) -> list[str]:
    """Every name that the caller's session has had there: what one of them has seen, the others have."""
    known: list[str] = session.get("raters", {}).get(interview) or [ANYBODY]
    return known


def holds(interview: str, role: str) -> bool:
    """Whether the caller's session has that role in that interview."""
    return role in session.get("roles", {}).get(interview, [])


def public(view: View) -> View:
    """Open a view to everyone."""
    view.opened_to = "everyone"  # type: ignore[attr-defined]  # the mark that close_by_default reads
    return view


def opened_to(role: Role) -> Callable[[View], View]:
    """Open a view, whose URL names the ``interview``, to one role."""

    def mark(view: View) -> View:
        view.opened_to = role  # type: ignore[attr-defined]  # the mark that close_by_default reads
        return view

    return mark


def opened_to_named_role(view: View) -> View:
    """Open a view, whose URL names both ``interview`` and ``role``, to that role."""
    view.opened_to = "named"  # type: ignore[attr-defined]  # the mark that close_by_default reads
    return view


def close_by_default(app: Flask) -> None:
    """Let a request through only where its view was opened to the caller."""

    @app.before_request
    def check() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        role = getattr(current_app.view_functions[request.endpoint], "opened_to", None)
        if role == "everyone":
            return
        interview = (request.view_args or {}).get("interview", "")
        if role == "named":
            role = (request.view_args or {}).get("role")
        if role is None or not holds(interview, cast(str, role)):
            raise NotAllowed(
                "This page is open to the people invited to this interview. Open the link that was sent to you."
            )
