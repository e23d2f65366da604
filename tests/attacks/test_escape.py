"""Escape and privilege: hostile programs that want more than the candidate was given."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from interviews.errors import PlatformFailure
from tests.attacks.hostile import Place, ends_plainly, shell

pytestmark = pytest.mark.sandbox
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")


def test_set_user_id_programs(place: Place) -> None:
    assert (
        place.run(
            """
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for path in (os.path.join(folder, name) for name in names):
        with contextlib.suppress(OSError):
            info = os.lstat(path)
            barren = os.statvfs(path).f_flag & os.ST_NOSUID
            if stat.S_ISREG(info.st_mode) and info.st_mode & 0o6000 and not barren:
                got("set-id file", path)
            if not barren and "security.capability" in os.listxattr(path, follow_symlinks=False):
                got("capable file", path)
for line in ("su -c id", "su - root -c id", "sudo -n id", "pkexec id", "newgrp root </dev/null", "passwd -d candidate"):
    if "uid=0" in os.popen(line + " 2>/dev/null").read():
        got("root by", line)
with open("own", "w") as file:
    file.write("#!/bin/sh")
for owner in (0, 1, AGENT, 1899999999):
    with refused("gave a file to", owner):
        os.chown("own", owner, owner)
""",
            timeout_s=180,
        )
        == []
    )


def test_users_and_capabilities(place: Place) -> None:
    assert (
        place.run("""
uid = os.getuid()
for act in (os.setuid, os.seteuid, os.setgid, os.setegid):
    with refused(act.__name__, "to root"):
        act(0)
with refused("setgroups"):
    os.setgroups([0, 4, 998])
with refused("setresuid"):
    os.setresuid(0, 0, 0)
libc.setfsuid(0)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
wanted = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if call("capset", header, wanted)[0] == 0:
    got("all capabilities")
for number in range(64):
    if libc.prctl(47, 2, number, 0, 0) == 0:
        got("ambient capability", number)
with open("/proc/self/status") as file:
    status = dict(line.split(":", 1) for line in file)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status.get(name, "0"), 16):
        got(name, status[name].strip())
if {int(one) for one in status["Uid"].split()} != {uid} or uid == 0:
    got("another user", status["Uid"])
""")
        == []
    )


def test_mounts(place: Place) -> None:
    assert (
        place.run("""
os.makedirs("at/old", exist_ok=True)
attempt("mount", b"none", b"/workspace/at", b"tmpfs", 0, 0)
attempt("mount", b"none", b"/", 0, 32 | 4096, 0)
attempt("mount", b"/proc", b"/workspace/at", 0, 4096, 0)
attempt("umount2", b"/proc", 2)
attempt("umount2", b"/usr/local", 2)
attempt("pivot_root", b"at", b"at/old")
attempt("chroot", b"/workspace/at")
attempt("fsopen", b"tmpfs", 0)
attempt("open_tree", -100, b"/", 1)
attempt("move_mount", -100, b"/tmp", -100, b"/workspace/at", 0)
attempt("fsmount", -1, 0, 0)
attempt("mount_setattr", -100, b"/", 0, 0, 0)
""")
        == []
    )


def test_namespaces(place: Place) -> None:
    assert (
        place.run("""
for flag in (0x10000000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x20000000, 0x80):
    child = os.fork()
    if child == 0:
        if call("unshare", flag)[0] == 0:
            got(f"unshare {flag:#x}")
        os._exit(0)
    os.waitpid(child, 0)
    result, error = call("clone", flag | signal.SIGCHLD, 0, 0, 0, 0)
    if result == 0:
        os._exit(0)
    if result > 0:
        got(f"clone {flag:#x}")
        os.waitpid(result, 0)
    wish = (ctypes.c_uint64 * 11)(flag, 0, 0, 0, signal.SIGCHLD)
    result, error = call("clone3", wish, ctypes.sizeof(wish))
    if result == 0:
        os._exit(0)
    if result > 0:
        got(f"clone3 {flag:#x}")
        os.waitpid(result, 0)
for pid in ("1", str(AGENT)):
    for name in ("user", "mnt", "net", "pid", "ipc", "uts", "cgroup"):
        with contextlib.suppress(OSError):
            fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
            attempt("setns", fd, 0)
            os.close(fd)
""")
        == []
    )


def test_reading_the_agents_memory(place: Place) -> None:
    taken = place.run("""
