"""The image that Docker's sandboxes start from: its name, its base and how it is built.

Owns ``sandbox/images/`` and the way from there to an image. Invariant: the tag is a hash of everything that goes in,
so an image of that name is current and one of another name is not. Leaves out how it is used
(``sandbox.backends.docker``) and the agent, which is handed in at every start.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import docker
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException

from interviews.errors import PlatformFailure
from sandbox.toolbox import LAYOUT, LOCKS, ensure_toolbox

FOLDER = Path(__file__).resolve().parent / "images"
REPOSITORY = "pairsight-sandbox"
BASE_REPOSITORY, BASE_TAG, SUITE = "debian", "bookworm-slim", "bookworm"
BASE = f"{BASE_REPOSITORY}:{BASE_TAG}"
SILENCE_SECONDS = 60
BUILD_SECONDS = 1200
DEBOOTSTRAP_SECONDS = 900
HOW = "pairsight image build"
OLDEST_API = "1.41"

Say = Callable[[str], None]
BaseFrom = Literal["auto", "registry", "debootstrap"]


def inputs() -> list[Path]:
    """Every file that decides what is in the image, sorted."""
    return [*sorted(path for path in FOLDER.rglob("*") if path.is_file()), *LOCKS]


def image_name() -> str:
    """``pairsight-sandbox:<hash of what goes in>``. Raises ``PlatformFailure`` when the sources are not there."""
    digest = hashlib.sha256("\n".join([platform.machine(), LAYOUT]).encode())
    try:
        for path in inputs():
            data = path.read_bytes()
            executable = bool(path.stat().st_mode & 0o100)
            digest.update(f"\n{path.name} {executable} {len(data)}\n".encode() + data)
    except OSError as error:
        raise PlatformFailure("Expected the image's sources, got: %(reason)s", reason=str(error)) from error
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


def base_cache() -> Path:
    """The file in which a base made by debootstrap is kept."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    above = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
    return above / "pairsight" / f"{SUITE}-{platform.machine()}.tar.gz"


def build(base: BaseFrom = "auto", say: Say = lambda line: None, *, client: docker.APIClient | None = None) -> str:
    """Build the image if it is not there, and return its name. ``say`` is told every step.

    Raises ``PlatformFailure`` naming what was tried and why it failed.
    """
    name = image_name()
    try:
        if client is None:
            known: dict[str, Any] = {**kwargs_from_env()}
            known["timeout"] = SILENCE_SECONDS
            with contextlib.closing(docker.APIClient(version=spoken_version(known), **known)) as api:
                return build(base, say, client=api)
        api = client
        if base == "auto" and present(api, name):
            say(f"{name} is there already")
            return name
        get_base(api, base, say)
        say("Installing the candidates' tools")
        toolbox = ensure_toolbox(say)
        say(f"Building {name}")
        with tempfile.TemporaryFile() as context:
            write_context(context, toolbox)
            context.seek(0)
            api.timeout = BUILD_SECONDS
            # The build's commands need the mirror; the machine's own network is the one known to reach it.
            lines = api.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, decode=True, network_mode="host"
            )
            follow(lines, say)
    except (DockerException, RequestException, OSError) as error:
        raise PlatformFailure("The image could not be built: %(reason)s", reason=in_words(error)) from error
    say(f"{name} is ready")
    return name


def spoken_version(known: Mapping[str, Any]) -> str:
    """The daemon's newest API version. Raises ``DockerException``, ``RequestException``.

    docker-py would ask for it while a client is being made, and leave the connection open when that fails.
    """
    with contextlib.closing(docker.APIClient(version=OLDEST_API, **known)) as api:
        return str(api.version(api_version=False)["ApiVersion"])


def present(api: docker.APIClient, name: str) -> bool:
    """Whether the daemon has an image of that name."""
    return any(name in (one.get("RepoTags") or ()) for one in api.images(name=name.partition(":")[0]))


def in_words(error: BaseException) -> str:
    """The part of an error that a person can use."""
    if isinstance(error, APIError):
        return str(error.explanation or error)[-600:]
    return str(error)[-600:] or type(error).__name__


