"""What a candidate is told before they agree.

Owns the words. Invariant: the log pins the hash of exactly what was shown; a test holds the promises against what the
product does.
"""

from __future__ import annotations

from flask_babel import gettext as _

from assistant.base import Provider
from interviews.chain import sha256_hex
from interviews.events import InterviewSettings


def sections(settings: InterviewSettings, provider: Provider) -> list[tuple[str, list[str]]]:
    """Headings with their sentences, in the reader's language."""
    if provider.plants:
        mistakes = [
            _(
                "Some of its proposals hold mistakes placed on purpose. The brief, the tests, the terminal and "
                "the people you meet here never deceive you.",
            ),
            _("At the end you see each planted mistake, what you did about it, and the fix."),
        ]
    else:
        mistakes = [
            _(
                "It is a live model and makes mistakes of its own; none are placed on purpose. The brief, the tests, "
                "the terminal and the people you meet here never deceive you.",
            ),
            _(
                "What you write to it, what you attach and the exercise's files are sent to the service that runs it: "
                "%(service)s.",
                service=provider.name,
            ),
        ]
    hands = (
        [
            _(
                "Interviewers can also write in your files, as a colleague beside you would. You see who wrote what, and "
                "what they write is not counted as yours.",
            )
        ]
        if settings.co_edit
        else []
    )
    return [
        (
            _("What you will do"),
            [
                _(
                    "You work on one exercise in the browser for %(minutes)d minutes: an editor, a terminal and an "
                    "AI assistant.",
                    minutes=settings.minutes,
                ),
                _(
                    "The clock starts when you press Start. It stops by itself whenever our side is at fault, and "
                    "that time is given back to you.",
                ),
                _(
                    "When time is up your work is submitted by itself; edits that had not reached us yet are still "
                    "taken for %(seconds)d seconds and marked late.",
                    seconds=settings.grace_s,
                ),
            ],
        ),
        (
            _("The assistant"),
            [
                _(
                    "You may use it for all, some or none of the work. None of these is better or worse in itself.",
                ),
                *mistakes,
            ],
        ),
        (
            _("What is recorded"),
            [
                _(
                    "Every prompt and reply, every edit, what the terminal shows, each command with its exit code, "
                    "each test run, and when this page is open or in the background.",
                ),
                _("No camera, no microphone, no screen, nothing outside this page."),
                _(
                    "Interviewers can watch as you work and replay it later. What is scored is a proposal to a "
                    "person, who decides.",
                ),
                *hands,
                _(
                    "How long you look at something, how fast you type and how much of the assistant's work you take "
                    "are not scored.",
                ),
            ],
        ),
    ]


def text_hash(parts: list[tuple[str, list[str]]]) -> str:
    """SHA-256 of the words shown."""
    return sha256_hex("\n".join(line for heading, lines in parts for line in (heading, *lines)).encode())