for pid in (AGENT, 1):
    if call("ptrace", 16, pid, 0, 0)[0] == 0:
        got("attached", pid)
    if call("ptrace", 0x4206, pid, 0, 0)[0] == 0:
        got("seized", pid)
    for name in ("mem", "maps", "smaps", "environ", "auxv", "stack", "syscall", "pagemap", "map_files", "clear_refs"):
        for mode in (os.O_RDONLY, os.O_WRONLY):
            with contextlib.suppress(OSError):
                fd = os.open(f"/proc/{pid}/{name}", mode)
                if mode == os.O_WRONLY or os.read(fd, 4096):
                    got(name, pid, mode)
    there = (ctypes.c_uint64 * 2)(0x400000, 4096)
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(ctypes.create_string_buffer(4096)), 4096)
    for name in ("process_vm_readv", "process_vm_writev"):
        attempt(name, pid, here, 1, there, 1, 0)
    attempt("kcmp", AGENT, pid, 1, 0, 0)
    attempt("move_pages", pid, 0, 0, 0, 0, 0)
""")
    if place.held:
        assert taken == []
    else:
        assert {line.split()[0] for line in taken} <= {"maps", "smaps", "environ", "auxv"}
        assert taken


def test_taking_the_agents_stream(place: Place) -> None:
    sandbox = place.sandbox if place.held else place.start()
    program = """
for pid in (AGENT, 1):
    for name in ("fd", "fdinfo", "cwd", "root", "exe"):
        with refused(name, "of", pid):
            os.listdir(f"/proc/{pid}/{name}") if name.startswith("fd") else os.readlink(f"/proc/{pid}/{name}")
    handle = call("pidfd_open", pid, 0)[0]
    for fd in range(64):
        if handle >= 0:
            attempt("pidfd_getfd", handle, fd, 0)
        with refused("wrote to", fd, "of", pid):
            os.write(os.open(f"/proc/{pid}/fd/{fd}", os.O_WRONLY), b"forged frame")
"""
    if place.held:
        assert place.run(program, sandbox=sandbox) == []
    else:
        # Bytes that break the protocol end the sandbox, and nothing else.
        with pytest.raises(PlatformFailure, match="broke the protocol"):
            place.run(program, sandbox=sandbox)
        ends_plainly(place, sandbox)


def test_settings_of_the_kernel(place: Place) -> None:
    before = CORE_PATTERN.read_bytes()
    taken = place.run("""
paths = ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/overcommit_memory",
    "/proc/sys/kernel/hotplug", "/sys/kernel/uevent_helper", "/proc/sys/fs/binfmt_misc/register", "/proc/irq/default_smp_affinity",
    "/proc/sys/kernel/randomize_va_space", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/ns_last_pid", "/proc/1/oom_adj",
    "/sys/power/state", "/sys/kernel/profiling", "/sys/fs/cgroup/release_agent", "/proc/scsi/scsi"]
for folder, _, names in os.walk("/proc/sys"):
    paths += [os.path.join(folder, name) for name in names]
for path in paths:
    with contextlib.suppress(OSError):
        with open(path, "r+b", buffering=0) as file:
            file.write(file.read(4096))
        got(path)
""")
    if place.held:
        assert taken == []
    else:
        own = re.compile(r"/proc/sys/(fs/mqueue/.*|kernel/(msg|sem|shm|auto_msgmni|pid_max|ns_last_pid).*)")
        assert [path for path in taken if not own.fullmatch(path)] == []
        queues = Path("/proc/sys/kernel/msgmni")
        own_queues = queues.read_bytes()
        assert shell(place.sandbox, f"echo 7 >{queues} && cat {queues}").stdout == b"7\n"
        assert queues.read_bytes() == own_queues
    assert CORE_PATTERN.read_bytes() == before


def test_devices_and_raw_memory(place: Place) -> None:
    taken = place.run("""
for kind, number in ((stat.S_IFBLK, (8, 0)), (stat.S_IFBLK, (254, 0)), (stat.S_IFCHR, (1, 1)), (stat.S_IFCHR, (1, 2)),
        (stat.S_IFCHR, (10, 200)), (stat.S_IFCHR, (10, 229)), (stat.S_IFCHR, (10, 232))):
    for folder in ("/workspace", "/tmp", "/dev/shm", "/dev"):
        with refused("made a device", number, "in", folder):
            os.mknod(f"{folder}/node", kind | 0o666, os.makedev(*number))
allowed = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
for folder, _, names in os.walk("/dev"):
    for name in names:
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            mode = os.stat(path).st_mode
            if folder.startswith("/dev/pts") or path in ("/dev/stdin", "/dev/stdout", "/dev/stderr"):
                continue
            if (stat.S_ISBLK(mode) or stat.S_ISCHR(mode)) and name not in allowed:
                got("device", path)
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kmsg", "/proc/kmsg", "/dev/kvm",
        "/dev/fuse", "/proc/kpagecount"):
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        if os.read(fd, 16):
            got("read", path)
