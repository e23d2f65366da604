"""What it means when a language model's service fails, in words for the candidate.

Owns the sentences: what happened, and what comes next; and what may pass when it is asked again. Invariant: nothing of what the
service said is passed on, as it may name accounts; who can mend it is always clear. Leaves out each SDK's exceptions (its provider
knows them) and how long is waited (``assistant.driving``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from interviews.errors import PlatformFailure


def N_(text: str) -> str:
    """Marks a sentence for translation."""
    return text


AGAIN = N_("Please ask again in a moment.")
SETUP = N_(
    "Asking again will not help until the interviewer has set this right; your work is safe, and you can go on without."
)
SHORTER = N_("Attach less, or ask for a smaller step.")


@dataclass(frozen=True)
class Trouble:
    """``what`` happened, and what comes ``then``.

    ``passes``: it may be over when the same is asked again, after ``after_s`` seconds where the service said so.
    """

    what: str
    then: str
    passes: bool = False
    after_s: float | None = None

    @property
    def too_long(self) -> bool:
        """Whether a shorter conversation would do."""
        return self.then == SHORTER

    def failure(self, cut_off: bool) -> PlatformFailure:
        """As an error; ``cut_off`` when the candidate has seen a part of the answer."""
        if cut_off:
            return PlatformFailure(
                "The answer was cut off: %(what)s What came is kept and the time is given back. %(then)s",
                what=self.what, then=self.then,
            )  # fmt: skip
        return PlatformFailure("%(what)s The time is given back. %(then)s", what=self.what, then=self.then)


def answered(service: str, model: str, status: int, kind: str = "", message: str = "") -> Trouble:
    """An error by its kind, which a stream that has begun with status 200 still tells, else by its status."""
    said = message.lower()
    if kind == "billing_error" or status == 402 or "credit balance" in said:
        return _lasts(N_("The account at {service}'s service has no credit left."), SETUP, service)
    if kind == "authentication_error" or status == 401:
        return _lasts(N_("{service}'s service does not accept the key that Pairsight was given."), SETUP, service)
    if kind == "permission_error" or status == 403:
        return _lasts(N_("The key that Pairsight was given for {service} may not use this model."), SETUP, service)
    if kind == "not_found_error" or status == 404:
        return Trouble(
            N_("{service}'s service knows no model named {model}.").format(service=service, model=model), SETUP
        )
    if kind == "rate_limit_error" or status == 429:
        return _passes(
            N_("{service}'s service was asked too much in a short time: the limit for this account."), service
        )
    if kind == "overloaded_error" or status == 529:
        return _passes(N_("{service}'s service is overloaded."), service)
    # No code tells this one; where its words change, it is told as a request that was not accepted.
    if status == 413 or (status == 400 and "too long" in said):
        return _lasts(N_("The conversation is too long for {service}'s service."), SHORTER, service)
    if kind in ("api_error", "timeout_error") or status >= 500 or status in (408, 409):
        return _passes(N_("{service}'s service has failed on its side."), service)
    if kind == "invalid_request_error" or status in (400, 422):
        return _lasts(N_("{service}'s service did not accept the request."), SETUP, service)
    return _lasts(N_("{service}'s service answered with an error."), AGAIN, service)


def late(service: str) -> Trouble:
    """No sign of an answer within the deadline."""
    return _lasts(N_("{service} did not begin to answer within the time set for it."), AGAIN, service)


def wait_too_long(trouble: Trouble, seconds: float) -> Trouble:
    """The service wants to be asked again later than an answer may begin."""
    wait = N_("It asks to wait {seconds} seconds, which is longer than an answer is waited for here.")
    return Trouble(f"{trouble.what} {wait.format(seconds=ceil(min(seconds, 86_400)))}", AGAIN)


def silent(service: str) -> Trouble:
    """A connection on which nothing comes any more."""
    return _passes(N_("{service}'s service went silent."), service)


def unreachable(service: str) -> Trouble:
    """No connection at all."""
    return _passes(N_("{service}'s service could not be reached."), service)


def broken(service: str) -> Trouble:
    """A connection that ended before the answer did."""
    return _passes(N_("The connection to {service}'s service broke."), service)


def unreadable(service: str) -> Trouble:
    """An answer in no form that is known."""
    return _lasts(N_("{service}'s service sent something that cannot be understood."), SETUP, service)


def _lasts(what: str, then: str, service: str) -> Trouble:
    return Trouble(what.format(service=service), then)


def _passes(what: str, service: str) -> Trouble:
    return Trouble(what.format(service=service), AGAIN, passes=True)
