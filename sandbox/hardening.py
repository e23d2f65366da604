"""What every sandbox is held by, as one value that backends build from and tests read.

Owns the list of guarantees, each with its reason and the backends that take it from here, and their constants. Invariant: a line is
a flag that a backend obeys, so that taking one away (``without``) lets a named attack through; ``tests/attacks`` tries each.
Leaves out how a backend says it (``sandbox.backends``) and the system-call list (``sandbox.syscalls``).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

BOTH = ("docker", "bubblewrap")


@dataclass(frozen=True)
class Line:
    """One guarantee. ``reason`` says what it keeps from happening; ``backends`` take it from here and fall without it."""

    name: str
    reason: str
    backends: tuple[str, ...]


def line(reason: str, backends: tuple[str, ...] = BOTH) -> bool:
    """A guarantee that holds unless it is taken away."""
    flag: bool = dataclasses.field(default=True, metadata={"reason": reason, "backends": backends})
    return flag


@dataclass(frozen=True)
class Hardening:
    """Flags are lines; numbers are bytes, counts and seconds."""

    # Ways out.
    read_only_root: bool = line("programs and settings of the place itself cannot be changed for whoever comes next")
    read_only_devices: bool = line(
        "/dev is a folder like any other and would be an unsized place to write", ("bubblewrap",)
    )
    no_network: bool = line(
        "no address of the host, of a cloud's metadata service or of another interview is reachable"
    )
    no_capabilities: bool = line("there is no privilege left to misuse, not even one waiting in the bounding set")
    no_new_privileges: bool = line("no program can hand its owner's rights to whoever starts it", ("docker",))
    no_nested_namespaces: bool = line(
        "a user namespace would give full capabilities over more of the kernel", ("bubblewrap",)
    )
    seccomp: bool = line("system calls that a programming interview never needs are the ones that escapes are made of")
    private_ipc: bool = line("shared memory and queues of the host and of other interviews are not there")
    own_user: bool = line(
        "what the kernel counts by user is not used up across interviews, and no user is the server's"
    )
    # What lies about.
    empty_environment: bool = line("the server's environment holds its keys", ("bubblewrap",))
    closed_descriptors: bool = line("an open file of the server's would be open inside", ("bubblewrap",))
    agent_hidden: bool = line("other processes of the candidate cannot read or speak on the agent's stream")
    own_session: bool = line("a terminal of the server's cannot be typed into", ("bubblewrap",))
    masked_folders: bool = line(
        "what this machine's owner put below /usr is not the candidate's to read", ("bubblewrap",)
    )
    short_etc: bool = line("/etc holds this machine's names, users and keys", ("bubblewrap",))
    # Amounts.
    bounded_memory: bool = line("one interview cannot push the host into swapping or killing others")
    bounded_processes: bool = line("a fork bomb ends at its own limit")
    bounded_cpu: bool = line("a busy loop takes its own share, not everybody's")
    bounded_cpu_time: bool = line("a program left running ends")
    bounded_file: bool = line("one file cannot grow past what the server would read")
    bounded_descriptors: bool = line("open files are kernel memory that no memory limit of a process counts")
    bounded_bytes: bool = line("a folder kept in memory is bounded in bytes")
    bounded_inodes: bool = line("empty files cost kernel memory that a limit on bytes does not see")
    bounded_locked_memory: bool = line("locked memory cannot be taken back when the host needs it")
    no_message_queues: bool = line("queued messages are kernel memory that outlives their writer", ("docker",))
    no_core_files: bool = line("a crash does not write the memory of a program to disk")
    first_to_go: bool = line("when the host runs out of memory, a candidate's program goes before anything else")
    no_log: bool = line("what a candidate prints is not written to the host's disk by the engine", ("docker",))
    # Life and death.
    keeper_user: bool = line("a candidate who ends everything ends only their own programs", ("docker",))
    own_init: bool = line("processes whose parent is gone are reaped and do not pile up", ("docker",))
    dies_with_server: bool = line("what a dead server leaves behind ends by itself")

    shm_bytes: int = 16 << 20
    home_bytes: int = 16 << 20
    inodes: int = 32_768
    locked_bytes: int = 1 << 20
    extra_pids: int = 24
    gvisor_threads: int = 512
    core_bytes: int = 0
    oom_score_adj: int = 1000
    cpu_share: float = 1.0
    # Above every range that Linux distributions hand out, below the numbers that mean "nobody".
    first_uid: int = 1_900_000_000
    uid_count: int = 1 << 26
    inside_uid: int = 1000
    # Containers only. The keep-alive process has a user of its own and a life of its own.
    keeper_uid: int = 1_899_999_999
    keeper_bytes: int = 64 << 10
    keeper_seconds: int = 24 * 3600
    message_queue_bytes: int = 0
    masked: tuple[str, ...] = ("/usr/local", "/usr/src")
    etc: tuple[str, ...] = (
        "/etc/alternatives",
        "/etc/inputrc",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/localtime",
        "/etc/mime.types",
        "/etc/nanorc",
        "/etc/python3.11",
        "/etc/terminfo",
        "/etc/vim",
    )

    def without(self, name: str) -> Hardening:
        """The same with one line taken away. Raises ``ValueError`` for a name that is no line."""
        if name not in {line.name for line in LINES}:
            raise ValueError(f"expected the name of a line, got {name!r}")
        changed: dict[str, Any] = {name: False}
        return dataclasses.replace(self, **changed)


LINES: tuple[Line, ...] = tuple(
    Line(field.name, field.metadata["reason"], field.metadata["backends"])
    for field in dataclasses.fields(Hardening)
    if "reason" in field.metadata
)
HARDENING = Hardening()
