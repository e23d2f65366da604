"""The sandbox of a machine with Docker: a container held open by one user, the agent in it as another.

Owns the containers: how one is started, found again, let go and removed. Invariant: a start ends within its time and what a failed
one may have made is removed; only a container of this installation that nobody else works with is ever touched. Leaves out
what a container is made of (``sandbox.container``), who holds one (``sandbox.owners``), the protocol (``sandbox.client``) and the
process that holds the daemon's socket for a server that must not (``sandbox.launcher``, asked by ``sandbox.launched``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from pathlib import Path

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

from interviews.errors import PairsightError, PlatformFailure
from sandbox import agent, container, image
from sandbox.base import WORKSPACE, Limits, Probe, Sandbox, SandboxSpec
from sandbox.cgroups import ENGINE_BRANCH, engine_branch
from sandbox.client import AgentSandbox
from sandbox.daemon import ANSWER_SECONDS, Client, Daemon, taken_over
from sandbox.hardening import HARDENING, Hardening
from sandbox.launched import SETTING, Launched
from sandbox.multiplex import MultiplexedStream
from sandbox.owners import Hold, Owners, owners_folder, place_for
from sandbox.place import ENVIRONMENT
from sandbox.yielding import Branch

START_SECONDS = 20.0
PROBE_SECONDS = 18.0
REMOVE_SECONDS = 10.0
REMOVE_AGAIN = (1, 2, 5, 10, 30, 60, 120, 300)
# An agent whose stream is gone ends within milliseconds; one that a candidate has stopped is ended when it is started anew.
GONE_SECONDS = 3.0
# Whoever looks whether a container is anybody's holds it for a moment.
LOOK_SECONDS = 1.0
NO_ANSWER = "the Docker daemon does not answer"
Trouble = (DockerException, RequestException, OSError)


class Docker:
    """The backend. ``randbelow`` picks the user of a sandbox, ``now`` (Unix seconds) dates it."""

    name = "docker"

    def __init__(
        self,
        hardening: Hardening = HARDENING,
        *,
        runtime: str | None = None,
        owners: Owners | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
        now: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._hardening = hardening
        self._runtime = environ.get("PAIRSIGHT_DOCKER_RUNTIME", "") if runtime is None else runtime
        self._given = owners
        self._environ = environ
        self._randbelow = randbelow
        self._now = now
        door = environ.get(SETTING, "")
        self._engine: Docker | Launched = Launched(door) if door else self
        self._daemon = Daemon(environ)
        self._start_seconds = start_seconds
        self._branch: Branch | None = None
        self._asked_for_branch = False

    @cached_property
    def _owners(self) -> Owners:
        # Not before it is needed: which data folder this is may be said after this module was read.
        return self._given or Owners(owners_folder(Path(self._environ.get("PAIRSIGHT_DATA") or "var")))

    # --- the port ---

    def probe(self) -> Probe:
        """See ``sandbox.base``. What it needs is checked in the order in which a person would mend it."""
        try:
            return self._engine.examine()
        except Exception as error:
            return Probe(
                False, f"Docker could not be examined: {image.in_words(error)}", install="See docs/operating.md."
            )

    def start(self, spec: SandboxSpec) -> Sandbox:
        """See ``sandbox.base``."""
        deadline = time.monotonic() + self._start_seconds
        if not spec.yields or self._engine is not self:
            return self._spoken_to(self._engine.launch(spec, deadline), spec, deadline)
        branch = self._last(deadline)
        if branch is None:
            return self._spoken_to(self.launch(spec, deadline), spec, deadline)
        with branch.called():
            return self._spoken_to(self.launch(spec, deadline, branch), spec, deadline, branch)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """See ``sandbox.base``. One in which the agent cannot be started any more is ended."""
        deadline = time.monotonic() + self._start_seconds
        stream = self._engine.take_over(spec, place, deadline)
        if stream is None:
            return None
        try:
            return self._spoken_to(stream, spec, deadline)
        except PlatformFailure:
            return None

    def reap(self, wanted: Collection[str]) -> list[str]:
        """See ``sandbox.base``."""
        return self._engine.clear(wanted)

    def _spoken_to(
        self, stream: MultiplexedStream, spec: SandboxSpec, deadline: float, branch: Branch | None = None
    ) -> Sandbox:
        seconds = max(0.1, deadline - time.monotonic())
        return AgentSandbox(self.name, stream, spec.limits, hello_seconds=seconds, branch=branch)

    def _last(self, deadline: float) -> Branch | None:
        """The branch of those who yield, where the daemon's groups are this server's to set."""
        if not self._asked_for_branch:
            # Where the daemon does not say, the start that follows will; it is asked again for the next one.
            with (
                contextlib.suppress(*Trouble, PlatformFailure),
                contextlib.closing(self._daemon.client(min(ANSWER_SECONDS, left(deadline)))) as api,
            ):
                self._branch = engine_branch() if self._daemon.sets_groups_here(api) else None
                self._asked_for_branch = True
        return self._branch if self._branch is not None and self._branch.make() else None

    # --- where the daemon's socket is ---

    def examine(self) -> Probe:
        """``probe`` against the daemon itself."""
        deadline = time.monotonic() + PROBE_SECONDS
        lacking = self._daemon.lacking()
        if isinstance(lacking, Probe):
            return lacking
        sandbox: Sandbox | None = None
        try:
            spec = SandboxSpec("probe")
            sandbox = self._spoken_to(self.launch(spec, deadline - 4), spec, deadline - 2)
            left = max(0.1, deadline - time.monotonic())
            done = sandbox.exec(["python3", "-c", "print(6 * 7)"], timeout_s=left)
            if done.stdout.strip() != b"42":
                return Probe(
                    False, f"python3 inside answered {(done.stdout + done.stderr)[-200:]!r}", install=image.HOW
                )
        except PairsightError as error:
            return Probe(False, str(error), install="Look at the daemon's own log; see docs/operating.md.")
        finally:
            if sandbox is not None:
                sandbox.stop()
        return Probe(True, "Docker works", weaker=(*lacking, *container.weaker(self._runtime)))

    def launch(self, spec: SandboxSpec, deadline: float, branch: Branch | None = None) -> MultiplexedStream:
        """Start container and agent; its hello is not awaited. Raises ``PlatformFailure`` at the deadline at the latest.

        ``deadline`` is a time of ``time.monotonic``; in ``branch``, where one is given.
        """
        hardening = self._hardening
        uid = hardening.first_uid + (self._randbelow(hardening.uid_count) if hardening.own_user else 0)
        place = place_for(spec.interview)
        tried = False
        hold = self._owners.hold(place)
        if hold is None:
            raise PlatformFailure("The sandbox did not start: another has its name.")
        try:
            with contextlib.closing(self._daemon.client(left(deadline))) as api:
                tried = True
                made = self._create(api, place, uid, spec, branch)
                api.timeout = left(deadline)
                api.start(place)
                if branch is not None and not (branch.folder / made).is_dir():
                    # The daemon's top is not ours: its branch has that name only, and weighs as much as all other containers.
                    self._branch = None
                return self._agent(api, place, uid, spec.limits, deadline, hold)
        except (*Trouble, PairsightError) as error:
            if tried:
                self._remove_later(place, hold)
            else:
                hold.forget()
            raise told(error) from error

    def take_over(self, spec: SandboxSpec, place: str, deadline: float) -> MultiplexedStream | None:
        """Start the agent anew in a container that is still there; None when there is none for ``spec``.

        Raises ``PlatformFailure`` when the daemon does not say.
        """
        hold = self._owners.hold(place, LOOK_SECONDS)
        if hold is None:
            return None
        try:
            with contextlib.closing(self._daemon.client(left(deadline))) as api:
                found = api.inspect_container(place)
                labels, state = found["Config"]["Labels"] or {}, found["State"]
                ours = container.fits(labels, self._owners.installation, spec, self._hardening, self._runtime)
                if ours and state["Status"] in ("exited", "dead"):
                    self._remove(place, hold)
                    return None
                if not ours or state["Status"] != "running":
                    hold.release()
                    return None
                try:
                    return self._agent(api, place, int(labels[container.USER]), spec.limits, deadline, hold)
                except APIError:
                    # The daemon answers, and cannot start anything in there: not even the agent fits beside what runs.
                    self._remove(place, hold)
                    return None
        except NotFound:
            hold.forget()
            return None
        except (*Trouble, PairsightError) as error:
            hold.release()
            raise told(error) from error

    def discard(self, place: str) -> str:
        """End a container of ours that nobody works with. Returns what could not be done, in words, or ""."""
        hold = self._owners.hold(place, LOOK_SECONDS)
        if hold is None:
            return ""
        try:
            with contextlib.closing(self._daemon.client(ANSWER_SECONDS)) as api:
                labels = api.inspect_container(place)["Config"]["Labels"] or {}
        except NotFound:
            hold.forget()
            return ""
        except Trouble:
            hold.release()
            return NO_ANSWER
        if labels.get(container.OWNER) != self._owners.installation:
            hold.forget()
            return ""
        return self._remove(place, hold)

    def clear(self, wanted: Collection[str]) -> list[str]:
        """``reap`` against the daemon itself."""
        removed = []
        try:
            known = self._owners.known()
            expiries = self._expiries()
            for place, expires in expiries.items():
                over = expires is not None and expires < self._now()
                hold = None if place in wanted and not over else self._owners.hold(place)
                if (hold is not None or over) and not self._remove(place, hold):
                    removed.append(place)
            for place in known - set(expiries):
                if (hold := self._owners.hold(place)) is not None:
                    hold.forget()
        except (*Trouble, PairsightError, KeyError, TypeError, ValueError):
            return removed
        return removed

    def remains(self) -> list[str] | None:
        """Containers of ours that nobody works with; None when the daemon does not say."""
        free = []
        try:
            for place in self._expiries():
                if (hold := self._owners.hold(place)) is not None:
                    hold.release()
                    free.append(place)
        except (*Trouble, PairsightError, KeyError, TypeError, ValueError):
            return None
        return free

    def _expiries(self) -> dict[str, int | None]:
        """Every container of this installation, and when it is over. Raises when the list is not whole."""
        mark = f"{container.OWNER}={self._owners.installation}"
        with contextlib.closing(self._daemon.client(ANSWER_SECONDS)) as api:
            listed = api.containers(all=True, filters={"label": mark})
        # One that is just being removed has no name any more.
        named = [one for one in listed if one["Names"]]
        ends = {str(one["Names"][0]).lstrip("/"): one["Labels"].get(container.EXPIRES) for one in named}
        return {place: None if ends is None else int(ends) for place, ends in ends.items()}

    # --- the beginning ---

    def _create(self, api: Client, place: str, uid: int, spec: SandboxSpec, branch: Branch | None) -> str:
        """Returns its id."""
        hardening = self._hardening
        held = container.host_config(hardening, spec.limits, uid, self._runtime, yields=spec.yields)
        keeper = container.keeper_user(hardening, uid)
        made = api.create_container(
            image.image_name(),
            container.keeper_command(hardening, uid),
            name=place,
            hostname="sandbox",
            user=f"{keeper}:{keeper}",
            working_dir="/",
            labels=container.labels(self._owners.installation, spec, hardening, self._runtime, uid, self._now()),
            network_disabled=hardening.no_network,
            host_config=held if branch is None else {**held, "CgroupParent": f"/{ENGINE_BRANCH}"},
        )
        return str(made["Id"])

    def _agent(
        self, api: Client, place: str, uid: int, limits: Limits, deadline: float, hold: Hold
    ) -> MultiplexedStream:
        """Start the agent in a running container: its stream, which lets go of ``hold``."""
        api.timeout = left(deadline)
        made = str(
            api.exec_create(
                place,
                container.agent_command(self._hardening, limits, self._runtime),
                stdin=True,
                environment=dict(ENVIRONMENT),
                user=f"{uid}:{uid}",
                workdir=WORKSPACE,
            )["Id"]
        )
        api.timeout = left(deadline)
        # The hijacked socket is no longer the client's: it lives on when that one is closed.
        sock, first = taken_over(api.exec_start(made, socket=True))
        try:
            source = Path(agent.__file__).read_bytes()
            sock.settimeout(left(deadline))
            sock.sendall(b"%08d" % len(source) + source)
            sock.settimeout(None)
        except (OSError, PairsightError):
            sock.close()
            raise
        return MultiplexedStream(sock, first, place, lambda: self._leave(made, hold), lambda: self._finish(place, hold))

    # --- the end ---

    def _leave(self, running: str, hold: Hold) -> str:
        """Wait until an agent without a stream is gone, and let go of its container."""
        try:
            until = time.monotonic() + GONE_SECONDS
            with contextlib.closing(self._daemon.client(ANSWER_SECONDS)) as api:
                while api.exec_inspect(running)["Running"] and time.monotonic() < until:
                    time.sleep(0.01)
        except NotFound:
            pass
        except Trouble:
            return NO_ANSWER
        finally:
            hold.release()
        return ""

    def _finish(self, place: str, hold: Hold) -> str:
        """End a container that this stream's owner may have let go before: then whoever holds it now keeps it."""
        if hold.held:
            return self._remove(place, hold)
        again = self._owners.hold(place)
        return "" if again is None else self._remove(place, again)

    def _remove(self, place: str, hold: Hold | None) -> str:
        """End a container and wait for it; if the daemon does not answer, say so and go on trying in the background."""
        try:
            with contextlib.closing(self._daemon.client(REMOVE_SECONDS)) as api:
                remove(api, place)
        except Trouble:
            self._remove_later(place, hold)
            return NO_ANSWER
        if hold is not None:
            hold.forget()
        return ""

    def _remove_later(self, place: str, hold: Hold | None) -> None:
        """After a failed start the daemon may still be about to make the container, so "not there" is no answer yet."""

        def insist() -> None:
            try:
                for pause in REMOVE_AGAIN:
                    with contextlib.suppress(*Trouble), contextlib.closing(self._daemon.client(REMOVE_SECONDS)) as api:
                        if remove(api, place):
                            break
                    time.sleep(pause)
            finally:
                if hold is not None:
                    hold.forget()

        threading.Thread(target=insist, name=f"remove-{place}", daemon=True).start()


