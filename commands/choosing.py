"""The option by which commands are told a rubric.

Owns its name and where its default comes from: what the pages of the installation score by. Leaves out reading it
(``rubrics.rubric``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from interviews.settings import RUBRIC

F = TypeVar("F", bound=Callable[..., Any])


def rubric_option(words: str, name: str = "rubric") -> Callable[[F], F]:
    """``--rubric`` as the argument ``name``; ``words`` say what it is for."""
    return click.option(
        "--rubric", name, default="standard", envvar=RUBRIC, show_default=True, metavar="ID|FILE", help=words
    )
