"""``pairsight doctor``: what is there, what is missing and how to get it.

Owns the list of what is looked at. Invariant: looking changes nothing. Leaves out what each part says of itself.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

import assistant.judging
import assistant.registry
import interviews.exercises
import sandbox.registry
from interviews.errors import PairsightError
from interviews.events import InterviewSettings
from interviews.settings import Settings, read_settings
from wiring import ROOT, interview_settings, open_log

# Memory to plan for one interview (docs/operating.md).
PLANNED_GIB = 0.3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what is there, what is missing and how to get it.

    \b
    Example: pairsight doctor --json
    """
    rows = _examine(read_settings(os.environ))
    if as_json:
        click.echo(json.dumps({"ok": all(row["ok"] for row in rows if row["needed"]), "checks": rows}, indent=2))
    else:
        for row in rows:
            mark = "ok     " if row["ok"] else "MISSING" if row["needed"] else "without"
            click.echo(f"{mark}  {row['what']}: {row['detail']}")
            if not row["ok"] and row["how"]:
                click.echo(f"         get it: {row['how']}")
    if not all(row["ok"] for row in rows if row["needed"]):
        sys.exit(1)


def _examine(settings: Settings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def row(what: str, ok: bool, detail: str, how: str = "", needed: bool = True) -> None:
        rows.append({"what": what, "ok": ok, "needed": needed, "detail": detail, "how": how})

    row("Python", sys.version_info >= (3, 11), sys.version.split()[0], "apt-get install python3")
    probes = {name: sandbox.registry.get(name).probe() for name in sandbox.registry.names()}
    for name, probe in probes.items():
        held = "" if not probe.weaker else f" (not held here: {', '.join(probe.weaker)})"
        row(f"sandbox {name}", probe.ok, probe.reason + held, probe.install, needed=False)
    asked = [name for name in probes if settings.sandbox in ("auto", name)]
    usable = next((name for name in asked if probes[name].ok), "")
    over = [f"{name} is passed over: {probes[name].reason}" for name in asked if name != usable and not probes[name].ok]
    why = f"{settings.sandbox} is set" if settings.sandbox != "auto" else "the first that works"
    found = f"{usable} would be used ({why})" if usable else f"none can be used ({settings.sandbox} is set)"
    row("a sandbox", bool(usable), "; ".join([found, *over]), "apt-get install bubblewrap")
    row("sandboxes at a time", True, _capacity(settings), needed=False)
    built = (ROOT / "web/static/build/workspace.js").is_file()
    row("front end", built, "built" if built else "not built", "make setup")
    for name in assistant.registry.names():
        why = assistant.registry.get(name).check(settings.model)
        row(f"assistant {name}", not why, why or "ready", needed=name == settings.provider)
    if settings.judge in assistant.judging.names():
        found_judge = assistant.judging.get(settings.judge)
        why = found_judge.check(settings.judge_model or found_judge.model)
        row(f"judge {settings.judge}", not why, why or "ready", "docs/judge.md says what it takes", needed=False)
    try:
        row("new interviews", True, _terms(interview_settings(settings)))
    except PairsightError as error:
        row("new interviews", False, str(error), "docs/assistant.md says what goes together")
    for name in interviews.exercises.names():
        try:
            row(f"exercise {name}", True, f"version {interviews.exercises.load(name).spec.version}")
        except PairsightError as error:
            row(f"exercise {name}", False, str(error), needed=False)
    try:
        kept = len(open_log(settings).interviews())
        row("database", True, f"{settings.database_url}, {kept} interviews")
    except PairsightError as error:
        row("database", False, str(error), "check PAIRSIGHT_DATABASE or PAIRSIGHT_DATA")
    return rows


def _terms(made: InterviewSettings) -> str:
    knows = f"{'with' if made.brief_shared else 'without'} the brief, {'every file' if made.tree_shared else 'attached files'}"
    bounds = [f"{made.budget_tokens} tokens"] if made.budget_tokens else []
    bounds += [f"{made.budget_cents / 100:.2f} US dollars"] if made.budget_cents else []
    return f"assistant {made.provider}, mode {made.mode}, {knows}, budget {' and '.join(bounds) or 'none'}"


def _capacity(settings: Settings) -> str:
    have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)
    room = int(have / PLANNED_GIB)
    return (
        f"{settings.sandboxes} interviews, {settings.queue} people in line, {settings.warm} started ahead; "
        f"this machine's {have:.1f} GiB are good for about {room} interviews"
    )