with contextlib.suppress(OSError):
    if any(int(line.split()[0], 16) for line in open("/proc/kallsyms")):
        got("addresses of the kernel")
if platform.machine() == "x86_64":
    attempt("ioperm", 0x70, 2, 1)
    attempt("iopl", 3)
""")
    if place.held:
        assert taken == []
    else:
        assert taken
        assert all(re.fullmatch(r"made a device .*|device /dev/(shm/node|net/tun|fuse)", line) for line in taken)


def test_programs_in_the_kernel(place: Place) -> None:
    taken = place.run("""
attempt("bpf", 0, ctypes.create_string_buffer(b"\\1\\0\\0\\0\\4\\0\\0\\0\\4\\0\\0\\0\\1\\0\\0\\0", 128), 128)
attempt("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0)
attempt("io_uring_setup", 4, ctypes.create_string_buffer(256))
attempt("userfaultfd", 1)
attempt("fanotify_init", 0, 0)
attempt("memfd_secret", 0)
attempt("modify_ldt", 0, 0, 0)
attempt("memfd_create", b"x", 0)
""")
    assert taken == []


def test_keyrings(place: Place) -> None:
    assert (
        place.run("""
attempt("add_key", b"user", b"left", b"behind", 6, -5)
attempt("request_key", b"user", b"left", 0, -5)
attempt("keyctl", 0, -5, 1, 0, 0)
attempt("keyctl", 1, b"joined", 0, 0, 0)
with contextlib.suppress(OSError):
    if open("/proc/keys").read().strip():
        got("keys are listed")
""")
        == []
    )


def test_odd_sockets(place: Place) -> None:
    taken = place.run("""
families = dict(vsock=40, alg=38, packet=17, netlink=16, bluetooth=31, can=29, tipc=30, xdp=44, rds=21, ax25=3, kcm=41, qipcrtr=42)
for name, family in families.items():
    for kind in (1, 2, 3, 5):
        with refused(name):
            socket.socket(family, kind).close()
            break
        with refused(name, "pair"):
            socket.socketpair(family, kind)
for family in (2, 10):
    with refused("raw", family):
        socket.socket(family, socket.SOCK_RAW, 1)
""")
    assert taken == []


def test_typing_into_a_terminal(place: Place) -> None:
    assert (
        place.run("""
master, slave = os.openpty()
for request, argument in ((0x5412, b"x"), (0x541C, b"\\3"), (0x5423, struct.pack("i", 3))):
    for high in (0, 1 << 32, 0xFFFFFFFF << 32):
        wide = request | high
        if libc.ioctl(slave, ctypes.c_ulong(wide), ctypes.create_string_buffer(argument, 16)) == 0:
            got(f"ioctl {wide:#x}")
        if ctypes.get_errno() != errno.EPERM:
            got(f"ioctl {wide:#x} reached the kernel: {ctypes.get_errno()}")
""")
        == []
    )


def test_another_personality(place: Place) -> None:
    taken = place.run("""
before = call("personality", 0xFFFFFFFF)[0]
for wanted in (0x0400000, 0x0040000, 0x0200000, 8, 0x20, 1 << 32 | 0x0400000):
    result = call("personality", wanted)[0]
    if result >= 0 and call("personality", 0xFFFFFFFF)[0] != before:
        got(f"personality {wanted:#x}")
""")
    assert taken == []


def test_files_by_handle(place: Place) -> None:
    assert (
        place.run("""
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
mount = ctypes.create_string_buffer(8)
attempt("name_to_handle_at", -100, b"/usr/bin/env", handle, mount, 0)
for inode in (2, 1, 128):
    struct.pack_into("IiIII", handle, 0, 8, 1, inode, 0, 0)
    attempt("open_by_handle_at", os.open("/usr", os.O_RDONLY), handle, 0)
os.mkdir("jail")
top = os.open("/", os.O_RDONLY)
with refused("chroot"):
    os.chroot("jail")
    os.fchdir(top)
""")
        == []
    )


def test_switches_of_the_machine(place: Place) -> None:
    assert (
        place.run("""
zero = ctypes.create_string_buffer(256)
attempt("reboot", 0xFEE1DEAD, 672274793, 0, 0)
attempt("kexec_load", 0, 0, 0, 0)
attempt("kexec_file_load", -1, -1, 0, b"", 0)
attempt("init_module", zero, 16, b"")
attempt("finit_module", -1, b"", 0)
attempt("delete_module", b"loop", 0)
attempt("swapon", b"/workspace/none", 0)
attempt("settimeofday", zero, 0)
attempt("clock_settime", 0, zero)
attempt("sethostname", b"mine", 4)
attempt("acct", 0)
attempt("quotactl", 0x80000300, 0, 0, 0)
if call("syslog", 3, zero, 200)[0] > 0:
    got("the kernel's log")
struct.pack_into("I", zero, 0, 1)
if call("adjtimex", zero)[0] >= 0:
    got("adjtimex")
""")
        == []
    )


CALLING = """
# mov eax, number; int 0x80 (or syscall); ret
def run(number, gate):
    area = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    area.write(b"\\x53\\x31\\xdb\\x31\\xc9\\x31\\xd2\\x31\\xf6\\x31\\xff\\xb8" + struct.pack("I", number) + gate + b"\\x5b\\xc3")
    code = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(area)))
    child = os.fork()
    if child == 0:
        os._exit(0 if code() < 0 else 77)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 77:
        got(f"call {number:#x} by {gate!r}")
    elif not VIRTUAL and code >= 0:
        got(f"call {number:#x} by {gate!r} was not killed: {code}")
