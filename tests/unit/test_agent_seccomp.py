"""The system-call filter, run by an interpreter of its own on both architectures."""

from __future__ import annotations

import errno
import struct

import pytest

from sandbox import seccomp
from sandbox.syscalls import ALLOWED, allowed

MACHINES = sorted(seccomp.MACHINES)
# Numbers from the kernel's own tables: x86_64, aarch64.
NEEDED = {"read": (0, 63), "execve": (59, 221), "openat": (257, 56), "mmap": (9, 222), "futex": (202, 98),
          "setsid": (112, 157), "wait4": (61, 260), "inotify_init1": (294, 26), "unlinkat": (263, 35),
          "mknodat": (259, 33)}  # fmt: skip
REFUSED = {"ptrace": (101, 117), "keyctl": (250, 219), "bpf": (321, 280), "mount": (165, 40), "umount2": (166, 39),
           "perf_event_open": (298, 241), "userfaultfd": (323, 282), "setns": (308, 268), "unshare": (272, 97),
           "pivot_root": (155, 41), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "reboot": (169, 142),
           "kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273), "settimeofday": (164, 170),
           "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "open_tree": (428, 428), "fsopen": (430, 430),
           "mount_setattr": (442, 442), "quotactl": (179, 60), "swapon": (167, 224), "syslog": (103, 116),
           "open_by_handle_at": (304, 265), "memfd_create": (319, 279), "shmget": (29, 194), "semget": (64, 190),
           "chroot": (161, 51)}  # fmt: skip


def verdict(program: bytes, number: int, arch: int, *args: int) -> int:
    """What the kernel would answer, following its rules for classic BPF."""
    data = struct.pack("=IIQ6Q", number, arch, 0, *args, *[0] * (6 - len(args)))
    steps = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == seccomp.LOAD:
            (value,) = struct.unpack_from("=I", data, k)
        elif code == seccomp.RET:
            return int(k)
        else:
            compared = {
                seccomp.JEQ: value == k,
                seccomp.JGT: value > k,
                seccomp.JGE: value >= k,
                seccomp.JSET: bool(value & k),
            }
            at += yes if compared[code] else no


def refused(error: int) -> int:
    return 0x00050000 | error


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(machine: str, number: int, *args: int) -> int:
    return verdict(seccomp.program(machine), number, seccomp.MACHINES[machine].audit, *args)


def test_listed_calls_pass_and_all_others_do_not(machine: str) -> None:
    judged = {
        getattr(seccomp.MACHINES[machine], n)
        for n in ("socket", "socketpair", "ioctl", "clone", "personality", "prctl")
    }
    for number in range(600):
        if number in judged:
            continue
        expected = number in allowed(machine)
        assert (ask(machine, number) == seccomp.ALLOW) == expected, number


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_programs_need_passes(machine: str, name: str) -> None:
    assert ask(machine, NEEDED[name][MACHINES[::-1].index(machine)]) == seccomp.ALLOW


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_breaks_out_is_refused(machine: str, name: str) -> None:
    number = REFUSED[name][MACHINES[::-1].index(machine)]
    assert ask(machine, number) == refused(errno.EPERM)
    assert f"{name}:" not in ALLOWED.split()


def test_sockets_are_local_or_of_the_internet(machine: str) -> None:
    calls = seccomp.MACHINES[machine]
    for family in range(64):
        expected = seccomp.ALLOW if family in (1, 2, 10) else refused(errno.EAFNOSUPPORT)
        assert ask(machine, calls.socket, family, 1) == expected
    # The kernel looks at 32 bits; what stands above them changes nothing.
    assert ask(machine, calls.socket, (1 << 32) | 40) == refused(errno.EAFNOSUPPORT)


def test_no_keys_are_pushed_into_a_terminal(machine: str) -> None:
    calls = seccomp.MACHINES[machine]
    assert ask(machine, calls.ioctl, 0, 0x5412) == refused(errno.EPERM)
    assert ask(machine, calls.ioctl, 0, 0x5412 | 1 << 40) == refused(errno.EPERM)
    assert ask(machine, calls.ioctl, 0, 0x5413) == seccomp.ALLOW


def test_threads_may_be_made_and_namespaces_not(machine: str) -> None:
    calls = seccomp.MACHINES[machine]
    assert ask(machine, calls.clone, 0x003D0F00) == seccomp.ALLOW
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80):
        assert ask(machine, calls.clone, flag | 17) == refused(errno.EPERM), hex(flag)
    assert ask(machine, calls.clone3) == refused(errno.ENOSYS)


def test_another_architecture_is_the_end(machine: str) -> None:
    program = seccomp.program(machine)
    assert verdict(program, 0, 0x40000003) == seccomp.KILL
    assert verdict(program, seccomp.X32_BIT | 1, seccomp.MACHINES[machine].audit) == seccomp.KILL


def test_newer_calls_are_not_there(machine: str) -> None:
    assert ask(machine, 460) == refused(errno.ENOSYS)


def test_the_program_is_as_short_as_the_kernel_asks(machine: str) -> None:
    assert len(seccomp.program(machine)) // 8 <= 4096
