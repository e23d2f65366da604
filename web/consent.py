"""What a candidate is told before they agree.

Owns the words, those of the two formats to choose from among them. Invariant: the log pins the hash of exactly what was shown; a
test holds the promises against what the product does. Leaves out what follows from the choice (``interviews.service``).
"""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _

from assistant import judging
from assistant.base import Provider
from interviews.chain import sha256_hex
from interviews.events import InterviewSettings


class Choice(NamedTuple):
    """A format to choose: the form's value, its name and what it means."""

    value: str
    title: str
    words: str


def plants(settings: InterviewSettings, provider: Provider) -> bool:
    """Whether the assistant's proposals hold mistakes placed on purpose; where it only talks, it makes none."""
    return provider.plants and settings.mode != "chat"


def choices(settings: InterviewSettings, provider: Provider, review: bool) -> list[Choice]:
    """The two formats, with and without planted mistakes; none where there are none to be met."""
    if not review and not plants(settings, provider):
        return []
    sound = (
        _("The assistant's proposals and the pieces of the change request are then as right as we could make them.")
        if review and plants(settings, provider)
        else _("The pieces of the change request are then as right as we could make them.")
        if review
        else _("The assistant's proposals are then as right as we could make them.")
    )
    flawed = (
        _("Some of the assistant's proposals and of the pieces of the change request hold mistakes.")
        if review and plants(settings, provider)
        else _("Some of the pieces of the change request hold mistakes.")
        if review
        else _("Some of the assistant's proposals hold mistakes.")
    )
    return [
        Choice(
            "yes",
            _("With mistakes placed on purpose"),
            " ".join(
                [
                    _("The same exercise and the same time."),
                    flawed,
                    _("How you deal with them is a part of what is scored; you can take that back afterwards."),
                ]
            ),
        ),
        Choice(
            "no",
            _("Without mistakes placed on purpose"),
            " ".join(
                [
                    _("The same exercise and the same time."),
                    sound,
                    _(
                        "How you deal with mistakes then reads “not observed”, which counts neither for nor against you."
                    ),
                ]
            ),
        ),
    ]


def sections(settings: InterviewSettings, provider: Provider, review: bool = False) -> list[tuple[str, list[str]]]:
    """Headings with their sentences, in the reader's language. ``review``: a review follows open work."""
    mistakes: list[str] = []
    if review or plants(settings, provider):
        # They have a section of their own.
        if not provider.plants:
            mistakes = [_("It is a live model and makes mistakes of its own; none of those are placed on purpose.")]
        elif not plants(settings, provider):
            mistakes = [_("It says the same to every candidate, and none of its mistakes are placed on purpose.")]
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
                *_parts(settings, review),
                _(
                    "The clock starts when you press Start. It stops by itself whenever our side is at fault, and "
                    "that time is given back to you.",
                ),
                _(
                    "When the time of a part is up, that part ends by itself; edits that had not reached us yet are still taken "
                    "for %(seconds)d seconds and marked late.",
                    seconds=settings.grace_s,
                )
                if review
                else _(
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
                *_handing_over(settings),
                *_bounds(settings),
                *mistakes,
            ],
        ),
        *_planted(settings, provider, review),
        (
            _("What is recorded"),
            [
                _(
                    "Every prompt and reply, every edit, what the terminal shows, each command with its exit code, "
                    "each test run, and when this page is open or in the background.",
                ),
                *([_("Your verdicts in the review, and what you write about its pieces.")] if review else []),
                *([_("Your tickets and comments, and each step of the work on them.")] if settings.delegation else []),
                _("No camera, no microphone, no screen, nothing outside this page."),
                _(
                    "Interviewers can watch as you work and replay it later. What is scored is a proposal to a "
                    "person, who decides.",
                ),
                *_judged(settings),
                *hands,
                _(
                    "How long you look at something, how fast you type and how much of the assistant's work you take "
                    "are not scored.",
                ),
            ],
        ),
    ]


def _parts(settings: InterviewSettings, review: bool) -> list[str]:
    """What is done in which time."""
    if not review:
        return [
            _(
                "You work on one exercise in the browser for %(minutes)d minutes: an editor, a terminal and an "
                "AI assistant.",
                minutes=settings.minutes,
            )
        ]
    return [
        _(
            "There are two parts, each with a clock of its own: %(minutes)d minutes of open work, then %(review)d minutes of "
            "review.",
            minutes=settings.minutes,
            review=settings.review_minutes,
        ),
        _("In open work you work on one exercise in the browser: an editor, a terminal and an AI assistant."),
        _(
            "In the review you are given a change to another small program, cut into small pieces. For each piece you say "
            "whether it is right or wrong and how sure you are, and where it is wrong, what is wrong. You can run the program "
            "and its tests to find out."
        ),
        _(
            "You may end a part early. Time left over is not held against you, and is not added to the next part. Between the "
            "two the clock stands, for five minutes at most, while you read what comes."
        ),
        _(
            "What you hand in of open work is what stands there when that part ends; edits of it in the review do not count."
        ),
    ]


def _planted(settings: InterviewSettings, provider: Provider, review: bool) -> list[tuple[str, list[str]]]:
    """What is told of planted mistakes, where they may be met."""
    if not choices(settings, provider, review):
        return []
    told = []
    if plants(settings, provider):
        told.append(_("Some of the assistant's proposals hold mistakes placed on purpose."))
    if review:
        told.append(
            _(
                "The change that you review is alike for everyone, and some of its pieces hold mistakes placed on purpose. How "
                "many is not told."
            )
        )
    told += [
        _(
            "They are such as a limit that is off by one, an error that is swallowed, a function that does not exist, a feature "
            "that quietly breaks, an insecure shortcut, more changed than was asked for, or a test that checks less than before."
        ),
        _("The brief, the tests, the terminal and the people you meet here never deceive you."),
        *(
            [_("A test that is itself a piece of the change under review is a part of what you review.")]
            if review
            else []
        ),
        _("Before you leave you see each planted mistake, what you did about it, and the fix."),
        _(
            "What planted mistakes say of you can be taken back within seven days after the interview, without a reason. Nothing "
            "is concluded from it: it then reads as if there had been no opportunity."
        ),
        _("There is an equivalent format without them. You choose below; neither is better in itself."),
    ]
    return [(_("Mistakes placed on purpose"), told)]


def _handing_over(settings: InterviewSettings) -> list[str]:
    """Tickets, where they may be written."""
    if not settings.delegation:
        return []
    return [
        _(
            "You can also hand work over: you write a ticket, the assistant works on it in a copy of your files while you go on, "
            "and comes back with a change. You may comment on it, ask for another round, take all or parts of it, or leave it."
        )
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
                "Its answers were prepared beforehand and are kept on this server: while you work, what you write to it goes "
                "nowhere else.",
            )
            if settings.judge
            else _(
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


def _judged(settings: InterviewSettings) -> list[str]:
    """That a model may be asked for its judgement, and who runs it."""
    if not settings.judge:
        return []
    return [
        _(
            "A language model may be asked afterwards what it makes of what you wrote. It can move a score by a little and decides "
            "nothing. For that, what you wrote and what it was about are sent to the service that runs it: %(service)s.",
            service=judging.get(settings.judge).receiver,
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


def text_hash(parts: list[tuple[str, list[str]]], formats: list[Choice] | None = None) -> str:
    """SHA-256 of the words shown."""
    lines = [line for heading, some in parts for line in (heading, *some)]
    lines += [line for one in formats or () for line in (one.title, one.words)]
    return sha256_hex("\n".join(lines).encode())