def follow(lines: Iterable[Mapping[str, Any]], say: Say) -> None:
    """Tell the daemon's progress. Raises ``PlatformFailure`` with the last lines when it reports an error."""
    tail: list[str] = []
    for line in lines:
        if "error" in line:
            said = "\n".join(tail[-12:])
            raise PlatformFailure("The image could not be built: %(reason)s", reason=f"{line['error']}\n{said}".strip())
        for part in str(line.get("stream") or line.get("status") or "").splitlines():
            if part.strip():
                tail.append(part.rstrip())
                say(part.strip())


def write_context(out: io.BufferedRandom | Any, toolbox: Path) -> None:
    """The build's context as a tar: Dockerfile, files and toolbox, owned by root, without times."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = 0
        info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
        return info

    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(FOLDER / "Dockerfile", "Dockerfile", filter=plain)
        tar.add(FOLDER / "files", "files", filter=plain)
        tar.add(toolbox, "toolbox", filter=plain)


def get_base(api: docker.APIClient, base: BaseFrom, say: Say) -> None:
    """Have the base at hand. Raises ``PlatformFailure`` naming every way that was tried."""
    if base == "auto" and present(api, BASE):
        say(f"The base {BASE} is there")
        return
    problems = []
    if base in ("auto", "registry"):
        say(f"Fetching {BASE} from the registry")
        try:
            follow(api.pull(BASE_REPOSITORY, BASE_TAG, stream=True, decode=True), say)
            return
        except (DockerException, RequestException, PlatformFailure) as error:
            problems.append(f"from the registry: {in_words(error)}")
            say(f"No base {problems[-1]}")
    if base in ("auto", "debootstrap"):
        try:
            tarball = ensure_base(say)
            say(f"Importing {tarball.name} as {BASE}")
            answer = api.import_image(src=str(tarball), repository=BASE_REPOSITORY, tag=BASE_TAG)
            follow((json.loads(line) for line in str(answer).splitlines() if line.strip()), say)
            return
        except PlatformFailure as error:
            problems.append(f"by debootstrap: {error}")
    raise PlatformFailure("No base image %(base)s could be had; %(reason)s", base=BASE, reason="; ".join(problems))


def ensure_base(say: Say, cache: Path | None = None) -> Path:
    """A small Debian as a tar, made by debootstrap once and kept. Raises ``PlatformFailure``."""
    path = cache or base_cache()
    if path.is_file():
        say(f"The base in {path} is from {time.strftime('%Y-%m-%d', time.localtime(path.stat().st_mtime))}")
        return path
    if shutil.which("debootstrap") is None:
        raise PlatformFailure("debootstrap is not installed: apt-get install debootstrap")
    if os.geteuid() != 0:
        raise PlatformFailure("debootstrap must be run as root: run `%(how)s` once with sudo", how=HOW)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="base-", dir=path.parent) as folder:
        root, fresh = Path(folder, "root"), Path(folder, "fresh.tar.gz")
        for line in output_of(["debootstrap", "--variant=minbase", SUITE, str(root)], DEBOOTSTRAP_SECONDS):
            say(line)
        sources = root / "etc/apt/sources.list"
        sources.write_text(with_security(sources.read_text("utf-8")), "utf-8")
        for name in ("hostname", "resolv.conf"):
            (root / "etc" / name).unlink(missing_ok=True)
        say("Packing the base")
        pack = ["tar", "-C", str(root), "--numeric-owner", "--exclude=./var/cache/apt/archives/*.deb", "-I", "gzip -1"]
        for line in output_of([*pack, "-cf", str(fresh), "."], DEBOOTSTRAP_SECONDS):
            say(line)
        fresh.rename(path)
    return path


def with_security(sources: str) -> str:
    """The package sources that debootstrap wrote, with the same mirror's security archive beside its main one."""
    main = re.search(r"^deb\s+(\S+/debian)/?\s", sources, re.MULTILINE)
    return f"{sources.rstrip()}\ndeb {main[1]}-security {SUITE}-security main\n" if main else sources


def output_of(command: list[str], seconds: float) -> Iterator[str]:
    """A program's lines while it runs. Raises ``PlatformFailure`` when it fails or takes too long."""
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise PlatformFailure(
            "%(program)s does not start: %(reason)s", program=command[0], reason=str(error)
        ) from error
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    tail: list[str] = []
    try:
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                tail = [*tail[-5:], line.strip()]
                yield line.strip()
    finally:
        watchdog.cancel()
        process.kill()
    if process.returncode != 0:
        raise PlatformFailure("%(program)s failed: %(reason)s", program=command[0], reason=" / ".join(tail))
