"""``pairsight validate``: the report on whether scores can be trusted.

Owns its words. Invariant: exit code 1 where a claim does not hold, as with a benchmark that misses what it promised. Leaves out
what is tried and how (``validation``).
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import click

from commands.numbers import Finite
from validation import NAMES

# Parts multiply it, so that each draws other people, and what they come to must be a seed of an interview too.
MOST_SEED = 10**9


@click.command("validate")
@click.option("--part", "parts", multiple=True, metavar="NAME", help=f"Only this part; one of {', '.join(NAMES)}.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the rated data sets, for the part real-data.",
)
@click.option("--runs", type=Finite(0.01, 20), default=1.0, help="So many times as many interviews.")
@click.option(
    "--seed", type=click.IntRange(1, MOST_SEED), default=1, show_default=True, help="Of the people that are drawn."
)
@click.option("--quick", is_flag=True, help="A few interviews only: shows the form, and promises nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; progress goes to stderr.")
def validate_command(
    parts: tuple[str, ...], data: Path | None, runs: float, seed: int, quick: bool, as_json: bool
) -> None:
    """Try the standard rubric on simulated interviews, and text measures on rated data. Takes some minutes.

    Exit code 1 where a claim does not hold.

    \b
    Example: pairsight validate --json > report.json
             pairsight validate --part gaming --part style
             pairsight validate --part real-data --data ~/rated
    """
    # Statistics and the training of measures take a second to be read, which no other command should wait for.
    reports = importlib.import_module("validation.report")
    with reports.trying(quick=quick, runs=runs, seed=seed) as how:
        made = reports.report(how, parts, data, lambda name: click.echo(f"{name} …", err=True))
    if as_json:
        click.echo(json.dumps(made.json(), ensure_ascii=False))
    else:
        click.echo("\n".join(made.lines()))
    sys.exit(0 if made.holds else 1)
