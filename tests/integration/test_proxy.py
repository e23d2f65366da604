"""Behind a proxy that ends TLS, set up word for word as docs/operating.md says: a real nginx before a real server."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import socketio

from tests.product import ROOT, Product, start, wait

pytestmark = pytest.mark.sandbox


def documented_location(port: str) -> str:
    """The proxy's settings as an operator reads them, for a server at another port."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    block = text.split("```nginx\n")[1].split("```")[0]
    assert "127.0.0.1:8000" in block
    return block.replace("127.0.0.1:8000", f"127.0.0.1:{port}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def configuration(folder: Path, port: int, behind: str) -> str:
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; {temporary}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    {documented_location(behind)}
  }}
}}
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    server = start(tmp_path_factory.mktemp("proxied"), "--sandbox", "bubblewrap", PAIRSIGHT_PROXIES="1")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The proxy's address, and the certificate by which it is known."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if nginx is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    (folder / "nginx.conf").write_text(configuration(folder, port, product.address.rpartition(":")[2]))
    with subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"]) as process:
        try:
            wait(lambda: process.poll() is not None or listens(port))
            assert process.poll() is None, (folder / "error.log").read_text()
            yield f"https://localhost:{port}", folder / "cert.pem"
        finally:
            process.terminate()


def test_the_live_connection_and_writes_pass_and_the_cookie_is_kept_to_tls(
    product: Product, proxy: tuple[str, Path]
) -> None:
    address, certificate = proxy
    browser = requests.Session()
    # What the environment says of certificates would win over this one.
    browser.trust_env = False
    browser.verify = str(certificate)
    path = product.links["candidate"].removeprefix(product.address)
    landed = browser.get(address + path, timeout=10)
    assert landed.url.startswith(f"{address}/interviews/")
    assert landed.headers["Strict-Transport-Security"]
    assert all(cookie.secure for cookie in browser.cookies)
    assert len(browser.cookies) == 1

    agreed = browser.post(landed.url, data={}, headers={"Origin": address}, timeout=30)
    assert agreed.status_code != 403

    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
    interview = landed.url.split("/interviews/")[1].split("/")[0]
    live = socketio.Client(reconnection=False, http_session=browser, ssl_verify=True)
    live.connect(
        f"{address}?interview={interview}&role=candidate&client=proxied",
        headers={"Cookie": cookies},
        transports=["websocket"],
        wait_timeout=10,
    )
    live.disconnect()


def test_nobody_further_out_is_believed(proxy: tuple[str, Path]) -> None:
    address, certificate = proxy
    told = requests.get(address, headers={"X-Forwarded-Proto": "http"}, verify=str(certificate), timeout=10)
    assert told.headers["Strict-Transport-Security"]


def test_figures_are_not_for_the_world(product: Product, proxy: tuple[str, Path]) -> None:
    address, certificate = proxy
    assert requests.get(f"{product.address}/metrics", timeout=10).status_code == 200
    assert requests.get(f"{address}/metrics", verify=str(certificate), timeout=10).status_code == 403
    assert requests.get(f"{address}/healthz/live", verify=str(certificate), timeout=10).status_code == 200


def test_without_a_proxy_its_headers_are_not_believed(tmp_path: Path) -> None:
    server = start(tmp_path / "plain", "--sandbox", "bubblewrap")
    try:
        answer = requests.get(server.links["candidate"], headers={"X-Forwarded-Proto": "https"}, timeout=10)
        assert "Strict-Transport-Security" not in answer.headers
        assert not any("Secure" in one.headers.get("Set-Cookie", "") for one in [*answer.history, answer])
    finally:
        server.stop()


def test_a_write_from_another_site_is_refused(proxy: tuple[str, Path]) -> None:
    address, certificate = proxy
    url, foreign = f"{address}/interviews/none/consent", {"Origin": "https://evil.example"}
    assert requests.post(url, headers=foreign, verify=str(certificate), timeout=10).status_code == 403
