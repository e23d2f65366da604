"""``pairsight exercise``: which exercises there are, and whether each is what it declares.

Owns their words. Invariant: exit code 0 only where all was proved. Leaves out the proofs (``interviews.service.exercise_check``).
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

import interviews.exercises
import sandbox.registry
from interviews.baseline import Baseline
from interviews.service.exercise_check import Checker, Failure
from interviews.settings import read_settings
from sandbox.pool import Pool
from wiring import known_baselines


@click.group("exercise")
def exercise_group() -> None:
    """The exercises that interviews are made of."""


@exercise_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """Say which exercises there are.

    \b
    Example: pairsight exercise list
    """
    known = known_baselines(read_settings(os.environ))
    rows = [_row(interviews.exercises.load(name), known) for name in interviews.exercises.names()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        times = f"open work {row['minutes']:g} minutes"
        if row["pool"]:
            times += f", review {row['review_minutes']:g} minutes with {row['pool']} mistakes to choose from"
        click.echo(f"{row['id']}  version {row['version']}, {row['language']}: {row['title']} ({times})")
        for alone in row["baselines"]:
            who, told = f"{alone['provider']} {alone['model']}".strip(), " — decayed" if alone["decayed"] else ""
            click.echo(f"  {who} alone: {alone['rate']:.0%} of the hidden tests, from {alone['runs']} runs{told}")


def _row(exercise: interviews.exercises.Exercise, known: list[Baseline]) -> dict[str, Any]:
    """What there is to say of one; of ``known`` baselines those of its present content."""
    spec, review = exercise.spec, exercise.review
    told = ("provider", "model", "runs", "rate", "interval", "decayed")
    own = [one.result() for one in known if one.sha256 == exercise.sha256]
    return {
        "id": spec.id, "version": spec.version, "title": spec.title, "language": spec.language, "minutes": spec.minutes,
        "review_minutes": spec.review_minutes if review else 0, "defects": len(spec.defects),
        "pool": len(review.spec.defects) if review else 0,
        "baselines": [{name: one[name] for name in told} for one in own],
    }  # fmt: skip


@exercise_group.command("check")
@click.argument("exercise", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_command(exercise: str | None, as_json: bool) -> None:
    """Prove an exercise, or all: that its solution passes, and that each planted mistake passes the visible tests and is
    caught by the hidden tests that it declares, by no others.

    \b
    Example: pairsight exercise check prompted-playlists --json
    """
    loaded = [interviews.exercises.load(name) for name in ([exercise] if exercise else interviews.exercises.names())]
    backend, _ = sandbox.registry.choose(read_settings(os.environ).sandbox)
    pool = Pool(backend)
    results: list[dict[str, Any]] = []
    try:
        for one in loaded:
            checker = Checker(pool, one)
            failures: list[Failure] = []
            proofs = checker.proofs()
            with click.progressbar(proofs, label=one.spec.id, item_show_func=_shown, file=sys.stderr) as bar:
                for proof in bar:
                    failures += checker.run(proof)
            results.append(
                {
                    "exercise": one.spec.id, "version": one.spec.version, "ok": not failures, "proofs": len(proofs),
                    "failures": [failure.model_dump() for failure in failures],
                }
            )  # fmt: skip
    finally:
        pool.close()
    if as_json:
        click.echo(json.dumps({"ok": all(result["ok"] for result in results), "exercises": results}, indent=2))
    for result in results:
        for failure in result["failures"]:
            click.echo(f"{result['exercise']}: {failure['what']}: {failure['told']}", err=True)
        if result["ok"] and not as_json:
            click.echo(f"{result['exercise']}: {result['proofs']} proofs hold")
    if not all(result["ok"] for result in results):
        sys.exit(1)


def _shown(proof: Any) -> str:
    return "" if proof is None else str(proof.what)
