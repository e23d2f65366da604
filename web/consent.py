"""What a candidate is told before they agree.

Owns the words. Invariant: the log pins the hash of exactly what was shown; a test holds the promises against what the
product does.
"""

from __future__ import annotations

from flask_babel import gettext as _

from assistant.base import Provider
from interviews.chain import sha256_hex
from interviews.events import InterviewSettings


def plants(settings: InterviewSettings, provider: Provider) -> bool:
    """Whether the assistant's proposals hold mistakes placed on purpose; where it only talks, it makes none."""
    return provider.plants and settings.mode != "chat"


def sections(settings: InterviewSettings, provider: Provider) -> list[tuple[str, list[str]]]:
    """Headings with their sentences, in the reader's language."""
    if plants(settings, provider):
        mistakes = [
            _(
                "Some of its proposals hold mistakes placed on purpose. The brief, the tests, the terminal and "
                "the people you meet here never deceive you.",
            ),
            _("At the end you see each planted mistake, what you did about it, and the fix."),
        ]
    elif provider.plants:
        mistakes = [
            _(
                "It says the same to every candidate, and none of its mistakes are placed on purpose. The brief, the tests, the "
                "terminal and the people you meet here never deceive you.",
            ),
        ]
    else:
        mistakes = [
            _(
                "It is a live model and makes mistakes of its own; none are placed on purpose. The brief, the tests, "
                "the terminal and the people you meet here never deceive you.",
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
                *_allowed(settings),
                *_known(settings),
                *_receivers(settings, provider),
                *_bounds(settings),
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


def _allowed(settings: InterviewSettings) -> list[str]:
    """What the assistant may do."""
    proposes = _(
        "It proposes changes to your files. Nothing of them gets in unless you accept it, piece by piece or as a whole.",
    )
    match settings.mode:
        case "chat":
            return [_("It talks with you. It proposes no changes to your files and runs nothing.")]
        case "edit":
            return [proposes, _("It runs nothing: no tests, no commands.")]
        case "agent":
            return [
                proposes,
                _(
                    "It also searches your files and runs tests and commands, in a copy of them and never in your "
                    "terminal. You see each step as it happens and can stop it at any moment.",
                ),
            ]


def _known(settings: InterviewSettings) -> list[str]:
    """What the assistant knows unasked."""
    return [
        _("It has the brief that you get.")
        if settings.brief_shared
        else _("It does not have the brief that you get: it knows of it what you tell it."),
        _("It can look at all files of your workspace.")
        if settings.tree_shared
        else _("Of your files it sees those that you attach, whole or a part of them, now or before, and no others."),
        _("It sees your terminal and your test results only where you attach something of them."),
    ]


def _receivers(settings: InterviewSettings, provider: Provider) -> list[str]:
    """Who gets what is written to the assistant."""
    if not provider.receiver:
        return [
            _(
                "Its answers were prepared beforehand and are kept on this server: what you write to it goes nowhere else.",
            )
        ]
    if settings.tree_shared:
        return [
            _(
                "What you write to it, what you attach and the exercise's files are sent to the service that runs it: "
                "%(service)s.",
                service=provider.receiver,
            )
        ]
    return [
        _(
            "What you write to it and what you attach are sent to the service that runs it: %(service)s.",
            service=provider.receiver,
        )
    ]


def _bounds(settings: InterviewSettings) -> list[str]:
    """What there is to choose among, and how far it goes."""
    told = []
    if len(settings.models) > 1:
        told.append(_("You choose who answers each time, among: %(models)s.", models=", ".join(settings.models)))
    if settings.budget_tokens or settings.budget_cents:
        told.append(
            _(
                "What it may use in this interview is bounded. You are told before that is used up; then you work on "
                "without it.",
            )
        )
    return told


def text_hash(parts: list[tuple[str, list[str]]]) -> str:
    """SHA-256 of the words shown."""
    return sha256_hex("\n".join(line for heading, lines in parts for line in (heading, *lines)).encode())
