"""Choosing a backend, a user, a group and a toolbox: the host's side, as functions of what the host says."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from interviews.errors import BadInput, PlatformFailure
from sandbox import cgroups, marks, registry
from sandbox.base import Limits
from sandbox.hardening import HARDENING
from sandbox.toolbox import LAYOUT, ensure_toolbox, toolbox_path
from sandbox.users import user_range


def test_backends_are_the_files_of_their_folder() -> None:
    found = {path.stem for path in Path(registry.__file__).with_name("backends").glob("[!_]*.py")}
    assert set(registry.names()) == found
    assert "bubblewrap" in found
    for name in found:
        assert registry.get(name).name == name


def test_an_unknown_backend_is_bad_input_naming_the_known() -> None:
    for act in (registry.get, registry.choose):
        with pytest.raises(BadInput, match=r"Expected a sandbox of auto, .*bubblewrap.*, got 'chroot'"):
            act("chroot")


def test_without_any_sandbox_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PlatformFailure, match=r"never runs without one.*bubblewrap is not installed.*apt-get install"):
        registry.choose("bubblewrap")


WHOLE = "         0          0 4294967295\n"


def test_users_come_from_a_high_range_or_from_the_containers_upper_half() -> None:
    assert user_range(HARDENING, WHOLE) == (HARDENING.first_uid, HARDENING.uid_count)
    assert user_range(HARDENING, "0 100000 65536\n") == (32768, 60000 - 32768)
    for small in ("0 1000 1\n", "0 0 10\n"):
        with pytest.raises(OSError, match="unprivileged user numbers"):
            user_range(HARDENING, small)


def test_control_groups_are_found_in_the_systems_own_words() -> None:
    table = (
        "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n"
        "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    )
    assert cgroups.mounts(table) == {
        "cpu": Path("/sys/fs/cgroup/cpu,cpuacct"),
        "memory": Path("/sys/fs/cgroup/memory"),
        "unified": Path("/sys/fs/cgroup/unified"),
    }
    assert cgroups.own_groups("4:memory:/a/b\n1:cpu,cpuacct:/\n0::/x\n") == {"memory": "a/b", "cpu": ""}


@pytest.mark.parametrize("version", [1, 2])
def test_memory_with_swap_is_memory(version: int) -> None:
    files = cgroups.settings(
        Limits(memory_bytes=1000, pids=5), replace(HARDENING, extra_pids=3, cpu_share=1.5), version
    )
    expected = {
        1: {
            "memory": {"memory.limit_in_bytes": "1000", "memory.memsw.limit_in_bytes": "1000"},
            "pids": {"pids.max": "8"},
            "cpu": {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "150000"},
        },
        2: {
            "memory": {"memory.max": "1000", "memory.swap.max": "0", "memory.oom.group": "0"},
            "pids": {"pids.max": "8"},
            "cpu": {"cpu.max": "150000 100000"},
        },
    }
    assert files == expected[version]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("line", ["bounded_memory", "bounded_processes", "bounded_cpu"])
def test_an_amount_without_its_line_is_not_set(version: int, line: str) -> None:
    whole = cgroups.settings(Limits(), HARDENING, version)
    rest = cgroups.settings(Limits(), HARDENING.without(line), version)
    assert len(rest) == len(whole) - 1
    assert rest.items() <= whole.items()


def test_what_a_server_made_is_abandoned_when_it_is_gone_and_only_then() -> None:
    mine = marks.mark(os.getpid())
    assert not marks.abandoned(mine)
    assert not marks.abandoned(f"{mine}-one-1a2b")
    pid, started, space = mine.split("-")
    again = f"{pid}-{int(started) + 1}-{space}"
    assert marks.abandoned(again), "the number was given to another process"
    assert marks.abandoned(f"{again}-one-1a2b")
    with subprocess.Popen(["true"]) as ended:
        gone = marks.mark(ended.pid)
    assert marks.abandoned(gone)
    elsewhere = f"{gone.rpartition('-')[0]}-{int(space) + 1}"
    for foreign in (elsewhere, "tasks", "12", f"{pid}-one-1a2b", f"{pid}-{started}", f"{pid}-{started}-", "-1-2-3", ""):
        assert not marks.abandoned(foreign), foreign


def test_the_toolbox_is_named_by_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    lock.write_bytes(b"pytest==1 --hash=sha256:0\n")
    monkeypatch.delenv("PAIRSIGHT_TOOLBOX", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    name = hashlib.sha256(LAYOUT.encode() + lock.read_bytes()).hexdigest()[:16]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert toolbox_path([lock]) == tmp_path / "data/pairsight/toolbox" / name
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert toolbox_path([lock]) == Path("/var/lib/pairsight/toolbox") / name
    monkeypatch.setenv("PAIRSIGHT_TOOLBOX", "/elsewhere")
    assert toolbox_path([lock]) == Path("/elsewhere")


def test_a_toolbox_that_cannot_be_made_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    lock.write_text("not a requirement without a hash\n")
    monkeypatch.setenv("PAIRSIGHT_TOOLBOX", str(tmp_path / "tools/box"))
    said: list[str] = []
    with pytest.raises(PlatformFailure, match="could not be installed"):
        ensure_toolbox(said.append, [lock])
    assert said == [f"Installing the sandbox's tools into {tmp_path / 'tools/box'}"]
    assert [path.name for path in (tmp_path / "tools").iterdir()] == [".lock"]
    monkeypatch.delenv("PAIRSIGHT_TOOLBOX")
    with pytest.raises(PlatformFailure, match="list of tools"):
        toolbox_path([tmp_path / "no-lock"])
