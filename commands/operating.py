"""Commands for whoever runs the product: backup, restore, image, launcher, bench.

Owns their words. Invariant: exit code 0 only where all was done. Leaves out what they do (``interviews.store.backup``, ``sandbox``,
``bench``).
"""

from __future__ import annotations

import importlib
import json
import os
import pwd
import signal
import sys
import time
from pathlib import Path

import click

import sandbox.image
import sandbox.launcher
import sandbox.owners
from interviews.errors import BadInput, LogCorrupt, NotFound
from interviews.settings import read_settings
from interviews.store import backup
from sandbox.backends import docker
from web import logs
from wiring import now_ms, secret_file


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def backup_command(folder: Path) -> None:
    """Copy everything into a new folder; the server may go on.

    \b
    Example: pairsight backup /backup/2026-10-02
    """
    settings = read_settings(os.environ)
    _say_what_is_kept(backup.back_up(settings.database_url, secret_file(settings), folder, now_ms()), folder)


@click.command("restore")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--data", required=True, type=click.Path(path_type=Path, file_okay=False), help="New data folder.")
def restore_command(folder: Path, data: Path) -> None:
    """Put a backup into a new data folder, after checking every event of it.

    \b
    Example: pairsight restore /backup/2026-10-02 --data var
    """
    _say_what_is_kept(backup.restore(folder, data), data)


def _say_what_is_kept(manifest: backup.Manifest, place: Path) -> None:
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.made_at_ms / 1000))
    for one in manifest.interviews:
        click.echo(f"{one.id}: {one.events} events, head {one.head or 'none'}")
    click.echo(f"{place}: {len(manifest.interviews)} interviews, {manifest.events} events, as of {made}")
    broken = [f"{one.id} ({one.broken})" for one in manifest.interviews if one.broken]
    if broken:
        raise LogCorrupt(
            "Everything was copied, but there are logs that were broken before: %(which)s", which="; ".join(broken)
        )


@click.group("image")
def image_group() -> None:
    """The image that Docker's sandboxes start from."""


@image_group.command("build")
@click.option(
    "--base",
    type=click.Choice(["auto", "registry", "debootstrap"]),
    default="auto",
    show_default=True,
    help="Where the small Debian under it comes from; any but auto builds anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the image's name as JSON; progress goes to stderr.")
def image_build(base: sandbox.image.BaseFrom, as_json: bool) -> None:
    """Build the image, if this version's is not there.

    \b
    Example: pairsight image build --base debootstrap
    """
    began = time.monotonic()
    name = sandbox.image.build(base, lambda line: click.echo(f"{time.monotonic() - began:6.1f} s  {line}", err=as_json))
    if as_json:
        click.echo(json.dumps({"image": name, "seconds": round(time.monotonic() - began, 1)}))


@click.command("launcher")
@click.option(
    "--socket", "path", type=click.Path(path_type=Path), default="/run/pairsight/launcher.sock", show_default=True
)
@click.option("--user", metavar="NAME|UID", required=True, help="The one user that may connect: the web process's.")
@click.option("--most", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Sandboxes at a time.")
def launcher_command(path: Path, user: str, most: int) -> None:
    """Hold Docker's socket for a web process that must not: start and stop sandboxes for it, and nothing else.

    \b
    Example: pairsight launcher --user pairsight
    """
    try:
        uid = int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise BadInput("Expected a user of this machine, got %(got)s", got=user) from None
    settings = read_settings(os.environ)
    logs.configure(settings.log, settings.log_level)
    owners = sandbox.owners.Owners(sandbox.owners.owners_folder(path))
    service = sandbox.launcher.Launcher(path, uid, docker.Docker(owners=owners), most=most)
    service.bind()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"Launcher at {path} for user {user}")
    sys.stdout.flush()
    try:
        service.serve()
    finally:
        service.close()


@click.command("bench")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def bench_command(names: tuple[str, ...], as_json: bool) -> None:
    """Measure, each figure beside a bare baseline of the same run.

    \b
    Example: pairsight bench sandbox --json
    """
    try:
        measure = importlib.import_module("bench.__main__")
    except ImportError:
        raise NotFound("Expected a checkout of the project: the benchmarks are not part of the package") from None
    sys.exit(measure.main([*names, *(["--json"] if as_json else [])]))