def left(deadline: float) -> int:
    """Whole seconds until then, as the client takes them. Raises ``PlatformFailure`` when there are none."""
    if (seconds := deadline - time.monotonic()) < 0.5:
        raise PlatformFailure("The sandbox did not start: the Docker daemon took too long.")
    return max(1, round(seconds))


def remove(api: Client, place: str) -> bool:
    """Kill and remove; False when there is no such container. Raises ``DockerException``, ``RequestException``."""
    try:
        api.remove_container(place, force=True, v=True)
    except NotFound:
        return False
    except APIError as error:
        # Its keep-alive process ended on its own: the daemon is at it already.
        if error.response is None or error.response.status_code != 409:
            raise
    return True


def told(error: Exception) -> PlatformFailure:
    """A failed start in plain words."""
    if isinstance(error, PlatformFailure):
        return error
    if isinstance(error, ImageNotFound):
        return PlatformFailure("The sandbox's image is not there; build it with: %(how)s", how=image.HOW)
    if isinstance(error, RequestException):
        return PlatformFailure(
            "The sandbox did not start: the Docker daemon does not answer (%(reason)s).", reason=type(error).__name__
        )
    if isinstance(error, OSError):
        return PlatformFailure(
            "The sandbox did not start: the Docker daemon does not answer (%(reason)s).",
            reason=error.strerror or str(error),
        )
    return PlatformFailure("The sandbox did not start: %(reason)s", reason=image.in_words(error))


backend = Docker()