for number in (20, 26, 21, 120, 359):
    run(number, b"\\xcd\\x80")
for number in (39, 101, 512, 520, 521, 534, 41):
    run(number | 0x40000000, b"\\x0f\\x05")
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has other ways to call")
def test_other_ways_to_call(place: Place) -> None:
    taken = place.run(CALLING)
    if place.held:
        assert taken == []
    else:
        # Taken for the 64-bit call of the same number, 26: msync of nothing.
        assert taken == ["call 0x1a by b'\\xcd\\x80'"]


def test_control_groups(place: Place) -> None:
    assert (
        place.run("""
for folder, names, files in os.walk("/sys/fs"):
    for name in [*files, "new"]:
        path = os.path.join(folder, name)
        with refused("opened for writing", path):
            os.close(os.open(path, os.O_WRONLY))
    with refused("made a group in", folder):
        os.mkdir(os.path.join(folder, "mine"))
""")
        == []
    )


def test_changing_the_place_itself(place: Place) -> None:
    assert (
        place.run("""
import shutil
targets = [sys.executable, "/usr/bin/python3", "/bin/sh", "/bin/bash", "/opt/bin/pytest", "/etc/passwd", "/etc/gitconfig",
    "/etc/ld.so.cache", "/etc/hosts", *glob.glob("/run/pairsight/*"), *glob.glob("/opt/toolbox/*.py")]
for path in targets:
    if not os.path.exists(path):
        continue
    with refused("opened for writing", path):
        os.close(os.open(path, os.O_WRONLY))
    with refused("removed", path):
        os.unlink(path)
    with refused("replaced", path):
        open("mine", "w").close()
        os.rename("mine", path)
    with refused("changed the mode of", path):
        os.chmod(path, 0o777)
for folder in ("/", "/etc", "/usr/bin", "/usr/lib/python3", "/usr/local", "/opt/bin", "/opt/toolbox", "/run", "/run/pairsight",
        "/var", "/var/tmp/..", "/home", "/dev", "/proc", "/sys"):
    with refused("wrote below", folder):
        open(os.path.join(folder, "ld.so.preload"), "w").close()
""")
        == []
    )


def test_greedy_scheduling(place: Place) -> None:
    assert (
        place.run("""
policy = struct.pack("i", 50)
for wanted in (1, 2):
    if call("sched_setscheduler", 0, wanted, ctypes.create_string_buffer(policy))[0] == 0 and not VIRTUAL:
        got("real-time policy", wanted)
before = os.getpriority(os.PRIO_PROCESS, 0)
with contextlib.suppress(OSError):
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    if os.getpriority(os.PRIO_PROCESS, 0) < before and not VIRTUAL:
        got("a better priority")
if call("ioprio_set", 1, 0, 1 << 13)[0] == 0 and not VIRTUAL:
    got("real-time disk access")
""")
        == []
    )


def test_not_being_the_first_to_go(place: Place) -> None:
    own = Path("/proc/self/oom_score_adj").read_text().strip()
    taken = place.run(
        """
for pid in ("self", AGENT, 1):
    for value in ("0", "-1000", "-500"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w") as file:
            file.write(value)
    with contextlib.suppress(OSError):
        left = int(open(f"/proc/{pid}/oom_score_adj").read())
        if left < int(sys.argv[1]):
            got("rank", left)
""",
        own,
    )
    assert (taken == []) == place.held


def test_sockets_of_daemons(place: Place) -> None:
    assert (
        place.run("""
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for path in (os.path.join(folder, name) for name in names):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                got("socket", path)
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/systemd/private",
        "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", os.environ.get("SSH_AUTH_SOCK", "/none")):
    with refused("reached", path):
        socket.socket(socket.AF_UNIX).connect(path)
""")
        == []
    )
