"""What every sandbox is held by, as one value that backends build from and tests read.

Owns the list of guarantees and their constants. Invariant: a backend takes every line from here, so that removing one
shows in a test. Leaves out how a backend says it (``sandbox.backends``) and the system-call list (``sandbox.seccomp``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hardening:
    """Bytes, counts, names. A flag that is False would be a hole."""

    read_only_root: bool = True
    no_network: bool = True
    no_capabilities: bool = True
    no_new_privileges: bool = True
    no_nested_namespaces: bool = True
    empty_environment: bool = True
    closed_descriptors: bool = True
    seccomp: bool = True
    agent_hidden: bool = True
    dies_with_server: bool = True
    shm_bytes: int = 16 << 20
    home_bytes: int = 16 << 20
    extra_pids: int = 24
    core_bytes: int = 0
    oom_score_adj: int = 1000
    cpu_share: float = 1.0
    # Above every range that Linux distributions hand out, below the numbers that mean "nobody".
    first_uid: int = 1_900_000_000
    uid_count: int = 1 << 26
    inside_uid: int = 1000
    # Containers only. The keep-alive process has a user of its own, so that a candidate cannot end it, and a life of its own,
    # so that what a dead server left behind ends too.
    keeper_uid: int = 1_899_999_999
    keeper_bytes: int = 64 << 10
    keeper_seconds: int = 24 * 3600
    inodes: int = 32_768
    message_queue_bytes: int = 0
    locked_bytes: int = 1 << 20
    no_log: bool = True
    own_init: bool = True
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


HARDENING = Hardening()
