"""The network: nothing but the sandbox's own loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.attacks.hostile import Place

pytestmark = pytest.mark.sandbox


class Listener:
    """A socket of the host's that notes who came."""

    def __init__(self, family: int, address: tuple[str, int] | str) -> None:
        self.visits = 0
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind(address)
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                visitor, _ = self.socket.accept()
                self.visits += 1
                visitor.close()
        except OSError:
            return

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def everywhere() -> Iterator[Listener]:
    found = Listener(socket.AF_INET, ("0.0.0.0", 0))
    yield found
    found.close()


def test_connecting_out(place: Place) -> None:
    assert (
        place.run("""
with open("/proc/net/dev") as file:
    for line in file.readlines()[2:]:
        if line.split(":")[0].strip() != "lo":
            got("interface", line.split(":")[0].strip())
for family, address in ((2, "1.1.1.1"), (2, "8.8.8.8"), (2, "10.0.0.1"), (2, "192.168.1.1"), (2, "255.255.255.255"),
        (10, "2606:4700:4700::1111"), (10, "fe80::1"), (10, "ff02::1")):
    for kind, port in ((1, 443), (1, 53), (2, 53)):
        with refused("reached", address, port), socket.socket(family, kind) as door:
            door.settimeout(0.5)
            door.connect((address, port))
            door.send(b"x")
with refused("sent to everybody"), socket.socket(2, 2) as door:
    door.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    door.sendto(b"x", ("255.255.255.255", 9))
""")
        == []
    )


def test_metadata_of_the_cloud(place: Place) -> None:
    assert (
        place.run("""
for family, address in ((2, "169.254.169.254"), (2, "169.254.170.2"), (2, "100.100.100.200"), (2, "168.63.129.16"),
        (10, "fd00:ec2::254")):
    with refused("reached", address), socket.socket(family) as door:
        door.settimeout(0.5)
        door.connect((address, 80))
        door.send(b"GET /latest/meta-data/ HTTP/1.0\\r\\n\\r\\n")
""")
        == []
    )


def test_listeners_of_the_host(place: Place, everywhere: Listener) -> None:
    port = everywhere.socket.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), 2):
        pass
    assert (
        place.run(
            """
for address in ("127.0.0.1", "localhost", "0.0.0.0", "127.0.0.2", "172.17.0.1", "172.18.0.1", "10.0.2.2", "::1", "::ffff:127.0.0.1",
        "host.docker.internal", *sys.argv[2:]):
    with refused("reached", address):
        socket.create_connection((address, int(sys.argv[1])), 0.5)
""",
            str(port),
            *{str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), 80)},
        )
        == []
    )
    assert everywhere.visits == 1, "only our own"


def test_abstract_sockets_of_the_host(place: Place) -> None:
    name = "\0pairsight-attack-of-the-host"
    listener = Listener(socket.AF_UNIX, name)
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(name)
        assert (
            place.run(
                """
with refused("reached the host's abstract socket"), socket.socket(socket.AF_UNIX) as door:
    door.connect("\\0" + sys.argv[1])
if sys.argv[1] in open("/proc/net/unix").read():
    got("its name")
""",
                name[1:],
            )
            == []
        )
        assert listener.visits == 1
    finally:
        listener.close()


def test_looking_up_names(place: Place) -> None:
    assert (
        place.run(
            """
for name in ("example.org", "host.docker.internal", "metadata.google.internal", "kubernetes.default.svc", sys.argv[1]):
    with refused("resolved", name):
        socket.getaddrinfo(name, 80)
for path in ("/etc/resolv.conf", "/run/systemd/resolve/io.systemd.Resolve", "/var/run/nscd/socket"):
    with contextlib.suppress(OSError):
        for line in open(path):
            if line.startswith("nameserver"):
                got(line.strip())
""",
            socket.gethostname() + ".",
        )
        == []
    )
