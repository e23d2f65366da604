"""``pairsight baseline``: what an assistant reaches in an exercise alone.

Owns its words. Invariant: each attempt is kept as soon as it is made, so that one that is broken off loses none before it.
Leaves out how an attempt is made (``interviews.service.baseline``) and what it means (``interviews.baseline``).
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time

import click

import assistant.registry
from interviews import exercises
from interviews.baseline import Baseline
from interviews.service.baseline import attempt, settings_for
from interviews.settings import read_settings
from wiring import make_interviews, open_baselines

MOST_RUNS = 100


@click.command("baseline")
@click.argument("exercise", metavar="EXERCISE")
@click.option("--runs", type=click.IntRange(1, MOST_RUNS), default=5, show_default=True, help="How often it tries.")
@click.option("--provider", metavar="NAME", help="Who tries; the settings' own otherwise.")
@click.option("--model", metavar="NAME", help="Its model.")
@click.option("--list", "listed", is_flag=True, help="Say what is known, and try nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; progress goes to stderr.")
def baseline_command(
    exercise: str, runs: int, provider: str | None, model: str | None, listed: bool, as_json: bool
) -> None:
    """Let the assistant solve an exercise alone, and keep how much of it that was.

    Scorecards show how far a candidate went beyond it. Attempts add to those made before.

    \b
    Example: pairsight baseline prompted-playlists --runs 5
             pairsight baseline prompted-playlists --provider anthropic --model claude-opus-4-8 --json
             pairsight baseline prompted-playlists --list
    """
    settings = read_settings(os.environ, provider=provider, model=model)
    loaded = exercises.load(exercise)
    assistant.registry.get(settings.provider)
    kept = open_baselines(settings)
    if listed:
        _tell(kept.all(exercise), loaded.sha256, as_json)
        return
    # Nobody waits for these sandboxes: none is started ahead.
    found = make_interviews(settings.model_copy(update={"warm": 0}))
    terms = settings_for(
        settings.provider,
        settings.model or next(iter(settings.models), ""),
        settings.budget_tokens,
        settings.budget_cents,
    )
    pool = found.tools.backend()
    whole: Baseline | None = None
    try:
        with click.progressbar(range(runs), label=loaded.spec.title, file=sys.stderr) as numbers:
            for _ in numbers:
                whole = kept.add(attempt(loaded, found.tools, terms, secrets.randbelow(1 << 31)))
    finally:
        pool.close()
    _tell([whole] if whole else [], loaded.sha256, as_json)


def _tell(known: list[Baseline], sha256: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([one.result() for one in known]))
        return
    if not known:
        click.echo("Nobody has tried it alone yet.")
    for one in known:
        low, high = one.interval
        day = time.strftime("%Y-%m-%d", time.gmtime(one.attempts[-1].at_ms / 1000))
        cost = "" if one.cost_microusd is None else f", {one.cost_microusd / 1e6:.2f} US dollars"
        who = f"{one.provider} {one.model}".strip()
        click.echo(
            f"{one.exercise} version {one.version}, {who}: {one.rate:.0%} of the hidden tests, likely {low:.0%} to {high:.0%}, "
            f"from {len(one.attempts)} runs until {day} ({one.tokens} tokens{cost})"
        )
        if one.sha256 != sha256:
            click.echo("! of other content than the exercise has now: it is compared with nobody")
        elif one.decayed:
            click.echo("! decayed: the assistant solves it alone, so it tells little of who works on it")
