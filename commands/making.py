"""The options of a command that makes an interview.

Owns their names and words. Invariant: each is the setting of the same name, whose form is checked there (``interviews.settings``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

import click

from commands.numbers import Finite

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = (
    click.option("--exercise", metavar="ID", help="Exercise of the interview."),
    click.option("--minutes", type=Finite(), help="How long its open work is."),
    click.option("--review-minutes", type=Finite(), help="How long the review after it is; 0 for none."),
    click.option("--delegation/--no-delegation", default=None, help="Tickets may be handed to the assistant."),
    click.option("--mode", metavar="MODE", help="What the assistant may do: chat, edit or agent."),
    click.option("--model", metavar="NAME", help="Model that answers."),
    click.option(
        "--models", metavar="NAME,…", help="Models that the candidate may choose among, the first by default."
    ),
    click.option("--budget-tokens", metavar="N", help="Tokens that all replies together may use."),
    click.option("--budget-usd", metavar="DOLLARS", help="US dollars that they may cost."),
    click.option("--share-brief/--no-share-brief", default=None, help="The assistant knows the brief."),
    click.option("--share-tree/--no-share-tree", default=None, help="It looks at every file, or at those attached."),
    click.option("--co-edit", is_flag=True, default=None, help="Interviewers may edit."),
)


def making(command: F) -> F:
    """Give the command these options; each is None where it was not used."""
    return reduce(lambda made, option: option(made), reversed(OPTIONS), command)
