"""The errors a person may see.

Owns every exception class that crosses a module boundary. Invariant: a message is one translatable sentence that
names what was expected and what came; its values stand apart in ``params`` so that the web layer can translate the
sentence. Leaves out how an error is shown (``web``) or printed (``app``).
"""

from __future__ import annotations

from typing import ClassVar


def N_(text: str) -> str:
    """Marks a sentence that is recorded for the message catalogue; it is translated where it is shown."""
    return text


class PairsightError(Exception):
    """An error told to a person in one sentence.

    ``message`` is a gettext key with ``%(name)s`` placeholders, ``params`` fills them. ``status`` is the
    HTTP status a page or API call answers with.
    """

    status: ClassVar[int] = 400

    def __init__(self, message: str, **params: object) -> None:
        self.message = message
        self.params = params
        super().__init__(message % params if params else message)


class BadInput(PairsightError):
    """What a client, a file or a setting holds is not of the expected form."""


class WorkspaceFull(BadInput):
    """The sandbox's disk has no room for what was to be written; nothing was changed."""

    status = 507


class NotRegular(BadInput):
    """What a path of the workspace names is no regular file: a folder, a link, a pipe, a socket or a device."""


class FileChanged(BadInput):
    """A file of the workspace is no longer what the caller last saw; nothing was changed."""

    status = 409


class NotAllowed(PairsightError):
    """The caller's role or the interview's phase does not permit this."""

    status = 403


class NotFound(PairsightError):
    """A thing was named that is not there."""

    status = 404


class Conflict(PairsightError):
    """The caller acted on an older state; ask again from the newer one."""

    status = 409


class PlatformFailure(PairsightError):
    """Our side failed (sandbox, provider, store); never the candidate's fault."""

    status = 503


class LeaseHeld(PlatformFailure):
    """Another process leads the interview; whoever asked is to ask that one."""


class LeaseLost(PlatformFailure):
    """Another process has taken the interview over from this one; nothing was recorded."""


class LogCorrupt(BadInput):
    """A log does not parse or its hash chain is broken; ``params['seq']`` names the first bad event."""

    # What was asked for is in order; what is stored is not fit to answer it.
    status = 409
