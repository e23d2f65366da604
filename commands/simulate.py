"""``pairsight simulate``: the log of an interview that nobody gave.

Owns its words. Invariant: the same options write the same bytes; nothing of what is known of the person stands in the log. Leaves
out how people are simulated (``simulator``).
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from commands.numbers import MOST, Finite
from interviews.errors import BadInput
from simulator.chance import parse
from simulator.course import Request, simulate
from simulator.voice import VARIANTS
from simulator.work import STYLES

_File = click.Path(path_type=Path, dir_okay=False)


@click.command("simulate")
@click.option(
    "--skill",
    default="",
    metavar="NAME=PROBITS,…",
    help="prompt, critique and refine in probits above the middle, which is 0.",
)
@click.option(
    "--criterion",
    type=Finite(-10, 10),
    default=0.0,
    help="How much worse than halfway a change must look to be called out.",
)
@click.option("--style", type=click.Choice(STYLES), default=STYLES[0], show_default=True, help="How they work.")
@click.option("--words", type=click.Choice(VARIANTS), default=VARIANTS[0], show_default=True, help="How they write.")
@click.option("--slower", type=Finite(0.5, 4), default=1.0, help="Multiplies every time, as an accommodation does.")
@click.option("--renamed", is_flag=True, help="Give files and functions other names.")
@click.option("--outage", is_flag=True, help="Let the assistant and the sandbox fail once.")
@click.option("--seed", type=click.IntRange(0, MOST), required=True, help="The same seed gives the same interview.")
@click.option("--out", type=_File, required=True, help="File of the log.")
@click.option("--truth", type=_File, help="File, as JSON, of the person and of how likely each of their acts was.")
def simulate_command(
    skill: str, criterion: float, style: str, words: str, slower: float, renamed: bool, outage: bool, seed: int, out: Path,
    truth: Path | None,
) -> None:  # fmt: skip
    """Write the log of an interview that nobody gave, to try scores on.

    Skills are in probits above the middle: of opportunities of middling difficulty, somebody with prompt=0.4 takes Φ(0.4) = 66 %.
    People differ by SD 0.4 in prompt and refine; critique is how far d′ lies above 1.2, and there they differ by SD 0.6.

    \b
    Example: pairsight simulate --skill prompt=0.4,critique=0.6,refine=-0.4 --style test-first --seed 7 --out simulated.ndjson
             pairsight score simulated.ndjson
    """
    made = simulate(
        Request(
            seed, parse(skill, criterion),
            style=next(one for one in STYLES if one == style), variant=next(one for one in VARIANTS if one == words),
            slower=slower, renamed=renamed, outage=outage,
        )
    )  # fmt: skip
    _write(out, made.text())
    if truth is not None:
        _write(truth, json.dumps(made.truth.json(), indent=1) + "\n")
    click.echo(f"{out}: {len(made.records)} events")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise BadInput("Expected to write %(path)s, got: %(why)s", path=path, why=error.strerror) from None
